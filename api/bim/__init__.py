"""`/api/v1/models/{id}`: what can be asked of a building model, one file per kind of question."""
