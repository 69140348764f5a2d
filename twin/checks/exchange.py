"""Issues in and out as BCF, and results as tables."""

import csv
import io
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from sqlalchemy.orm import Session

from bim.bcf.values import VERSIONS, Archive, Version
from bim.bcf.write import write_archive
from twin.checks.from_results import iter_topics
from twin.checks.queries import ResultFilters, Row, list_results
from twin.checks.topics import Merged, list_archive, merge_archive
from twin.elements.models import BimModel
from twin.errors import InvalidInputError
from twin.identity.audit import record_audit
from twin.identity.caller import Caller
from twin.objects import ObjectStore, Stored

_COLUMNS = (
    "row_number", "group", "group_title", "passed", "global_id", "other_global_id", "step_id", "ifc_class", "name",
    "message", "distance_m", "x_m", "y_m", "z_m",
)  # fmt: skip
_PAGE = 5_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def read_version(text: str | None) -> Version:
    """Read the asked version of BCF.

    Raises
    ------
    InvalidInputError
        It is neither 2.1 nor 3.0.
    """
    version = text or "2.1"
    if version not in VERSIONS:
        raise InvalidInputError(
            f"BCF version {version[:20]!r} is not written; ask for {' or '.join(VERSIONS)}.",
            f"不能导出 BCF 版本 {version[:20]!r}；可选 {'、'.join(VERSIONS)}。",
            "version",
        )
    return version


def export_issues(
    session: Session,
    store: ObjectStore,
    model_id: int,
    version: Version,
    target: IO[bytes],
    *,
    vendor: bool = False,
) -> int:
    """Write all issues of a model as BCF; return how many."""
    archive = list_archive(session, session.get_one(BimModel, model_id), version)
    write_archive(target, archive, version, lambda sha256: b"".join(store.stream(sha256)), vendor=vendor)
    return len(archive.topics)


def export_results(
    session: Session, model_id: int, check: Row, version: Version, target: IO[bytes], author: str
) -> None:
    """Write the failures of a run as BCF without storing them as issues."""
    model = session.get_one(BimModel, model_id)
    topics = list(iter_topics(session, model_id, check, None, author))
    archive = Archive(version, f"worktwin-model-{model_id}", model.name, topics)
    write_archive(target, archive, version, lambda _: b"")


def keep_files(store: ObjectStore, archive: Archive, folder: Path) -> dict[str, Stored]:
    """Put the files of a read archive into the store; return what each has become."""
    names = {where for topic in archive.topics for where in topic.files.values()}
    return {name: store.add_file(folder / name) for name in sorted(names)}


def import_issues(
    session: Session, caller: Caller, model_id: int, archive: Archive, stored: dict[str, Stored]
) -> Merged:
    """Merge a read archive into a model's issues and note it in the audit trail, with what newer topics replaced."""
    merged = merge_archive(session, model_id, archive, stored)
    if merged.added or merged.changed:
        record_audit(
            session,
            caller,
            "issue.import",
            f"model {model_id}",
            before=merged.before or None,
            after={
                "added": merged.added,
                "changed": merged.changed,
                "comments": merged.comments,
                "viewpoints": merged.viewpoints,
            },
        )
    return merged


def render_csv(session: Session, check: Row) -> Iterator[str]:
    """Render the rows of a run as CSV with a byte order mark, as spreadsheets expect it."""
    titles = {group["number"]: group["title"] for group in (check["summary"] or {}).get("groups", [])}
    yield "\ufeff" + _line(_COLUMNS)
    after = 0
    while rows := list_results(session, check["id"], ResultFilters(), after, _PAGE):
        for row in rows:
            point = row["detail"].get("point") or (None, None, None)
            values = {
                **row,
                "group_title": titles.get(row["group"]),
                "distance_m": row["detail"].get("distance_m"),
                **dict(zip(("x_m", "y_m", "z_m"), point, strict=True)),
            }
            yield _line([values[name] for name in _COLUMNS])
        after = rows[-1]["row_number"]


def copy_out(source: IO[bytes], chunk_bytes: int = 1 << 20) -> Iterator[bytes]:
    """Yield a written file from its beginning and close it."""
    source.seek(0)
    try:
        while chunk := source.read(chunk_bytes):
            yield chunk
    finally:
        source.close()


def save_to(path: Path, source: IO[bytes]) -> None:
    """Write a finished file to its place."""
    source.seek(0)
    with path.open("wb") as target:
        shutil.copyfileobj(source, target)


def _line(values: Sequence[Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([_cell(value) for value in values])
    return text.getvalue()


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula is told to be none."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
