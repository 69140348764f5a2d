"""`/api/v1/models/{id}/scene` and `…/states`: what a three-dimensional client draws, and how it colours it.

Geometry and colour are apart: a GLB never changes, a state file is asked for again and again.
"""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import numpy as np
import orjson
from fastapi import APIRouter, Path, Query, Request, Response

from api.bim.asked import AskedRevision, ModelId
from api.deps import CallerDep, SessionDep, StateDep
from api.maps.answers import answer_bytes, answer_parts, is_unchanged
from bim.scene.frame import Frame
from bim.scene.results import SceneTile
from bim.scene.tileset import render_tileset
from gis.filters import parse_datetime
from gis.style import StyleRule
from twin.alerts.palette import get_scene_theme
from twin.elements.queries import get_model
from twin.elements.scene import (
    get_scene,
    get_tile_bytes,
    merge_scene,
    place_scene,
    render_columns,
    tile_name,
)
from twin.elements.states import STATUSES, ElementStates, compute_classes, list_states
from twin.identity import Caller
from twin.objects import open_store

router: Final = APIRouter(prefix="/api/v1/models", tags=["models"])

JSON: Final = "application/json"
GLB: Final = "model/gltf-binary"
_YEAR_S: Final = 31_536_000

Theme = Annotated[
    Literal["status", "light", "deviation", "plan"], Query(description="what the colours tell 配色主题")
]
At = Annotated[
    str | None, Query(alias="datetime", max_length=80, description="state as known then, such as 2025-06-30")
]


@router.get("/{model_id}/scene", summary="三维场景 Scene", response_model=None)
def read_scene(
    model_id: ModelId,
    request: Request,
    caller: CallerDep,
    session: SessionDep,
    revision: AskedRevision = None,
) -> Response:
    """Return where the scene stands and which tiles it is made of; metres in the model frame, z up."""
    seen = get_model(session, caller, model_id, revision)
    scene = get_scene(session, seen)
    frame = place_scene(seen, scene)
    path = f"/api/v1/models/{model_id}/scene"
    asked = "" if revision is None else f"?revision={revision}"
    answer = {
        "model_id": model_id,
        "revision": seen.row["revision"],
        "features": scene.features,
        "origin": None if frame is None else _origin(frame),
        "enu_from_model": (np.eye(4) if frame is None else frame.enu_from_model).T.ravel().tolist(),
        "local_origin": scene.local_origin,
        "tiles": [
            {"uri": f"{path}/{tile.sha256}.glb", **_packed(path, tile), **_tile(tile)} for tile in scene.tiles
        ],
        "tileset": f"{path}/tileset.json{asked}",
    }
    return answer_bytes(request, caller, orjson.dumps(answer), JSON)


@router.get("/{model_id}/scene/tileset.json", summary="三维瓦片集 3D Tiles tileset", response_model=None)
def read_tileset(
    model_id: ModelId,
    request: Request,
    caller: CallerDep,
    session: SessionDep,
    revision: AskedRevision = None,
    meshopt: Annotated[bool, Query(description="name the packed tiles where there are any 压缩瓦片")] = False,
) -> Response:
    """Return the scene as a 3D Tiles 1.1 tileset; without a georeference it stands at zero."""
    seen = get_model(session, caller, model_id, revision)
    scene = get_scene(session, seen)
    document = render_tileset(scene, place_scene(seen, scene), lambda tile: tile_name(tile, packed=meshopt))
    return answer_bytes(request, caller, orjson.dumps(document), JSON)


@router.get("/{model_id}/scene/elements.json", summary="场景构件 Elements of a scene", response_model=None)
def read_scene_elements(
    model_id: ModelId,
    request: Request,
    caller: CallerDep,
    session: SessionDep,
    revision: AskedRevision = None,
) -> Response:
    """Return what a page shows of every element with geometry, one column each; the place in it is the fid."""
    seen = get_model(session, caller, model_id, revision)
    get_scene(session, seen)
    return answer_bytes(request, caller, render_columns(session, seen), JSON)


