"""A run over many subjects 整层压占分析 summed up: by layer, by class, by subject; as a form to print and as tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from gis.crs import MU_PER_M2
from gis.overlap import LayerOverlap, OverlapAnswer, OverlapOptions
from gis.report.form import Form
from gis.report.model import KEPT_WHOLE, OFFICE_ORDER, Lang
from gis.report.tables import NOTHING, Column, Emphasis, Spec, Table, cell_text, fill_table
from gis.report.times import local_text, version_text
from gis.report.words import CASE_REVIEW, areas_text

PRINTED_SUBJECTS: Final = 1_000
"""Subjects of a printed summary; the workbook has them all."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class RunHead:
    """What was asked of a run.

    Parameters
    ----------
    subjects : tuple of str
        Title of the layer whose rows are the subjects, Chinese and English.
    titles : mapping of str to tuple of str
        Of the layers they are laid over, Chinese and English, in the order of the answers.
    versions : mapping
        State of each layer's data.
    data_changed : bool
        Whether data changed while the run worked.
    """

    number: str
    subjects: tuple[str, str]
    titles: Mapping[str, tuple[str, str]]
    asked_at: datetime
    finished_at: datetime
    options: OverlapOptions
    versions: Mapping[str, Any]
    operator: str = ""
    data_changed: bool = False
    synthetic: bool = False
    lang: Lang = "zh"

    def say(self, zh: str, en: str) -> str:
        """Return a text in the language of the report."""
        return zh if self.lang == "zh" else en

    def title_of(self, layer: str) -> str:
        """Return the title of a layer, in English with the Chinese one beside it."""
        zh, en = self.titles[layer]
        return self.say(zh, f"{en} {zh}")

    def ordered(self) -> list[str]:
        """Return the layers in the order of the office."""
        rank = {name: place for place, name in enumerate(OFFICE_ORDER)}
        return sorted(self.titles, key=lambda name: rank.get(name, len(rank)))


@dataclass(frozen=True)
class RunSubject:
    """One subject and its answer; None where it encloses no area."""

    id: int
    code: str
    name: str | None
    answer: OverlapAnswer | None

    @property
    def hits(self) -> list[LayerOverlap]:
        """The layers that it lies on."""
        return [layer for layer in self.answer.layers if layer.hit] if self.answer else []

    @property
    def needs_review(self) -> bool:
        """Whether the law decides on it case by case."""
        return any(layer.target.layer in KEPT_WHOLE for layer in self.hits)


@dataclass
class Sum:
    """What came together in a layer or a class."""

    subjects: int = 0
    pairs: int = 0
    pieces: int = 0
    critical: int = 0
    area_m2: float = 0.0
    largest_m2: float = 0.0


@dataclass
class RunSums:
    """Sums of a run, subject by subject; memory does not grow with their number."""

    layers: dict[str, Sum] = field(default_factory=dict)
    classes: dict[tuple[str, str, str], Sum] = field(default_factory=dict)
    subjects: int = 0
    hits: int = 0
    review: int = 0
    failed: int = 0
    pairs: int = 0
    area_m2: float = 0.0

    def add(self, subject: RunSubject) -> None:
        """Count one subject in."""
        self.subjects += 1
        if subject.answer is None:
            self.failed += 1
            return
        self.area_m2 += subject.answer.area_m2
        self.hits += bool(subject.hits)
        self.review += subject.needs_review
        for layer in subject.hits:
            self._add_layer(layer)

    def _add_layer(self, layer: LayerOverlap) -> None:
        name = layer.target.layer
        row = self.layers.setdefault(name, Sum())
        row.subjects += 1
        row.pairs += len(layer.items)
        row.pieces += layer.pieces
        row.critical += layer.critical
        row.area_m2 += layer.area_m2
        row.largest_m2 = max(row.largest_m2, layer.largest_piece_m2)
        self.pairs += len(layer.items)
        for each in layer.by_class:
            found = self.classes.setdefault((name, each.class_code or "", each.class_name or ""), Sum())
            found.subjects += 1
            found.pairs += each.count
            found.area_m2 += each.area_m2


