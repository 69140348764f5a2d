"""`/api/v1/step-templates`: the steps 工序 of each kind of work and what they are worth."""

from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from api.deps import CallerDep, SessionDep
from twin.elements.steps import (
    Step,
    Template,
    get_template,
    list_templates,
    remove_template,
    replace_template,
)
from twin.identity.audit import record_audit
from twin.identity.rights import require

router: Final = APIRouter(prefix="/api/v1/step-templates", tags=["models"])

Key = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Title = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]


class StepBody(BaseModel):
    """One step; the weights of a template sum to 1."""

    model_config = ConfigDict(extra="forbid")

    key: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
    title_zh: Title
    title_en: Title
    weight: Annotated[Decimal, Field(gt=0, le=1, max_digits=8, decimal_places=6)]


class TemplateBody(BaseModel):
    """The steps of a kind of work in the order in which they are accepted."""

    model_config = ConfigDict(extra="forbid")

    title_zh: Title
    title_en: Title
    classes: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=100)]],
        Field(min_length=1, max_length=200, description="IFC classes; * for any letters"),
    ]
    demolition: bool = False
    position: Annotated[
        int, Field(ge=0, le=1_000_000, description="the first template that fits is taken")
    ] = 100
    steps: Annotated[list[StepBody], Field(min_length=1, max_length=50)]


class StepAnswer(BaseModel):
    """A step, its weight, and the percent an element has when it and all before it are accepted."""

    key: str
    title_zh: str
    title_en: str
    weight: float
    percent: float


class TemplateAnswer(BaseModel):
    """A step template."""

    key: str
    title_zh: str
    title_en: str
    classes: list[str]
    demolition: bool
    position: int
    steps: list[StepAnswer]


@router.get("", summary="工序模板 Step templates")
def read_templates(session: SessionDep) -> list[TemplateAnswer]:
    """List the templates in the order in which they are tried."""
    return [_answer(each) for each in list_templates(session)]


@router.get("/{key}", summary="一个工序模板 A step template")
def read_template(key: Key, session: SessionDep) -> TemplateAnswer:
    """Return one template."""
    return _answer(get_template(session, key))


@router.put("/{key}", summary="设置工序模板 Set a step template")
def put_template(key: Key, body: TemplateBody, caller: CallerDep, session: SessionDep) -> TemplateAnswer:
    """Add or replace a template; progress recorded before keeps its percent. Needs setting:write."""
    require(caller, "setting:write")
    steps = tuple(Step(each.key, each.title_zh, each.title_en, each.weight) for each in body.steps)
    template = Template(
        key, body.title_zh, body.title_en, tuple(body.classes), body.demolition, steps, body.position
    )
    if replace_template(session, template, caller.login):
        record_audit(
            session, caller, "steps.write", f"step_template {key}", after=body.model_dump(mode="json")
        )
    return _answer(get_template(session, key))


@router.delete("/{key}", status_code=204, summary="删除工序模板 Remove a step template")
def delete_template(key: Key, caller: CallerDep, session: SessionDep) -> Response:
    """Remove a template; progress recorded by it stays. Needs setting:write."""
    require(caller, "setting:write")
    remove_template(session, key)
    record_audit(session, caller, "steps.remove", f"step_template {key}")
    return Response(status_code=204)


def _answer(template: Template) -> TemplateAnswer:
    return TemplateAnswer(
        key=template.key,
        title_zh=template.title_zh,
        title_en=template.title_en,
        classes=list(template.classes),
        demolition=template.demolition,
        position=template.position,
        steps=[
            StepAnswer(
                key=each.key,
                title_zh=each.title_zh,
                title_en=each.title_en,
                weight=float(each.weight),
                percent=float(template.percent_at(each.key)),
            )
            for each in template.steps
        ],
    )
