"""Configurations on disk: one file per visibility group and state of the styles, named by its content."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gis.classic import ClassicLayer, Offer, render_mapfile
from gis.classic.mapfile import FONT
from gis.style import StyleRule
from gis.style.fonts import find_font
from twin.identity import Caller
from twin.layers import select_rows
from twin.layers.themes import themes_of

TITLE: Final = "重点工程数字孪生 Key construction works"
# Drawn in this order, so the first lies lowest.
LAYERS: Final = ("control_areas", "land_parcels", "projects", "bim_models", "bim_elements", "project_points")
SRIDS: Final = (4490, 4326, 3857, *range(4513, 4555))
KEPT: Final = 64
_SERVER: Final = 'CONFIG\n  ENV\n    "MS_MAP_NO_PATH" "1"\n  END\nEND\n'


@dataclass(frozen=True)
class Configuration:
    """What one caller sees, and the file that says so.

    Attributes
    ----------
    path : Path
        The mapfile.
    name : str
        Digest of its content: changes with rights and colours.
    """

    path: Path
    name: str
    layers: Sequence[ClassicLayer]
    offer: Offer


def write_configuration(folder: Path, caller: Caller, themes: Sequence[StyleRule]) -> Configuration:
    """Return the configuration of a caller, written if it is not there yet.

    Parameters
    ----------
    folder : Path
        Ours alone: files lie there with mode 0600.
    """
    layers = []
    for layer_id in LAYERS:
        selection = select_rows(caller, layer_id).selection
        layers.append(ClassicLayer(selection, themes_of(selection.layer, themes)))
    font = find_font("项目", 16)
    crs_names = [f"EPSG:{srid}" for srid in SRIDS]
    text = render_mapfile(TITLE, layers, crs_names, has_font=font is not None)
    name = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    path = folder / f"{name}.map"
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(folder / "mapserver.conf", _SERVER)
        _write(folder / "fonts.list", "" if font is None else f"{FONT} {font.path!s}\n")
        _write(path, text)
        _forget_oldest(folder)
    return Configuration(path, name, layers, _offer(layers))


def _offer(layers: Sequence[ClassicLayer]) -> Offer:
    return Offer(
        styles={item.layer.id: tuple(rule.id for rule in item.rules) for item in layers},
        fields={item.layer.id: tuple(field.name for field in item.layer.fields) for item in layers},
        geometry="geom",
        srids=SRIDS,
    )


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    beside.touch(mode=0o600)
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _forget_oldest(folder: Path) -> None:
    files = sorted(folder.glob("*.map"), key=lambda path: path.stat().st_mtime)
    for path in files[:-KEPT]:
        path.unlink(missing_ok=True)
