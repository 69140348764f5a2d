"""What the reader of ledgers (Excel, CSV) takes and returns.

Every fault has its cell; nothing is guessed: what the sender must say stands in `questions`, why a column was taken for
a field in its `evidence`. Rows are plain values in SI units and yuan, whatever unit the ledger is in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as member
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from gis.exchange.errors import ExchangeError
from gis.exchange.ledger_fields import TARGETS
from gis.exchange.model import (
    Evidence,
    Finding,
    Level,
    Question,
    ReadChoices,
    ReadFeature,
    ReadResult,
    refuse,
)

LEDGER_KINDS: Final = ("xlsx", "csv")
"""The formats that `gis.exchange.read_ledger` reads."""

ERROR_HEAD: Final = "错误"
"""The column that a marked copy has for its errors; it is no part of the ledger when the copy comes back."""

_TEXTS: Final = ("target", "sheet", "encoding", "delimiter", "crs", "unit")
"""Members of `LedgerChoices` that a question asks for by their own name."""

Value = str | int | float | bool | Decimal | date | None
Skip = Literal["subtotal", "heading", "note", "header", "example", "empty", "hidden"]


@dataclass(frozen=True)
class TemplateColumn:
    """A column of a mapping template: header as in the ledger (levels joined by ``/``), field, unit, required."""

    header: str
    field: str
    unit: str | None = None
    required: bool = False


@dataclass(frozen=True)
class MappingTemplate:
    """Which header fills which field of a target; kept per sender, applied by header, not by position.

    Examples
    --------
    >>> one = MappingTemplate("project", (TemplateColumn("总投资", "investment_total_yuan", "万元"),))
    >>> MappingTemplate.from_dict(one.to_dict()) == one
    True
    """

    target: str
    columns: tuple[TemplateColumn, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the template as JSON can hold it."""
        columns = [
            {"header": each.header, "field": each.field, "unit": each.unit, "required": each.required}
            for each in self.columns
        ]
        return {"target": self.target, "columns": columns}

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> "MappingTemplate":
        """Return the template that `to_dict` wrote.

        Raises
        ------
        ExchangeError
            It is none.
        """
        try:
            columns = tuple(
                TemplateColumn(
                    str(each["header"]),
                    str(each["field"]),
                    None if each.get("unit") is None else str(each["unit"]),
                    bool(each.get("required", False)),
                )
                for each in kept["columns"]
            )
            return cls(str(kept["target"]), columns)
        except (KeyError, TypeError, AttributeError) as error:
            raise refuse(
                "This is no mapping template: it needs target and columns with header and field.",
                "不是有效的映射模板：需包含 target 与 columns（header、field）。",
                "template",
            ) from error


@dataclass(frozen=True)
class LedgerChoices:
    """What a person decided about a ledger; it goes before what the ledger says or looks like.

    Parameters
    ----------
    target : str, optional
        What the rows are: ``land_parcel``, ``control_area`` or ``project``.
    sheet : str, optional
        The sheet to read of a workbook with several tables.
    mapping : mapping
        Column letter or header → field name; "" leaves a column out.
    units : mapping
        Column letter or header → unit of its bare numbers (``万元``, ``亩``, …).
    template : MappingTemplate, optional
        Applied to the columns that `mapping` does not name.
    header_rows : (int, int), optional
        First and last row of the header, from 1.
    hidden_rows : {"include", "leave_out"}, optional
        What to do with rows that are hidden (filtered out).
    encoding, delimiter : str, optional
        Of a CSV; the delimiter is one of ``,`` ``;`` tab ``|``.
    crs, zone, unit : optional
        Of coordinates, as in `ReadChoices`.
    """

    target: str | None = None
    sheet: str | None = None
    mapping: Mapping[str, str] = member(default_factory=dict)
    units: Mapping[str, str] = member(default_factory=dict)
    template: MappingTemplate | None = None
    header_rows: tuple[int, int] | None = None
    hidden_rows: Literal["include", "leave_out"] | None = None
    encoding: str | None = None
    delimiter: str | None = None
    crs: str | None = None
    zone: int | None = None
    unit: str | None = None

    def read_choices(self) -> ReadChoices:
        """Return the part that readers of coordinates take."""
        return ReadChoices(self.crs, self.zone, self.encoding, self.sheet, self.unit)

    def answered(self, question: str, answer: str) -> "LedgerChoices":
        """Return the choices with the answer to a question added.

        Parameters
        ----------
        question : str
            `Question.field`: a member of this class, ``mapping.<field>`` (answered with a column letter) or
            ``units.<column letter>``; ``header_rows`` is answered with a row or two (``2-3``).

        Raises
        ------
        ExchangeError
            No such question, or an answer it cannot have.

        Examples
        --------
        >>> LedgerChoices().answered("units.D", "万元").answered("mapping.name", "B").mapping
        {'B': 'name'}
        """
        if question.startswith("units."):
            return replace(self, units={**self.units, question.removeprefix("units."): answer})
        if question.startswith("mapping."):
            return replace(self, mapping={**self.mapping, answer: question.removeprefix("mapping.")})
        if question == "zone" and answer.isascii() and answer.isdigit() and len(answer) < 4:
            return replace(self, zone=int(answer))
        if question == "hidden_rows" and answer in ("include", "leave_out"):
            return replace(self, hidden_rows="include" if answer == "include" else "leave_out")
        rows = re.fullmatch(r"([0-9]{1,7})(?:-([0-9]{1,7}))?", answer)
        if question == "header_rows" and rows is not None:
            return replace(self, header_rows=(int(rows[1]), int(rows[2] or rows[1])))
        if question in _TEXTS:
            named: dict[str, Any] = {question: answer}
            return replace(self, **named)
        raise refuse(
            f"{question[:40]!r} cannot be answered with {answer[:40]!r}; take one of the choices of the question.",
            f"问题 {question[:40]!r} 不能以 {answer[:40]!r} 作答，请从选项中选择。",
            question[:40],
        )


