"""Questions to whole layers: duplicates, change between two dates, figures by area; against GeoPandas."""

import json
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

import geopandas
import pytest
import shapely
from shapely import affinity
from shapely.geometry import Point, Polygon, box

from gis.errors import InvalidParameterError
from gis.questions import (
    Asking,
    Sameness,
    Source,
    change_count_statement,
    change_statement,
    duplicates_statement,
    summary_statement,
)
from gis.questions.summary import Measure, Rule
from gis.statement import Condition, Statement
from tests.gis.questions.conftest import FIELDS, District, marks, put, things, versions
from tests.gis.questions.independent import GEOD, area_m2

KIND = FIELDS[1]
WORTH = FIELDS[2]
ROW = {"code": "x", "kind": "工业", "worth": 1.0}


def read(district: District, statement: Statement, column: int = -1) -> list[dict[str, Any]]:
    return [json.loads(row[column]) for row in district.rows(statement)]


def pairs(district: District, sameness: Sameness, source: Source | None = None) -> list[tuple[int, int]]:
    return [row[:2] for row in district.rows(duplicates_statement(source or things(), sameness, 1_000))]


@pytest.mark.parametrize("share", [20.0, 50.0, 80.0])
def test_pairs_of_areas_are_those_of_geopandas(district: District, share: float) -> None:
    frame = district.things
    with district.connection.transaction(force_rollback=True):
        shapes = {int(number): shape for number, shape in frame.geometry.items()}
        kinds = frame["kind"].to_dict()
        for copy, number in enumerate(list(shapes)[:40], 1_001):
            moved = affinity.translate(shapes[number], 0.0004 * (copy % 5), 0.0001)
            shapes[copy], kinds[copy] = moved, kinds[number] if copy % 7 else "其他"
            put(district.connection, "thing", {**ROW, "id": copy, "kind": kinds[copy]}, moved)
        found = read(
            district, duplicates_statement(things(), Sameness(share, same=(KIND,)), 1_000, form="json")
        )
    expected = {}
    for one, other in combinations(sorted(shapes), 2):
        common = shapes[one].intersection(shapes[other])
        part = area_m2(common) / min(area_m2(shapes[one]), area_m2(shapes[other])) if common.area else 0.0
        if kinds[one] == kinds[other] and part * 100 >= share:
            expected[one, other] = (area_m2(common), part * 100)
    assert [(item["first"], item["second"]) for item in found] == sorted(expected)
    assert expected
    for item in found:
        told = (item["common_area_m2"], item["share_percent"])
        assert told == pytest.approx(expected[item["first"], item["second"]], rel=1e-9)
        assert item["same"] == {"kind": kinds[item["first"]]}


def test_the_same_shape_twice_is_told_apart_from_an_almost_equal_one(district: District) -> None:
    square = box(116.0, 33.0, 116.001, 33.001)
    with district.connection.transaction(force_rollback=True):
        for number, shape in enumerate((square, square, affinity.translate(square, 0.00001, 0))):
            put(district.connection, "thing", {**ROW, "id": 901 + number}, shape)
        put(
            district.connection, "thing", {**ROW, "id": 904}, box(116.001, 33.0, 116.002, 33.001)
        )  # a neighbour
        put(district.connection, "thing", {**ROW, "id": 905}, None)
        put(district.connection, "thing", {**ROW, "id": 906}, square, hidden=True)
        statement = duplicates_statement(things(), Sameness(90.0), 1_000, form="json")
        found = {
            (item["first"], item["second"]): item for item in read(district, statement) if item["first"] > 900
        }
    assert {pair: item["identical"] for pair, item in found.items()} == {
        (901, 902): True,
        (901, 903): False,
        (902, 903): False,
    }
    assert found[901, 902]["share_percent"] == pytest.approx(100)
    assert found[901, 903]["share_percent"] == pytest.approx(99)  # moved by a hundredth of its width


def test_points_are_pairs_within_their_geodesic_distance(district: District) -> None:
    lon, lat, _ = GEOD.fwd([116.0] * 2, [33.0] * 2, [45.0] * 2, [0.999, 1.001])
    with district.connection.transaction(force_rollback=True):
        for number, at in enumerate(((116.0, 33.0), (lon[0], lat[0]), (lon[1], lat[1]))):
            put(district.connection, "mark", {**ROW, "id": 901 + number}, Point(*at))
        assert pairs(district, Sameness(within_m=1.0), marks()) == [(901, 902), (902, 903)]


