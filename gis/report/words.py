"""The sentences of an overlap report: what was asked, what must be answered, on what footing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gis.crs import MU_PER_M2, STORED_SRID, central_meridian, transformer, zone_of_srid
from gis.export.stamp import SECRECY_KM2, box_km2, crs_name
from gis.report.model import KEPT_WHOLE, OverlapReport
from gis.report.tables import NOTHING, cell_text
from gis.report.times import local_text

TITLE: Final = "项目用地压占（合规性）分析表"
SIGNATURES: Final = ("编制人", "审核人", "批准人", "单位（盖章）", "日期")
CASE_REVIEW: Final = "需个案审查"
DISAGREEMENT_PERCENT: Final = 0.1
"""Areas of the survey and of the outline that differ by more are pointed out."""


def head_lines(report: OverlapReport) -> list[tuple[str, str]]:
    """Return what stands above the tables: names and values."""
    head = report.head
    return [
        ("分析对象", head.title),
        ("档案编号", head.code or NOTHING),
        *_size_lines(report),
        ("叠加坐标系", plane_name(report.srid)),
        ("分析时间", local_text(report.computed_at)),
        ("操作人", head.operator or NOTHING),
    ]


def _size_lines(report: OverlapReport) -> Iterator[tuple[str, str]]:
    subject = report.subject
    if report.measure != "area_m2":
        unit = "米" if report.measure == "length_m" else "个点"
        yield "对象大小", f"{cell_text(report.whole, 'm2' if unit == '米' else 'count')} {unit}"
        return
    yield "用地面积（椭球）", areas_text(subject["area_m2"])
    yield "平面面积（三度带）", _plane_text(report)
    yield "勘测（填报）面积", _survey_text(report)
    if subject.get("buffer_m"):
        bare = cell_text(subject["area_without_buffer_m2"], "m2")
        yield "缓冲", f"向外 {subject['buffer_m']:g} 米；缓冲前面积 {bare} 平方米"


def _plane_text(report: OverlapReport) -> str:
    """Return the plane area, and that of each zone where the subject lies in several."""
    zones = [
        f"{part['crs']} 内 {cell_text(part['area_plane_m2'], 'm2')}"
        for part in report.subject.get("zones", ())
    ]
    return f"{cell_text(report.subject['area_plane_m2'], 'm2')} 平方米{'；分带：' if zones else ''}{'，'.join(zones)}"


def plane_name(srid: int) -> str:
    """Return the name of a zone as surveyors say it.

    Examples
    --------
    >>> plane_name(4527)
    'CGCS2000 三度带第 39 带（中央经线 117°E，EPSG:4527）'
    """
    zone = zone_of_srid(srid)
    if zone is None:
        return crs_name(srid)
    return f"CGCS2000 三度带第 {zone} 带（中央经线 {central_meridian(zone)}°E，EPSG:{srid}）"


def areas_text(area_m2: float) -> str:
    """Return an area in the three units of the office.

    Examples
    --------
    >>> areas_text(27988.5719)
    '27,988.57 平方米 = 2.7989 公顷 = 41.9829 亩'
    """
    hectares, mu = cell_text(area_m2 / 10_000, "ha"), cell_text(area_m2 * MU_PER_M2, "mu")
    return f"{cell_text(area_m2, 'm2')} 平方米 = {hectares} 公顷 = {mu} 亩"


def _survey_text(report: OverlapReport) -> str:
    stated = report.subject.get("survey_area_m2")
    if stated is None:
        return NOTHING
    # A widened subject has no stated area to be held against: that of the outline before it was widened counts.
    computed = report.subject.get("area_without_buffer_m2") or report.subject["area_m2"]
    difference = 100 * (stated / computed - 1)
    text = f"{cell_text(stated, 'm2')} 平方米（与图形面积相差 {difference:+.2f}%）"
    return f"{text}，超过 {DISAGREEMENT_PERCENT}%，请核对" if abs(difference) > DISAGREEMENT_PERCENT else text


def questions(report: OverlapReport) -> list[tuple[str, str]]:
    """Return what the report must answer, as the answer has it, and its conclusion; nothing where it has none."""
    asked = [(str(each["zh"]), _said(each)) for each in report.answer.get("questions", ())]
    conclusion = report.answer.get("conclusion")
    return [*asked, ("结论", str(conclusion["zh"]))] if conclusion else asked


def _said(question: Mapping[str, Any]) -> str:
    """Return the answer to one question; what could not be judged is said to be so."""
    if question["answer"] == "unknown":
        return "未能判断（未分析相应图层，或数据未覆盖全部用地）"
    if question["answer"] == "no":
        return "否，未发现"
    area_m2 = question.get("area_m2")
    words = "是" if area_m2 is None else f"是，{areas_text(area_m2)}"
    if question["code"] == "make_up":
        words += "。须先核实是否属于可占用的重大建设项目；准予占用的，按数量相等、质量相当补划"
    return f"{words}。{CASE_REVIEW}" if question.get("needs_case_review") else words


def basis_lines(report: OverlapReport) -> list[str]:
    """Return the footing of the figures: areas, plane, slivers, repairs, what the table is not."""
    options, slivers = report.head.options, report.answer["slivers"]
    kept = "、".join(layer.title for layer in report.layers if layer.key in KEPT_WHOLE)
    lines = [
        "面积：除注明外均为 CGCS2000 椭球面积，1 亩 = 2000/3 平方米，1 公顷 = 15 亩；图层面积为该图层覆盖用地的部分，"
        "重叠图斑只计一次，分类和明细按图斑分别计算，合计可大于图层面积。",
        f"叠加：在 {plane_name(report.srid)} 平面上进行，边长超过 500 米的边先加密再换算。",
        f"碎片：面积小于 {options.min_area_m2:g} 平方米或厚度（2A/P）小于 {options.min_thickness_m:g} 米的图块不计；"
        f"本次共剔除 {slivers['count']} 处，计 {cell_text(slivers['area_m2'], 'm2')} 平方米。"
        + (f"{kept}的碎片不剔除，标注“临界”。" if kept else ""),
        *_adjusted(report),
        *(f"提示：{note['zh']}" for note in report.answer["warnings"]),
        "本表由系统叠加计算得出，只列事实，不作合规结论；涉及永久基本农田、生态保护红线的，"
        f"一律{CASE_REVIEW}，以主管部门意见为准。",
    ]
    return [*lines, *_cautions(report)]


def _adjusted(report: OverlapReport) -> Sequence[str]:
    if not report.answer.get("rules", {}).get("adjust"):
        return ()
    return ("平差：登记面积已知的图斑，其压占面积另按登记面积与图形面积之比缩放，两者并列，以登记面积控制。",)


def _cautions(report: OverlapReport) -> Sequence[str]:
    lines = []
    box = None
    if report.head.outline is not None and not report.head.outline.is_empty:
        box = transformer(report.srid, STORED_SRID).geometry(report.head.outline).bounds
    if box is not None and box_km2(box) > SECRECY_KM2:
        lines.append(
            f"保密：本表图件范围约 {box_km2(box):.0f} 平方千米且为全精度，对外提供前请核对测绘成果管理规定。"
        )
    if report.head.synthetic:
        lines.append("示例：本表数据为虚构的示例数据（synthetic），不得用于实际审批。")
    return lines