@dataclass(frozen=True)
class CellFinding:
    """Something to tell the sender about a cell; `column` is None for the whole row, `row` 0 for the whole table."""

    row: int
    column: str | None
    en: str
    zh: str
    level: Level = "error"

    @property
    def where(self) -> str:
        """The cell as a spreadsheet names it: ``D5``, ``5`` for a row, nothing for the table."""
        return f"{self.column or ''}{self.row or ''}"

    def finding(self) -> Finding:
        """Return it as the readers of geometry files say it."""
        return Finding(self.where, self.en, self.zh, self.level)


@dataclass(frozen=True)
class LedgerColumn:
    """A column of a ledger and the field it is taken for.

    Parameters
    ----------
    letter, header : str
        ``D``, ``计划工期/开工``: the levels of the header from the top, without the unit.
    field : str or None
        Name of the field that the column fills; None where it fills none and goes to `LedgerRow.extra`.
    unit : str or None
        Of bare numbers: from the header, a line above the table, a template or a person.
    confidence : float
        1 for a choice, a template or a header known by that very name; less for a likeness; 0 without a field.
    evidence : list of Evidence
        Why the column was taken for the field, and where the unit comes from.
    """

    letter: str
    header: str
    field: str | None
    unit: str | None
    confidence: float
    evidence: list[Evidence] = member(default_factory=list)


@dataclass(frozen=True)
class LedgerRow:
    """A row with data: `values` by field (areas in m², money in yuan, dates), `extra` by header, as they stand."""

    row: int
    values: dict[str, Value]
    extra: dict[str, Value]
    section: str | None = None
    hidden: bool = False


@dataclass(frozen=True)
class SkippedRow:
    """A row below the header that holds no record, why, and its first words; ``empty`` ones have a number alone."""

    row: int
    reason: Skip
    text: str


@dataclass(frozen=True)
class LedgerResult:
    """A ledger as read, with the reasons.

    Parameters
    ----------
    kind : str
        ``xlsx`` or ``csv``.
    encoding : str
        Of a CSV; ``UTF-8`` for a workbook.
    sheet, sheets
        The sheet read and all that hold something; of a CSV none.
    target : str or None
        What the rows are; None while that is asked.
    header_rows : (int, int)
        First and last row of the header, from 1; (0, 0) where none was found.
    columns : list of LedgerColumn
        The proposal of the mapping, from left to right.
    rows : list of LedgerRow
        Those with errors too: their faulty values are None.
    skipped : list of SkippedRow
        Subtotals, headings, notes, repeated headers.
    findings : list of CellFinding
        Errors forbid the import, warnings and notes do not.
    questions : list of Question
        Answered by `LedgerChoices.answered`.
    evidence : list of Evidence
        For encoding, delimiter, sheet, header, target, units, CRS.
    features : list of ReadFeature
        Of the rows with geometry (WKT, coordinates), `where` being ``row 5``; attributes are the row's values with
        its extras. Empty while there are errors in the coordinates.
    crs : str or None
        Of the features.
    """

    kind: str
    encoding: str
    sheet: str | None
    sheets: list[str]
    target: str | None
    header_rows: tuple[int, int]
    columns: list[LedgerColumn]
    rows: list[LedgerRow]
    skipped: list[SkippedRow]
    findings: list[CellFinding]
    questions: list[Question]
    evidence: list[Evidence]
    features: list[ReadFeature] = member(default_factory=list)
    crs: str | None = None

    @property
    def errors(self) -> list[CellFinding]:
        """The findings that forbid the import."""
        return [each for each in self.findings if each.level == "error"]

    @property
    def is_ready(self) -> bool:
        """Whether nothing stands against the import: no error, no open question, at least one row."""
        return bool(self.rows) and not self.errors and not self.questions

    def read_result(self) -> ReadResult:
        """Return the geometry as the readers of geometry files do.

        Raises
        ------
        ExchangeError
            Cells are wrong: every one, with its place.
        """
        if self.errors:
            raise ExchangeError([each.finding() for each in self.errors])
        warnings = [each.finding() for each in self.findings]
        return ReadResult(
            self.kind, self.encoding, self.crs, self.evidence, self.features, warnings, self.questions,
            layers=self.sheets,
        )  # fmt: skip

    def template(self) -> MappingTemplate:
        """Return the mapping as a template, to be kept for the next ledger of this sender."""
        fields = {each.name: each for each in TARGETS.get(self.target or "", ())}
        columns = tuple(
            TemplateColumn(
                each.header, each.field, each.unit, each.field in fields and fields[each.field].required
            )
            for each in self.columns
            if each.field is not None
        )
        return MappingTemplate(self.target or "", columns)