def test_pages_of_pairs_give_each_once(district: District) -> None:
    square = box(116.0, 33.0, 116.001, 33.001)
    with district.connection.transaction(force_rollback=True):
        for number in range(6):
            put(district.connection, "thing", {**ROW, "id": 901 + number}, square)
        seen: list[tuple[int, int]] = []
        after = None
        while True:
            rows = [
                row[:2] for row in district.rows(duplicates_statement(things(), Sameness(99.0), 4, after))
            ]
            seen += rows[:4]
            if len(rows) <= 4:
                break
            after = rows[3]
    assert [pair for pair in seen if pair[0] > 900] == list(combinations(range(901, 907), 2))


@pytest.mark.parametrize(("share", "within"), [(0.5, 1.0), (101.0, 1.0), (80.0, 0.0), (80.0, float("nan"))])
def test_a_sameness_out_of_range_is_refused(share: float, within: float) -> None:
    with pytest.raises(InvalidParameterError):
        Sameness(share, within)


def day(month: int) -> datetime:
    return datetime(2025, month, 1, tzinfo=UTC)


def test_change_between_two_dates_tells_added_removed_moved_and_described(district: District) -> None:
    square, wider = box(115.8, 33.0, 115.801, 33.001), box(115.8, 33.0, 115.802, 33.001)
    history = [  # id, kind, known at, gone at, shape
        (1, "工业", 1, None, square),  # as it was
        (2, "工业", 1, 5, square), (2, "商业", 5, None, square),  # re-described
        (3, "工业", 1, 5, square), (3, "工业", 5, None, wider),  # moved
        (4, "工业", 1, 5, square),  # removed
        (5, "工业", 5, None, square),  # added
        (6, "工业", 1, 3, square), (6, "工业", 3, 5, wider), (6, "工业", 5, None, square),  # there and back
        (7, "工业", 6, 8, square),  # came and went outside of both dates
    ]  # fmt: skip
    with district.connection.transaction(force_rollback=True):
        for number, (identity, kind, known, gone, shape) in enumerate(history):
            district.connection.execute(
                "INSERT INTO asked.version (id, code, kind, known_at, gone_at, updated_at, geom) "
                "VALUES (%s, 'V', %s, %s, %s, %s, ST_GeomFromEWKB(%s))",
                (identity, kind, day(known), gone and day(gone), day(number % 9 + 1),
                 shapely.to_wkb(shapely.set_srid(shape, 4490), include_srid=True)),
            )  # fmt: skip
        found = read(district, change_statement(versions(), day(2), day(5), 100, form="json"))
        counted = district.rows(change_count_statement(versions(), day(2), day(5)))
        page = read(district, change_statement(versions(), day(2), day(5), 100, after_id=3, form="json"))
        drawn = read(district, change_statement(versions(), day(2), day(5), 100))
    told = {item["id"]: item for item in found}
    assert {number: item["change"] for number, item in told.items()} == {
        2: "changed", 3: "changed", 4: "removed", 5: "added"}  # fmt: skip
    assert {kind: rest[:3] for kind, *rest in counted} == {
        "changed": [2, 1, 1], "removed": [1, 0, 0], "added": [1, 0, 0]}  # fmt: skip
    assert told[2]["changed"] == {"kind": ["工业", "商业"]}
    assert not told[2]["moved"]
    assert told[3]["moved"]
    assert told[3]["gained_area_m2"] == pytest.approx(area_m2(wider) - area_m2(square), rel=1e-9)
    assert told[3]["lost_area_m2"] == 0
    assert told[4]["state"]["kind"] == "工业"
    assert [item["id"] for item in page] == [4, 5]
    assert [item["geometry"]["type"] for item in drawn] == ["Polygon"] * 4


def zones(district: District) -> geopandas.GeoDataFrame:
    """Return twelve areas side by side that fill most of the district, put into the points' table as polygons."""
    shapes = [
        box(115.65 + column * 0.1, 32.85 + row * 0.1, 115.75 + column * 0.1, 32.95 + row * 0.1)
        for row in range(3)
        for column in range(4)
    ]
    for number, shape in enumerate(shapes):
        put(district.connection, "thing", {**ROW, "id": 2_001 + number, "kind": "区"}, shape)
    return geopandas.GeoDataFrame({"zone": range(2_001, 2_013)}, geometry=shapes, crs="EPSG:4490")


