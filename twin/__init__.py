"""The agency's work: every table, every rule, settings, database, jobs."""

__version__ = "0.1.0"
