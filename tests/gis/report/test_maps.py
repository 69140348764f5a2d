"""Map pictures: true to scale, everything inside, numbers where the pieces are."""

import io
import re
from xml.etree import ElementTree

import pytest
import shapely
from PIL import Image

from gis.report.map_frame import Frame
from gis.report.maps import RED_LINE, layer_map, overview
from gis.report.picture import Area, Drawing, Label, Stroke
from gis.report.png import render_png
from gis.report.svg import render_svg
from tests.gis.report.answers import NORTH, PROJECT, answer, box, item, layer, report

SIZE = (180.0, 120.0)


def labels(drawing: Drawing) -> dict[str, tuple[float, float]]:
    return {mark.text: mark.at for mark in drawing.marks if isinstance(mark, Label)}


def red_ring(drawing: Drawing) -> shapely.Polygon:
    rings = [mark.rings for mark in drawing.marks if isinstance(mark, Area) and mark.stroke == RED_LINE]
    return shapely.Polygon(rings[0][0], rings[0][1:])


def test_the_red_line_is_drawn_to_the_scale_that_stands_below() -> None:
    drawing = overview(report(), SIZE)
    words = next(text for text in labels(drawing) if text.startswith("1:"))
    denominator = int(words.split("（")[0].removeprefix("1:"))
    west, north, east, south = red_ring(drawing).bounds
    assert (east - west) * denominator / 1000 == pytest.approx(200, abs=0.1)  # metres of the project's width
    assert (south - north) * denominator / 1000 == pytest.approx(150, abs=0.1)
    assert "EPSG:4527" in words


def test_the_hole_of_the_subject_stays_a_hole() -> None:
    drawn = red_ring(overview(report(), SIZE))
    assert len(drawn.interiors) == 1
    assert shapely.Polygon(drawn.interiors[0]).area / drawn.convex_hull.area == pytest.approx(
        2_000 / 30_000, rel=0.01
    )


def test_every_piece_has_its_number_inside_of_it() -> None:
    found = report()
    drawing = overview(found, SIZE)
    ring, where = red_ring(drawing), labels(drawing)
    west, top, east, bottom = ring.bounds
    # The farmland is the upper left 60 m by 30 m of 200 m by 150 m.
    x, y = where["3"]
    assert west < x < west + (east - west) * 60 / 200
    assert top < y < top + (bottom - top) * 30 / 150
    assert {"1", "2", "3", "4"} <= set(where)


def test_the_bar_is_as_long_as_it_says() -> None:
    drawing = overview(report(), SIZE)
    length = next(text for text in labels(drawing) if text.endswith(" m"))
    denominator = int(next(text for text in labels(drawing) if text.startswith("1:"))[2:].split("（")[0])
    drawn = labels(drawing)[length][0] - labels(drawing)["0"][0]
    assert drawn * denominator / 1000 == pytest.approx(float(length.removesuffix(" m")), rel=0.001)


def test_round_coordinates_stand_at_their_places() -> None:
    drawing = overview(report(), SIZE)
    ring = red_ring(drawing)
    x, y = labels(drawing)[str(NORTH)]
    assert y - 0.7 == pytest.approx(
        ring.bounds[3], abs=0.01
    )  # the project's southern edge lies at 3 671 300 m
    assert x < ring.bounds[0]


def test_nothing_leaves_the_paper() -> None:
    drawing = overview(report(), SIZE)
    for mark in drawing.marks:
        points = (
            mark.points
            if isinstance(mark, Stroke)
            else [p for ring in getattr(mark, "rings", ()) for p in ring]
        )
        assert all(0 <= x <= SIZE[0] and 0 <= y <= SIZE[1] for x, y in points)


def test_neighbours_beyond_the_subject_are_cut_at_the_frame() -> None:
    wide = report(surroundings={"farmland": box(-5_000, -5_000, 5_000, 5_000)})
    drawing = overview(wide, SIZE)
    around = [mark for mark in drawing.marks if isinstance(mark, Area) and mark.opacity == 0.18]
    assert len(around) == 1
    assert shapely.Polygon(around[0].rings[0]).within(shapely.box(0, 0, *SIZE))


def test_one_layer_is_drawn_alone_with_its_legend() -> None:
    found = report()
    farmland = next(each for each in found.layers if each.key == "farmland")
    words = set(labels(layer_map(found, farmland, SIZE)))
    assert {"永久基本农田", "用地红线", "3", "N"} <= words
    assert not {"储备地块", "4"} & words


