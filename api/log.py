"""Logs: one JSON object a line on standard error."""

import sys
from datetime import UTC, datetime

import orjson
import structlog

LOG = structlog.get_logger("twin.api")


def configure_log() -> None:
    """Write every event as JSON to standard error, with its time and level."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def write_request(
    request_id: str,
    method: str,
    path: str,
    route: str,
    status: int,
    seconds: float,
    address: str | None,
    login: str | None,
) -> None:
    """Write the line of an answered request: the form of every other line, at a tenth of the cost."""
    line = orjson.dumps(
        {
            "method": method,
            "path": path.encode("utf-8", "replace").decode(),
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 2),
            "address": address,
            "login": login,
            "event": "request",
            "request_id": request_id,
            "level": "info",
            "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }
    )
    sys.stderr.write(line.decode() + "\n")
