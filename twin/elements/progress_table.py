"""A progress table as it is sent: JSON, CSV or XLSX; rows by GlobalId, by tag or by rule, each traced to its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from bim.errors import BimError
from bim.schedules.sheet import ZIP_MAGIC, read_sheet
from twin.elements.patterns import like_pattern
from twin.elements.progress_rows import MAX_ROWS, Refused, read_json
from twin.errors import InvalidInputError

Raw = Mapping[str, Any]
RULE_COLUMNS: Final = ("tag", "class", "storey", "type", "name")
_TITLES: Final = {
    "状态": "status", "进度": "percent", "完成百分比": "percent", "实际开始": "actual_start", "实际完成": "actual_finish",
    "工序": "step", "依据": "evidence", "标记": "tag", "构件编号": "tag", "类别": "class", "楼层": "storey", "类型": "type",
    "名称": "name", "ifc_class": "class", "type_name": "type",
}  # fmt: skip
_TABLE_TYPES: Final = frozenset(
    {
        "text/csv",
        "application/csv",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-excel",
    }
)
_MANY: Final = 5

_BY_TAG: Final = text("""
SELECT a.n, array_agg(e.global_id ORDER BY e.id) AS found
FROM jsonb_to_recordset(CAST(:asked AS jsonb)) AS a(n integer, tag text)
JOIN bim_element e ON e.revision_id = :revision_id AND e.tag = a.tag AND element_is_drawn(e.ifc_class)
GROUP BY a.n""")

_BY_RULE: Final = text("""
SELECT a.n, array_agg(e.global_id ORDER BY e.id) AS found
FROM jsonb_to_recordset(CAST(:asked AS jsonb)) AS a(n integer, tag text, class text, storey text, type text, name text)
JOIN bim_element e ON e.revision_id = :revision_id AND element_is_drawn(e.ifc_class)
  AND coalesce(e.planning_status, '') <> 'EXISTING'
  AND (a.tag IS NULL OR e.tag LIKE a.tag) AND (a.class IS NULL OR e.ifc_class LIKE a.class)
  AND (a.storey IS NULL OR e.storey LIKE a.storey) AND (a.type IS NULL OR e.type_name LIKE a.type)
  AND (a.name IS NULL OR e.name LIKE a.name)
