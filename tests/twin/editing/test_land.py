"""Parcels and control areas: written, read back, numbered once, kept in the audit trail."""

from datetime import date
from typing import Any

import pytest
import shapely
from pyproj import Geod, Transformer
from shapely.geometry import MultiPolygon, Polygon, box
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.crs import CRS84, parse_crs
from gis.errors import FeatureNotFoundError, InvalidGeometryError, UnknownPropertyError
from tests.twin.editing.people import AUDITOR, PLANNER, ZONE_39, field, parcel
from twin.editing import (
    Feature,
    create_feature,
    delete_feature,
    feature_tag,
    replace_feature,
    update_feature,
)
from twin.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    MoveRefusedError,
    NotFoundError,
    NotOfferedError,
    StaleError,
    UnauthenticatedError,
)
from twin.identity import ANONYMOUS
from twin.identity.audit import list_events

LAYER = "land_parcels"


def stored(session: Session, feature_id: int, table: str = "land_parcel") -> Any:
    session.expire_all()
    sql = f"""SELECT *, ST_AsBinary(geom) AS shape, ST_AsBinary(geom_survey) AS surveyed,
      ST_SRID(geom_survey) AS zone FROM {table} WHERE id = :id"""
    return session.execute(text(sql), {"id": feature_id}).mappings().one()


def changed(session: Session) -> Any:
    return list_events(session)[0]


def test_a_parcel_is_kept_as_surveyed_and_as_shown(session: Session) -> None:
    feature_id = create_feature(session, PLANNER, LAYER, parcel(supply_date="2026-03-01"))
    row = stored(session, feature_id)
    assert (row["zone"], row["source_crs"], row["created_by"]) == (4527, "EPSG:4527", "test")
    assert shapely.from_wkb(bytes(row["surveyed"])).equals(MultiPolygon([field()]))
    to_degrees = Transformer.from_crs(4527, 4490, always_xy=True)
    corner = to_degrees.transform(39371200, 3671300)
    shown = shapely.get_coordinates(shapely.from_wkb(bytes(row["shape"])))
    nearest_deg = abs(shown - corner).max(axis=1).min()
    assert nearest_deg * 111_320 < 0.001
    assert row["supply_date"] == date(2026, 3, 1)
    assert row["idle_state"] == "none"


def test_the_area_is_that_of_the_ellipsoid(session: Session) -> None:
    shape = Polygon(field(side_m=320).exterior.coords, [field(39371300, 3671400, 60).exterior.coords[::-1]])
    row = stored(session, create_feature(session, PLANNER, LAYER, parcel(geometry=shape)))
    degrees = shapely.transform(
        shape,
        lambda xy: shapely.get_coordinates(
            shapely.points(*Transformer.from_crs(4527, 4490, always_xy=True).transform(xy[:, 0], xy[:, 1]))
        ),
    )
    geod = Geod(a=6378137.0, rf=298.257222101)
    area_m2 = abs(geod.geometry_area_perimeter(shapely.geometry.polygon.orient(degrees))[0])
    assert row["area_m2"] == pytest.approx(area_m2, abs=0.01)
    assert row["area_m2"] == pytest.approx(320 * 320 - 60 * 60, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "box_of"),
    [
        ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", (115.80, 33.00, 115.802, 33.002)),
        ("http://www.opengis.net/def/crs/EPSG/0/4490", (115.80, 33.00, 115.802, 33.002)),
        ("EPSG:3857", (12890797.0, 3895303.0, 12891020.0, 3895500.0)),
        ("EPSG:4548", (387800.0, 3653300.0, 388000.0, 3653450.0)),
    ],
)
def test_every_crs_leads_to_the_same_two_shapes(
    session: Session, name: str, box_of: tuple[float, float, float, float]
) -> None:
    crs = parse_crs(name)
    feature = Feature(parcel().properties, box(*box_of), crs)
    row = stored(session, create_feature(session, PLANNER, LAYER, feature))
    assert row["zone"] == (4548 if crs.srid == 4548 else 4527)
    source = 4326 if crs.degrees or crs.srid == 3857 else 4490
    x, y = (
        box_of[:2]
        if crs.degrees
        else Transformer.from_crs(crs.srid, source, always_xy=True).transform(*box_of[:2])
    )
    shown = shapely.get_coordinates(shapely.from_wkb(bytes(row["shape"])))
    assert abs(shown - (x, y)).max(axis=1).min() < 1e-8
    zone_x, zone_y = Transformer.from_crs(4490, row["zone"], always_xy=True).transform(x, y)
    surveyed = shapely.get_coordinates(shapely.from_wkb(bytes(row["surveyed"])))
    assert abs(surveyed - (zone_x, zone_y)).max(axis=1).min() < 0.001


