"""What a check is asked and what it yields, as values and as files in its spool. Loads no IFC library."""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson

from bim.errors import JobError
from bim.limits import ConversionLimits, FileLimits, ProcessLimits

ORDER_FILE = "order.json"
SUMMARY_FILE = "summary.json"
ROWS_FILE = "rows.jsonl"

Kind = Literal["schema", "ids", "clash", "read_ids", "read_bcf"]
Outcome = Literal["pass", "warning", "fail"]
GroupStatus = Literal["pass", "warning", "fail", "skipped"]


@dataclass(frozen=True)
class CheckOrder:
    """One check to run.

    Attributes
    ----------
    kind : str
        Which check, or which file to read.
    spool : Path
        Folder of this attempt alone.
    source : Path or None
        The model; for ``read_ids`` and ``read_bcf`` the file itself.
    other : Path or None
        The second model of a clash.
    ids : Path or None
        The IDS file.
    options : dict
        What the asker chose, see each check.
    context : dict
        What the database knows of the models: georeferences, elements without a shape.
    row_cap : int
        Most rows kept; counts stay exact.
    """

    kind: Kind
    spool: Path
    source: Path | None = None
    other: Path | None = None
    ids: Path | None = None
    options: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    row_cap: int = 200_000
    limits: ConversionLimits = field(default_factory=ConversionLimits)


@dataclass(frozen=True)
class Group:
    """One specification, rule or kind of clash, with its exact counts.

    Attributes
    ----------
    number : int
        From 1, in the order of the check.
    key : str
        What the same group is called in the next run.
    applicable, passed, failed : int
        Elements; for clashes pairs.
    requirements : list of dict
        Single requirements of an IDS specification: ``text``, ``status``, ``passed``, ``failed``.
    """

    number: int
    key: str
    title: str
    status: GroupStatus
    applicable: int = 0
    passed: int = 0
    failed: int = 0
    description: str | None = None
    instructions: str | None = None
    requirements: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class ResultRow:
    """What a check says of one element, or of one pair.

    Attributes
    ----------
    group : int
        Number of its `Group`.
    step_id : int or None
        Instance number in the file, also of instances that have no GlobalId.
    detail : dict
        ``reasons`` of an IDS; ``distance_m``, ``point``, ``points`` (local metres of the model) of a clash.
    """

    group: int
    passed: bool
    message: str
    global_id: str | None = None
    other_global_id: str | None = None
    step_id: int | None = None
    ifc_class: str | None = None
    name: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """The whole result but its rows.

    Attributes
    ----------
    reports : dict
        Format (``html``, ``ods``) → file name in the spool.
    truncated : bool
        More was found than rows were kept.
    notes : list of str
        What was assumed.
    """

    title: str
    outcome: Outcome
    groups: list[Group]
    counts: dict[str, int]
    truncated: bool = False
    notes: list[str] = field(default_factory=list)
    reports: dict[str, str] = field(default_factory=dict)


class RowSink:
    """Writes rows to the spool up to the cap, failures in preference: passes stop at half of it."""

    def __init__(self, spool: Path, cap: int) -> None:
        self._stream = (spool / ROWS_FILE).open("wb")
        self._cap = cap
        self._kept = 0
        self._passes = 0
        self.truncated = False

    def add(self, row: ResultRow) -> None:
        """Keep a row, or note that it was left out."""
        if self._kept >= self._cap or (row.passed and self._passes >= self._cap // 2):
            self.truncated = True
            return
        self._kept += 1
        self._passes += int(row.passed)
        self._stream.write(orjson.dumps(_storable(dataclasses.asdict(row))) + b"\n")

    def close(self) -> None:
        """End writing."""
        self._stream.close()


def write_order(order: CheckOrder) -> None:
    """Write an order into its spool, which is made if missing."""
    order.spool.mkdir(parents=True, exist_ok=True)
    values = dataclasses.asdict(order)
    for name in ("spool", "source", "other", "ids"):
        values[name] = None if values[name] is None else str(values[name].resolve())
    (order.spool / ORDER_FILE).write_bytes(orjson.dumps(values))


def read_order(spool: Path) -> CheckOrder:
    """Read the order from a spool.

    Raises
    ------
    JobError
        There is none, or it cannot be read.
    """
    try:
        values = orjson.loads((spool / ORDER_FILE).read_bytes())
        limits = values.pop("limits")
        for name in ("source", "other", "ids"):
            values[name] = _path(values[name])
        values["spool"] = spool
        return CheckOrder(
            **values,
            limits=ConversionLimits(FileLimits(**limits["file"]), ProcessLimits(**limits["process"])),
        )
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise JobError(
            f"The order of the check cannot be read ({error}). Start the check again.",
            f"无法读取检查任务({error}),请重新发起检查。",
        ) from error


def write_summary(spool: Path, summary: Summary) -> None:
    """Write a result's head into the spool."""
    (spool / SUMMARY_FILE).write_bytes(orjson.dumps(_storable(dataclasses.asdict(summary))))


def read_summary(spool: Path) -> Summary:
    """Read a result's head from the spool."""
    values = orjson.loads((spool / SUMMARY_FILE).read_bytes())
    groups = [Group(**each) for each in values.pop("groups")]
    return Summary(groups=groups, **values)


def iter_rows(spool: Path) -> Iterator[ResultRow]:
    """Yield the rows of a result in the order of the check."""
    with (spool / ROWS_FILE).open("rb") as stream:
        for line in stream:
            yield ResultRow(**orjson.loads(line))


def judge(groups: Iterable[Group]) -> Outcome:
    """Judge a check by its groups: one failed group fails it.

    >>> judge([Group(1, "a", "A", "pass"), Group(2, "b", "B", "warning")])
    'warning'
    """
    found = {group.status for group in groups}
    if "fail" in found:
        return "fail"
    return "warning" if "warning" in found else "pass"


def _storable(value: Any) -> Any:
    """Take out of texts what neither JSON nor a database holds: half characters and NUL."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
    if isinstance(value, dict):
        return {_storable(key): _storable(each) for key, each in value.items()}
    return [_storable(each) for each in value] if isinstance(value, list) else value


def _path(value: str | None) -> Path | None:
    return None if value is None else Path(value)
