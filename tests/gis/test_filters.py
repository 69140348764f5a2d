from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gis.crs import parse_crs
from gis.errors import (
    InvalidBboxError,
    InvalidDatetimeError,
    InvalidParameterError,
    UnknownPropertyError,
)
from gis.features import count_items, fetch_items
from gis.filters import (
    Bbox,
    Frame,
    TimeSpan,
    apply_datetime,
    bbox_condition,
    parse_bbox,
    parse_datetime,
    parse_limit,
    property_condition,
)
from gis.layer import Layer, Selection
from gis.paging import Page
from gis.statement import EVERYTHING, Condition
from tests.gis.places import PLACE_STATES, PLACES

Ask = Callable[..., Any]
SEEN = Selection(PLACES.public(), Condition("f.visible"))


def found(ask: Ask, selection: Selection) -> int:
    page = ask(lambda connection: fetch_items(connection, selection, Page()))
    counted = ask(lambda connection: count_items(connection, selection))
    assert page.returned == counted.number
    return int(page.returned)


@pytest.mark.parametrize(
    ("text", "crs", "expected"),
    [
        ("115.6,32.8,116.0,33.3", "CRS84", 4),
        ("115.84,33.04,115.86,33.06", "CRS84", 1),
        ("115.84,33.04,-5,115.86,33.06,900", "CRS84", 1),
        ("33.04,115.84,33.06,115.86", "http://www.opengis.net/def/crs/EPSG/0/4490", 1),
        ("115.84,33.04,115.86,33.06", "EPSG:4490", 1),
        # Inside the hole of place 1.
        ("115.804,33.004,115.805,33.005", "CRS84", 0),
        # The box of place 2 holds it, its two triangles do not.
        ("115.900,33.008,115.901,33.009", "CRS84", 0),
        ("170,-20,-170,20", "CRS84", 0),
        ("115.84,33.0,-170,33.06", "CRS84", 3),
        ("-500,-500,500,500", "CRS84", 4),
        # 111 319.49 m a degree: 115.775–115.883°E, so place 2 at 115.90° stays outside.
        ("12888000,3890000,12900000,3905000", "EPSG:3857", 3),
        # 115.80–115.81°E 33.00–33.01°N in EPSG:4527, some hundred metres around it.
        ("39387600,3653100,39389000,3654800", "EPSG:4527", 1),
        ("3653100,39387600,3654800,39389000", "http://www.opengis.net/def/crs/EPSG/0/4527", 1),
    ],
)
def test_a_box_finds_what_meets_it(ask: Ask, text: str, crs: str, expected: int) -> None:
    assert found(ask, SEEN.filtered(bbox_condition(PLACES, parse_bbox(text, parse_crs(crs))))) == expected


@pytest.mark.parametrize(
    "text",
    ["", "1,2,3", "1,2,3,4,5", "1,2,3,4,5,6,7", "a,b,c,d", "1,2,3,nan", "1,2,inf,4", "1;2;3;4", "1,9,2,8", "１,2,3,4", "1,2,3,4\0", "1e999,2,3,4"],
)  # fmt: skip
def test_a_malformed_box_is_refused(text: str) -> None:
    with pytest.raises(InvalidBboxError) as caught:
        parse_bbox(text)
    assert caught.value.where == "bbox"


def test_a_box_beyond_its_projection_is_refused() -> None:
    with pytest.raises(InvalidBboxError, match="4527"):
        parse_bbox("-1e12,-1e12,1e12,1e12", parse_crs("EPSG:4527"))
    with pytest.raises(InvalidBboxError):
        parse_bbox("39389000,3653100,39387600,3654800", parse_crs("EPSG:4527"))


def test_more_than_the_world_is_clamped() -> None:
    assert parse_bbox("-999,-999,999,999") == Bbox(-180, -90, 180, 90)
    mercator = parse_bbox("-99999999,-99999999,99999999,99999999", parse_crs("EPSG:3857"))
    assert isinstance(mercator, Bbox)
    assert (mercator.west, mercator.east) == (-180, 180)


def test_an_empty_box_of_metres_is_a_point() -> None:
    frame = parse_bbox("39387900,3653500,39387900,3653500", parse_crs("EPSG:4527"))
    assert isinstance(frame, Frame)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2025-10-31T00:00:00Z", (2025, 10, 31, 0), (2025, 10, 31, 0)),
        ("2025-10-31T08:00:00+08:00", (2025, 10, 31, 0), (2025, 10, 31, 0)),
        ("2025-10-31T08:00:00 08:00", (2025, 10, 31, 0), (2025, 10, 31, 0)),
        ("2025-10-31t08:00:00.000+08:00", (2025, 10, 31, 0), (2025, 10, 31, 0)),
        ("2025-10-31T00:00:00Z/..", (2025, 10, 31, 0), None),
        ("../2025-10-31T00:00:00Z", None, (2025, 10, 31, 0)),
        ("/2025-10-31T00:00:00Z", None, (2025, 10, 31, 0)),
        ("../..", None, None),
        ("0000-01-01T00:00:00Z/2025-10-31T00:00:00Z", None, (2025, 10, 31, 0)),
        ("2025-10-31T00:00:00Z/9999-12-31T00:00:00Z", (2025, 10, 31, 0), None),
    ],
)
def test_times_are_read(text: str, start: tuple[int, ...] | None, end: tuple[int, ...] | None) -> None:
    assert parse_datetime(text) == TimeSpan(moment(start), moment(end))


