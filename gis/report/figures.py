"""The tables of an overlap report, made once for every format: what stands in which column, in which unit."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, Final

from gis.report.model import OverlapReport, ReportItem, ReportLayer, number_range
from gis.report.tables import NOTHING, Cell, Column, Emphasis, Spec, Table, cell_text, fill_table
from gis.report.times import version_text
from gis.report.words import length_text

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
    """Return one row per layer in the office's order, then what lies in none of them.

    What a caller may not know is left empty, never zero.
    """
    say = report.say
    specs: list[Spec] = [
        (Column(say("序号", "No."), "count", share=0.5), _reader("place")),
        (Column(say("图层", "Layer 图层"), share=_named_share(report)), _reader("title")),
        (Column(say("是否\n压占", "Hit\n压占"), share=0.6), _reader("said")),
        *_sizes(report, _occupied(report)),
        (Column(_share_title(report), "percent", share=0.8), _reader("share_of_subject")),
    ]
    if report.measure == "area_m2":
        features = Column(say("占所涉图斑\n比例（%）", "Of features\n占图斑 (%)"), "percent", share=0.95)
        specs.append((features, _reader("share_of_features")))
    specs += [
        (Column(say("块数", "Pieces\n块数"), "count", share=0.6), _reader("pieces")),
        *_rest(report),
        (Column(say("图上编号", "On map\n图上编号"), share=0.8), _reader("numbers")),
        (Column(say("备注", "Remarks 备注"), share=1.9), _reader("remarks")),
    ]
    rows: list[tuple[Row, Emphasis]] = [
        (_summary_row(report, layer, place), "") for place, layer in enumerate(report.layers, 1)
    ]
    return fill_table(
        say("压占情况汇总表", "Summary by layer 压占情况汇总表"), specs, [*rows, *_beside(report)]
    )


def _named_share(report: OverlapReport) -> float:
    """Return the width of a layer's name: in English both languages stand there."""
    return 1.25 if report.head.lang == "zh" else 1.9


def _rest(report: OverlapReport) -> Iterator[Spec]:
    """Yield what tells of the largest piece and of what is left."""
    say = report.say
    if report.measure == "area_m2":
        largest = Column(say("最大一块\n（平方米）", "Largest piece\n最大一块 (m²)"), "m2", share=1.15)
        yield largest, _reader("largest_piece_m2")
        rest = Column(say("未压占面积\n（平方米）", "Not occupied\n未压占 (m²)"), "m2", share=1.25)
        yield rest, _reader("remainder_area_m2")
    elif report.measure == "length_m":
        rest = Column(say("未压占长度\n（米）", "Not occupied\n未压占 (m)"), "m2", share=1.2)
        yield rest, _reader("remainder_length_m")
    else:
        yield Column(say("未压占点数", "Not occupied\n未压占"), "count"), _reader("remainder_points")


def _summary_row(report: OverlapReport, layer: ReportLayer, place: int) -> Row:
    row: dict[str, Any] = {
        "place": place,
        "title": layer.title,
        "said": report.say("是", "yes 是") if layer.hit else report.say("否", "no 否"),
        "numbers": number_range(layer.items) or NOTHING,
        "remarks": _remarks(report, layer) or NOTHING,
    }
    if layer.withheld and not layer.items:
        return row
    return {**layer.row, **row, "share_of_features": _share_of_features(layer)}


def _share_of_features(layer: ReportLayer) -> float | None:
    """Return which part of the features that are hit is occupied; None where no feature is measured."""
    measured = [item.row for item in layer.items if item.row.get("share_of_feature")]
    whole = sum(100 * row["area_m2"] / row["share_of_feature"] for row in measured)
    return 100 * sum(row["area_m2"] for row in measured) / whole if whole else None


def _beside(report: OverlapReport) -> Iterator[tuple[Row, Emphasis]]:
    """Yield the row of what lies in none of the layers; not where a layer is kept from the reader."""
    rest = report.answer.get("remainder")
    if not rest or any(layer.withheld for layer in report.layers):
        return
    row = {
        **rest,
        "title": report.say("以上图层之外", "In none of these 以上图层之外"),
        "said": "",
        "share_of_subject": _share(report, rest),
    }
    yield row, "total"