# --- tables


def layer_sums(head: RunHead, sums: RunSums) -> Table:
    """Return one row per layer in the office's order."""
    say = head.say
    rows: list[tuple[Row, Emphasis]] = []
    for place, name in enumerate(head.ordered(), 1):
        found = sums.layers.get(name, Sum())
        share = 100 * found.area_m2 / sums.area_m2 if sums.area_m2 else 0.0
        rows.append(({"place": place, "title": head.title_of(name), "share": share, **vars(found)}, ""))
    largest = Column(say("最大一块\n（平方米）", "Largest piece\n最大一块 (m²)"), "m2", share=1.1)
    specs: list[Spec] = [
        (Column(say("序号", "No."), "count", share=0.4), lambda row: row["place"]),
        (Column(say("图层", "Layer 图层"), share=1.6), lambda row: row["title"]),
        (
            Column(say("涉及对象数", "Subjects hit\n涉及对象"), "count", share=0.8),
            lambda row: row["subjects"],
        ),
        (Column(say("图斑次数", "Pairs\n图斑次数"), "count", share=0.8), lambda row: row["pairs"]),
        *_areas(head, say("压占面积合计（椭球）", "Area occupied 压占面积合计 (ellipsoid)")),
        (
            Column(say("占对象总面积\n比例（%）", "Of all subjects\n占总面积 (%)"), "percent"),
            lambda row: row["share"],
        ),
        (Column(say("块数", "Pieces\n块数"), "count", share=0.7), lambda row: row["pieces"]),
        (largest, lambda row: row["largest_m2"]),
        (Column(say("临界\n图斑数", "Critical\n临界"), "count", share=0.7), lambda row: row["critical"]),
    ]
    return fill_table(say("分图层汇总表", "By layer 分图层汇总表"), specs, rows)


def class_sums(head: RunHead, sums: RunSums) -> Table:
    """Return the sums by layer and class, the largest first, with subtotals."""
    say = head.say
    rows: list[tuple[Row, Emphasis]] = []
    for layer in head.ordered():
        own = [(key, found) for key, found in sums.classes.items() if key[0] == layer]
        own.sort(key=lambda each: (-each[1].area_m2, each[0]))
        title = head.title_of(layer)
        rows += [
            ({"title": title, "code": key[1] or NOTHING, "name": key[2] or NOTHING, **vars(found)}, "")
            for key, found in own
        ]
        if len(own) > 1:
            total = {name: sum(getattr(found, name) for _, found in own) for name in ("pairs", "area_m2")}
            subtotal = say("小计", "Subtotal 小计")
            rows.append(
                ({"title": title, "code": NOTHING, "name": subtotal, "subjects": None, **total}, "total")
            )
    specs: list[Spec] = [
        (Column(say("图层", "Layer 图层"), share=1.4), lambda row: row["title"]),
        (Column(say("类别代码\n（DLBM）", "Class code\nDLBM"), share=0.9), lambda row: row["code"]),
        (Column(say("类别名称\n（DLMC）", "Class 类别名称\nDLMC"), share=1.5), lambda row: row["name"]),
        (
            Column(say("涉及对象数", "Subjects hit\n涉及对象"), "count", share=0.8),
            lambda row: row["subjects"],
        ),
        (Column(say("图斑次数", "Pairs\n图斑次数"), "count", share=0.8, sums=True), lambda row: row["pairs"]),
        *(
            (column.summed(), read)
            for column, read in _areas(head, say("压占面积合计（椭球）", "Area occupied 压占面积合计"))
        ),
    ]
    return fill_table(say("分类统计表", "By class 分类统计表"), specs, rows)


def _areas(head: RunHead, group: str) -> tuple[Spec, ...]:
    say = head.say
    return (
        (Column(say("平方米", "m²"), "m2", group, 1.3), lambda row: row["area_m2"]),
        (Column(say("公顷", "ha 公顷"), "ha", group), lambda row: row["area_m2"] / 10_000),
        (Column(say("亩", "mu 亩"), "mu", group, 1.1), lambda row: row["area_m2"] * MU_PER_M2),
    )