def moment(parts: tuple[int, ...] | None) -> datetime | None:
    return datetime(parts[0], parts[1], parts[2], parts[3], tzinfo=UTC) if parts else None


def test_a_date_alone_is_that_day_in_china() -> None:
    span = parse_datetime("2025-10-31")

    assert span.start == datetime(2025, 10, 30, 16, tzinfo=UTC)
    assert span.end == datetime(2025, 10, 31, 15, 59, 59, 999999, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2025-13-01T00:00:00Z", "2025-10-31T00:00:00", "20251031T000000Z", "2025-10-31T25:00:00Z",
     "2025-W44-5", "2026-01-01T00:00:00Z/2025-01-01T00:00:00Z", "a/b/c", "2025-02-30", "0001-01-01T00:00:00+14:00",
     "2025-10-31T00:00:00Z\0", "9999-99"],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidDatetimeError) as caught:
        parse_datetime(text)
    assert caught.value.where == "datetime"


def test_a_span_keeps_rows_inside_it_and_rows_without_a_time(ask: Ask) -> None:
    def ids(text: str) -> int:
        return found(ask, apply_datetime(SEEN, parse_datetime(text)))

    assert ids("2025-08-01T00:00:00Z/2025-09-01T00:00:00Z") == 3  # 2, 3 and 6, which has none
    assert ids("2025-08-01T00:00:00Z/..") == 4
    assert ids("../2025-08-01T00:00:00Z") == 3
    assert ids("../..") == 5


def test_a_temporal_layer_travels_to_the_end_of_the_span() -> None:
    states = Selection(PLACE_STATES, EVERYTHING)

    assert apply_datetime(states, parse_datetime("2025-01-01T00:00:00Z/2025-07-01T00:00:00Z")).at == datetime(
        2025, 7, 1, tzinfo=UTC
    )
    assert apply_datetime(states, parse_datetime("2025-01-01T00:00:00Z/..")).at is None


def test_a_layer_without_time_is_left_as_it_is() -> None:
    timeless = Layer("river", "河流", "Rivers", "", "layer_river", "polygon", ())
    selection = Selection(timeless, EVERYTHING)

    assert apply_datetime(selection, parse_datetime("2025-01-01T00:00:00Z")) == selection


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("kind", "工业")], 2),
        ([("kind", "工业"), ("level", "2")], 1),
        ([("progress", "62.5")], 1),
        ([("progress", "1e1")], 2),
        ([("open", "true")], 3),
        ([("opened", "2025-03-01")], 1),
        ([("updated_at", "2025-10-01T08:00:00+08:00")], 1),
        ([("name", "'; DROP TABLE place; --")], 0),
        ([("name", "河边路 100%")], 1),
        ([("name", "二号“地块”")], 1),
        ([("level", "999999999999999999")], 0),
        ([], 5),
    ],
)
def test_properties_filter_by_equality(ask: Ask, pairs: list[tuple[str, str]], expected: int) -> None:
    assert found(ask, SEEN.filtered(property_condition(SEEN.layer, pairs))) == expected


@pytest.mark.parametrize(
    "name",
    [
        "secret",
        "visible",
        "geom",
        "id; DROP TABLE place",
        "f.code",
        "CODE",
        "",
        "名称",
        'code" OR "a',
        "%(at)s",
    ],
)
def test_an_unknown_property_is_refused(name: str) -> None:
    with pytest.raises(UnknownPropertyError, match="places"):
        property_condition(SEEN.layer, [(name, "1")])


def test_a_property_kept_out_of_filters_is_refused() -> None:
    with pytest.raises(UnknownPropertyError, match="secret"):
        property_condition(PLACES, [("secret", "x")])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("level", "1.5"), ("level", "一"), ("level", "9" * 5000), ("progress", "nan"), ("progress", "1,5"),
        ("progress", "٣"), ("open", "maybe"), ("opened", "2025-02-30"), ("updated_at", "now"), ("name", "a\0b"),
        ("name", "\ud800"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_its_type_is_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        property_condition(PLACES, [(name, text)])
    assert caught.value.where in (name, "datetime")


def test_a_property_given_twice_is_refused() -> None:
    with pytest.raises(InvalidParameterError, match="twice"):
        property_condition(PLACES, [("level", "1"), ("level", "2")])


@pytest.mark.parametrize("text", ["0", "-1", "unlimited", "1.5", "", " ", "1e3", "９", "9" * 5000])
def test_a_malformed_limit_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        parse_limit(text)
    assert caught.value.where == "limit"


def test_a_limit_above_the_maximum_is_clipped() -> None:
    assert parse_limit("50", default=10, maximum=20) == 20