def _remarks(report: OverlapReport, layer: ReportLayer) -> str:
    say, row, slivers = report.say, layer.row, layer.row["slivers"]
    words = []
    if layer.withheld and not layer.items:
        words.append(say("内部图层，面积不公开。", "Internal layer, areas are not public 内部图层."))
    words += [say(str(note["zh"]), f"{note['en']} {_term(note)}".strip()) for note in row["notes"]]
    if row.get("critical"):
        count = row["critical"]
        words.append(say(f"含临界图斑 {count} 个。", f"{count} critical 临界."))
    if outside := _outside(report, row):
        words.append(say(f"边界外{outside}。", f"Outside 边界外: {outside}."))
    if slivers["count"]:
        count, area = slivers["count"], cell_text(slivers["area_m2"], "m2")
        words.append(
            say(f"已剔除碎片 {count} 处，计 {area} 平方米。", f"{count} slivers 碎片 left out, {area} m².")
        )
    return say("", " ").join(words)


def _term(note: Row) -> str:
    return {"needs_case_review": "需个案审查", "make_up_question": "补划"}.get(str(note["code"]), "")


def _outside(report: OverlapReport, row: Row) -> str:
    """Return what of the subject lies outside of a boundary that must not be passed; empty if nothing does."""
    if row.get("outside_area_m2"):
        area = cell_text(row["outside_area_m2"], "m2")
        return report.say(f"面积 {area} 平方米", f"{area} m²")
    if row.get("outside_length_m"):
        length = length_text(row["outside_length_m"], report.head.lang)
        return report.say(f"长度 {length}", length)
    if row.get("outside_points"):
        return report.say(f" {row['outside_points']} 个点", f"{row['outside_points']} points")
    return ""


# --- by class


def class_table(report: OverlapReport) -> Table:
    """Return the sums by class with a total of each layer that has several.

    A layer's total is the sum of its classes: more than the area of the layer where its features overlap.
    """
    say = report.say
    specs: list[Spec] = [
        (Column(say("图层", "Layer 图层"), share=1.1 * _named_share(report)), _reader("title")),
        *_class_columns(report, (0.9, 1.5)),
        *_counted(report),
    ]
    return fill_table(say("分类统计表", "By class 分类统计表"), specs, _with_totals(report, "by_class"))


def owner_table(report: OverlapReport) -> Table:
    """Return the sums by village and class, as the land survey's own tables have them."""
    say = report.say
    code = Column(say("坐落单位代码\n（ZLDWDM）", "Village code\nZLDWDM"), share=1.3)
    name = Column(say("坐落单位名称\n（ZLDWMC）", "Village 坐落单位\nZLDWMC"), share=1.5)
    specs: list[Spec] = [
        (Column(say("图层", "Layer 图层"), share=_named_share(report)), _reader("title")),
        (code, lambda row: row.get("owner_code") or NOTHING),
        (name, lambda row: row.get("owner_name") or NOTHING),
        *_class_columns(report, (0.9, 1.2)),
        *_counted(report),
    ]
    named = {
        layer.key for layer in report.layers if any(_owner(row) for row in layer.row.get("by_owner") or [])
    }
    title = say("坐落单位分类统计表", "By village and class 坐落单位分类统计表")
    return fill_table(title, specs, _with_totals(report, "by_owner", named))


def _class_columns(report: OverlapReport, shares: tuple[float, float]) -> Iterator[Spec]:
    say = report.say
    code = Column(say("类别代码\n（DLBM）", "Class code\nDLBM"), share=shares[0])
    yield code, lambda row: row["class_code"] or NOTHING
    name = Column(say("类别名称\n（DLMC）", "Class 类别名称\nDLMC"), share=shares[1])
    yield name, lambda row: row["class_name"] or NOTHING


def _owner(row: Row) -> bool:
    return bool(row.get("owner_code") or row.get("owner_name"))


def _counted(report: OverlapReport) -> Iterator[Spec]:
    say = report.say
    yield Column(say("图斑数\n(COUNT)", "Features\nCOUNT"), "count", share=0.8, sums=True), _reader("count")
    for column, read in _sizes(report, _occupied(report)):
        yield column.summed(), read
    yield (
        Column(_share_title(report), "percent", share=0.9, sums=True),
        lambda row: _share(report, row),
    )


