"""Fonts for a document that brings its letters along: what the machine's fonts hold, and what none of them does."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from fontTools.ttLib import TTFont

from gis.errors import FontMissingError
from gis.style.fonts import FOLDERS, list_faces

PACKAGE: Final = "fonts-wqy-microhei"
"""Debian's smallest font that holds the signs of GB18030's main part."""

_NEEDED: Final = "压占合规性分析亩，。（）0123456789.,:%-+ABCabc"


@dataclass(frozen=True)
class Face:
    """One font: its file and its number in a collection."""

    path: str
    number: int


@dataclass(frozen=True)
class Letters:
    """The fonts of a document, the first for all that it holds.

    Parameters
    ----------
    faces : tuple of Face
        Each holds something that those before it lack.
    missing : frozenset of str
        Signs that no font of the machine holds.
    """

    faces: tuple[Face, ...]
    missing: frozenset[str]

    def written(self, text: str) -> str:
        """Return a text with its missing signs told by number, so that no box is printed in their place.

        Examples
        --------
        >>> Letters((), frozenset("㙍")).written("㙍里村")
        '〔U+364D〕里村'
        """
        return "".join(f"〔U+{ord(sign):04X}〕" if sign in self.missing else sign for sign in text)


def choose_letters(text: str, folders: Iterable[str] = FOLDERS) -> Letters:
    """Choose the fonts that hold a text.

    Raises
    ------
    FontMissingError
        No font of the machine holds Chinese.
    """
    found = [Face(*each) for each in list_faces(folders)]
    first = next((face for face in found if signs_of(face).issuperset(map(ord, _NEEDED))), None)
    if first is None:
        raise FontMissingError(
            "This machine has no font with Chinese, so no PDF can be written. Install one, such as "
            f"`apt-get install {PACKAGE}` (no restart needed), or take f=html or f=xlsx.",
            f"本机没有中文字体，无法生成 PDF。请安装字体，例如 `apt-get install {PACKAGE}`（无需重启），"
            "或改用 f=html、f=xlsx。",
        )
    faces, missing = [first], _lacking(set(text), first)
    for face in found:
        left = _lacking(missing, face)
        if left < missing:
            faces.append(face)
            missing = left
    return Letters(tuple(faces), frozenset(missing))


def _lacking(signs: set[str], face: Face) -> set[str]:
    held = signs_of(face)
    return {sign for sign in signs if ord(sign) not in held and not sign.isspace()}


@lru_cache(maxsize=32)
def signs_of(face: Face) -> frozenset[int]:
    """Return the code points that a font has signs for."""
    with TTFont(face.path, fontNumber=face.number, lazy=True) as font:
        return frozenset(font.getBestCmap() or {})
