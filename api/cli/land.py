"""`twin land`: the reserve pool as a ledger, idle land, and parcels that suit a project."""

import json
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from api.cli.opened import opened_session
from api.cli.say import told
from twin.errors import InvalidInputError
from twin.identity.caller import SYSTEM
from twin.land.matching import Matches, find_matches
from twin.land.matching_score import Demand, Match, Near
from twin.land.reserve import Move, move_parcel
from twin.land.reserve_card import get_card
from twin.land.reserve_figures import Area, list_availability, list_released
from twin.land.reserve_history import get_history
from twin.land.reserve_holds import cancel_reservation, reserve_parcel
from twin.land.reserve_idle import list_idle

app = typer.Typer(
    no_args_is_help=True,
    help="The reserve pool: states, reservations, idle land, matching. 储备台账、预留、闲置、选址",
)
AsJson = Annotated[bool, typer.Option("--json", help="For machines 机器可读")]
ParcelNo = Annotated[str, typer.Argument(help="Parcel number 地块编号")]
Reason = Annotated[str, typer.Option("--reason", help="Why; stands in the history 事由")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="When it took effect 生效日期")]


@app.command()
@told
def show(parcel_no: ParcelNo) -> None:
    """Show a parcel with its reservation, idle tests and what may follow, as JSON. 查看地块"""
    with opened_session() as session:
        _echo(asdict(get_card(session, SYSTEM, parcel_no)), indent=2)


@app.command()
@told
def history(parcel_no: ParcelNo, as_json: AsJson = False) -> None:
    """List what happened to a parcel, oldest first; also to one that was split or merged. 地块历史"""
    with opened_session() as session:
        found = get_history(session, SYSTEM, parcel_no)
    if as_json:
        _echo(asdict(found))
        return
    table = Table("at 时间", "what 事项", "since 生效", "by 经办", "why 事由")
    for entry in found.entries:
        at = f"{entry.at:%F %T}" if entry.at else ""
        table.add_row(at, f"{entry.zh} {entry.en}", str(entry.effective_on or ""), entry.by, entry.reason)
    Console().print(table)
    if found.became:
        typer.echo(f"became 现为: {', '.join(found.became)}")


@app.command()
@told
def move(
    parcel_no: ParcelNo,
    to: Annotated[str, typer.Argument(help="Next state, such as preparing 下一状态")],
    reason: Reason,
    day: Day = None,
    agreed_start: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="With supplied 约定动工日期")
    ] = None,
) -> None:
    """Move a parcel to its next state. 状态变更"""
    step = Move(to, reason, _day(day), _day(agreed_start))
    with opened_session() as session:
        done = move_parcel(session, SYSTEM, parcel_no, step)
    typer.echo(f"{done.parcel_no}: {done.state}")


@app.command()
@told
def reserve(
    parcel_no: ParcelNo,
    project: Annotated[str, typer.Argument(help="Archive number 档案编号")],
    reason: Reason,
) -> None:
    """Hold a parcel for a project; taken, it says for whom, by whom and since when. 预留"""
    with opened_session() as session:
        done = reserve_parcel(session, SYSTEM, parcel_no, project, reason)
    typer.echo(f"{done.parcel_no}: {done.state} → {project}")
    for note in done.warnings:
        typer.echo(f"! {note.zh} {note.en}")


@app.command()
@told
def cancel(parcel_no: ParcelNo, reason: Reason) -> None:
    """End the reservation of a parcel; it is ready again. 取消预留"""
    with opened_session() as session:
        done = cancel_reservation(session, SYSTEM, parcel_no, reason=reason)
    typer.echo(f"{done.parcel_no}: {done.state}")


@app.command()
@told
def idle(
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The reporting date without one 截止日期")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Also what neither test meets 含未满足者")] = False,
    as_json: AsJson = False,
) -> None:
    """Run both legal tests of idle land over every supplied parcel; a person decides. 闲置土地排查"""
    with opened_session() as session:
        found = list_idle(session, SYSTEM, _day(as_of), limit=100_000)
    shown = [each for each in found if every or each.assessment.idle is not False]
    if as_json:
        _echo([asdict(each) for each in shown])
        return
    table = Table("parcel 地块", "idle 闲置", "state 认定", "consequence 后果", "why 依据")
    for each in shown:
        said = each.assessment
        word = {True: "是 yes", False: "否 no", None: "待核 unknown"}[said.idle]
        notes = [
            note.zh for test in said.tests if test.outcome in ("met", "unknown") for note in test.reasons
        ]
        table.add_row(each.parcel_no, word, each.idle_state, said.consequence or "", "".join(notes))
    Console().print(table)