def _share(report: OverlapReport, row: Row) -> float:
    return float(100 * row.get(report.measure, 0) / report.whole)


def _share_title(report: OverlapReport) -> str:
    if report.measure == "length_m":
        return report.say("占全长\n比例（%）", "Of length\n占全长 (%)")
    if report.measure == "points":
        return report.say("占总点数\n比例（%）", "Of points\n占点数 (%)")
    return report.say("占用地\n比例（%）", "Of subject\n占用地 (%)")


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
            name = report.say("小计", "Subtotal 小计")
            yield {"title": layer.title, "class_code": None, "class_name": name, **sums}, "total"


def land_use_table(report: OverlapReport) -> Table:
    """Return the three great classes of land use, and what of them is cultivated land and forest."""
    say = report.say
    used = report.answer.get("land_use") if report.measure == "area_m2" else None
    rows: list[tuple[Row, Emphasis]] = []
    if used and used["groups"]:
        rows = [
            ({"title": say(each["zh"], f"{each['en']} {each['zh']}"), **each}, "") for each in used["groups"]
        ]
        rows += [({"title": say(*_PARTS[key]), **used[key]}, "") for key in _PARTS if key in used]
    specs: list[Spec] = [
        (Column(say("地类", "Great class 地类"), share=1.5), _reader("title")),
        *_sizes(report, _occupied(report)),
        (Column(_share_title(report), "percent"), lambda row: _share(report, row)),
    ]
    return fill_table(say("三大类汇总表", "Great classes 三大类汇总表"), specs, rows)


_PARTS: Final = {
    "cultivated": ("其中：耕地", "of this cultivated 其中：耕地"),
    "forest": ("其中：林地", "of this forest 其中：林地"),
}


# --- by feature


def detail_table(report: OverlapReport) -> Table:
    """Return one row per feature that is hit, by its number on the map."""
    say = report.say
    pairs = [(layer, item) for layer in report.layers for item in layer.items]
    specs: list[Spec] = [
        (Column(say("图上\n编号", "On map\n编号"), "count", share=0.55), lambda pair: pair[1].number),
        (Column(say("图层", "Layer 图层"), share=_named_share(report)), lambda pair: pair[0].title),
        (Column(say("编号", "Code 编号"), share=1.3), lambda pair: pair[1].row["code"] or NOTHING),
        (Column(say("名称", "Name 名称"), share=1.5), lambda pair: pair[1].row["name"] or NOTHING),
        (Column(say("类别", "Class 类别"), share=1.4), lambda pair: _kind(pair[1])),
        *(_of_item(spec) for spec in _sizes(report, _occupied(report))),
    ]
    area = report.measure == "area_m2"
    if area and any("registered_area_m2" in item.row for _, item in pairs):
        registered = Column(say("登记面积\n（平方米）", "Registered\n登记面积 (m²)"), "m2", share=1.2)
        specs.append((registered, lambda pair: pair[1].row.get("registered_area_m2")))
    share = Column(_share_title(report).replace("比例", ""), "percent", share=0.75)
    specs.append((share, lambda pair: pair[1].row["share_of_subject"]))
    if area:
        part = Column(say("占该图斑\n（%）", "Of feature\n占图斑 (%)"), "percent", share=0.85)
        specs.append((part, lambda pair: pair[1].row["share_of_feature"]))
    specs += [
        (Column(say("块数", "Pieces\n块数"), "count", share=0.6), lambda pair: pair[1].row["pieces"]),
        (Column(say("标注", "Marks 标注"), share=0.7), lambda pair: _marks(report, pair[1])),
    ]
    return fill_table(say("压占图斑明细表", "Features 压占图斑明细表"), specs, [(pair, "") for pair in pairs])


def _of_item(spec: Spec) -> Spec:
    column, read = spec
    return column, lambda pair: read(pair[1].row)


def _kind(item: ReportItem) -> str:
    return " ".join(str(word) for word in (item.row["class_code"], item.row["class_name"]) if word) or NOTHING