GROUP BY a.n""")
_MAX_RULES: Final = 500


@dataclass(frozen=True)
class Table:
    """Rows as they were sent, and where each stands; `encoding` is None where none had to be found."""

    rows: list[Raw]
    places: list[str]
    encoding: str | None = None


@dataclass(frozen=True)
class Addressed:
    """Rows of single elements, where each comes from, and rows that address none or too many."""

    rows: list[Raw]
    places: list[str]
    unmatched: list[tuple[str, str]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def read_progress(body: bytes, content_type: str) -> Table:
    """Read a progress table: XLSX by its bytes, CSV by its content type, else JSON.

    Raises
    ------
    InvalidInputError
        It is no table, or names no element.
    """
    if body.startswith(ZIP_MAGIC) or content_type in _TABLE_TYPES:
        return read_cells(body)
    rows = read_json(body)
    return Table(list(rows), [f"row {number}" for number in range(1, len(rows) + 1)])


def read_cells(body: bytes) -> Table:
    """Read a CSV or XLSX table with a header row; UTF-8 (with or without BOM), else GB18030.

    Raises
    ------
    InvalidInputError
        No column names elements, or a row has more cells than the header.

    Examples
    --------
    >>> read_cells("global_id,percent\\n2O2Fr$t4X7Zf8NOew3FNr2,40\\n".encode()).rows
    [{'global_id': '2O2Fr$t4X7Zf8NOew3FNr2', 'percent': '40'}]
    """
    try:
        sheet = read_sheet(body)
    except BimError as error:
        raise InvalidInputError(error.message_en, error.message_zh, error.place.text_en() or None) from error
    numbered = [
        (number, cells)
        for number, cells in enumerate(sheet.rows)
        if any(cell not in (None, "") for cell in cells)
    ]
    if not numbered:
        raise _no_header("nothing", "空", "line 1")
    top, header = numbered[0]
    names = [_column(cell) for cell in header]
    if not {"global_id", *RULE_COLUMNS} & set(names):
        found = [str(cell) for cell in header if cell not in (None, "")]
        raise _no_header(", ".join(found)[:200], "、".join(found)[:200], sheet.row_name(top))
    rows: list[Raw] = []
    places: list[str] = []
    for number, cells in numbered[1:]:
        where = sheet.row_name(number)
        if any(cell not in (None, "") for cell in cells[len(names) :]):
            raise InvalidInputError(
                f"{where} has more cells than the header.", f"{where} 的列数多于表头。", where
            )
        rows.append({name: cell for name, cell in zip(names, cells, strict=False) if name})
        places.append(where)
    return Table(rows, places, sheet.encoding)


def _column(cell: Any) -> str:
    name = str(cell if cell is not None else "").strip().lower()
    return _TITLES.get(name, name)


def _no_header(en: str, zh: str, where: str) -> InvalidInputError:
    return InvalidInputError(
        f"The table needs a header line with global_id, or with {', '.join(RULE_COLUMNS)}; found {en}.",
        f"表格首行须含 global_id，或 {'、'.join(RULE_COLUMNS)} 之一；实际为 {zh}。",
        where,
    )


def address_rows(session: Session, revision_id: int, table: Table) -> Addressed:
    """Give every row the GlobalId of its element; a row that names a rule becomes one for each element it fits.

    A GlobalId goes before a tag, a tag before a rule: what is said of one element by its id is not overruled by a
    rule of the same table.
    """
    named = [n for n, row in enumerate(table.rows) if _said(row, "global_id")]
    others = [n for n, row in enumerate(table.rows) if not _said(row, "global_id") and _conditions(row)]
    by_tag = [
        n
        for n in others
        if set(_conditions(table.rows[n])) == {"tag"} and "*" not in _conditions(table.rows[n])["tag"]
    ]
    by_rule = [n for n in others if n not in set(by_tag)]
    if len(by_rule) > _MAX_RULES:
        raise InvalidInputError(
            f"{len(by_rule)} rows are rules; {_MAX_RULES} are allowed in one table.",
            f"按规则匹配的行有 {len(by_rule)} 行，超过上限 {_MAX_RULES} 行。",
        )
    found = {
        **_find(session, revision_id, table, by_tag, _BY_TAG),
        **_find(session, revision_id, table, by_rule, _BY_RULE),
    }
    result = Addressed([], [])
    taken: set[str] = set()
    for n, row in enumerate(table.rows):
        if n in set(named) or (n not in found and not _conditions(row)):
            _add(result, table, n, row, taken)
    for n in [*by_tag, *by_rule]:
        _expand(result, table, n, found.get(n, []), taken, single=n in set(by_tag))
    if len(result.rows) > MAX_ROWS:
        raise InvalidInputError(
            f"The rules address {len(result.rows)} elements; {MAX_ROWS} are allowed at once.",
            f"规则共匹配 {len(result.rows)} 个构件，超过上限 {MAX_ROWS} 个。",
        )
    return result


def _add(result: Addressed, table: Table, n: int, row: Raw, taken: set[str]) -> None:
    result.rows.append(row)
    result.places.append(table.places[n])
    taken.add(str(row.get("global_id") or "").strip().removesuffix("#1"))


def _expand(
    result: Addressed, table: Table, n: int, found: Sequence[str], taken: set[str], *, single: bool
) -> None:
    row, where = table.rows[n], table.places[n]
    told = ", ".join(f"{name} {value}" for name, value in _conditions(row).items())
    if not found:
        result.unmatched.append((where, told))
    elif single and len(found) > 1:
        result.refused.append(_several(where, told, found))
    else:
        for global_id in found:
            if global_id not in taken:
                address = global_id if "#" in global_id else f"{global_id}#1"
                result.rows.append({**row, "global_id": address})
                result.places.append(where)


def _find(
    session: Session, revision_id: int, table: Table, rows: Sequence[int], statement: Any
) -> dict[int, list[str]]:
    if not rows:
        return {}
    pattern = statement is _BY_RULE
    asked = [
        {
            "n": n,
            **{
                name: like_pattern(value) if pattern else value
                for name, value in _conditions(table.rows[n]).items()
            },
        }
        for n in rows
    ]
    answer = session.execute(statement, {"revision_id": revision_id, "asked": orjson.dumps(asked).decode()})
    return {row.n: list(row.found) for row in answer}


def _conditions(row: Raw) -> dict[str, str]:
    return {name: _said(row, name) for name in RULE_COLUMNS if _said(row, name)}


def _said(row: Raw, name: str) -> str:
    value = row.get(name)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value if value is not None else "").strip()


def _several(where: str, told: str, found: Sequence[str]) -> Refused:
    shown = ", ".join(found[:_MANY])
    return Refused(
        where,
        told[:64],
        f"{len(found)} elements carry this tag ({shown}); name one by GlobalId, or write a rule with a class.",
        f"{len(found)} 个构件使用此标记（{shown}）；请用 GlobalId 指明，或加上类别作为规则。",
    )
