"""Two revisions compared: against counts worked out by hand, and against what other readers say."""

from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.util.element
import orjson
import pytest
from ifcdiff import IfcDiff
from sqlalchemy.orm import Session

from bim.job import ConversionJob, ProjectPlace
from bim.results import read_model
from bim.runner import run_conversion_blocking
from tests.bim.revision_pair import (
    ADDED,
    EDITS,
    NO_CHANGE,
    REMOVED,
    RENEWED_MATCHES,
    stable_id,
    write_revision,
)
from tests.rows import add_project
from tests.twin.elements.rows import element, model_result, pending_revision, publish, write_elements
from twin.elements.compare import PUBLIC_KINDS, Pair
from twin.elements.diff import Page, compare_revisions, list_changes, parse_after
from twin.elements.models import BimRevision
from twin.projects.models import Project

ALL = Page(10_000)


def publish_file(
    session: Session, project: Project, path: Path, spool: Path, name: str = "楼"
) -> BimRevision:
    """Convert a file and publish it as the next revision of a model."""
    spool.mkdir()
    outcome = run_conversion_blocking(ConversionJob(path, spool, ProjectPlace()))
    assert outcome.verdict.state == "succeeded", outcome.verdict
    revision = pending_revision(session, project, spool.name.ljust(64, "0"), name)
    publish(session, revision, read_model(spool), spool)
    return revision


def publish_rows(session: Session, project: Project, spool: Path, rows: list[dict[str, Any]]) -> BimRevision:
    """Publish rows written by hand as the next revision of a model."""
    revision = pending_revision(session, project, spool.name.ljust(64, "0"))
    publish(session, revision, model_result(), write_elements(spool, rows))
    return revision


def pair_of(old: BimRevision, new: BimRevision) -> Pair:
    """Name two revisions of one model."""
    return Pair(old.model_id, old.id, new.id)


def diff(session: Session, old: BimRevision, new: BimRevision, page: Page = ALL) -> dict[str, Any]:
    """Compare and read the answer."""
    found = compare_revisions(session, pair_of(old, new), page, "json")
    return {**orjson.loads(found.head), **orjson.loads(found.body)}


def solid(number: int, x: float = 0.0, **given: Any) -> dict[str, Any]:
    """Return a drawn wall of 3 m x 0.2 m x 2.8 m that stands at x."""
    return element(
        number,
        **{
            "placement": [1, 0, 0, x, 0, 1, 0, 0, 0, 0, 1, 0],
            "box": [x, 0, 0, x + 3, 0.2, 2.8],
            "psets_hash": "p",
            "quantities_hash": "q",
            "signature": f"s{number}",
            "geometry_hash": "g",
            "kernel": "hybrid",
            **given,
        },
    )


@pytest.fixture
def edited(session: Session, tmp_path: Path) -> tuple[BimRevision, BimRevision]:
    """The model of `revision_pair` and its edited export under the same GlobalIds."""
    project = add_project(session)
    old = publish_file(session, project, write_revision(tmp_path / "a.ifc"), tmp_path / "a")
    new = publish_file(session, project, write_revision(tmp_path / "b.ifc", edited=True), tmp_path / "b")
    return old, new


def test_every_edit_is_told_by_its_kind_and_nothing_else_is(
    session: Session, edited: tuple[BimRevision, BimRevision]
) -> None:
    told = diff(session, *edited)
    assert told["counts"] == {"added": 1, "removed": 1, "changed": 13, "matched": 0}
    assert told["added"] == [stable_id(ADDED)]
    assert told["removed"] == [stable_id(REMOVED)]
    assert {row["global_id"]: row["what"] for row in told["changed"]} == {
        stable_id(key): what for key, what in EDITS.items()
    }
    # 20 walls, 2 slabs, site, building, 2 storeys; one wall removed
    assert told["unchanged"] == 26 - 1 - 13
    assert told["kinds"] == {kind: 2 if kind in ("name",) else 1 for kind in told["kinds"]} | {"placement": 3}
    assert told["next"] is None


