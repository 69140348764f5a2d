"""Sentences of an overlap answer, in both languages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gis.filters.time import LOCAL_TIME


@dataclass(frozen=True)
class Note:
    """One remark: a stable code for machines, a sentence for each language."""

    code: str
    en: str
    zh: str


NEEDS_CASE_REVIEW: Final = Note(
    "needs_case_review",
    "Needs case review: the subject occupies this control area.",
    "需个案审查：分析对象占用该管控范围。",
)
"""For farmland and ecology: the law decides case by case, software never says "compliant"."""

MAKE_UP_QUESTION: Final = Note(
    "make_up_question",
    "Permanent farmland is occupied: is the project one of the majors that may, and is equal make-up arranged?",
    "占用永久基本农田：是否属于可占用的重大项目？是否已落实数量和质量相当的补划？",
)


def as_known_at(at: datetime) -> Note:
    """Return the remark that the layers are not those of today."""
    moment = f"{at.astimezone(LOCAL_TIME):%Y-%m-%d %H:%M:%S} (UTC+8)"
    return Note(
        "as_known_at",
        f"The layers are as they were known at {moment}; the subject is today's.",
        f"各图层为 {moment} 时点的数据；分析对象为现状。",
    )


def area_disagrees(thing_en: str, thing_zh: str, stated_m2: float, computed_m2: float) -> Note:
    """Return the remark that a stated area and the computed one differ by more than 0.1 %."""
    percent = 100 * (stated_m2 / computed_m2 - 1)
    return Note(
        "area_disagrees",
        f"{thing_en}: the stated area {stated_m2:.2f} m² differs from the computed {computed_m2:.2f} m² by {percent:+.3f} %.",
        f"{thing_zh}：标注面积 {stated_m2:.2f} m² 与计算面积 {computed_m2:.2f} m² 相差 {percent:+.3f} %。",
    )
