"""The tables of an overlap report, made once for every format: what stands in which column, in which unit."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, Final

from gis.report.model import OverlapReport, ReportItem, ReportLayer, number_range
from gis.report.tables import NOTHING, Cell, Column, Emphasis, Spec, Table, cell_text, fill_table
from gis.report.times import version_text

OCCUPIED: Final = "压占面积（椭球）"
_SIZES: Final = ("count", "area_m2", "area_ha", "area_mu", "adjusted_area_m2", "length_m", "points")
Row = Mapping[str, Any]


def all_tables(report: OverlapReport) -> Sequence[Table]:
    """Return the tables of figures that have rows, in the order of the report."""
    tables = (
        summary_table(report),
        member_table(report),
        land_use_table(report),
        class_table(report),
        owner_table(report),
        detail_table(report),
    )
    return [table for table in tables if table.rows]


# --- by layer


def summary_table(report: OverlapReport) -> Table:
    """Return one row per layer in the office's order; what a caller may not know is left empty, never zero."""
    numbers = {layer.key: number for number, layer in enumerate(report.layers, 1)}
    specs: list[Spec] = [
        (Column("序号", "count", share=0.5), lambda layer: numbers[layer.key]),
        (Column("图层", share=1.35), lambda layer: layer.title),
        (Column("是否压占", share=0.65), lambda layer: "是" if layer.hit else "否"),
        *(_shown(spec) for spec in _sizes(report, OCCUPIED)),
        _shown((Column("占用地\n比例（%）", "percent", share=0.8), lambda row: row["share_of_subject"])),
        _shown((Column("块数", "count", share=0.5), lambda row: row["pieces"])),
    ]
    if report.measure == "area_m2":
        largest = Column("最大一块\n（平方米）", "m2", share=1.15)
        rest = Column("未压占面积\n（平方米）", "m2", share=1.25)
        specs += [_shown((largest, lambda row: row["largest_piece_m2"]))]
        specs += [_shown((rest, lambda row: row["remainder_area_m2"]))]
    specs += [
        (Column("图上编号", share=0.8), lambda layer: number_range(layer.items) or NOTHING),
        (Column("备注", share=1.9), lambda layer: _remarks(layer) or NOTHING),
    ]
    return fill_table("压占情况汇总表", specs, [(layer, "") for layer in report.layers])


def _shown(spec: Spec) -> Spec:
    """Read a figure of a layer's row, unless it is withheld."""
    column, read = spec
    return column, lambda layer: None if layer.withheld and not layer.items else read(layer.row)


def _remarks(layer: ReportLayer) -> str:
    row, slivers = layer.row, layer.row["slivers"]
    words = ["内部图层，面积不公开。"] if layer.withheld and not layer.items else []
    words += [str(note["zh"]) for note in row["notes"]]
    if row.get("critical"):
        words.append(f"含临界图斑 {row['critical']} 个。")
    if row.get("outside_area_m2"):
        words.append(f"边界外面积 {cell_text(row['outside_area_m2'], 'm2')} 平方米。")
    if slivers["count"]:
        words.append(f"已剔除碎片 {slivers['count']} 处，计 {cell_text(slivers['area_m2'], 'm2')} 平方米。")
    return "".join(words)


# --- by class


def class_table(report: OverlapReport) -> Table:
    """Return the sums by class with a total of each layer that has several.

    A layer's total is the sum of its classes: more than the area of the layer where its features overlap.
    """
    specs: list[Spec] = [
        (Column("图层", share=1.4), lambda row: row["title"]),
        (Column("类别代码\n（DLBM）", share=0.9), lambda row: row["class_code"] or NOTHING),
        (Column("类别名称\n（DLMC）", share=1.5), lambda row: row["class_name"] or NOTHING),
        *_counted(report),
    ]
    return fill_table("分类统计表", specs, _with_totals(report, "by_class"))


def owner_table(report: OverlapReport) -> Table:
    """Return the sums by village and class, as the land survey's own tables have them."""
    specs: list[Spec] = [
        (Column("图层", share=1.2), lambda row: row["title"]),
        (Column("坐落单位代码\n（ZLDWDM）", share=1.3), lambda row: row.get("owner_code") or NOTHING),
        (Column("坐落单位名称\n（ZLDWMC）", share=1.5), lambda row: row.get("owner_name") or NOTHING),
        (Column("类别代码\n（DLBM）", share=0.9), lambda row: row["class_code"] or NOTHING),
        (Column("类别名称\n（DLMC）", share=1.2), lambda row: row["class_name"] or NOTHING),
        *_counted(report),
    ]
    named = {
        layer.key for layer in report.layers if any(_owner(row) for row in layer.row.get("by_owner") or [])
    }
    return fill_table("坐落单位分类统计表", specs, _with_totals(report, "by_owner", named))


def _owner(row: Row) -> bool:
    return bool(row.get("owner_code") or row.get("owner_name"))


def _counted(report: OverlapReport) -> Iterator[Spec]:
    yield Column("图斑数\n(COUNT)", "count", share=0.8), lambda row: row["count"]
    yield from _sizes(report, OCCUPIED)
    yield Column("占用地\n比例（%）", "percent", share=0.9), lambda row: _share(report, row)


def _share(report: OverlapReport, row: Row) -> float:
    return float(100 * row.get(report.measure, 0) / report.whole)


def _with_totals(
    report: OverlapReport, member: str, layers: Set[str] | None = None
) -> Iterator[tuple[Row, Emphasis]]:
    for layer in report.layers:
        rows = layer.row.get(member) or [] if layers is None or layer.key in layers else []
        for row in rows:
            yield {**row, "title": layer.title}, ""
        if len(rows) > 1:
            sums = {
                name: sum(row[name] for row in rows) for name in _SIZES if all(name in row for row in rows)
            }
            yield {"title": layer.title, "class_code": None, "class_name": "小计", **sums}, "total"