def test_other_readers_see_the_same_changes(tmp_path: Path) -> None:
    """What is held against our answer above: `EDITS` is true of the files, as ifcdiff and the library read them."""
    old = ifcopenshell.open(str(write_revision(tmp_path / "a.ifc")))
    new = ifcopenshell.open(str(write_revision(tmp_path / "b.ifc", edited=True)))
    kinds = {
        "attributes": {"name", "tag", "class"},
        "type": {"type"},
        "classification": {"classification"},
        "geometry": {"placement", "geometry"},
    }
    for relationship, what in kinds.items():
        theirs = IfcDiff(old, new, relationships=[relationship])
        theirs.diff()
        assert theirs.added_elements == {stable_id(ADDED)}
        assert theirs.deleted_elements == {stable_id(REMOVED)}
        ours = {stable_id(key) for key, told in EDITS.items() if what & set(told)}
        # ifcdiff holds a placement to 0.01 mm and looks at the numbers of a shape, not at where it stands.
        ours |= {stable_id(key) for key in NO_CHANGE} if relationship == "geometry" else set()
        assert set(theirs.change_register) == ours, relationship
    assert _differing(old, new, _properties) == _edited({"psets", "quantities"})
    assert _differing(old, new, lambda wall: ifcopenshell.util.element.get_container(wall).Name) == _edited(
        {"storey"}
    )
    assert _differing(old, new, lambda wall: ifcopenshell.util.element.get_material(wall).Name) == _edited(
        {"materials"}
    )


def _edited(kinds: set[str]) -> set[str]:
    return {stable_id(key) for key, what in EDITS.items() if kinds & set(what)}


def _properties(wall: Any) -> Any:
    sets = ifcopenshell.util.element.get_psets(wall)
    return {name: {key: value for key, value in one.items() if key != "id"} for name, one in sets.items()}


def _differing(old: Any, new: Any, read: Any) -> set[str]:
    before = {wall.GlobalId: read(wall) for wall in old.by_type("IfcWall")}
    return {
        wall.GlobalId
        for wall in new.by_type("IfcWall")
        if wall.GlobalId in before and read(wall) != before[wall.GlobalId]
    }


def test_the_same_content_under_renewed_ids_is_matched_one_to_one(session: Session, tmp_path: Path) -> None:
    project = add_project(session)
    old = publish_file(session, project, write_revision(tmp_path / "a.ifc"), tmp_path / "a")
    path = write_revision(tmp_path / "c.ifc", edited=True, renew=True)
    new = publish_file(session, project, path, tmp_path / "c")
    told = diff(session, old, new)
    # by hand: 14 walls keep class, name, type, properties and place; site, building and 2 storeys too. Moved by 1 m,
    # renamed, retyped, re-described, renamed and moved: 5; removed: 1; twin slabs, of which nobody can say which: 2.
    assert told["counts"] == {"added": 5 + 1 + 2, "removed": 5 + 1 + 2, "changed": 0, "matched": 14 + 4}
    names = {row.GlobalId: row.Name for row in ifcopenshell.open(str(path)).by_type("IfcWall")}
    matched = {names[row["to"]]: row for row in told["matched"] if row["to"] in names}
    assert {key: row["from"] for key, row in matched.items()} == {
        key: stable_id(key) for key in RENEWED_MATCHES
    }
    assert {key: row["what"] for key, row in matched.items()} == {
        key: EDITS.get(key, []) for key in RENEWED_MATCHES
    }
    sure = {row["confidence"] for key, row in matched.items() if key not in EDITS}
    assert sure == {0.99}
    assert matched["W03"]["confidence"] < matched["W09"]["confidence"] < 0.99
    assert not set(told["added"]) & {row["to"] for row in told["matched"]}


def test_a_revision_compared_with_itself_or_backwards(
    session: Session, edited: tuple[BimRevision, BimRevision]
) -> None:
    old, new = edited
    assert diff(session, new, new)["counts"] == {"added": 0, "removed": 0, "changed": 0, "matched": 0}
    back = diff(session, new, old)
    assert (back["added"], back["removed"]) == ([stable_id(REMOVED)], [stable_id(ADDED)])


