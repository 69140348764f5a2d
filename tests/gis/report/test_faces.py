"""Fonts of a document: found when they come, cut down to what is needed, in the one form that all readers take."""

import io
import shutil
from pathlib import Path

import pytest
from fontTools.pens.boundsPen import BoundsPen
from fontTools.ttLib import TTFont

from gis.errors import FontMissingError
from gis.report.faces import Face, choose_letters, signs_of
from gis.report.subset import subset_font
from gis.style.fonts import list_faces

needs_chinese = pytest.mark.skipif(not list_faces(), reason="this machine has no font with Chinese")


@needs_chinese
def test_a_font_that_is_installed_later_counts_without_a_restart(tmp_path: Path) -> None:
    with pytest.raises(FontMissingError):
        choose_letters("亩", [str(tmp_path)])
    source = Path(list_faces()[0][0])
    shutil.copy(source, tmp_path / source.name)
    assert choose_letters("亩", [str(tmp_path)]).missing == frozenset()


@needs_chinese
def test_letters_cut_out_of_a_font_are_truetype_and_no_more_than_asked() -> None:
    face = Face(*list_faces()[0])
    data = subset_font(face, "压占亩12")
    assert len(data) < 100_000
    with TTFont(io.BytesIO(data)) as font:
        assert set(font.getBestCmap()) == set(map(ord, "压占亩12"))
        assert "glyf" in font
        assert "CFF " not in font
        drawn = font["glyf"][font.getBestCmap()[ord("压")]]
        assert drawn.numberOfContours > 0


@needs_chinese
def test_letters_keep_their_shape_and_width() -> None:
    face = Face(*list_faces()[0])
    with (
        TTFont(face.path, fontNumber=face.number, lazy=True) as whole,
        TTFont(io.BytesIO(subset_font(face, "亩"))) as cut,
    ):
        name, small = whole.getBestCmap()[ord("亩")], cut.getBestCmap()[ord("亩")]
        assert cut["hmtx"][small][0] == whole["hmtx"][name][0]
        pen = [bounds(font, glyph) for font, glyph in ((whole, name), (cut, small))]
        assert pen[0] == pytest.approx(pen[1], abs=whole["head"].unitsPerEm * 0.002)


def bounds(font: TTFont, glyph: str) -> tuple[float, ...]:
    glyphs = font.getGlyphSet()
    pen = BoundsPen(glyphs)
    glyphs[glyph].draw(pen)
    assert pen.bounds is not None
    return tuple(pen.bounds)


@needs_chinese
def test_what_no_font_holds_is_named() -> None:
    face = Face(*list_faces()[0])
    assert ord("亩") in signs_of(face)
    letters = choose_letters("亩\ue0ff")
    assert letters.missing <= {"\ue0ff"}