@app.command()
@told
def released(
    year: Annotated[int | None, typer.Option(help="One year alone 年份")] = None, as_json: AsJson = False
) -> None:
    """Sum up the idle land released, by year. 年度盘活面积"""
    with opened_session() as session:
        found = list_released(session, SYSTEM, year)
    if as_json:
        _echo(asdict(found))
        return
    for each in found.years:
        typer.echo(f"{each.year}: {each.count} 宗 parcels, {_area(each.area)}")


@app.command()
@told
def availability(
    use: Annotated[str, typer.Option(help="Part of the planned use, or a land class 用途")] = "",
    as_json: AsJson = False,
) -> None:
    """Count what is ready, coming and held, by use and size. 可供土地"""
    with opened_session() as session:
        found = list_availability(session, SYSTEM, use)
    if as_json:
        _echo(asdict(found))
        return
    table = Table("use 用途", "size 规模（亩）", "ready 可供", "亩", "coming 在途", "亩", "held 预留", "亩")
    for cell in found.cells:
        size = f"{cell.from_mu:g}–{cell.to_mu:g}" if cell.to_mu else f"≥{cell.from_mu:g}"
        counts = [
            word
            for n, area in (
                (cell.ready, cell.ready_area), (cell.coming, cell.coming_area), (cell.held, cell.held_area),
            )
            for word in (str(n), f"{area.area_mu:,.2f}")
        ]  # fmt: skip
        table.add_row(f"{cell.land_class or ''} {cell.planned_use or ''}", size, *counts)
    Console().print(table)


@app.command()
@told
def match(
    area_mu: Annotated[float, typer.Option("--area", help="Least area, 亩 最小面积")],
    area_most_mu: Annotated[float | None, typer.Option("--area-most", help="Most, 亩 最大面积")] = None,
    use: Annotated[str, typer.Option(help="industrial, logistics, …, a class or a word 用途")] = "",
    near: Annotated[list[str] | None, typer.Option(help="Such as road:3000, metres 邻近条件")] = None,
    avoid: Annotated[list[str] | None, typer.Option(help="Layer that may not be touched 不得压占")] = None,
    inside: Annotated[list[str] | None, typer.Option(help="Layer it must lie in whole 须位于")] = None,
    state: Annotated[list[str] | None, typer.Option(help="States that will do; ready 可接受状态")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 20,
    as_json: AsJson = False,
) -> None:
    """List the parcels that suit a project by score, and those that nearly do with what they lack. 选址匹配"""
    demand = Demand(
        area_mu,
        area_most_mu,
        use,
        [_near(text) for text in near or []],
        avoid or [],
        inside or [],
        state or ["ready"],
        limit=limit,
    )
    with opened_session() as session:
        found = find_matches(session, SYSTEM, demand)
    if as_json:
        _echo(asdict(found))
        return
    _print_matches(found)


def _near(text: str) -> Near:
    kind, _, within = text.partition(":")
    try:
        return Near(kind, float(within))
    except ValueError as error:
        raise InvalidInputError(
            f"--near {text} is not like road:3000 (kind and metres).",
            f"--near {text} 应形如 road:3000（类别与米数）。",
            where="--near",
        ) from error


def _print_matches(found: Matches) -> None:
    for title, matches in (("fits 符合", found.fits), ("nearly 接近", found.near_fits)):
        table = Table("parcel 地块", "亩", "score 得分", "met 满足", "missing 欠缺", title=title)
        for each in matches:
            table.add_row(each.parcel_no, f"{each.area_mu:.2f}", f"{each.score:.1f}", *_words(each))
        Console().print(table)


def _words(match: Match) -> tuple[str, str]:
    return "".join(note.zh for note in match.met), "".join(note.zh for note in match.missing)


def _area(area: Area) -> str:
    return f"{area.area_mu:,.2f} 亩, {area.area_ha:,.4f} ha, {area.area_m2:,.2f} m²"


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _echo(value: Any, indent: int | None = None) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, default=_plain, indent=indent))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else float(value)