def test_a_taken_number_is_a_conflict_that_names_who_has_it(session: Session) -> None:
    first = create_feature(session, PLANNER, LAYER, parcel())
    with pytest.raises(ConflictError, match=rf"CB-2026-001 is taken by feature {first} \(城北一号\)"):
        create_feature(session, PLANNER, LAYER, parcel())
    second = create_feature(session, PLANNER, LAYER, parcel("CB-2026-002"))
    with pytest.raises(ConflictError, match="占用"):
        update_feature(session, PLANNER, LAYER, second, Feature({"parcel_no": "CB-2026-001"}))
    assert stored(session, second)["parcel_no"] == "CB-2026-002"


def test_an_update_changes_what_it_names_and_a_replacement_empties_the_rest(session: Session) -> None:
    feature_id = create_feature(
        session, PLANNER, LAYER, parcel(planned_use="工业用地", stated_area_m2=9999.5)
    )
    update_feature(
        session, PLANNER, LAYER, feature_id, Feature({"name": "城北新一号", "stated_area_m2": None})
    )
    row = stored(session, feature_id)
    assert (row["name"], row["planned_use"], row["stated_area_m2"], row["row_version"]) == (
        "城北新一号",
        "工业用地",
        None,
        2,
    )
    replace_feature(session, PLANNER, LAYER, feature_id, parcel(name=None))
    row = stored(session, feature_id)
    assert (row["name"], row["planned_use"], row["state"]) == (None, None, "stored")


def test_the_trail_has_what_was_before_and_after(session: Session) -> None:
    feature_id = create_feature(session, PLANNER, LAYER, parcel())
    event = changed(session)
    assert (event.action, event.thing, event.actor) == (
        "feature.create",
        "land_parcel CB-2026-001",
        "planner",
    )
    assert event.after["name"] == "城北一号"
    assert event.after["geometry"]["crs"] == "EPSG:4527"
    update_feature(session, PLANNER, LAYER, feature_id, Feature({"name": "改名", "state": "stored"}))
    event = changed(session)
    assert (event.action, event.before, event.after) == (
        "feature.update",
        {"name": "城北一号"},
        {"name": "改名"},
    )
    delete_feature(session, PLANNER, LAYER, feature_id)
    event = changed(session)
    assert (event.action, event.before["name"], event.after) == ("feature.delete", "改名", None)
    assert "39371200" in event.before["geometry"]["wkt"]


def test_an_edit_that_changes_nothing_writes_nothing(session: Session) -> None:
    feature_id = create_feature(session, PLANNER, LAYER, parcel())
    last = changed(session).id
    shown = shapely.from_wkb(bytes(stored(session, feature_id)["shape"]))
    sent_back = shapely.set_precision(shown, 1e-9)
    computed = {"area_m2": 1, "area_mu": 0, "updated_at": "2020-01-01T00:00:00Z"}
    whole = {**parcel().properties, "idle_state": "none", **computed}
    replace_feature(session, PLANNER, LAYER, feature_id, Feature(whole, sent_back, CRS84))
    row = stored(session, feature_id)
    assert (row["row_version"], row["source_crs"], changed(session).id) == (1, "EPSG:4527", last)


def test_a_moved_corner_is_a_new_survey(session: Session) -> None:
    feature_id = create_feature(session, PLANNER, LAYER, parcel())
    update_feature(
        session, PLANNER, LAYER, feature_id, Feature({}, box(115.61, 33.15, 115.611, 33.151), CRS84)
    )
    row = stored(session, feature_id)
    assert (row["source_crs"], row["zone"]) == ("EPSG:4326", 4527)
    assert shapely.from_wkb(bytes(row["shape"])).equals(box(115.61, 33.15, 115.611, 33.151))
    assert changed(session).before["geometry"]["crs"] == "EPSG:4527"


