"""A report as a form to be printed: head, answers, tables, notes, lines to sign; whatever it is about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gis.report.figures import all_tables, version_table
from gis.report.model import Lang, OverlapReport
from gis.report.tables import Table
from gis.report.words import basis_lines, head_lines, questions, title_of


@dataclass(frozen=True)
class Form:
    """What is printed.

    Parameters
    ----------
    title : str
        Above the first page.
    subject : str
        What it is about; stands below every page, with its number.
    pairs : sequence of pairs of str
        Names and values above the tables.
    answers : sequence of pairs of str
        Questions and their answers.
    notes : sequence of str
        On what footing the figures stand.
    """

    title: str
    subject: str
    made_at: datetime
    pairs: Sequence[tuple[str, str]]
    tables: Sequence[Table]
    notes: Sequence[str]
    versions: Table
    answers: Sequence[tuple[str, str]] = field(default=())
    code: str = ""
    operator: str = ""
    lang: Lang = "zh"
    synthetic: bool = False

    def say(self, zh: str, en: str) -> str:
        """Return a text in the language of the form."""
        return zh if self.lang == "zh" else en


def form_of(report: OverlapReport) -> Form:
    """Return the form of an overlap report."""
    head = report.head
    return Form(
        title=title_of(head.lang),
        subject=head.title,
        code=head.code or "",
        made_at=report.computed_at,
        pairs=head_lines(report),
        answers=questions(report),
        tables=all_tables(report),
        notes=basis_lines(report),
        versions=version_table(report),
        operator=head.operator,
        lang=head.lang,
        synthetic=head.synthetic,
    )
