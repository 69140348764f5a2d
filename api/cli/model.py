"""`twin model`: where a model lies, and placing it by hand."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from api.cli.model_checks import bcf, check
from api.cli.model_diff import diff
from api.cli.opened import opened_session
from api.cli.say import told
from bim.errors import BimError
from twin.elements.models import BimRevision
from twin.elements.nearness import find_revision_nearness
from twin.elements.place_words import describe_place
from twin.elements.placement import (
    Preview,
    list_placements,
    place_model,
    preview_placement,
    withdraw_placement,
)
from twin.elements.point_table import read_points
from twin.elements.position import GivenPlace
from twin.elements.queries import SeenModel, get_model
from twin.elements.replace import plain_georeference
from twin.errors import InvalidInputError
from twin.identity.caller import SYSTEM

app = typer.Typer(
    no_args_is_help=True,
    help="Models: show where one lies and why; place it by hand. 模型：查看定位依据，人工定位",
)
app.command()(told(diff))
app.command()(told(check))
app.add_typer(bcf, name="bcf")
AsJson = Annotated[bool, typer.Option("--json", help="For machines 机器可读")]
ModelId = Annotated[int, typer.Argument(help="As told by an upload or the project's page 模型编号")]
Reason = Annotated[str, typer.Option(help="Why, kept with the placement 理由")]

_PLACE_HELP = """Place a model by hand: it moves at once, without a conversion, and later revisions follow. 人工定位

Give numbers, for the model's own zero:

    twin model place 12 --crs EPSG:4527 --east 39371200 --north 3671300 --height 30 --rotation 15 --reason 复测

or control points, a CSV with the headings local_x,local_y,east,north (perhaps local_z,height), model metres and map
metres, two or more:

    twin model place 12 --crs EPSG:4527 --points control.csv --reason 控制点

East is the longer number with the zone in front (8 digits in zone 39), north has 7. With --crs EPSG:4490 east is the
longitude, north the latitude. --rotation is anti-clockwise from grid east to the model's x axis. Look first with
--preview: it tells distance to the project's red line and residuals, and stores nothing. Back to what the file says:
twin model unplace 12.
"""


@app.command()
@told
def show(model: ModelId, as_json: AsJson = False) -> None:
    """Show where a model lies, by what evidence, how sure that is, and who placed it. 查看模型定位"""
    with opened_session() as session:
        seen = get_model(session, SYSTEM, model)
        revision = _revision(session, seen)
        near = find_revision_nearness(session, seen.row["project_id"], revision.id) if revision else None
        placements = [_plain(row) for row in list_placements(session, model)]
        georeference = revision.georeference if revision else None
    if as_json:
        answer = {
            "model_id": model,
            "revision": seen.row["revision"],
            "georeference": georeference,
            "distance_to_footprint_m": near.distance_m if near else None,
            "inside_footprint_share": near.inside_share if near else None,
            "placements": placements,
        }
        typer.echo(json.dumps(answer, ensure_ascii=False, default=str))
        return
    typer.echo(f"{seen.row['name']} ({seen.row['project_code']}), revision 版本 {seen.row['revision']}")
    for line in describe_place(georeference, near):
        typer.echo(f"  {line}")
    for each in placements:
        state = each["end_kind"] or "in force 生效中"
        typer.echo(
            f"  {each['id']} {each['created_at']:%F} {each['created_by']}: {each['crs']} {each['eastings']:.3f} "
            f"{each['northings']:.3f} {each['height_m']:.3f} {each['rotation_deg']:.4f}° [{state}] {each['reason']}"
        )


@app.command(help=_PLACE_HELP)
@told
def place(
    model: ModelId,
    reason: Reason,
    crs: Annotated[str | None, typer.Option(help="Such as EPSG:4527; else the project's 坐标系")] = None,
    east: Annotated[float | None, typer.Option(help="Where the model's zero lies 东坐标")] = None,
    north: Annotated[float | None, typer.Option(help="Where the model's zero lies 北坐标")] = None,
    height: Annotated[float | None, typer.Option(help="Metres 高程")] = None,
    rotation: Annotated[float, typer.Option(help="Degrees, anti-clockwise 旋转角")] = 0.0,
    scale: Annotated[float, typer.Option(help="Ground to grid 尺度")] = 1.0,
    points: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="CSV of control points 控制点表")
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Tell and store nothing 仅预览")] = False,
    as_json: AsJson = False,
) -> None:
    """Place a model by hand."""
    if points is not None and (east is not None or north is not None):
        raise InvalidInputError(
            "Give --east and --north, or --points, not both.",
            "请给出 --east、--north 或 --points，二者取一。",
        )
    given = GivenPlace(
        crs=crs,
        reason=reason,
        eastings=east,
        northings=north,
        height=height,
        rotation_deg=rotation,
        scale_factor=scale,
        control_points=read_points(points.read_bytes()) if points else None,
    )
    with opened_session() as session:
        get_model(session, SYSTEM, model)
        seen = _tried(session, model, given)
        if not preview:
            place_model(session, SYSTEM, model, given)
    _say(seen, as_json, stored=not preview)


@app.command()
@told
def unplace(model: ModelId, reason: Reason = "") -> None:
    """Withdraw the placement by hand: the model lies where its file says, or is off the map. 撤销人工定位"""
    with opened_session() as session:
        get_model(session, SYSTEM, model)
        withdraw_placement(session, SYSTEM, model, reason)
        revision = _revision(session, get_model(session, SYSTEM, model))
        lines = describe_place(revision.georeference if revision else None, None)
    typer.echo("\n".join(lines))


def _tried(session: Session, model: int, given: GivenPlace) -> Preview:
    try:
        return preview_placement(session, model, given)
    except BimError as error:
        raise InvalidInputError(error.message_en, error.message_zh) from error


def _revision(session: Session, seen: SeenModel) -> BimRevision | None:
    number = seen.row["current_revision_id"]
    return session.get(BimRevision, number) if number is not None else None


def _say(seen: Preview, as_json: bool, stored: bool) -> None:
    residuals = [vars(each) for each in seen.position.fit.residuals] if seen.position.fit else None
    georeference = plain_georeference(seen.georeference)
    if as_json:
        answer: dict[str, Any] = {
            "stored": stored,
            "outline": seen.outline,
            "residuals": residuals,
            "distance_to_footprint_m": seen.nearness.distance_m if seen.nearness else None,
            "inside_footprint_share": seen.nearness.inside_share if seen.nearness else None,
            "georeference": georeference,
        }
        typer.echo(json.dumps(answer, ensure_ascii=False, default=str))
        return
    typer.echo("Placed 已定位" if stored else "Preview, nothing stored 仅预览，未保存")
    for line in describe_place(georeference, seen.nearness):
        typer.echo(f"  {line}")
    for each in residuals or []:
        typer.echo(f"  point 点 {each['point']}: residual 残差 {each['distance_m']:.3f} m")
    if seen.position.fit:
        typer.echo(
            f"  scale of a free fit 自由拟合尺度 {seen.position.fit.fitted_scale:.6f} (1 is used 采用 1)"
        )


def _plain(row: Any) -> dict[str, Any]:
    names = ("id", "crs", "eastings", "northings", "height_m", "rotation_deg", "scale_factor", "reason")
    more = ("created_at", "created_by", "ended_at", "ended_by", "end_kind", "end_reason", "residuals")
    return {name: getattr(row, name) for name in (*names, *more)}
