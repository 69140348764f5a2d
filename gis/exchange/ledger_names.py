"""What a header, or the cells below it, say of the field that a column fills, and how sure that is."""

import re
from dataclasses import dataclass
from typing import Final

from gis.exchange.amounts import is_blank, plain
from gis.exchange.ledger_fields import LedgerField, find_field
from gis.exchange.ledger_grid import Grid
from gis.exchange.ledger_head import Head, Header
from gis.exchange.model import Evidence

_GENERIC: Final = frozenset((
    "名称", "代码", "编号", "编码", "面积", "单位", "项目", "状态", "类型", "类别", "级别", "用途", "name", "code",
))  # fmt: skip
"""Lower levels of a header that say nothing without the upper one."""
_TOTALS: Final = frozenset(("合计", "小计", "总计", "总额", "总数", "金额", "日期", "时间"))
"""Lower levels that add nothing to the upper one."""
_STOPPERS: Final = (
    "累计",
    "完成",
    "已",
    "电话",
    "联系",
    "单价",
    "比",
    "率",
    "其中",
    "备注",
    "说明",
    "依据",
    "文号",
    "原",
)
_YEARLY: Final = re.compile(r"(?:20[0-9]{2}年?)?(?:年度|年|本年度?|今年)?(?:计划(?:完成)?投资|投资计划)")
_LOOSE: Final = _GENERIC | {
    "开工", "开工时间", "开工日期", "开工年月", "竣工", "竣工时间", "竣工日期", "竣工年月", "完工", "完工时间", "负责人", "阶段", "概算", "地类", "坐标",
}  # fmt: skip
"""Names that yield to a fuller one in the same table: 编号 to 地块编号, 开工时间 to 计划开工时间."""
_LOOSELY: Final = 0.9
_LOOSE_SCORE: Final = 0.4
_LIKENESS: Final = 0.6
_BY_CELLS: Final = 0.8
_SAMPLE_ROWS: Final = 200
_LOOKS: Final = (
    ("outline", re.compile(r"(?:SRID=\d+;)?\s*(?:MULTI)?(?:POLYGON|POINT|LINESTRING)\s*Z?M?\s*\(", re.IGNORECASE), "WKT"),
    ("nat_code", re.compile(r"[0-9]{4}-[0-9]{6}-[0-9]{2}-[0-9]{2}-[0-9]{6}(?:-[0-9]{3})?$"), "GB/T 40058"),
)  # fmt: skip


@dataclass(frozen=True)
class Match:
    """A field that a column may fill, how sure that is, and why."""

    field: str
    confidence: float
    reason: Evidence


def score_target(header: Header, fields: tuple[LedgerField, ...]) -> float:
    """Return how well a header fits a target: its fields that are named, a loose name counting less than a full one."""
    names = {name for head in header.heads.values() for name in head.names[:2]}
    score = 0.0
    for each in fields:
        found = names.intersection(each.headers)
        score += 1.0 if found - _LOOSE else _LOOSE_SCORE if found else 0.0
    return score


def find_by_name(head: Head, fields: tuple[LedgerField, ...]) -> Match | None:
    """Return the field that a header names: by a name of its own, a yearly plan, or a likeness."""
    for name in _candidates(head):
        for each in fields:
            if name in each.headers:
                return _named(_kept_apart(head, each, fields), name, _LOOSELY if name in _LOOSE else 1.0)
    if any(_YEARLY.fullmatch(name) for name in head.names) and any(
        each.name == "annual_plan_yuan" for each in fields
    ):
        return _named("annual_plan_yuan", head.text, 1.0)
    return _by_likeness(head, fields)


def _candidates(head: Head) -> list[str]:
    """Return the names to look for; a lower level such as 名称 says nothing without its parent, 合计 only its parent."""
    names = [name for at, name in enumerate(head.names) if at == 0 or name not in _GENERIC | _TOTALS]
    if len(head.levels) > 1 and head.levels[-1] in _TOTALS:
        names.append("".join(head.levels[:-1]).lower())
    return names


def _kept_apart(head: Head, found: LedgerField, fields: tuple[LedgerField, ...]) -> str:
    """Return the field meant: 开工 under 实际 is the actual start, not the planned one."""
    if found.name.startswith("plan_") and "实际" in head.text:
        actual = found.name.replace("plan_", "actual_")
        return actual if any(each.name == actual for each in fields) else found.name
    return found.name


def _by_likeness(head: Head, fields: tuple[LedgerField, ...]) -> Match | None:
    name = head.names[-1] if head.names[-1] not in _GENERIC else head.names[0]
    best = ("", "")
    for each in fields:
        for known in each.headers:
            odd = any(word in name.replace(known, "") for word in _STOPPERS)
            if (
                len(known) >= 3
                and not known.isascii()
                and known in name
                and not odd
                and len(known) > len(best[1])
            ):
                best = (each.name, known)
    return _named(best[0], best[1], _LIKENESS) if best[0] else None


def _named(field: str, name: str, confidence: float) -> Match:
    if confidence < _LOOSELY:
        reason = Evidence(
            "mapping", field, f"The header resembles {name!r}: check it.", f"表头与“{name}”相近，请核对。"
        )
    else:
        reason = Evidence("mapping", field, f"The header says {name!r}.", f"表头为“{name}”。")
    return Match(field, confidence, reason)


def find_by_cells(grid: Grid, header: Header, column: int, target: str) -> Match | None:
    """Return what the cells of a column look like: outlines or codes, where four in five of them do."""
    below = [row for row in sorted(grid.rows) if row > header.last][:_SAMPLE_ROWS]
    cells = [grid.cell(row, column) for row in below]
    texts = [plain(value[:200]) for value in cells if isinstance(value, str) and not is_blank(value[:200])]
    for field, look, what in _LOOKS:
        hits = sum(look.match(text) is not None for text in texts)
        if hits and hits >= 0.8 * len(texts) and find_field(target, field) is not None:
            en = f"{hits} of {len(texts)} cells look like {what}."
            return Match(
                field,
                _BY_CELLS,
                Evidence("mapping", field, en, f"{len(texts)} 个单元格中有 {hits} 个形如 {what}。"),
            )
    return None