def part_of(kind: str, equal: str) -> Source:
    source = things()
    condition = f"f.kind {equal} %(kind)s"

    return Source("things", source.selection.filtered(Condition(condition, {"kind": kind})), ("kind",))


@pytest.mark.parametrize(
    ("measure", "rule"),
    [
        ("count", "meets"),
        ("count", "inside"),
        ("sum", "meets"),
        ("sum", "inside"),
        ("sum", "share"),
        ("area", "meets"),
    ],
)
def test_figures_by_area_are_those_of_geopandas(district: District, measure: Measure, rule: Rule) -> None:
    asking = Asking(measure, rule, WORTH if measure == "sum" else None, KIND)
    with district.connection.transaction(force_rollback=True):
        areas = zones(district)
        found = read(district, summary_statement(part_of("区", "="), part_of("区", "<>"), asking, 100))
    pieces = geopandas.overlay(
        district.things.drop(columns="id").reset_index().rename(columns={"id": "thing"}),
        areas,
        how="intersection",
    )
    pieces["part"] = [area_m2(shape) for shape in pieces.geometry]
    own = {number: area_m2(shape) for number, shape in district.things.geometry.items()}
    if rule == "inside":
        inside = {(n, z) for n, shape in district.things.geometry.items() for z, zone in zip(areas.zone, areas.geometry, strict=True)
                  if shape.representative_point().intersects(zone)}  # fmt: skip
        kept = [pair in inside for pair in zip(pieces.thing, pieces.zone, strict=True)]
        pieces = pieces[kept]
    pieces["worthy"] = pieces.worth * (
        [part / own[n] for n, part in zip(pieces.thing, pieces.part, strict=True)] if rule == "share" else 1
    )
    for item in found:
        part = pieces[pieces.zone == item["id"]]
        assert item["count"] == len(part)
        assert {group["value"]: group["count"] for group in item["groups"]} == part.groupby(
            "kind"
        ).size().to_dict()
        if measure == "sum":
            assert item["sum"] == pytest.approx(part.worthy.sum(), rel=1e-6)
        if measure == "area":
            covered = area_m2(shapely.union_all(part.geometry.to_numpy()))
            assert item["area_m2"] == pytest.approx(covered, rel=1e-6)
            assert item["area_mu"] == pytest.approx(covered * 3 / 2000, rel=1e-6)
            whole = areas.geometry[item["id"] - 2_001]
            assert item["share_percent"] == pytest.approx(100 * covered / area_m2(whole), rel=1e-5)
    assert [item["id"] for item in found] == list(range(2_001, 2_013))
    assert len(pieces) > 100


def test_points_are_counted_and_have_no_ground(district: District) -> None:
    with district.connection.transaction(force_rollback=True):
        areas = zones(district)
        rows = district.rows(summary_statement(part_of("区", "="), marks(), Asking("area"), 100))
        drawn = read(district, summary_statement(part_of("区", "="), marks(), Asking(), 5, 2_004, "geojson"))
    for (_, text), zone in zip(rows, areas.geometry, strict=True):
        item = json.loads(text)
        assert item["count"] == int(district.marks.intersects(zone).sum())
        assert item["area_m2"] == 0
    assert [item["id"] for item in drawn] == [
        2_005,
        2_006,
        2_007,
        2_008,
        2_009,
        2_010,
    ]  # one beyond the limit
    assert drawn[0]["geometry"]["type"] == "Polygon"


def test_overlapping_features_cover_the_ground_once(district: District) -> None:
    zone = box(116.2, 33.0, 116.21, 33.01)
    half = box(116.2, 33.0, 116.205, 33.01)
    with district.connection.transaction(force_rollback=True):
        put(district.connection, "thing", {**ROW, "id": 3_001, "kind": "区"}, zone)
        for number in (3_002, 3_003):
            put(district.connection, "thing", {**ROW, "id": number}, half)
        touching = Polygon([(116.21, 33.0), (116.22, 33.0), (116.21, 33.01)])
        put(district.connection, "thing", {**ROW, "id": 3_004}, touching)
        found = read(
            district, summary_statement(part_of("区", "="), part_of("区", "<>"), Asking("area"), 100)
        )[-1]
    assert found["count"] == 2
    assert found["share_percent"] == pytest.approx(50, rel=1e-6)


def test_a_sum_needs_a_number_and_nothing_else_does() -> None:
    for measure, field in (("sum", None), ("count", WORTH), ("sum", KIND)):
        with pytest.raises(InvalidParameterError):
            Asking(measure, field=field)  # type: ignore[arg-type]
