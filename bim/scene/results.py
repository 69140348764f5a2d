"""What the scene of a converted model is and how it is read back. Loads no IFC library: worker and API import it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

SCENE_FILE: Final = "scene.json"
TILES_FOLDER: Final = "scene"

Vector = tuple[float, float, float]
SceneBox = tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class SceneTile:
    """One GLB of the scene.

    Attributes
    ----------
    sha256 : str
        Of its bytes, which is also its name.
    storey : str or None
        Name of the storey its elements stand in.
    discipline : str
        By class, see `bim.scene.drawn`.
    level : int
        0 is drawn first: the largest elements up to the cap of a screen; each further level adds smaller ones.
    features, triangles, size_bytes : int
        Elements, triangles, bytes unpacked.
    box : tuple of float
        x, y, z minimum, then maximum; metres in the model frame, z up. Every vertex lies within.
    largest_m : float
        Diagonal of its largest element: what is missing while the tile is not drawn.
    packed_sha256, packed_bytes : str or None, int or None
        Name and size of the same tile packed by EXT_meshopt_compression, where there is one.
    """

    sha256: str
    storey: str | None
    discipline: str
    level: int
    features: int
    triangles: int
    size_bytes: int
    box: SceneBox
    largest_m: float
    packed_sha256: str | None = None
    packed_bytes: int | None = None


@dataclass(frozen=True)
class Scene:
    """The scene of one revision.

    Attributes
    ----------
    features : int
        Elements with geometry: their fids are 0 ... features - 1, also of those no tile shows.
    local_origin : tuple of float
        Point of the model frame, metres, from which the GLBs count; on a grid, so that a revision keeps it.
    tiles : list of SceneTile
        By level, then in the order of storeys and disciplines.
    """

    features: int
    local_origin: Vector
    tiles: list[SceneTile]


def write_scene_file(spool: Path, scene: Scene) -> None:
    """Write ``scene.json``."""
    (spool / SCENE_FILE).write_bytes(orjson.dumps(scene, option=orjson.OPT_SERIALIZE_DATACLASS))


def read_scene(spool: Path) -> Scene:
    """Read the scene of a finished conversion."""
    values = orjson.loads((spool / SCENE_FILE).read_bytes())
    tiles = [SceneTile(**{**each, "box": tuple(each["box"])}) for each in values["tiles"]]
    return Scene(**{**values, "local_origin": tuple(values["local_origin"]), "tiles": tiles})


def tile_path(spool: Path, sha256: str) -> Path:
    """Return where a tile of a conversion lies."""
    return spool / TILES_FOLDER / f"{sha256}.glb"
