"""Legends as pictures: right colours, Chinese only where a font can draw it, never empty boxes."""

import io
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from gis.errors import InvalidParameterError
from gis.style import StyleRule, render_legend
from gis.style.fonts import find_font, holds, latin_font
from gis.style.legend_image import parse_scale
from tests.gis.rules import KIND, LIGHT, PROGRESS
from tests.gis.style.test_ramp import RAMP

needs_chinese = pytest.mark.skipif(
    find_font("项目", 13) is None, reason="this machine has no font with Chinese"
)


def drawn(rule: StyleRule, scale: float = 1.0, language: str = "zh") -> Image.Image:
    return Image.open(io.BytesIO(render_legend(rule, language, scale).png)).convert("RGB")  # type: ignore[arg-type]


def colours(image: Image.Image) -> set[tuple[int, ...]]:
    return {colour for _, colour in image.getcolors(1 << 24) or [] if isinstance(colour, tuple)}


def test_each_class_lies_on_the_paper_with_its_opacity() -> None:
    # PROGRESS has opacity 0.5: (0xde + 255) / 2 = 238.5, (0xeb + 255) / 2 = 245, (0xf7 + 255) / 2 = 251
    found = colours(drawn(PROGRESS))
    assert {(238, 245, 251), (132, 167, 198)} & found
    assert (0xDE, 0xEB, 0xF7) in found  # the outline is opaque
    assert {(0x6A, 0x1B, 0x9A), (0x4E, 0x34, 0x2E)} <= colours(drawn(KIND))  # points have no opacity


def test_a_pattern_is_drawn_over_the_fill() -> None:
    plain = replace(LIGHT, classes=[replace(item, pattern="solid") for item in LIGHT.classes])
    red = (0xC6, 0x28, 0x28)

    def count(rule: StyleRule) -> int:
        return sum(n for n, colour in drawn(rule).getcolors(1 << 24) or [] if colour == red)

    assert count(LIGHT) > count(plain) > 0


def test_a_ramp_is_one_bar_from_the_first_stop_to_the_last() -> None:
    image = drawn(replace(RAMP, opacity=1.0))
    column = [image.getpixel((20, y)) for y in range(38, 38 + 48)]
    assert column[0][0] < 10  # type: ignore[index]
    assert column[24][:2] == (200, 200)  # type: ignore[index] # 100 and above
    reds = [pixel[0] for pixel in column[:24]]  # type: ignore[index]
    assert reds == sorted(reds)


def test_scale_enlarges_the_picture() -> None:
    once, twice = drawn(LIGHT), drawn(LIGHT, 2.0)
    assert once.height * 2 == twice.height
    for text in ("0", "5", "nan", "big", "1e9"):
        with pytest.raises(InvalidParameterError):
            parse_scale(text)


@needs_chinese
def test_words_are_drawn_in_the_language_asked_for() -> None:
    chinese, english = render_legend(LIGHT, "zh"), render_legend(LIGHT, "en")
    assert (chinese.language, english.language) == ("zh", "en")
    assert chinese.png != english.png


def test_without_a_chinese_font_the_words_are_english_and_whole(tmp_path: Path) -> None:
    image = render_legend(LIGHT, "zh", folders=(str(tmp_path),))
    assert image.language == "en"
    assert image.png == render_legend(LIGHT, "en", folders=(str(tmp_path),)).png


@needs_chinese
def test_a_font_that_lacks_a_sign_of_the_text_is_not_taken() -> None:
    assert find_font("项目\U0010fffd", 13) is None
    assert not holds(latin_font(13), "项")
    assert holds(latin_font(13), "Progress 0-20 %")


@needs_chinese
def test_a_file_that_only_looks_like_a_font_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "simhei-broken.ttf").write_bytes(b"no font")
    assert find_font("项目", 13, (str(tmp_path),)) is None
    real = find_font("项目", 13)
    assert real is not None
    shutil.copy(str(real.path), tmp_path / "wqy-copy.ttc")
    assert find_font("项目", 13, (str(tmp_path), str(tmp_path / "none"))) is not None