def test_the_public_pair_keeps_seven_products_and_gains_a_door(
    session: Session, tmp_path: Path, shared_ifc: Path
) -> None:
    """By eye in both files: four walls, storey, building and site keep their ids; the door cuts into a wall."""
    project = add_project(session)
    old = publish_file(session, project, shared_ifc / "rev-1.ifc", tmp_path / "1")
    new = publish_file(session, project, shared_ifc / "rev-2.ifc", tmp_path / "2")
    told = diff(session, old, new)
    classes = {
        row.GlobalId: row.is_a()
        for row in ifcopenshell.open(str(shared_ifc / "rev-2.ifc")).by_type("IfcProduct")
    }
    assert {classes[each] for each in told["added"]} == {"IfcDoor", "IfcOpeningElement"}
    assert told["counts"]["added"] == 2
    assert (told["removed"], told["matched"]) == ([], [])
    assert told["unchanged"] + told["counts"]["changed"] == 7
    theirs = IfcDiff(
        ifcopenshell.open(str(shared_ifc / "rev-1.ifc")), ifcopenshell.open(str(shared_ifc / "rev-2.ifc"))
    )
    theirs.diff()
    assert theirs.added_elements == {each for each in told["added"] if classes[each] == "IfcDoor"}
    ours = {
        row["global_id"]
        for row in told["changed"]
        if set(row["what"]) & {"name", "tag", "placement", "geometry"}
    }
    assert ours == set(theirs.change_register)


def test_content_fits_within_five_centimetres_and_no_farther(session: Session, tmp_path: Path) -> None:
    project = add_project(session)
    old = publish_rows(session, project, tmp_path / "a", [solid(1, 0.0), solid(2, 10.0), solid(3, 20.0)])
    moved = [
        solid(11, 0.049, signature="s1"),
        solid(12, 10.051, signature="s2"),
        solid(13, 20.0, signature="other"),
    ]
    told = diff(session, old, publish_rows(session, project, tmp_path / "b", moved))
    assert [(row["from"], row["to"]) for row in told["matched"]] == [
        ("0element00000000000001", "0element00000000000011")
    ]
    assert (told["counts"]["added"], told["counts"]["removed"]) == (2, 2)


def test_cells_do_not_cut_through_a_match(session: Session, tmp_path: Path) -> None:
    """Whatever the place, 4 cm along each axis are near enough to one another's cell (4 √3 cm are too far)."""
    project = add_project(session)
    places = [n * 0.1234567 for n in range(200)]
    rows = [
        solid(
            n,
            0.0,
            signature="s",
            box=[x, x, x, x + 1, x + 1, x + 1],
            placement=[1, 0, 0, x, 0, 1, 0, x, 0, 0, 1, x],
        )
        for n, x in enumerate(places)
    ]
    shifted = [
        {**row, "global_id": f"0new{n:018d}", "box": [v + 0.028 for v in row["box"]], "geometry_hash": "g"}
        for n, row in enumerate(rows)
    ]
    old = publish_rows(session, project, tmp_path / "a", rows)
    told = diff(session, old, publish_rows(session, project, tmp_path / "b", shifted))
    assert told["counts"]["matched"] == 200
    assert all(int(row["from"][8:]) == int(row["to"][4:]) for row in told["matched"])


def test_what_is_not_drawn_is_matched_by_its_placement_or_by_content_alone(
    session: Session, tmp_path: Path
) -> None:
    project = add_project(session)
    bare: dict[str, Any] = {"box": None, "geometry_hash": None, "fid": None, "kernel": None}
    here, there = [1, 0, 0, 5.0, 0, 1, 0, 0, 0, 0, 1, 0], [1, 0, 0, 9.0, 0, 1, 0, 0, 0, 0, 1, 0]
    rows = [
        solid(1, placement=here, **bare),
        solid(2, placement=None, **bare),
        solid(3, placement=here, signature="s3", **bare),
    ]
    renewed = [
        solid(11, placement=here, signature="s1", **bare),
        solid(12, placement=None, signature="s2", **bare),
        solid(13, placement=there, signature="s3", **bare),
    ]
    old = publish_rows(session, project, tmp_path / "a", rows)
    told = diff(session, old, publish_rows(session, project, tmp_path / "b", renewed))
    assert [(row["from"][-2:], row["to"][-2:], row["confidence"]) for row in told["matched"]] == [
        ("01", "11", 0.81),
        ("02", "12", 0.61),
    ]


