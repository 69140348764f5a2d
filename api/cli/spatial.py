"""`twin spatial`: spatial questions to the layers, in the shell."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from sqlalchemy.orm import Session

from api.cli.opened import opened_session
from api.cli.say import told
from gis.filters import parse_bbox, parse_datetime
from gis.questions import Measure, Rule
from twin.errors import InvalidInputError
from twin.identity.caller import SYSTEM
from twin.land.question_sources import About, Wanted
from twin.land.questions import (
    Figures,
    ask_buffer,
    ask_change,
    ask_corridor,
    ask_duplicates,
    ask_nearest,
    ask_relation,
    ask_summary,
    ask_view,
)

app: Final = typer.Typer(no_args_is_help=True, help="Spatial questions to the layers. 空间问答")

Project = Annotated[str | None, typer.Option(help="About a project: its archive number 档案编号")]
File = Annotated[Path | None, typer.Option(help="About a GeoJSON geometry 几何文件")]
At = Annotated[str | None, typer.Option(help="About a point: LON,LAT 经度,纬度")]
FileCrs = Annotated[str, typer.Option("--crs", help="CRS of the file, east or longitude first 坐标系")]
Layers = Annotated[str, typer.Option(help="Layers, with commas between 图层")]
Filter = Annotated[str | None, typer.Option("--filter", help="CQL2 text 筛选")]
Moment = Annotated[str | None, typer.Option("--datetime", help="As known then: a date or RFC 3339 time 时点")]
Limit = Annotated[int, typer.Option(help="Rows at once, 1 to 1000; the answer tells where to go on 条数")]
Next = Annotated[str | None, typer.Option("--next", help="Go on after a page 续页")]
AsJson = Annotated[bool, typer.Option("--json", help="For machines, as GeoJSON 机器可读")]
Layer = Annotated[str, typer.Option(help="Layer 图层")]


@app.command()
@told
def within(
    project: Project = None,
    file: File = None,
    at: At = None,
    crs: FileCrs = "EPSG:4490",
    layers: Layers = "land_parcels",
    filter_: Filter = None,
    datetime_: Moment = None,
    limit: Limit = 100,
    next_: Next = None,
    as_json: AsJson = False,
) -> None:
    """List what lies wholly within a shape. 范围内"""
    about, wanted = _about(project, file, at, crs), _wanted(layers, filter_, datetime_, limit, next_, as_json)
    _say(lambda session: ask_relation(session, SYSTEM, about, wanted, "within", counted=True), as_json)


@app.command()
@told
def intersects(
    project: Project = None,
    file: File = None,
    at: At = None,
    crs: FileCrs = "EPSG:4490",
    layers: Layers = "land_parcels",
    filter_: Filter = None,
    datetime_: Moment = None,
    limit: Limit = 100,
    next_: Next = None,
    as_json: AsJson = False,
) -> None:
    """List what meets a shape, a touch included. 相交"""
    about, wanted = _about(project, file, at, crs), _wanted(layers, filter_, datetime_, limit, next_, as_json)
    _say(lambda session: ask_relation(session, SYSTEM, about, wanted, "intersects", counted=True), as_json)


@app.command()
@told
def nearest(
    project: Project = None,
    file: File = None,
    at: At = None,
    crs: FileCrs = "EPSG:4490",
    layers: Layers = "land_parcels",
    k: Annotated[int, typer.Option("-k", help="How many of each layer 个数")] = 5,
    within_m: Annotated[
        float | None, typer.Option("--within", help="Not farther than, metres 最大距离")
    ] = None,
    filter_: Filter = None,
    datetime_: Moment = None,
    as_json: AsJson = False,
) -> None:
    """List the nearest features of each layer with their distance in metres on the ellipsoid. 最近 k 个"""
    about, wanted = _about(project, file, at, crs), _wanted(layers, filter_, datetime_, 100, None, as_json)
    _say(lambda session: ask_nearest(session, SYSTEM, about, wanted, k, within_m), as_json)


@app.command()
@told
def buffer(
    distance_m: Annotated[float, typer.Argument(help="Metres on the ellipsoid 距离（米）")],
    project: Project = None,
    file: File = None,
    at: At = None,
    crs: FileCrs = "EPSG:4490",
    layers: Layers = "land_parcels",
    filter_: Filter = None,
    datetime_: Moment = None,
    limit: Limit = 100,
    next_: Next = None,
    as_json: AsJson = False,
) -> None:
    """List what lies within a distance of a shape, nearest first; --json has the area of the buffer too. 缓冲区"""
    about, wanted = _about(project, file, at, crs), _wanted(layers, filter_, datetime_, limit, next_, as_json)
    _say(lambda session: ask_buffer(session, SYSTEM, about, wanted, distance_m), as_json)


@app.command()
@told
def corridor(
    file: Annotated[Path, typer.Argument(help="GeoJSON LineString 线")],
    half_width_m: Annotated[float, typer.Argument(help="Half the width in metres 半宽（米）")],
    crs: FileCrs = "EPSG:4490",
    layers: Layers = "land_parcels",
    filter_: Filter = None,
    datetime_: Moment = None,
    limit: Limit = 100,
    next_: Next = None,
    as_json: AsJson = False,
) -> None:
    """List what lies along a line, by stations in metres from its first point. 沿线廊道"""
    about, wanted = _about(None, file, None, crs), _wanted(layers, filter_, datetime_, limit, next_, as_json)
    _say(lambda session: ask_corridor(session, SYSTEM, about, wanted, half_width_m), as_json)


@app.command()
@told
def view(
    bbox: Annotated[str, typer.Argument(help="WEST,SOUTH,EAST,NORTH in degrees 范围")],
    layers: Layers = "projects,land_parcels",
    filter_: Filter = None,
    datetime_: Moment = None,
    limit: Limit = 100,
    next_: Next = None,
    as_json: AsJson = False,
) -> None:
    """List and count by class what meets a box of the map. 视野内"""
    wanted = _wanted(layers, filter_, datetime_, limit, next_, as_json)
    _say(lambda session: ask_view(session, SYSTEM, parse_bbox(bbox), wanted), as_json)


@app.command()
@told
def duplicates(
    layer: Layer = "land_parcels",
    same: Annotated[
        str | None, typer.Option(help="Fields that must be equal; - for none 须相同的字段")
    ] = None,
    share_percent: Annotated[
        float, typer.Option("--share", help="Common part of the smaller, % 重叠率")
    ] = 80.0,
    within_m: Annotated[
        float, typer.Option("--within", help="Points: metres apart at most 点距（米）")
    ] = 1.0,
    filter_: Filter = None,
    datetime_: Moment = None,
    limit: Limit = 100,
    next_: Next = None,
    as_json: AsJson = False,
) -> None:
    """List pairs of one kind in one place. 同位同类重复"""
    wanted = _wanted(layer, filter_, datetime_, limit, next_, as_json)
    fields = None if same is None else () if same == "-" else _names(same)
    _say(lambda session: ask_duplicates(session, SYSTEM, wanted, fields, share_percent, within_m), as_json)


@app.command()
@told
def change(
    start: Annotated[str, typer.Argument(help="From this date 起")],
    end: Annotated[str, typer.Argument(help="To this date 止")],
    layer: Layer = "projects",
    filter_: Filter = None,
    limit: Limit = 100,
    next_: Next = None,
    as_json: AsJson = False,
) -> None:
    """List what was added, removed or changed in a layer between two dates. 两期变化"""
    before, after = (parse_datetime(moment).end for moment in (start, end))
    if before is None or after is None:
        raise InvalidInputError("Both ends must be dates.", "起止须为日期。", where="from")
    wanted = _wanted(layer, filter_, None, limit, next_, as_json)
    _say(lambda session: ask_change(session, SYSTEM, wanted, before, after), as_json)


@app.command()
@told
def summary(
    areas: Annotated[str, typer.Argument(help="Polygon layer 分区图层")],
    of: Annotated[str, typer.Argument(help="Layer whose features are reckoned 统计图层")],
    measure: Annotated[Measure, typer.Option(help="What is reckoned 度量")] = "count",
    rule: Annotated[Rule, typer.Option(help="Which features belong to an area 归属规则")] = "meets",
    field: Annotated[str | None, typer.Option(help="Number to add up 求和字段")] = None,
    group: Annotated[str | None, typer.Option(help="By value of this field too 分组字段")] = None,
    filter_: Filter = None,
    datetime_: Moment = None,
    limit: Limit = 100,
    next_: Next = None,
    as_json: AsJson = False,
) -> None:
    """Reckon for each area of a layer how many, how much or how much ground. 分区统计"""
    wanted = _wanted(of, filter_, datetime_, limit, next_, as_json)
    figures = Figures(areas, of, measure, rule, field, group)
    _say(lambda session: ask_summary(session, SYSTEM, figures, wanted), as_json)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _about(project: str | None, file: Path | None, at: str | None, crs: str) -> About:
    if sum(given is not None for given in (project, file, at)) != 1:
        raise InvalidInputError(
            "Ask about exactly one of --project, --file and --at.",
            "须且只须给出 --project、--file、--at 之一。",
        )
    if at is not None:
        return About(geometry={"type": "Point", "coordinates": _numbers(at)})
    return About(project=project) if file is None else About(geometry=_geometry(file), crs=crs)


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InvalidInputError(
            f"--at {text} is no LON,LAT.", f"--at {text} 不是“经度,纬度”。", where="at"
        ) from error


def _geometry(file: Path) -> dict[str, Any]:
    """Return the geometry of a GeoJSON file: bare, of a feature, or of a collection of one feature."""
    try:
        found = json.loads(file.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InvalidInputError(
            f"{file} is no GeoJSON file.", f"{file} 不是 GeoJSON 文件。", where="file"
        ) from error
    features = found.get("features") if isinstance(found, dict) else None
    if isinstance(features, list) and len(features) == 1:
        found = features[0]
    if isinstance(found, dict) and found.get("type") == "Feature":
        found = found.get("geometry")
    if isinstance(found, dict) and "coordinates" in found:
        return found
    raise InvalidInputError(
        f"{file} holds no single geometry; ask about one at a time.",
        f"{file} 不是单个几何；请逐个提问。",
        where="file",
    )


def _wanted(
    layers: str, filter_: str | None, moment: str | None, limit: int, next_: str | None, as_json: bool
) -> Wanted:
    at = parse_datetime(moment).end if moment else None
    return Wanted(_names(layers), filter_, at, limit, next_, "geojson" if as_json else "json")


def _say(question: Callable[[Session], bytes], as_json: bool) -> None:
    with opened_session() as session:
        answer = question(session)
    if as_json:
        print(answer.decode())
        return
    document = json.loads(answer)
    for item in document.pop("items"):
        print("  ".join(f"{name}={_short(value)}" for name, value in item.items() if value is not None))
    for name in ("length_m", "numberMatched", "next"):
        if document.get(name) is not None:
            print(f"{name}: {document[name]}")
    for count in document.get("counts") or []:
        print(
            f"{count['collection']}: {count['count']}"
            if isinstance(count, dict)
            else f"{count}: {document['counts'][count]}"
        )
    if "area_difference_mu" in document:
        print(
            f"area 面积: {document['area_difference_m2']['total']:+,.2f} m², {document['area_difference_mu']:+,.4f} 亩"
        )
    print(f"{document['numberReturned']} shown 条")


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
