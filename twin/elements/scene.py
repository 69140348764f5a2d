"""The scene of a revision: its tiles kept and found again, and its elements as columns by fid."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bim.scene.drawn import discipline_of
from bim.scene.frame import Frame, compute_frame
from bim.scene.merge import merge_glbs
from bim.scene.results import Scene, SceneTile, read_scene, tile_path
from bim.scene.tileset import render_tileset
from twin.elements.models import BimScene, BimSceneTile
from twin.elements.queries import SeenModel
from twin.elements.revisions import record_object
from twin.errors import InvalidInputError, NotFoundError
from twin.objects import ObjectStore, Stored

WHOLE_BYTES: Final = 50_000_000

_TILE = text("""
SELECT CASE WHEN t.sha256 = :sha256 THEN t.size_bytes ELSE t.packed_bytes END
FROM bim_scene_tile t JOIN bim_revision r ON r.id = t.revision_id
WHERE r.model_id = :model_id AND r.state = ANY(:states) AND :sha256 IN (t.sha256, t.packed_sha256) LIMIT 1
""")

_HOLD = text("SELECT FROM stored_object WHERE sha256 = ANY(:names) ORDER BY sha256 FOR KEY SHARE")

# Names of few values are sent once, with a number per element.
_COLUMNS = text("""
WITH e AS MATERIALIZED (
  SELECT e.fid, e.global_id, e.ifc_class, e.storey, e.name, e.plan_start, e.plan_finish, ms.code AS milestone
  FROM bim_element e LEFT JOIN milestone ms ON ms.id = e.milestone_id
  WHERE e.revision_id = :revision_id AND e.fid IS NOT NULL),
c AS (SELECT v, (row_number() OVER (ORDER BY v))::integer - 1 AS i FROM (SELECT DISTINCT ifc_class AS v FROM e) d),
s AS (SELECT v, (row_number() OVER (ORDER BY v))::integer - 1 AS i
  FROM (SELECT DISTINCT storey AS v FROM e WHERE storey IS NOT NULL) d),
m AS (SELECT v, (row_number() OVER (ORDER BY v))::integer - 1 AS i
  FROM (SELECT DISTINCT milestone AS v FROM e WHERE milestone IS NOT NULL) d)
SELECT count(*) AS count,
  coalesce(json_agg(global_id), '[]')::text AS global_id,
  coalesce(json_agg(name), '[]')::text AS name,
  coalesce(json_agg(plan_start), '[]')::text AS plan_start,
  coalesce(json_agg(plan_finish), '[]')::text AS plan_finish,
  coalesce(array_agg(class_index), '{}') AS class_index,
  coalesce(json_agg(storey_index), '[]')::text AS storey_index,
  coalesce(json_agg(milestone_index), '[]')::text AS milestone_index,
  (SELECT coalesce(array_agg(v ORDER BY i), '{}') FROM c) AS classes,
  (SELECT coalesce(array_agg(v ORDER BY i), '{}') FROM s) AS storeys,
  (SELECT coalesce(array_agg(v ORDER BY i), '{}') FROM m) AS milestones
FROM (
  -- Sorted once for all columns.
  SELECT e.*, c.i AS class_index, s.i AS storey_index, m.i AS milestone_index
  FROM e JOIN c ON c.v = e.ifc_class LEFT JOIN s ON s.v = e.storey LEFT JOIN m ON m.v = e.milestone
  ORDER BY e.fid) o
""")


@dataclass(frozen=True)
class KeptScene:
    """A scene whose tiles lie in the object store, not yet published, and still in the spool of its conversion."""

    scene: Scene
    objects: list[Stored]
    store: ObjectStore
    spool: Path


@dataclass(frozen=True)
class Written:
    """What a folder holds."""

    tiles: int
    triangles: int
    size_bytes: int


def keep_scene(store: ObjectStore, spool: Path, add: Callable[[Path], Stored] | None = None) -> KeptScene:
    """Bring the tiles of a conversion into the object store, before the transaction that publishes them.

    Parameters
    ----------
    add : callable, optional
        The way in, for who must know what was brought; else `ObjectStore.add_file`.
    """
    scene = read_scene(spool)
    names = dict.fromkeys(tile.sha256 for tile in scene.tiles)
    return KeptScene(scene, [(add or store.add_file)(tile_path(spool, name)) for name in names], store, spool)


def publish_scene(session: Session, revision_id: int, kept: KeptScene) -> None:
    """Write the scene of a revision, in the transaction that publishes its elements.

    A tile that was there already, needed by nobody, may have been cleared away since it was kept: its row is held
    first, and bytes that are gone are brought again.
    """
    for stored in kept.objects:
        record_object(session, stored)
    session.execute(_HOLD, {"names": [stored.sha256 for stored in kept.objects]})
    for stored in kept.objects:
        if not kept.store.has(stored.sha256):
            kept.store.add_file(tile_path(kept.spool, stored.sha256))
    scene = kept.scene
    session.add(
        BimScene(revision_id=revision_id, features=scene.features, local_origin=list(scene.local_origin))
    )
    session.flush()
    session.add_all(_row(revision_id, position, tile) for position, tile in enumerate(scene.tiles))
    session.flush()


def find_scene(session: Session, seen: SeenModel) -> Scene | None:
    """Return the scene of the revision a caller sees; None without one, as before scenes were made."""
    scene = session.get(BimScene, seen.row["revision_id"] or 0)
    if scene is None:
        return None
    rows = session.scalars(
        select(BimSceneTile)
        .where(BimSceneTile.revision_id == scene.revision_id)
        .order_by(BimSceneTile.position)
    )
    x, y, z = scene.local_origin
    return Scene(scene.features, (x, y, z), [_tile(row) for row in rows])


def get_scene(session: Session, seen: SeenModel) -> Scene:
    """Return the scene of the revision a caller sees.

    Raises
    ------
    NotFoundError
        It has none: nothing is published yet, or it was taken in before scenes were made.
    """
    scene = find_scene(session, seen)
    if scene is None:
        raise NotFoundError(
            f"Model {seen.row['id']} has no scene in this revision; the next revision uploaded will have one.",
            f"模型 {seen.row['id']} 的该版本没有三维场景；下一次上传的版本将带有场景。",
        )
    return scene


def get_tile_bytes(session: Session, seen: SeenModel, sha256: str) -> int:
    """Return the size of a tile that any revision of the model has which the caller may see.

    Raises
    ------
    NotFoundError
        None has it.
    """
    states = ["published", "withdrawn"] if seen.internal else ["published"]
    scope = {"model_id": seen.row["id"], "states": states, "sha256": sha256}
    size = session.scalar(_TILE, scope)
    if size is None:
        raise NotFoundError(
            f"Model {seen.row['id']} has no tile {sha256[:80]}; its scene lists them.",
            f"模型 {seen.row['id']} 没有瓦片 {sha256[:80]}；请查看其场景列表。",
        )
    return int(size)


def place_scene(seen: SeenModel, scene: Scene) -> Frame | None:
    """Return where a scene stands on the globe; None for a model without a place."""
    place = seen.row["georeference"]
    if place is None or not place.get("placed"):
        return None
    return compute_frame(tuple(place["matrix"]), place["crs"], scene.local_origin)


def tile_name(tile: SceneTile, *, packed: bool = False) -> str:
    """Return the name of a tile's file; of the plain one where a packed one is asked for that is not there."""
    return f"{(tile.packed_sha256 if packed else None) or tile.sha256}.glb"


