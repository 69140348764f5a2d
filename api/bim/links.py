"""`/api/v1/models/{id}/links`: which elements a task builds, as rules in order; JSON, CSV or XLSX."""

import csv
import io
from typing import Annotated, Any, Final, Literal

import anyio.to_thread
import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.bim.asked import ModelId
from api.deps import CallerDep, SessionDep, StateDep
from api.state import AppState
from bim.schedules.sheet import ZIP_MAGIC
from gis.export.text import guard_cell
from twin.db import open_session
from twin.editing.schedule import save_links
from twin.elements.link_table import COLUMNS, read_rules
from twin.elements.links import LinkRule, list_rules, report_links, rule_of
from twin.elements.queries import get_model
from twin.errors import InvalidInputError
from twin.identity import Caller
from twin.identity.rights import require

router: Final = APIRouter(prefix="/api/v1/models", tags=["models"])

_SHEETS: Final = frozenset(
    {"text/csv", "application/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
)
_RULE: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["task"],
    "properties": {name: {"type": "string"} for name in COLUMNS},
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "properties": {"rules": {"type": "array", "items": _RULE}}}
            },
            "text/csv": {"schema": {"type": "string"}},
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
                "schema": {"type": "string", "format": "binary"}
            },
        },
    }
}


class LinksAnswer(BaseModel):
    """The rules in order; the report says what they hit in the current revision, null without one."""

    model_id: int
    changed: bool | None = None
    elements_changed: int | None = None
    rules: list[dict[str, str]]
    report: dict[str, Any] | None


@router.get("/{model_id}/links", response_model=LinksAnswer, summary="构件与任务 Element links")
def read_links(
    model_id: ModelId,
    caller: CallerDep,
    session: SessionDep,
    f: Annotated[Literal["json", "csv"], Query()] = "json",
) -> Any:
    """Return the rules, and what they hit: rules without an element or task, conflicts, elements without a task."""
    seen = get_model(session, caller, model_id)
    require(caller, "progress:read", seen.row["project_id"])
    rules = list_rules(session, model_id)
    if f == "csv":
        return Response(_csv(rules), media_type="text/csv; charset=utf-8")
    revision_id = seen.row["current_revision_id"]
    report = report_links(session, revision_id) if revision_id is not None else None
    return LinksAnswer(model_id=model_id, rules=[rule.as_json() for rule in rules], report=report)


@router.put("/{model_id}/links", openapi_extra=_BODY, summary="设置构件与任务 Set element links")
async def put_links(model_id: ModelId, request: Request, caller: CallerDep, state: StateDep) -> LinksAnswer:
    """Store the rules in place of those before and link the current revision by them. Needs project:write.

    The first rule that fits an element wins. Every later revision is linked by them too.
    """
    body = await request.body()
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return await anyio.to_thread.run_sync(_put, state, caller, model_id, body, kind)


def _put(state: AppState, caller: Caller, model_id: int, body: bytes, kind: str) -> LinksAnswer:
    with open_session(state.engine, actor=caller.login) as session:
        seen = get_model(session, caller, model_id)
        require(caller, "project:write", seen.row["project_id"])  # before a stranger's table is opened
        sheet = kind in _SHEETS or body.startswith(ZIP_MAGIC)
        rules = read_rules(body) if sheet else _read_json(body)
        differs, changed = save_links(session, caller, seen, rules)
        revision_id = seen.row["current_revision_id"]
        return LinksAnswer(
            model_id=model_id,
            changed=differs,
            elements_changed=changed,
            rules=[rule.as_json() for rule in rules[:1_000]],
            report=report_links(session, revision_id) if revision_id is not None else None,
        )


def _read_json(body: bytes) -> list[LinkRule]:
    try:
        values = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidInputError(
            f"The body is no JSON: {error}.", f"请求内容不是有效的 JSON：{error}。", "body"
        ) from error
    rules = values.get("rules") if isinstance(values, dict) else values
    if not isinstance(rules, list) or not all(isinstance(each, dict) for each in rules):
        raise InvalidInputError(
            'Send {"rules": [{"task": "M03", "class": "IfcColumn*"}, …]}.',
            '请发送 {"rules": [{"task": "M03", "class": "IfcColumn*"}, …]}。',
            "rules",
        )
    for number, each in enumerate(rules, start=1):
        unknown = sorted(set(each) - set(COLUMNS))
        if unknown:
            raise InvalidInputError(
                f"A rule has no {unknown[0][:40]!r}; it has {', '.join(COLUMNS)}.",
                f"规则没有 {unknown[0][:40]!r}；可用：{'、'.join(COLUMNS)}。",
                f"rule {number}",
            )
    return [rule_of(each) for each in rules]


def _csv(rules: list[LinkRule]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for rule in rules:
        values = rule.as_json()
        writer.writerow([guard_cell(values.get(name, "")) for name in COLUMNS])
    return b"\xef\xbb\xbf" + out.getvalue().encode()
