"""Replaceable SQL: the views that the map reads. Applied anew after every migration."""

from pathlib import Path

FOLDER = Path(__file__).parent


def replaceable_statements() -> list[str]:
    """Return the statements of every file, in file order, percent signs escaped for the driver."""
    return [path.read_text(encoding="utf8").replace("%", "%%") for path in sorted(FOLDER.glob("*.sql"))]
