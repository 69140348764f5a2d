"""Files on their way in over several requests 断点续传: whose they are, how much is here, and until when."""
