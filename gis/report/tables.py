"""The tables of an overlap report, made once for every format: what stands in which column, in which unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from gis.report.model import OverlapReport, ReportItem, ReportLayer, number_range
from gis.report.times import version_text

Kind = Literal["text", "m2", "ha", "mu", "percent", "count"]
Cell = str | float | int | None
Emphasis = Literal["", "total"]

DECIMALS: Final[dict[Kind, int]] = {"m2": 2, "ha": 4, "mu": 4, "percent": 2, "count": 0}
"""m² to the square decimetre, hectares and 亩 to four decimals, as the agency prints them."""

NOTHING: Final = "—"


@dataclass(frozen=True)
class Column:
    """A column; `group` is the heading that it shares with its neighbours, `share` its part of the width."""

    title: str
    kind: Kind = "text"
    group: str = ""
    share: float = 1.0


@dataclass(frozen=True)
class Table:
    """A table; `emphasis` tells for each row whether it is a total."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    emphasis: tuple[Emphasis, ...]


def cell_text(cell: Cell, kind: Kind) -> str:
    """Return a cell as people read it.

    Examples
    --------
    >>> cell_text(27988.5719, "m2"), cell_text(41.98285785, "mu"), cell_text(None, "m2"), cell_text("旱地", "text")
    ('27,988.57', '41.9829', '—', '旱地')
    """
    if cell is None:
        return NOTHING
    if isinstance(cell, str):
        return cell
    decimals = DECIMALS.get(kind, 0)
    return f"{round(cell, decimals) + 0.0:,.{decimals}f}"  # a hair below zero is zero, without a sign


_AREA_SHARES: Final = (("平方米", "m2", 1.25), ("公顷", "ha", 0.95), ("亩", "mu", 1.0))


def _area_columns(group: str) -> tuple[Column, ...]:
    return tuple(Column(title, kind, group, share) for title, kind, share in _AREA_SHARES)  # type: ignore[arg-type]


_SUMMARY: Final = (
    Column("序号", "count", share=0.5),
    Column("图层", share=1.35),
    Column("是否压占", share=0.65),
    *_area_columns("压占面积（椭球）"),
    Column("占用地\n比例（%）", "percent", share=0.8),
    Column("块数", "count", share=0.5),
    Column("最大一块\n（平方米）", "m2", share=1.15),
    Column("未压占面积\n（平方米）", "m2", share=1.25),
    Column("图上编号", share=0.8),
    Column("备注", share=1.9),
)
_CLASSES: Final = (
    Column("图层", share=1.4),
    Column("类别代码\n（DLBM）", share=0.9),
    Column("类别名称\n（DLMC）", share=1.5),
    Column("图斑数", "count", share=0.7),
    *_area_columns("压占面积（椭球）"),
    Column("占用地\n比例（%）", "percent", share=0.9),
)
_DETAILS: Final = (
    Column("图上\n编号", "count", share=0.55),
    Column("图层", share=1.2),
    Column("编号", share=1.3),
    Column("名称", share=1.5),
    Column("类别", share=1.4),
    *_area_columns("压占面积（椭球）"),
    Column("占用地\n（%）", "percent", share=0.75),
    Column("占该图斑\n（%）", "percent", share=0.85),
    Column("块数", "count", share=0.5),
    Column("标注", share=0.6),
)
_VERSIONS: Final = (Column("图层", share=1), Column("数据版本（最近更新时间）", share=2))


def _plain_rows(rows: Sequence[object]) -> tuple[Emphasis, ...]:
    return tuple("" for _ in rows)


def summary_table(report: OverlapReport) -> Table:
    """Return one row per layer in the office's order."""
    rows = tuple(_summary_row(number, layer) for number, layer in enumerate(report.layers, 1))
    return Table("压占情况汇总表", _SUMMARY, rows, _plain_rows(rows))


