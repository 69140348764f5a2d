"""Step templates 工序模板: what the steps of a kind of work are worth, and which template an element has."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from twin.elements.models import StepTemplate
from twin.elements.patterns import matches
from twin.errors import InvalidInputError, NotFoundError

DEMOLISH = "DEMOLISH"


@dataclass(frozen=True)
class Step:
    """One step and its weight, a share of 1."""

    key: str
    title_zh: str
    title_en: str
    weight: Decimal


@dataclass(frozen=True)
class Template:
    """The steps of one kind of work in the order in which they are accepted.

    Attributes
    ----------
    classes : tuple of str
        IFC classes it is for; ``*`` stands for any letters.
    demolition : bool
        For elements that are taken down, whatever their class.
    """

    key: str
    title_zh: str
    title_en: str
    classes: tuple[str, ...]
    demolition: bool
    steps: tuple[Step, ...]
    position: int = 0

    def fits(self, ifc_class: str, planning_status: str | None) -> bool:
        """Say whether an element has these steps."""
        return self.demolition == (planning_status == DEMOLISH) and any(
            matches(each, ifc_class) for each in self.classes
        )

    def find_step(self, name: str) -> Step | None:
        """Return a step by key or title."""
        wanted = name.strip().lower()
        return next(
            (each for each in self.steps if wanted in (each.key, each.title_zh, each.title_en.lower())), None
        )

    def percent_at(self, key: str) -> Decimal:
        """Return what is earned when a step and all before it are accepted, percent.

        Examples
        --------
        >>> steps = (Step("rebar", "钢筋", "rebar", Decimal("0.3")), Step("concrete", "混凝土", "concrete", Decimal("0.7")))
        >>> Template("column", "柱", "Column", ("IfcColumn",), False, steps).percent_at("rebar")
        Decimal('30.0')
        """
        keys = [each.key for each in self.steps]
        return 100 * sum((each.weight for each in self.steps[: keys.index(key) + 1]), Decimal(0))


def list_templates(session: Session) -> list[Template]:
    """List the templates in the order in which they are tried."""
    rows = session.scalars(select(StepTemplate).order_by(StepTemplate.position, StepTemplate.key))
    return [_template(row) for row in rows]


def find_template(
    templates: Sequence[Template], ifc_class: str, planning_status: str | None
) -> Template | None:
    """Return the first template that fits an element."""
    return next((each for each in templates if each.fits(ifc_class, planning_status)), None)


def get_template(session: Session, key: str) -> Template:
    """Return a template.

    Raises
    ------
    NotFoundError
        There is none of this key.
    """
    row = session.get(StepTemplate, key)
    if row is None:
        raise NotFoundError(
            f"There is no step template {key[:40]!r}; GET /api/v1/step-templates lists them.",
            f"没有工序模板 {key[:40]!r}；可由 GET /api/v1/step-templates 查看。",
        )
    return _template(row)


def replace_template(session: Session, template: Template, actor: str | None) -> bool:
    """Store a template in place of the one of its key; return whether anything changed.

    What was accepted before keeps the percent it was recorded with.

    Raises
    ------
    InvalidInputError
        Weights do not sum to 1, or keys repeat.
    """
    check_template(template)
    row = session.get(StepTemplate, template.key)
    if row is not None and _template(row) == template:
        return False
    if row is None:
        row = StepTemplate(key=template.key)
        session.add(row)
    row.position, row.demolition = template.position, template.demolition
    row.title_zh, row.title_en = template.title_zh, template.title_en
    row.classes = list(template.classes)
    row.steps = [
        {"key": each.key, "title_zh": each.title_zh, "title_en": each.title_en, "weight": float(each.weight)}
        for each in template.steps
    ]
    row.updated_by, row.updated_at = actor, func.now()
    session.flush()
    return True


def remove_template(session: Session, key: str) -> None:
    """Remove a template; progress that was recorded by it stays.

    Raises
    ------
    NotFoundError
        There is none of this key.
    """
    get_template(session, key)
    session.delete(session.get_one(StepTemplate, key))
    session.flush()


def check_template(template: Template) -> None:
    """Check that weights sum to 1 and keys differ.

    Raises
    ------
    InvalidInputError
        They do not.
    """
    total = sum((each.weight for each in template.steps), Decimal(0))
    if total != 1:
        raise InvalidInputError(
            f"The weights of {template.key} sum to {total}, not to 1.",
            f"模板 {template.key} 的权重之和为 {total}，应为 1。",
            "steps",
        )
    keys = [each.key for each in template.steps]
    if len(set(keys)) != len(keys):
        raise InvalidInputError(
            f"Keys of steps repeat in {template.key}.", f"模板 {template.key} 的工序键重复。", "steps"
        )


def _template(row: StepTemplate) -> Template:
    return Template(
        row.key,
        row.title_zh,
        row.title_en,
        tuple(row.classes),
        row.demolition,
        tuple(_step(each) for each in row.steps),
        row.position,
    )


def _step(values: dict[str, Any]) -> Step:
    return Step(values["key"], values["title_zh"], values["title_en"], Decimal(str(values["weight"])))