def subject_lines(head: RunHead, subjects: Sequence[RunSubject]) -> Table:
    """Return some subjects with what each lies on, in words: for paper."""
    say = head.say
    specs: list[Spec] = [
        (Column(say("编号", "Code 编号"), share=1.5), lambda each: each.code),
        (Column(say("名称", "Name 名称"), share=1.5), lambda each: each.name or NOTHING),
        (
            Column(say("面积\n（平方米）", "Area\n面积 (m²)"), "m2", share=1.1),
            lambda each: each.answer.area_m2 if each.answer else None,
        ),
        (
            Column(say("面积（亩）", "Area 面积\n(mu 亩)"), "mu", share=0.9),
            lambda each: each.answer.area_m2 * MU_PER_M2 if each.answer else None,
        ),
        (Column(say("压占情况", "Lies on 压占情况"), share=5), lambda each: _hits(head, each)),
        (Column(say("结论", "Conclusion 结论"), share=0.9), lambda each: conclusion(head, each)),
    ]
    title = say("有压占的对象", "Subjects that lie on something 有压占的对象")
    return fill_table(title, specs, [(each, "") for each in subjects])


def _hits(head: RunHead, subject: RunSubject) -> str:
    words = []
    for layer in sorted(subject.hits, key=lambda each: head.ordered().index(each.target.layer)):
        m2, mu = cell_text(layer.area_m2, "m2"), cell_text(layer.area_m2 * MU_PER_M2, "mu")
        share, title = cell_text(layer.share_of_subject, "percent"), head.title_of(layer.target.layer)
        words.append(
            head.say(f"{title} {m2} 平方米（{mu} 亩，{share} %）", f"{title}: {m2} m² ({mu} mu 亩, {share}%)")
        )
    return head.say("；", "; ").join(words)


def conclusion(head: RunHead, subject: RunSubject) -> str:
    """Return what is said of a subject as a whole; never that it is compliant."""
    if subject.answer is None:
        return head.say("没有面积", "No area 没有面积")
    if subject.needs_review:
        return head.say(CASE_REVIEW, f"Needs case review {CASE_REVIEW}")
    return NOTHING


# --- the form


def run_form(head: RunHead, sums: RunSums, subjects: Sequence[RunSubject]) -> Form:
    """Return the printed summary; `subjects` are the first that lie on something."""
    title = head.say("整层压占（合规性）分析汇总表", "Overlap of many subjects 整层压占（合规性）分析汇总表")
    tables = (layer_sums(head, sums), class_sums(head, sums), subject_lines(head, subjects))
    return Form(
        title=title,
        subject=head.say(head.subjects[0], f"{head.subjects[1]} {head.subjects[0]}"),
        made_at=head.finished_at,
        pairs=run_pairs(head, sums),
        tables=[table for table in tables if table.rows],
        notes=list(run_notes(head, sums, len(subjects))),
        versions=run_versions_table(head),
        operator=head.operator,
        lang=head.lang,
        synthetic=head.synthetic,
    )


def run_pairs(head: RunHead, sums: RunSums) -> list[tuple[str, str]]:
    """Return what was asked and what came of it."""
    say = head.say
    return [
        (
            say("分析对象", "Subjects 分析对象"),
            say(head.subjects[0], f"{head.subjects[1]} {head.subjects[0]}"),
        ),
        (say("任务编号", "Run 任务编号"), head.number),
        (say("对象总数", "Number of subjects 对象总数"), f"{sums.subjects:,}"),
        (
            say("对象面积合计（椭球）", "Sum of areas 面积合计 (ellipsoid)"),
            areas_text(sums.area_m2, head.lang),
        ),
        (say("有压占的对象", "With any hit 有压占"), f"{sums.hits:,}"),
        (say("需个案审查的对象", f"Needing case review {CASE_REVIEW}"), f"{sums.review:,}"),
        (say("图斑次数", "Pairs 图斑次数"), f"{sums.pairs:,}"),
        (say("没有面积的对象", "Without area 没有面积"), f"{sums.failed:,}"),
        (say("提交时间", "Asked (UTC+8) 提交时间"), local_text(head.asked_at)),
        (say("完成时间", "Finished (UTC+8) 完成时间"), local_text(head.finished_at)),
        (say("操作人", "Operator 操作人"), head.operator or NOTHING),
    ]


