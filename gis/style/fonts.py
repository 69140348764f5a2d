"""Fonts of this machine for pictures that we draw ourselves; nothing is fetched and nothing is shipped.

A font counts only if it holds every sign of the text, so that no picture ever shows empty boxes.
"""

import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from PIL import ImageFont

Font = ImageFont.FreeTypeFont

FOLDERS: Final = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
)
# Beginnings of the file names of fonts with Chinese, sans serif first.
NAMES: Final = (
    "notosanscjk",
    "notosanssc",
    "sourcehansans",
    "wqy",
    "msyh",
    "pingfang",
    "droidsansfallback",
    "simhei",
    "notoserifcjk",
    "sourcehanserif",
    "simsun",
    "uming",
    "ukai",
)
_ENDINGS: Final = (".ttc", ".ttf", ".otf")
_NO_SIGN: Final = "\uffff"
_PROBE: Final = "项目进度"


def find_font(text: str, size: int, folders: Iterable[str] = FOLDERS) -> Font | None:
    """Return a font that holds every sign of a Chinese text; None if the machine has none.

    Parameters
    ----------
    size : int
        Height in pixels.
    """
    for path, number in list_faces(folders):
        font = ImageFont.truetype(path, size, number)
        if holds(font, text):
            return font
    return None


def list_faces(folders: Iterable[str] = FOLDERS) -> tuple[tuple[str, int], ...]:
    """Return file and number of one face of each font with Chinese, the best first; a collection's simplified one."""
    found = _list_faces(tuple(folders))
    if not found:
        _list_faces.cache_clear()  # a font that is installed later counts without a restart
    return found


def latin_font(size: int) -> Font:
    """Return the font for English, which the drawing library brings itself."""
    font = ImageFont.load_default(size)
    if isinstance(font, ImageFont.FreeTypeFont):
        return font
    raise RuntimeError("Pillow was built without FreeType; install its wheel from PyPI.")


def holds(font: Font, text: str) -> bool:
    """Say whether the font has a sign of its own for every character."""
    nothing = _drawn(font, _NO_SIGN)
    return all(character.isspace() or _drawn(font, character) != nothing for character in set(text))


def _drawn(font: Font, character: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character)
    return mask.size, bytes(mask)


@cache
def _list_faces(folders: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    found = []
    for path in sorted(_font_files(folders), key=_rank):
        faces = [(number, font) for number, font in _faces(path) if holds(font, _PROBE)]
        faces.sort(key=lambda face: " SC" not in str(face[1].getname()[0]))
        if faces:
            found.append((str(path), faces[0][0]))
    return tuple(found)


def _font_files(folders: tuple[str, ...]) -> Iterator[Path]:
    for folder in folders:
        for base, _, names in os.walk(Path(folder).expanduser()):
            for name in names:
                if name.lower().endswith(_ENDINGS) and name.lower().startswith(NAMES):
                    yield Path(base, name)


def _rank(path: Path) -> tuple[int, bool, str]:
    name = path.name.lower()
    order = next(number for number, start in enumerate(NAMES) if name.startswith(start))
    return order, "regular" not in name, str(path)


def _faces(path: Path) -> Iterator[tuple[int, Font]]:
    for number in range(16):
        try:
            yield number, ImageFont.truetype(str(path), 16, number)
        except OSError:  # no further face, or no font at all
            return