def land_use_table(report: OverlapReport) -> Table:
    """Return the three great classes of land use, and what of them is cultivated land and forest."""
    used = report.answer.get("land_use") if report.measure == "area_m2" else None
    rows: list[tuple[Row, Emphasis]] = []
    if used and used["groups"]:
        rows = [(group, "") for group in used["groups"]]
        rows += [({"zh": f"其中：{name}", **used[key]}, "") for key, name in _PARTS if key in used]
    specs: list[Spec] = [
        (Column("地类", share=1.5), lambda row: row["zh"]),
        *_sizes(report, OCCUPIED),
        (Column("占用地\n比例（%）", "percent"), lambda row: _share(report, row)),
    ]
    return fill_table("三大类汇总表", specs, rows)


_PARTS: Final = (("cultivated", "耕地"), ("forest", "林地"))


# --- by feature


def detail_table(report: OverlapReport) -> Table:
    """Return one row per feature that is hit, by its number on the map."""
    pairs = [(layer, item) for layer in report.layers for item in layer.items]
    specs: list[Spec] = [
        (Column("图上\n编号", "count", share=0.55), lambda pair: pair[1].number),
        (Column("图层", share=1.2), lambda pair: pair[0].title),
        (Column("编号", share=1.3), lambda pair: pair[1].row["code"] or NOTHING),
        (Column("名称", share=1.5), lambda pair: pair[1].row["name"] or NOTHING),
        (Column("类别", share=1.4), lambda pair: _kind(pair[1])),
        *(_of_item(spec) for spec in _sizes(report, OCCUPIED)),
    ]
    if any("registered_area_m2" in item.row for _, item in pairs):
        registered = Column("登记面积\n（平方米）", "m2", share=1.2)
        specs.append((registered, lambda pair: pair[1].row.get("registered_area_m2")))
    specs.append(
        (Column("占用地\n（%）", "percent", share=0.75), lambda pair: pair[1].row["share_of_subject"])
    )
    if report.measure == "area_m2":
        part = Column("占该图斑\n（%）", "percent", share=0.85)
        specs.append((part, lambda pair: pair[1].row["share_of_feature"]))
    specs += [
        (Column("块数", "count", share=0.5), lambda pair: pair[1].row["pieces"]),
        (Column("标注", share=0.7), lambda pair: _marks(pair[1])),
    ]
    return fill_table("压占图斑明细表", specs, [(pair, "") for pair in pairs])


def _of_item(spec: Spec) -> Spec:
    column, read = spec
    return column, lambda pair: read(pair[1].row)


def _kind(item: ReportItem) -> str:
    return " ".join(str(word) for word in (item.row["class_code"], item.row["class_name"]) if word) or NOTHING


def _marks(item: ReportItem) -> str:
    marks = ("临界" if item.row["critical"] else "", "登记面积不符" if item.row.get("area_disagrees") else "")
    return "、".join(mark for mark in marks if mark)


# --- by member and by version


def member_table(report: OverlapReport) -> Table:
    """Return one row for each of several parcels of the subject, with what it lies on."""
    titles = {layer.key: layer.title for layer in report.layers}
    specs: list[Spec] = [
        (Column("序号", "count", share=0.4), lambda row: row["number"]),
        (Column("地块名称", share=1.3), lambda row: row["name"]),
        *_areas("地块面积（椭球）"),
        (Column("勘测（填报）\n面积（平方米）", "m2", share=1.1), lambda row: row.get("survey_area_m2")),
        (Column("压占情况", share=4.5), lambda row: _member_hits(row, titles)),
    ]
    return fill_table("分地块压占情况表", specs, [(row, "") for row in report.answer.get("subjects") or []])


def _member_hits(row: Row, titles: Mapping[str, str]) -> str:
    hits = [
        f"{titles.get(layer['layer'], layer['layer'])} {cell_text(layer['area_m2'], 'm2')} 平方米"
        f"（{cell_text(layer['area_mu'], 'mu')} 亩，{cell_text(layer['share_of_subject'], 'percent')} %）"
        for layer in row["layers"]
        if layer["hit"]
    ]
    return "；".join(hits) or "未压占"


def version_table(report: OverlapReport) -> Table:
    """Return the state of the data of each layer."""
    versions = report.answer["data_versions"]
    specs: list[Spec] = [
        (Column("图层", share=1), lambda layer: layer.title),
        (Column("数据版本（最近更新时间）", share=2), lambda layer: version_text(versions.get(layer.key))),
    ]
    return fill_table("数据版本", specs, [(layer, "") for layer in report.layers])


# --- sizes


def _sizes(report: OverlapReport, group: str) -> Iterator[Spec]:
    """Yield the columns of a size: an area in three units, a length, or a number of points."""
    if report.measure == "length_m":
        yield Column("压占长度\n（米）", "m2", share=1.2), lambda row: row.get("length_m", 0.0)
        return
    if report.measure == "points":
        yield Column("压占点数", "count"), lambda row: row.get("points", 0)
        return
    yield from _areas(group)
    if report.answer.get("rules", {}).get("adjust"):
        adjusted = Column("按登记面积平差\n（平方米）", "m2", share=1.3)
        yield adjusted, lambda row: row.get("adjusted_area_m2")


def _areas(group: str) -> tuple[Spec, ...]:
    return (
        (Column("平方米", "m2", group, 1.25), _reader("area_m2")),
        (Column("公顷", "ha", group, 0.95), _reader("area_ha")),
        (Column("亩", "mu", group, 1.0), _reader("area_mu")),
    )


def _reader(name: str) -> Any:
    def read(row: Row) -> Cell:
        found: Cell = row[name]
        return found

    return read