def write_tileset(
    folder: Path, scene: Scene, frame: Frame | None, store: ObjectStore, *, packed: bool = False
) -> Written:
    """Write a scene as ``tileset.json`` with its GLBs beside it; the document comes last."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [tile_name(tile, packed=packed) for tile in scene.tiles]
    for name in names:
        store.fetch(name.removesuffix(".glb"), folder / name)
    document = render_tileset(scene, frame, lambda tile: tile_name(tile, packed=packed))
    (folder / "tileset.json").write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    return Written(
        len(scene.tiles),
        sum(tile.triangles for tile in scene.tiles),
        sum((folder / name).stat().st_size for name in names),
    )


def merge_scene(scene: Scene, store: ObjectStore) -> bytes:
    """Return all tiles of a small scene as one GLB.

    Raises
    ------
    InvalidInputError
        The scene is empty, or larger than `WHOLE_BYTES`.
    """
    size = sum(tile.size_bytes for tile in scene.tiles)
    if not scene.tiles or size > WHOLE_BYTES:
        raise InvalidInputError(
            f"One file holds scenes up to {WHOLE_BYTES / 1e6:g} MB; this one has {size / 1e6:.1f} MB in"
            f" {len(scene.tiles)} tiles. Take scene/tileset.json, or `twin export scene`.",
            f"单个文件最多 {WHOLE_BYTES / 1e6:g} MB；该场景共 {len(scene.tiles)} 个瓦片、{size / 1e6:.1f} MB。"
            "请使用 scene/tileset.json 或 `twin export scene`。",
        )
    return merge_glbs(
        (f"{tile.storey or '—'} / {tile.discipline}", b"".join(store.stream(tile.sha256)))
        for tile in scene.tiles
    )


def render_columns(session: Session, seen: SeenModel) -> bytes:
    """Render what a page shows of every element with geometry as JSON, one column each, in order of fids."""
    row = session.execute(_COLUMNS, {"revision_id": seen.row["revision_id"]}).one()
    disciplines = [discipline_of(name) for name in row.classes]
    names = sorted(set(disciplines))
    numbers = [names.index(name) for name in disciplines]
    parts = {
        "revision": orjson.dumps(seen.row["revision"]),
        "count": orjson.dumps(row.count),
        "global_id": row.global_id.encode(),
        "ifc_class": _named(row.classes, orjson.dumps(row.class_index)),
        "storey": _named(row.storeys, row.storey_index.encode()),
        "discipline": _named(names, orjson.dumps([numbers[index] for index in row.class_index])),
        "name": row.name.encode(),
        "plan_start": row.plan_start.encode(),
        "plan_finish": row.plan_finish.encode(),
        "milestone": _named(row.milestones, row.milestone_index.encode()),
    }
    return b"{" + b",".join(b'"%s":%s' % (name.encode(), part) for name, part in parts.items()) + b"}"


def _named(names: Sequence[str], numbers: bytes) -> bytes:
    return b'{"names":%s,"index":%s}' % (orjson.dumps(names), numbers)


def _row(revision_id: int, position: int, tile: SceneTile) -> BimSceneTile:
    values: dict[str, Any] = {**vars(tile), "box": list(tile.box)}
    return BimSceneTile(revision_id=revision_id, position=position, **values)


def _tile(row: BimSceneTile) -> SceneTile:
    x0, y0, z0, x1, y1, z1 = row.box
    return SceneTile(
        sha256=row.sha256,
        storey=row.storey,
        discipline=row.discipline,
        level=row.level,
        features=row.features,
        triangles=row.triangles,
        size_bytes=row.size_bytes,
        box=(x0, y0, z0, x1, y1, z1),
        largest_m=row.largest_m,
        packed_sha256=row.packed_sha256,
        packed_bytes=row.packed_bytes,
    )
