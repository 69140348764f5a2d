"""The order for an export: which file, what to write into it. Loads no IFC library: worker and API import it."""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from bim.errors import JobError, SchemaUnsupportedError
from bim.limits import ConversionLimits, FileLimits, ProcessLimits
from bim.schema_names import get_open_as

ORDER_FILE: Final = "export.json"
NOTES_FILE: Final = "notes.jsonl"
RESULT_FILE: Final = "export.ifc"

# Another name of the schema it is opened as; every other mapped name is a schema of its own.
_SAME_SCHEMA: Final = frozenset(
    {
        "IFC2X3", "IFC2X3_TC1", "IFC2X3_FINAL", "IFC4", "IFC4_ADD1", "IFC4_ADD2", "IFC4_ADD2_TC1", "IFC4_TC1", "IFC4X3",
        "IFC4X3_ADD1", "IFC4X3_ADD2", "IFC4X3_TC1",
    }
)  # fmt: skip


@dataclass(frozen=True)
class ElementNote:
    """What is known of one element; days as ISO texts, percent 0–100."""

    step_id: int
    global_id: str
    status: str
    percent: float
    actual_start: str | None = None
    actual_finish: str | None = None
    planned_start: str | None = None
    planned_finish: str | None = None
    milestone: str | None = None
    step: str | None = None


@dataclass(frozen=True)
class ExportTask:
    """A task whose schedule came from outside the file; `elements` are instance numbers of what it builds."""

    code: str
    name: str
    parent: str | None
    start: str | None
    finish: str | None
    actual_start: str | None = None
    actual_finish: str | None = None
    percent: float | None = None
    elements: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class ExportPlace:
    """Where the model lies: row-major 4 × 4 from local metres to metres of a projected system."""

    crs: str
    matrix: tuple[float, ...]
    vertical_datum: str | None = None


@dataclass(frozen=True)
class ExportOrder:
    """One file to write.

    Attributes
    ----------
    source, spool : Path
        The stored file, never written to; the folder of this attempt.
    salt : str
        From which the GlobalIds of what is added are derived, so that the same export has the same ones.
    as_of : str
        The reporting date, ISO.
    place : ExportPlace or None
        The georeference to write; None leaves that of the file.
    """

    source: Path
    spool: Path
    salt: str
    as_of: str
    tasks: list[ExportTask] = field(default_factory=list)
    place: ExportPlace | None = None
    schedule_name: str = "WorkTwin"
    limits: ConversionLimits = field(default_factory=ConversionLimits)


def check_exportable(schema: str | None) -> None:
    """Refuse a file whose schema is read under another schema's name: written back it would be another file.

    Raises
    ------
    SchemaUnsupportedError
        It is such a schema.

    Examples
    --------
    >>> check_exportable("IFC4")
    """
    name = (schema or "").strip().upper()
    if name in _SAME_SCHEMA:
        return
    opened = get_open_as((name,))
    raise SchemaUnsupportedError(
        f"The file is written in {name}, which is read as {opened}; written back it would be a file of another schema. "
        "Export the model from its authoring tool as IFC4X3 (ADD2) or IFC4, upload that, and export it here; the "
        "progress table (…/progress?f=csv) is available for this one.",
        f"该文件的模式为 {name}，按 {opened} 读取；写回将变为另一种模式的文件。请从建模软件导出 IFC4X3（ADD2）或 IFC4 后重新上传"
        "再导出；本模型的进度表（…/progress?f=csv）仍可下载。",
    )


def write_order(order: ExportOrder, notes: Iterable[ElementNote]) -> int:
    """Write the order and the notes into its spool folder; return how many notes there are."""
    order.spool.mkdir(parents=True, exist_ok=True)
    values = dataclasses.asdict(order)
    values["source"], values["spool"] = str(order.source), str(order.spool)
    (order.spool / ORDER_FILE).write_bytes(orjson.dumps(values))
    count = 0
    with (order.spool / NOTES_FILE).open("wb") as sink:
        for note in notes:
            sink.write(orjson.dumps(note) + b"\n")
            count += 1
    return count


def read_order(spool: Path) -> ExportOrder:
    """Read the order of a spool folder.

    Raises
    ------
    JobError
        It is missing or malformed.
    """
    try:
        values: dict[str, Any] = orjson.loads((spool / ORDER_FILE).read_bytes())
        limits = values.pop("limits")
        place = values.pop("place")
        tasks = [ExportTask(**each) for each in values.pop("tasks")]
        source = Path(values.pop("source"))
        return ExportOrder(
            **{**values, "spool": spool},
            source=source,
            tasks=tasks,
            place=ExportPlace(place["crs"], tuple(place["matrix"]), place["vertical_datum"])
            if place
            else None,
            limits=ConversionLimits(FileLimits(**limits["file"]), ProcessLimits(**limits["process"])),
        )
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise JobError(
            f"The export order in {ORDER_FILE} cannot be read ({error}). Start the export again.",
            f"无法读取导出任务 {ORDER_FILE}（{error}），请重新导出。",
        ) from error


def iter_notes(spool: Path) -> Iterator[ElementNote]:
    """Iterate over the notes of an order."""
    with (spool / NOTES_FILE).open("rb") as stream:
        for line in stream:
            yield ElementNote(**orjson.loads(line))