def test_only_the_state_the_caller_read_may_be_changed(session: Session) -> None:
    feature_id = create_feature(session, PLANNER, LAYER, parcel())
    tag = feature_tag(session, PLANNER, LAYER, feature_id)
    update_feature(session, PLANNER, LAYER, feature_id, Feature({"name": "甲"}), f'"{tag}.html"')
    with pytest.raises(StaleError):
        update_feature(session, PLANNER, LAYER, feature_id, Feature({"name": "乙"}), f'"{tag}.html"')
    with pytest.raises(StaleError):
        delete_feature(session, PLANNER, LAYER, feature_id, f'"{tag}"')
    assert stored(session, feature_id)["name"] == "甲"
    delete_feature(session, PLANNER, LAYER, feature_id, "*")
    with pytest.raises(FeatureNotFoundError):
        feature_tag(session, PLANNER, LAYER, feature_id)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"parcel_no": None}, "parcel_no.*is required"),
        ({"parcel_no": "  "}, "must not be blank"),
        ({"parcel_no": 7}, "7 is no text"),
        ({"parcel_no": "长" * 65}, "65 characters"),
        ({"name": "a\0b"}, "cannot be stored"),
        ({"kind": "储备"}, "none of reserve, supplied, idle"),
        ({"state": "sold"}, "none of proposed"),
        ({"supply_date": "2026-02-30"}, "no day"),
        ({"supply_date": "20260201"}, "no day"),
        ({"supply_date": 20260201}, "no day"),
        ({"stated_area_m2": "12"}, "no number"),
        ({"stated_area_m2": True}, "no number"),
        ({"stated_area_m2": -1}, "lies outside"),
        ({"stated_area_m2": float("inf")}, "no number"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_its_name_in_both_languages(
    session: Session, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message) as caught:
        create_feature(session, PLANNER, LAYER, parcel(**given))
    assert caught.value.where == f"properties.{next(iter(given))}"
    assert next(iter(given)) in caught.value.zh


def test_a_property_that_the_layer_does_not_have_is_refused(session: Session) -> None:
    with pytest.raises(UnknownPropertyError, match="price"):
        create_feature(session, PLANNER, LAYER, parcel(price=7))


@pytest.mark.parametrize("name", ["state", "idle_state"])
def test_a_required_property_cannot_be_emptied(session: Session, name: str) -> None:
    feature_id = create_feature(session, PLANNER, LAYER, parcel())
    with pytest.raises(InvalidInputError, match="must not be null"):
        update_feature(session, PLANNER, LAYER, feature_id, Feature({name: None}))


def test_a_parcel_moves_one_state_at_a_time_and_never_back(session: Session) -> None:
    feature_id = create_feature(session, PLANNER, LAYER, parcel(state="ready"))
    with pytest.raises(MoveRefusedError, match="only held may follow"):
        update_feature(session, PLANNER, LAYER, feature_id, Feature({"state": "supplied"}))
    with pytest.raises(MoveRefusedError, match="ready to stored"):
        update_feature(session, PLANNER, LAYER, feature_id, Feature({"state": "stored"}))
    update_feature(session, PLANNER, LAYER, feature_id, Feature({"state": "held"}))
    assert stored(session, feature_id)["state"] == "held"


def test_a_parcel_without_an_outline_is_refused(session: Session) -> None:
    with pytest.raises(InvalidGeometryError, match="needs a geometry"):
        create_feature(session, PLANNER, LAYER, parcel(geometry=None))
    feature_id = create_feature(session, PLANNER, LAYER, parcel())
    with pytest.raises(InvalidGeometryError, match="needs a geometry"):
        replace_feature(session, PLANNER, LAYER, feature_id, parcel(geometry=None))


def test_who_may_not_is_told_so(session: Session) -> None:
    feature_id = create_feature(session, PLANNER, LAYER, parcel())
    for caller, error in ((ANONYMOUS, UnauthenticatedError), (AUDITOR, ForbiddenError)):
        with pytest.raises(error):
            create_feature(session, caller, LAYER, parcel("CB-2026-009"))
        with pytest.raises(error):
            delete_feature(session, caller, LAYER, feature_id)
    with pytest.raises(NotFoundError):
        create_feature(session, PLANNER, "nothing", parcel())
    with pytest.raises(NotOfferedError):
        create_feature(session, PLANNER, "bim_models", parcel())


def area(**given: Any) -> Feature:
    properties = {"layer": "farmland", "code": "YJ-0001", "name": "永久基本农田一号", **given}
    return Feature(properties, field(side_m=300), ZONE_39)


def test_a_control_area_is_created_changed_and_deleted(session: Session) -> None:
    feature_id = create_feature(
        session, PLANNER, "control_areas", area(class_code="0103", valid_from="2025-01-01")
    )
    row = stored(session, feature_id, "control_area")
    assert (row["sensitivity"], row["class_code"], row["attributes"]) == ("internal", "0103", {})
    update_feature(
        session, PLANNER, "control_areas", feature_id, Feature({"class_name": "旱地", "valid_to": None})
    )
    assert stored(session, feature_id, "control_area")["class_name"] == "旱地"
    with pytest.raises(InvalidInputError, match="valid_to 2024-12-31 lies before valid_from 2025-01-01"):
        update_feature(session, PLANNER, "control_areas", feature_id, Feature({"valid_to": "2024-12-31"}))
    with pytest.raises(ConflictError, match="farmland YJ-0001 is taken"):
        create_feature(session, PLANNER, "control_areas", area())
    create_feature(session, PLANNER, "control_areas", area(layer="ecology"))
    delete_feature(session, PLANNER, "control_areas", feature_id)
    assert changed(session).thing == "control_area farmland YJ-0001"
