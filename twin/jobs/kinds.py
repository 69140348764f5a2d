"""Every kind of job and the function that runs it."""

from twin.jobs.execute import Handler
from twin.jobs.ingest_model import ingest_model

KINDS: dict[str, Handler] = {"ingest_model": ingest_model}