def _marks(report: OverlapReport, item: ReportItem) -> str:
    say = report.say
    critical = say("临界", "critical 临界") if item.row["critical"] else ""
    disagrees = (
        say("登记面积不符", "registered area is off 登记面积不符") if item.row.get("area_disagrees") else ""
    )
    return say("、", ", ").join(mark for mark in (critical, disagrees) if mark)


# --- by member and by version


def member_table(report: OverlapReport) -> Table:
    """Return one row for each of several parcels of the subject, with what it lies on."""
    say = report.say
    titles = {layer.key: layer.title for layer in report.layers}
    stated = Column(say("勘测（填报）\n面积（平方米）", "Stated 勘测\n(m²)"), "m2", share=1.1)
    specs: list[Spec] = [
        (Column(say("序号", "No."), "count", share=0.4), _reader("number")),
        (Column(say("地块名称", "Parcel 地块名称"), share=1.3), _reader("name")),
        *_areas(report, say("地块面积（椭球）", "Area 地块面积 (ellipsoid)")),
        (stated, _reader("survey_area_m2")),
        (
            Column(say("压占情况", "Lies on 压占情况"), share=4.5),
            lambda row: _member_hits(report, row, titles),
        ),
    ]
    rows: list[tuple[Row, Emphasis]] = [(row, "") for row in report.answer.get("subjects") or []]
    return fill_table(say("分地块压占情况表", "Parcel by parcel 分地块压占情况表"), specs, rows)


def _member_hits(report: OverlapReport, row: Row, titles: Mapping[str, str]) -> str:
    hits = []
    for layer in row["layers"]:
        if layer["hit"]:
            m2, mu = cell_text(layer["area_m2"], "m2"), cell_text(layer["area_mu"], "mu")
            share = cell_text(layer["share_of_subject"], "percent")
            title = titles.get(layer["layer"], layer["layer"])
            hits.append(
                report.say(
                    f"{title} {m2} 平方米（{mu} 亩，{share} %）", f"{title}: {m2} m² ({mu} mu 亩, {share}%)"
                )
            )
    return report.say("；", "; ").join(hits) or report.say("未压占", "nothing 未压占")


def version_table(report: OverlapReport) -> Table:
    """Return the state of the data of each layer."""
    say = report.say
    versions = report.answer["data_versions"]
    changed = Column(say("数据版本（最近更新时间）", "Data version 数据版本 (last change, UTC+8)"), share=2)
    specs: list[Spec] = [
        (Column(say("图层", "Layer 图层"), share=1), lambda layer: layer.title),
        (
            changed,
            lambda layer: version_text(versions.get(layer.key), say("无数据", "no data 无数据")),
        ),
    ]
    return fill_table(
        say("数据版本", "Data versions 数据版本"), specs, [(layer, "") for layer in report.layers]
    )


# --- sizes


def _occupied(report: OverlapReport) -> str:
    return report.say("压占面积（椭球）", "Area occupied 压占面积 (ellipsoid)")


def _sizes(report: OverlapReport, group: str) -> Iterator[Spec]:
    """Yield the columns of a size: an area in three units, a length, or a number of points."""
    say = report.say
    if report.measure == "length_m":
        yield Column(say("压占长度\n（米）", "Length\n压占长度 (m)"), "m2", share=1.2), _reader("length_m")
        return
    if report.measure == "points":
        yield Column(say("压占点数", "Points\n压占点数"), "count"), _reader("points")
        return
    yield from _areas(report, group)
    if report.answer.get("rules", {}).get("adjust"):
        adjusted = Column(say("按登记面积平差\n（平方米）", "Adjusted\n平差 (m²)"), "m2", share=1.3)
        yield adjusted, _reader("adjusted_area_m2")


def _areas(report: OverlapReport, group: str) -> tuple[Spec, ...]:
    say = report.say
    return (
        (Column(say("平方米", "m²"), "m2", group, 1.25), _reader("area_m2")),
        (Column(say("公顷", "ha 公顷"), "ha", group, 0.95), _reader("area_ha")),
        (Column(say("亩", "mu 亩"), "mu", group, 1.0), _reader("area_mu")),
    )


def _reader(name: str) -> Any:
    def read(row: Row) -> Cell:
        found: Cell = row.get(name)
        return found

    return read
