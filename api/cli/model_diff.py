"""`twin model diff`: what differs between two revisions of a model."""

import json
from typing import Annotated, Any, Final

import orjson
import typer

from api.cli.opened import opened_session
from twin.elements.diff import CHANGES, Page, compare_revisions, list_changes
from twin.elements.pairs import get_pair, make_pair
from twin.identity.caller import SYSTEM

MOST: Final = 1_000_000
_SHOWN: Final = 50
_TITLES: Final = {
    "added": "added 新增",
    "removed": "removed 删除",
    "changed": "changed 变更",
    "matched": "matched 匹配",
}


def diff(
    model: Annotated[int, typer.Argument(help="As told by an upload or the project's page 模型编号")],
    old: Annotated[
        int | None, typer.Option("--from", help="Old revision; else the one before 旧版本")
    ] = None,
    new: Annotated[int | None, typer.Option("--to", help="New revision; else the current one 新版本")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Rows shown 显示行数")] = _SHOWN,
    as_json: Annotated[bool, typer.Option("--json", help="For machines, all of it 机器可读")] = False,
) -> None:
    """Compare two revisions: added, removed, moved, reshaped, re-described elements, renewed GlobalIds. 版本比对"""
    with opened_session() as session:
        before, now = get_pair(session, SYSTEM, model, old, new)
        pair = make_pair(before, now)
        page = Page(MOST if as_json else 0)
        found = compare_revisions(session, pair, page, "json")
        rows = [] if as_json else list_changes(session, pair, Page(limit))
    told: dict[str, Any] = {
        "model_id": model,
        "from": before.row["revision"],
        "to": now.row["revision"],
        **orjson.loads(found.head),
    }
    if as_json:
        typer.echo(json.dumps({**told, **orjson.loads(found.body)}, ensure_ascii=False))
        return
    _say(told, rows)


def _say(told: dict[str, Any], rows: list[tuple[object, ...]]) -> None:
    counts = ", ".join(f"{_TITLES[each]} {told['counts'][each]}" for each in CHANGES)
    typer.echo(f"Revision 版本 {told['from']} → {told['to']}: {counts}, unchanged 未变 {told['unchanged']}")
    for kind, times in told["kinds"].items():
        typer.echo(f"  {kind}: {times}")
    for change, global_id, from_id, ifc_class, name, _, _, storey, what, confidence in rows:
        words = (change, global_id, ifc_class, name, storey, what)
        line = "  ".join(str(each) for each in words if each)
        typer.echo(f"{line}  ← {from_id} ({confidence})" if from_id else line)
    rest = sum(told["counts"].values()) - len(rows)
    if rest > 0:
        typer.echo(f"… {rest} more 更多; --limit or --json")