@router.get("/{model_id}/scene/{sha256}.glb", summary="场景瓦片 A tile of a scene", response_model=None)
def read_tile(
    model_id: ModelId,
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
    request: Request,
    caller: CallerDep,
    session: SessionDep,
    state: StateDep,
) -> Response:
    """Return one GLB; its name is the hash of its bytes, so it may be kept for ever."""
    seen = get_model(session, caller, model_id)
    get_tile_bytes(session, seen, sha256)
    shared = {"Cache-Control": f"{_reach(caller)}, max-age={_YEAR_S}, immutable"}
    tag = f'W/"{sha256}"'
    if is_unchanged(request, tag):
        return answer_parts(request, caller, (), GLB, headers=shared, tag=tag)
    parts = list(open_store(state.settings.home).stream(sha256))
    return answer_parts(request, caller, parts, GLB, headers=shared, tag=tag)


@router.get("/{model_id}/scene.glb", summary="整体模型下载 The whole scene as one GLB", response_model=None)
def read_whole_scene(
    model_id: ModelId,
    request: Request,
    caller: CallerDep,
    session: SessionDep,
    state: StateDep,
    revision: AskedRevision = None,
) -> Response:
    """Return all tiles of a small model in one file, metres from its local origin, y up; 422 for a large one."""
    seen = get_model(session, caller, model_id, revision)
    content = merge_scene(get_scene(session, seen), open_store(state.settings.home))
    name = f"model-{model_id}-{seen.row['revision']}.glb"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return answer_parts(request, caller, (content,), GLB, headers=headers)


@router.get("/{model_id}/states", summary="构件状态 States by feature id", response_model=None)
def read_states(
    model_id: ModelId,
    request: Request,
    caller: CallerDep,
    session: SessionDep,
    theme: Theme = "status",
    at: At = None,
    revision: AskedRevision = None,
    f: Annotated[Literal["json", "bin"], Query(description="`bin`: one byte per fid")] = "json",
) -> Response:
    """Return status, progress and colour of every element with geometry; `bin` is the colour's number alone."""
    seen = get_model(session, caller, model_id, revision)
    rule = get_scene_theme(theme)
    states = list_states(session, seen, _moment(at), rule, whole=f == "json")
    colours = compute_classes(states, rule)
    if f == "bin":
        return answer_bytes(request, caller, colours.tobytes(), "application/octet-stream")
    answer = {
        "model_id": model_id,
        "revision": seen.row["revision"],
        "as_of": states.as_of,
        "theme": theme,
        "palette": _palette(rule),
        "status": _statuses(states),
        "progress": states.progress.round(2),
        "colour": colours,
    }
    return answer_bytes(request, caller, orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY), JSON)


def _origin(frame: Frame) -> dict[str, float]:
    return {"longitude": frame.longitude, "latitude": frame.latitude, "height_m": frame.height_m}


def _packed(path: str, tile: SceneTile) -> dict[str, Any]:
    if tile.packed_sha256 is None:
        return {}
    return {"packed": f"{path}/{tile.packed_sha256}.glb", "packed_bytes": tile.packed_bytes}


def _tile(tile: SceneTile) -> dict[str, Any]:
    return {
        "storey": tile.storey,
        "discipline": tile.discipline,
        "level": tile.level,
        "features": tile.features,
        "triangles": tile.triangles,
        "bytes": tile.size_bytes,
        "box": tile.box,
    }


def _palette(rule: StyleRule) -> list[dict[str, Any]]:
    return [
        {
            "index": number,
            "key": item.key,
            "colour": item.colour,
            "title_zh": item.title_zh,
            "title_en": item.title_en,
        }
        for number, item in enumerate(rule.all_classes)
    ]


def _statuses(states: ElementStates) -> list[str | None]:
    names = (*STATUSES, None)
    return [names[code] for code in states.statuses.tolist()]


def _moment(asked: str | None) -> datetime | None:
    return None if asked is None else parse_datetime(asked).end


def _reach(caller: Caller) -> str:
    return "public" if caller.is_anonymous else "private"