def _summary_row(number: int, layer: ReportLayer) -> tuple[Cell, ...]:
    row = layer.row
    head: tuple[Cell, ...] = (number, layer.title, "是" if layer.hit else "否")
    if layer.withheld and not layer.items:
        return (*head, *(None,) * 7, NOTHING, f"内部图层，面积不公开。{_remarks(layer)}")
    return (
        *head,
        *_areas(row),
        row["share_of_subject"],
        row["pieces"],
        row["largest_piece_m2"],
        row["remainder_area_m2"],
        number_range(layer.items) or NOTHING,
        _remarks(layer) or NOTHING,
    )


def _remarks(layer: ReportLayer) -> str:
    words = [str(note["zh"]) for note in layer.row["notes"]]
    if layer.row.get("critical"):
        words.append(f"含临界图斑 {layer.row['critical']} 个。")
    if layer.row.get("outside_area_m2"):
        words.append(f"边界外面积 {cell_text(layer.row['outside_area_m2'], 'm2')} 平方米。")
    if layer.row["slivers"]["count"]:
        slivers = layer.row["slivers"]
        words.append(f"已剔除碎片 {slivers['count']} 处，计 {cell_text(slivers['area_m2'], 'm2')} 平方米。")
    return "".join(words)


def _areas(row: Mapping[str, Any]) -> tuple[Cell, Cell, Cell]:
    return row["area_m2"], row["area_ha"], row["area_mu"]


def class_table(report: OverlapReport) -> Table:
    """Return the sums by class with a total of each layer that has classes.

    A layer's total is the sum of its classes: more than the area of the layer where its features overlap.
    """
    rows: list[tuple[Cell, ...]] = []
    emphasis: list[Emphasis] = []
    for layer in report.layers:
        classes = layer.row["by_class"]
        for row in classes:
            rows.append(_class_row(report, layer.title, row))
            emphasis.append("")
        if len(classes) > 1:
            total = {
                name: sum(row[name] for row in classes) for name in ("count", "area_m2", "area_ha", "area_mu")
            }
            rows.append(
                _class_row(report, layer.title, {**total, "class_code": NOTHING, "class_name": "小计"})
            )
            emphasis.append("total")
    return Table("分类统计表", _CLASSES, tuple(rows), tuple(emphasis))


def _class_row(report: OverlapReport, title: str, row: Mapping[str, Any]) -> tuple[Cell, ...]:
    share = 100 * row["area_m2"] / report.subject["area_m2"]
    names = (row["class_code"] or NOTHING, row["class_name"] or NOTHING)
    return (title, *names, row["count"], *_areas(row), share)


def detail_table(report: OverlapReport) -> Table:
    """Return one row per feature that is hit, by its number on the map."""
    rows = tuple(_detail_row(layer, item) for layer in report.layers for item in layer.items)
    return Table("压占图斑明细表", _DETAILS, rows, _plain_rows(rows))


def _detail_row(layer: ReportLayer, item: ReportItem) -> tuple[Cell, ...]:
    row = item.row
    kind = " ".join(str(word) for word in (row["class_code"], row["class_name"]) if word)
    return (
        item.number,
        layer.title,
        row["code"] or NOTHING,
        row["name"] or NOTHING,
        kind or NOTHING,
        *_areas(row),
        row["share_of_subject"],
        row["share_of_feature"],
        row["pieces"],
        "临界" if row["critical"] else "",
    )


def version_table(report: OverlapReport) -> Table:
    """Return the state of the data of each layer."""
    versions = report.answer["data_versions"]
    rows = tuple((layer.title, version_text(versions.get(layer.key))) for layer in report.layers)
    return Table("数据版本", _VERSIONS, rows, _plain_rows(rows))


def all_tables(report: OverlapReport) -> Sequence[Table]:
    """Return the tables of figures that have rows, in the order of the report."""
    tables = (summary_table(report), class_table(report), detail_table(report))
    return [table for table in tables if table.rows]