def test_shapes_of_two_kernels_are_compared_by_their_measures(session: Session, tmp_path: Path) -> None:
    project = add_project(session)
    old = publish_rows(session, project, tmp_path / "a", [solid(n, 5.0 * n, area_m2=0.6) for n in (1, 2, 3)])
    rows = [
        solid(1, 5.0, area_m2=0.601, kernel="opencascade", geometry_hash="h"),
        solid(2, 10.0, area_m2=0.7, kernel="opencascade", geometry_hash="h"),
        solid(3, 15.0, area_m2=0.6, geometry_hash="h"),
    ]
    told = diff(session, old, publish_rows(session, project, tmp_path / "b", rows))
    assert [(row["global_id"][-1], row["what"]) for row in told["changed"]] == [
        ("2", ["geometry"]),
        ("3", ["geometry"]),
    ]


def test_places_out_of_this_world_break_nothing(session: Session, tmp_path: Path) -> None:
    project = add_project(session)
    old = publish_rows(session, project, tmp_path / "a", [solid(1, 1e200), solid(2, -1e18)])
    rows = [solid(11, 1e200, signature="s1"), solid(12, 1e18, signature="s2")]
    told = diff(session, old, publish_rows(session, project, tmp_path / "b", rows))
    assert told["counts"] == {"added": 1, "removed": 1, "changed": 0, "matched": 1}


def test_a_heap_of_equals_is_left_alone(session: Session, tmp_path: Path) -> None:
    project = add_project(session)
    old = publish_rows(session, project, tmp_path / "a", [solid(n, 0.0, signature="s") for n in range(100)])
    rows = [solid(n, 0.0, signature="s") for n in range(200, 300)]
    told = diff(session, old, publish_rows(session, project, tmp_path / "b", rows))
    assert told["counts"] == {"added": 100, "removed": 100, "changed": 0, "matched": 0}


def test_pages_hold_every_change_once(session: Session, edited: tuple[BimRevision, BimRevision]) -> None:
    whole = diff(session, *edited)
    seen: list[str] = []
    after: str | None = None
    for _ in range(10):
        page = diff(session, *edited, Page(4, *parse_after(after)))
        assert page["counts"] == whole["counts"]
        found = page["added"] + page["removed"] + [row["global_id"] for row in page["changed"]]
        assert len(found) <= 4
        seen += found
        after = page["next"]
        if after is None:
            break
    assert seen == whole["added"] + whole["removed"] + [row["global_id"] for row in whole["changed"]]
    assert diff(session, *edited, Page(0))["changed"] == []


def test_the_public_is_told_of_public_fields_alone(
    session: Session, edited: tuple[BimRevision, BimRevision]
) -> None:
    old, new = edited
    found = compare_revisions(session, Pair(old.model_id, old.id, new.id, PUBLIC_KINDS), ALL, "json")
    told = {row["global_id"]: row["what"] for row in orjson.loads(found.body)["changed"]}
    hidden = {"psets", "quantities", "classification", "materials"}
    assert told == {stable_id(key): what for key, what in EDITS.items() if not hidden & set(what)}


def test_the_map_shows_removed_ones_as_they_stood(session: Session, tmp_path: Path) -> None:
    project = add_project(session)
    old = publish_rows(session, project, tmp_path / "a", [solid(1), solid(2), solid(3)])
    rows = [
        solid(2, name="改名"),
        solid(3),
        solid(4, ifc_class="IfcOpeningElement"),
        solid(5, signature="新"),
    ]
    new = publish_rows(session, project, tmp_path / "b", rows)
    found = compare_revisions(session, pair_of(old, new), ALL, "geojson")
    features = orjson.loads(f"[{found.body}]")
    told = [(each["properties"]["change"], each["properties"]["global_id"][-1]) for each in features]
    assert told == [("added", "5"), ("removed", "1"), ("changed", "2")]  # nobody draws an opening
    assert features[1]["geometry"]["coordinates"][0][0][0] == pytest.approx(115.611, abs=2e-4)
    assert features[2]["properties"]["what"] == ["name"]


def test_a_table_row_says_what_and_where(session: Session, edited: tuple[BimRevision, BimRevision]) -> None:
    rows = {row[4]: row for row in list_changes(session, pair_of(*edited), ALL)}
    assert rows["W15 改名"][:4] == ("changed", stable_id("W15"), None, "IfcWall")
    assert rows["W15 改名"][5:9] == ("WT-A", "T15", "首层", "name placement")