def run_notes(head: RunHead, sums: RunSums, printed: int) -> Iterator[str]:
    """Yield the rules that the figures stand on."""
    say, options = head.say, head.options
    if options.buffer_m:
        yield say(
            f"缓冲：各对象向外 {options.buffer_m:g} 米。",
            f"Buffer 缓冲: every subject {options.buffer_m:g} m outwards.",
        )
    yield say(
        "面积：均为 CGCS2000 椭球面积，1 亩 = 2000/3 平方米；同一对象在同一图层内的重叠图斑只计一次，对象之间互有重叠的不扣除；"
        "分类按图斑计算，合计可大于图层面积。各列分别四舍五入，小计按未舍入的数值计算。",
        "Areas 面积 are ellipsoidal on CGCS2000, 1 mu 亩 = 2000/3 m². Within a subject and a layer ground is counted once; "
        "ground that subjects share counts for each. Classes are summed feature by feature and may come to more. Figures are "
        "rounded one by one, subtotals are of unrounded values.",
    )
    kept = "、".join(head.titles[name][0] for name in KEPT_WHOLE if name in head.titles)
    limits = f"{options.min_area_m2:g}", f"{options.min_thickness_m:g}"
    yield say(
        f"碎片：面积小于 {limits[0]} 平方米或厚度（2A/P）小于 {limits[1]} 米的图块不计。"
        + (f"{kept}的碎片不剔除，标注“临界”。" if kept else ""),
        f"Slivers 碎片 below {limits[0]} m² or thinner than {limits[1]} m are left out."
        + (f" Those of {kept} are kept and marked critical 临界." if kept else ""),
    )
    if options.adjust:
        yield say(
            "平差：明细另列按登记面积缩放的面积。",
            "Adjusted 平差: pairs also tell areas scaled to registered ones.",
        )
    if sums.hits > printed:
        yield say(
            f"本表只列前 {printed} 个有压占的对象，其余 {sums.hits - printed} 个见 Excel、CSV。",
            f"The first {printed} subjects are listed; the workbook and the CSV have the other {sums.hits - printed}.",
        )
    if head.data_changed:
        yield say(
            "提示：分析期间数据有变动，建议重新分析。",
            "Remark 提示: data changed while the run worked; run it again.",
        )
    yield say(
        f"本表只列事实，不作合规结论；涉及永久基本农田、生态保护红线的，一律{CASE_REVIEW}，以主管部门意见为准。",
        "This table states facts and says of nothing that it is compliant: what touches permanent basic farmland 永久基本农田 or "
        f"the ecological red line 生态保护红线 needs case review {CASE_REVIEW}.",
    )
    if head.synthetic:
        yield say(
            "示例：本表数据为虚构的示例数据（synthetic）。",
            "Sample data 示例数据: everything here is made up (synthetic).",
        )


def run_versions_table(head: RunHead) -> Table:
    """Return the state of the data of each layer."""
    say = head.say
    changed = Column(say("数据版本（最近更新时间）", "Data version 数据版本 (last change, UTC+8)"), share=2)
    names = {name: head.title_of(name) for name in head.ordered()}
    specs: list[Spec] = [
        (Column(say("图层", "Layer 图层")), lambda name: names[name]),
        (changed, lambda name: version_text(head.versions.get(name), say("无数据", "no data 无数据"))),
    ]
    return fill_table(say("数据版本", "Data versions 数据版本"), specs, [(name, "") for name in names])
