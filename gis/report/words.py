"""The sentences of an overlap report: what was asked, what must be answered, on what footing.

Every text stands in both languages side by side. In English the words that Chinese planning law and forms know a
thing by stand beside the English ones.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gis.crs import MU_PER_M2, STORED_SRID, central_meridian, transformer, zone_of_srid
from gis.export.stamp import SECRECY_KM2, box_km2, crs_name
from gis.report.model import KEPT_WHOLE, Lang, OverlapReport
from gis.report.tables import NOTHING, cell_text
from gis.report.times import local_text

CASE_REVIEW: Final = "需个案审查"
DISAGREEMENT_PERCENT: Final = 0.1
"""Areas of the survey and of the outline that differ by more are pointed out."""

_SIGNATURES: Final = (
    ("编制人", "Prepared by 编制人"),
    ("审核人", "Checked by 审核人"),
    ("批准人", "Approved by 批准人"),
    ("单位（盖章）", "Office (seal) 单位（盖章）"),
    ("日期", "Date 日期"),
)


def title_of(lang: Lang) -> str:
    """Return the title of the form."""
    zh = "项目用地压占（合规性）分析表"
    return zh if lang == "zh" else "Overlap (compliance) report 压占（合规性）分析表"


def signatures(lang: Lang) -> list[str]:
    """Return the lines to sign."""
    return [zh if lang == "zh" else en for zh, en in _SIGNATURES]


def head_lines(report: OverlapReport) -> list[tuple[str, str]]:
    """Return what stands above the tables: names and values."""
    head, say = report.head, report.say
    return [
        (say("分析对象", "Subject 分析对象"), head.title),
        (say("档案编号", "Archive number 档案编号"), head.code or NOTHING),
        *_size_lines(report),
        (say("叠加坐标系", "Overlay CRS 叠加坐标系"), plane_name(report.srid, head.lang)),
        (say("分析时间", "Time (UTC+8) 分析时间"), local_text(report.computed_at)),
        (say("操作人", "Operator 操作人"), head.operator or NOTHING),
    ]


def _size_lines(report: OverlapReport) -> Iterator[tuple[str, str]]:
    say = report.say
    if report.measure == "length_m":
        yield say("线路长度（椭球）", "Length 长度 (ellipsoid)"), length_text(report.whole, report.head.lang)
        return
    if report.measure == "points":
        yield say("点数", "Points 点数"), say(f"{report.whole:.0f} 个点", f"{report.whole:.0f}")
        return
    lang = report.head.lang
    yield say("用地面积（椭球）", "Area 用地面积 (ellipsoid)"), areas_text(report.subject["area_m2"], lang)
    yield say("平面面积（三度带）", "Plane area 平面面积 (3° zone)"), _plane_text(report)
    yield say("勘测（填报）面积", "Stated area 勘测（填报）面积"), _survey_text(report)
    if report.subject.get("buffer_m"):
        yield say("缓冲", "Buffer 缓冲"), _buffer_text(report)


def _buffer_text(report: OverlapReport) -> str:
    metres = f"{report.subject['buffer_m']:g}"
    bare = cell_text(report.subject["area_without_buffer_m2"], "m2")
    if not report.subject["area_without_buffer_m2"]:
        return report.say(f"向外 {metres} 米", f"{metres} m outwards")
    return report.say(
        f"向外 {metres} 米；缓冲前面积 {bare} 平方米", f"{metres} m outwards; {bare} m² without the buffer"
    )


def _plane_text(report: OverlapReport) -> str:
    """Return the plane area, and that of each zone where the subject lies in several."""
    whole = cell_text(report.subject["area_plane_m2"], "m2")
    zones = [
        (part["crs"], cell_text(part["area_plane_m2"], "m2")) for part in report.subject.get("zones", ())
    ]
    if not zones:
        return report.say(f"{whole} 平方米", f"{whole} m²")
    return report.say(
        f"{whole} 平方米；分带：{'，'.join(f'{crs} 内 {area}' for crs, area in zones)}",
        f"{whole} m²; by zone 分带: {', '.join(f'{area} in {crs}' for crs, area in zones)}",
    )


def plane_name(srid: int, lang: Lang = "zh") -> str:
    """Return the name of a zone as surveyors say it.

    Examples
    --------
    >>> plane_name(4527)
    'CGCS2000 三度带第 39 带（中央经线 117°E，EPSG:4527）'
    >>> plane_name(4527, "en")
    'CGCS2000 3-degree zone 39 三度带 (central meridian 117°E, EPSG:4527)'
    """
    zone = zone_of_srid(srid)
    if zone is None:
        return crs_name(srid)
    meridian = central_meridian(zone)
    if lang == "zh":
        return f"CGCS2000 三度带第 {zone} 带（中央经线 {meridian}°E，EPSG:{srid}）"
    return f"CGCS2000 3-degree zone {zone} 三度带 (central meridian {meridian}°E, EPSG:{srid})"


def areas_text(area_m2: float, lang: Lang = "zh") -> str:
    """Return an area in the three units of the office.

    Examples
    --------
    >>> areas_text(27988.5719)
    '27,988.57 平方米 = 2.7989 公顷 = 41.9829 亩'
    >>> areas_text(27988.5719, "en")
    '27,988.57 m² = 2.7989 ha 公顷 = 41.9829 mu 亩'
    """
    hectares, mu = cell_text(area_m2 / 10_000, "ha"), cell_text(area_m2 * MU_PER_M2, "mu")
    if lang == "zh":
        return f"{cell_text(area_m2, 'm2')} 平方米 = {hectares} 公顷 = {mu} 亩"
    return f"{cell_text(area_m2, 'm2')} m² = {hectares} ha 公顷 = {mu} mu 亩"


def length_text(length_m: float, lang: Lang = "zh") -> str:
    """Return a length in metres.

    Examples
    --------
    >>> length_text(6587.114), length_text(6587.114, "en")
    ('6,587.11 米', '6,587.11 m')
    """
    return f"{cell_text(length_m, 'm2')} {'米' if lang == 'zh' else 'm'}"


def size_text(sizes: Mapping[str, Any], lang: Lang = "zh") -> str:
    """Return the size of something in its own measure: length, number of points, else area; empty if it has none."""
    if sizes.get("length_m") is not None:
        return length_text(sizes["length_m"], lang)
    if sizes.get("points") is not None:
        return f"{sizes['points']} 个点" if lang == "zh" else f"{sizes['points']} points"
    return "" if sizes.get("area_m2") is None else areas_text(sizes["area_m2"], lang)


def _survey_text(report: OverlapReport) -> str:
    stated = report.subject.get("survey_area_m2")
    if stated is None:
        return NOTHING
    # A widened subject has no stated area to be held against: that of the outline before it was widened counts.
    computed = report.subject.get("area_without_buffer_m2") or report.subject["area_m2"]
    difference = 100 * (stated / computed - 1)
    area = cell_text(stated, "m2")
    text = report.say(
        f"{area} 平方米（与图形面积相差 {difference:+z.2f}%）",
        f"{area} m² ({difference:+z.2f}% against the outline)",
    )
    if abs(difference) <= DISAGREEMENT_PERCENT:
        return text
    return text + report.say(
        f"，超过 {DISAGREEMENT_PERCENT}%，请核对", f", more than {DISAGREEMENT_PERCENT}%: please check"
    )


def questions(report: OverlapReport) -> list[tuple[str, str]]:
    """Return what the report must answer, as the answer has it, and its conclusion; nothing where it has none."""
    asked = [(_both(report, each), _said(report, each)) for each in report.answer.get("questions", ())]
    conclusion = report.answer.get("conclusion")
    if not conclusion:
        return asked
    said = str(conclusion[report.head.lang])
    if report.head.lang == "en" and conclusion["code"] == "needs_case_review":
        said = f"{said} {CASE_REVIEW}"
    return [*asked, (report.say("结论", "Conclusion 结论"), said)]


def _both(report: OverlapReport, texts: Mapping[str, Any]) -> str:
    return report.say(str(texts["zh"]), f"{texts.get('en', '')} {texts['zh']}".strip())


def _said(report: OverlapReport, question: Mapping[str, Any]) -> str:
    """Return the answer to one question; what could not be judged is said to be so."""
    say = report.say
    if question["answer"] == "unknown":
        return say(
            "未能判断（未分析相应图层，或数据未覆盖全部用地）",
            "Not known 未能判断 (the layer was not asked, or does not cover the whole subject)",
        )
    if question["answer"] == "no":
        return say("否，未发现", "No, none found 未发现")
    size = size_text(question, report.head.lang)
    words = say(f"是，{size}", f"Yes, {size}") if size else say("是", "Yes")
    if question["code"] == "make_up":
        words += say(
            "。须先核实是否属于可占用的重大建设项目；准予占用的，按数量相等、质量相当补划",
            ". First it must be verified that the project is one of the majors that may occupy it; then make-up 补划 "
            "equal in amount and quality",
        )
    if not question.get("needs_case_review"):
        return words
    return words + say(f"。{CASE_REVIEW}", f". Needs case review {CASE_REVIEW}")


def basis_lines(report: OverlapReport) -> list[str]:
    """Return the footing of the figures: areas, plane, slivers, repairs, what the table is not."""
    plane = plane_name(report.srid, report.head.lang)
    return [
        _measured(report),
        report.say(
            f"叠加：在 {plane} 平面上进行，边长超过 500 米的边先加密再换算。",
            f"Overlay 叠加: made in the plane of {plane}; edges longer than 500 m are densified before any change of CRS.",
        ),
        *_slivers(report),
        *_adjusted(report),
        *(
            report.say(f"提示：{note['zh']}", f"Remark 提示: {note['en']}")
            for note in report.answer["warnings"]
        ),
        report.say(
            "本表由系统叠加计算得出，只列事实，不作合规结论；涉及永久基本农田、生态保护红线的，"
            f"一律{CASE_REVIEW}，以主管部门意见为准。",
            "This table is computed by overlay. It states facts and says of nothing that it is compliant: whatever "
            "touches permanent basic farmland 永久基本农田 or the ecological red line 生态保护红线 needs case review "
            f"{CASE_REVIEW} by the authority in charge.",
        ),
        *_cautions(report),
    ]


def _measured(report: OverlapReport) -> str:
    say = report.say
    if report.measure == "length_m":
        return say(
            "长度：均为 CGCS2000 椭球面长度；图层长度为线路落在该图层内（含边界）的部分，重叠图斑只计一次，"
            "分类和明细按图斑分别计算，合计可大于图层长度。各列分别四舍五入，尾数可能略有出入。",
            "Lengths 长度 are measured on the CGCS2000 ellipsoid. A layer's length is what of the line lies in it, boundary "
            "included, counted once; classes and features are counted one by one and may sum to more. Figures are rounded "
            "one by one.",
        )
    if report.measure == "points":
        return say(
            "点数：落在图层内（含边界）的点数，重叠图斑只计一次，分类和明细按图斑分别计算，合计可大于图层点数。",
            "Points 点数 are those in a layer, boundary included, counted once; classes and features are counted one by one "
            "and may sum to more.",
        )
    return say(
        "面积：除注明外均为 CGCS2000 椭球面积，1 亩 = 2000/3 平方米，1 公顷 = 15 亩；图层面积为该图层覆盖用地的部分，"
        "重叠图斑只计一次，分类和明细按图斑分别计算，合计可大于图层面积。各列分别四舍五入，小计按未舍入的数值计算，"
        "尾数可能略有出入。",
        "Areas 面积 are ellipsoidal on CGCS2000 unless told otherwise; 1 mu 亩 = 2000/3 m², 1 ha 公顷 = 15 mu. A layer's "
        "area is what it covers of the subject, counted once; classes and features are counted one by one and may sum to "
        "more. Figures are rounded one by one, subtotals are computed of unrounded values: last digits may differ.",
    )


def _slivers(report: OverlapReport) -> Iterator[str]:
    """Yield the rule for slivers; lines and points have none."""
    if report.measure != "area_m2":
        return
    options, slivers = report.head.options, report.answer["slivers"]
    limits = f"{options.min_area_m2:g}", f"{options.min_thickness_m:g}"
    count, area = slivers["count"], cell_text(slivers["area_m2"], "m2")
    kept = [layer.title for layer in report.layers if layer.key in KEPT_WHOLE]
    yield report.say(
        f"碎片：面积小于 {limits[0]} 平方米或厚度（2A/P）小于 {limits[1]} 米的图块不计；本次共剔除 {count} 处，"
        f"计 {area} 平方米。" + (f"{'、'.join(kept)}的碎片不剔除，标注“临界”。" if kept else ""),
        f"Slivers 碎片 below {limits[0]} m² or thinner than {limits[1]} m (2A/P) are left out: {count} here, {area} m² in all."
        + (f" Those of {' and '.join(kept)} are kept and marked critical 临界." if kept else ""),
    )


def _adjusted(report: OverlapReport) -> Sequence[str]:
    if not report.answer.get("rules", {}).get("adjust"):
        return ()
    return (
        report.say(
            "平差：登记面积已知的图斑，其压占面积另按登记面积与图形面积之比缩放，两者并列，以登记面积控制。",
            "Adjusted 平差: where the registered area of a feature is known, its overlap is also given scaled by registered "
            "over measured area; the registered area controls.",
        ),
    )


def _cautions(report: OverlapReport) -> Iterator[str]:
    box = None
    if report.head.outline is not None and not report.head.outline.is_empty:
        box = transformer(report.srid, STORED_SRID).geometry(report.head.outline).bounds
    if box is not None and box_km2(box) > SECRECY_KM2:
        yield report.say(
            f"保密：本表图件范围约 {box_km2(box):.0f} 平方千米且为全精度，对外提供前请核对测绘成果管理规定。",
            f"Secrecy 保密: the maps span about {box_km2(box):.0f} km² at full precision; check the rules for surveying "
            "results before passing this on.",
        )
    if report.head.synthetic:
        yield report.say(
            "示例：本表数据为虚构的示例数据（synthetic），不得用于实际审批。",
            "Sample data 示例数据: everything here is made up (synthetic) and must not be used for any decision.",
        )
