"""Schema history. Each step runs in one transaction, so a database is at the old or the new schema."""
