"""Sentences of an overlap answer, in both languages."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Note:
    """One remark: a stable code for machines, a sentence for each language."""

    code: str
    en: str
    zh: str


NEEDS_CASE_REVIEW: Final = Note(
    "needs_case_review",
    "Needs case review: the subject occupies this control area.",
    "需专案审查：分析对象占用该管控范围。",
)
"""For farmland and ecology: the law decides case by case, software never says "compliant"."""

MAKE_UP_QUESTION: Final = Note(
    "make_up_question",
    "Permanent farmland is occupied: is the project one of the majors that may, and is equal make-up arranged?",
    "占用永久基本农田：是否属于可占用的重大项目？是否已落实数量和质量相当的补划？",
)