def test_numbers_that_would_cover_each_other_stand_once() -> None:
    small = [item(n, (str(n), "", "", ""), box(n / 1000, 0, (n + 1) / 1000, 0.001), 1e-6) for n in range(50)]
    found = report(answer(layers=[layer("dltb", "地类图斑", small, box(0, 0, 1, 1))]))
    drawing = overview(found, SIZE)
    numbers = [
        mark for mark in drawing.marks if isinstance(mark, Label) and mark.boxed and len(mark.text) <= 2
    ]
    assert 1 <= len(numbers) <= 4  # each too small for its number: one on every side of the heap
    boxes = [shapely.box(each.left, each.at[1] - 2, each.left + each.length, each.at[1]) for each in numbers]
    assert not any(one.intersects(other) for one in boxes for other in boxes if one is not other)


def test_a_piece_that_its_number_would_hide_has_it_beside_at_the_end_of_a_line() -> None:
    tomb = box(150, 100, 151, 101)  # a metre: half a millimetre on a map of 1:2000
    found = report(
        answer(
            layers=[layer("heritage", "历史文化保护", [item(1, ("H-1", "古墓", "", ""), tomb, 1.0)], tomb)]
        )
    )
    drawing = overview(found, SIZE)
    x, _ = labels(drawing)["1"]
    dark = [
        mark
        for mark in drawing.marks
        if isinstance(mark, Stroke) and mark.width == 0.12 and len(mark.points) == 2
    ]
    leader = next(each for each in dark if abs(each.points[1][0] - x) < 2 and each.colour == "#222222")
    west, top, east, bottom = red_ring(drawing).bounds
    # The tomb lies 150.5 m of 200 m east and 100.5 m of 150 m north.
    assert leader.points[0] == pytest.approx(
        (west + (east - west) * 150.5 / 200, bottom - (bottom - top) * 100.5 / 150), abs=0.1
    )
    assert abs(x - leader.points[0][0]) > 3


def test_below_the_map_stand_plane_day_and_the_review_number_or_room_for_it() -> None:
    wide = labels(overview(report(review_number="皖S（2025）1号"), (262.0, 150.0)))
    assert any("审图号：皖S（2025）1号" in text and "制图 2025-10-31" in text for text in wide)
    assert any("审图号：　　　" in text for text in labels(overview(report(), SIZE)))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", [(262.0, 150.0), (128.0, 80.0)])
def test_no_words_run_out_of_the_picture(lang: str, size: tuple[float, float]) -> None:
    found = report(lang=lang)
    for drawing in (overview(found, size), *(layer_map(found, each, size) for each in found.hits)):
        for mark in drawing.marks:
            if isinstance(mark, Label):
                assert mark.left >= 0, mark.text
                assert mark.left + mark.length <= size[0], mark.text
                assert mark.at[1] <= size[1], mark.text


def test_the_svg_is_well_formed_in_its_true_size_and_escapes_names() -> None:
    found = report(title="<script>alert(1)</script>&桥")
    text = render_svg(overview(found, SIZE))
    root = ElementTree.fromstring(text)
    assert (root.get("width"), root.get("height")) == ("180mm", "120mm")
    assert "<script" not in text
    assert not re.search(r"\sstyle=|\son\w+=|href=", text)  # nothing that a strict page policy forbids


def test_the_picture_has_the_colour_of_the_line_where_the_line_is() -> None:
    drawing = overview(report(), SIZE)
    image = Image.open(io.BytesIO(render_png(drawing, 4.0))).convert("RGB")
    assert image.size == (720, 480)
    west, top, east, bottom = red_ring(drawing).bounds
    red, green, blue = image.getpixel((round(west * 4), round((top * 0.4 + bottom * 0.6) * 4)))  # type: ignore[misc]
    assert red > 180
    assert green < 90
    assert blue < 90
    middle = image.getpixel(
        (round((west + (east - west) * 75 / 200) * 4), round((bottom - (bottom - top) * 72 / 150) * 4))
    )
    assert middle == (255, 255, 255)  # the hole is paper


def test_a_machine_without_fonts_still_draws_the_numbers() -> None:
    drawing = overview(report(), SIZE)
    plain = Image.open(io.BytesIO(render_png(drawing, 4.0, folders=()))).convert("L")
    x, y = labels(drawing)["3"]
    around = plain.crop((round((x - 2) * 4), round((y - 2.5) * 4), round((x + 2) * 4), round((y + 0.5) * 4)))
    assert around.getextrema()[0] < 100  # ink


def test_frames_bring_the_plane_onto_the_paper_with_north_up() -> None:
    frame = Frame(10, 20, 100, 50, PROJECT.centroid.coords[0], 2000)
    shown = frame.page(PROJECT)
    assert shown.bounds[2] - shown.bounds[0] == pytest.approx(100)  # 200 m at 1:2000
    high, low = frame.place(0, NORTH + 100)[1], frame.place(0, NORTH)[1]
    assert high < low
