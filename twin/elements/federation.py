"""The models of a project side by side 多专业: where each lies, what they share, where they disagree.

An element is model and GlobalId: what several files call by the same GlobalId is told, and never merged.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from twin.elements.queries import RIGHT, Row
from twin.identity.caller import Caller
from twin.identity.visibility import bound, sight

FAR_M: Final = 200.0  # models of one building lie nearer to at least one other
STEP_M: Final = 0.01  # storeys of one name whose heights differ by more are no longer one storey

_MODELS = """
SELECT f.* FROM (
  SELECT m.id, m.name, m.discipline, m.public_visible AND p.public_visible AS row_public,
    m.project_id AS row_project_id, r.id AS revision_id, r.number AS revision, r.published_at, r.schema_name,
    r.georeference, r.bbox, r.storeys, r.tree, r.counts_by_class, r.geom IS NOT NULL AS on_map
  FROM bim_model m JOIN project p ON p.id = m.project_id
  LEFT JOIN bim_revision r ON r.id = m.current_revision_id) f
WHERE {visible} AND f.row_project_id = %(project_id)s ORDER BY f.id"""

_DISTANCES = text("""
SELECT a.model_id AS one, b.model_id AS other, ST_Distance(ST_Envelope(a.geom)::geography, ST_Envelope(b.geom)::geography)
  AS distance_m
FROM bim_revision a JOIN bim_revision b ON b.model_id > a.model_id
WHERE a.id = ANY(:revisions) AND b.id = ANY(:revisions) AND a.geom IS NOT NULL AND b.geom IS NOT NULL
ORDER BY 1, 2
""")

_SHARED = text("""
SELECT count(*) FROM (
  SELECT e.global_id FROM bim_element e WHERE e.revision_id = ANY(:revisions) AND element_is_drawn(e.ifc_class)
  GROUP BY e.global_id HAVING count(DISTINCT e.revision_id) > 1) s
""")


@dataclass(frozen=True)
class Apart:
    """How far two models lie from one another: between their boxes on the ground, and between their heights; metres."""

    one: int
    other: int
    distance_m: float
    gap_m: float | None


@dataclass(frozen=True)
class SharedNode:
    """A project, site, building or storey that several models call by one GlobalId."""

    global_id: str
    ifc_class: str
    name: str | None
    models: list[int]


@dataclass(frozen=True)
class Disagreement:
    """Where models do not fit together: a code for programs, the models, a sentence for people."""

    code: str
    models: list[int]
    en: str
    zh: str


@dataclass(frozen=True)
class Federation:
    """The current models of a project that a caller sees, and what is to be said of them together."""

    models: list[Row]
    internal: bool
    apart: list[Apart]
    shared_nodes: list[SharedNode]
    shared_elements: int
    disagreements: list[Disagreement]


def get_federation(session: Session, caller: Caller, project_id: int) -> Federation:
    """Return the models of a project with distances, shared GlobalIds and disagreements."""
    seen = sight(caller, RIGHT)
    params = {**seen.condition.params, "project_id": project_id}
    found = session.execute(bound(_MODELS.format(visible=seen.condition.sql), params), params).mappings()
    models: list[Row] = [dict(row) for row in found]
    revisions = [row["revision_id"] for row in models if row["revision_id"] is not None]
    apart = _measure(session, models, revisions)
    return Federation(
        models=models,
        internal=seen.internal_fields,
        apart=apart,
        shared_nodes=find_shared_nodes(models),
        shared_elements=session.scalar(_SHARED, {"revisions": revisions}) or 0,
        disagreements=[*_unplaced(models), *find_far(apart), *find_steps(models)],
    )


def find_shared_nodes(models: Sequence[Row]) -> list[SharedNode]:
    """Find the spatial nodes that stand in the tree of more than one model.

    Examples
    --------
    >>> node = {"global_id": "P", "ifc_class": "IfcProject", "name": "项目"}
    >>> find_shared_nodes([{"id": 1, "tree": [node]}, {"id": 2, "tree": [node]}])[0].models
    [1, 2]
    """
    nodes: dict[str, dict[str, Any]] = {}
    owners: dict[str, list[int]] = defaultdict(list)
    for model in models:
        for node in model["tree"] or []:
            nodes.setdefault(node["global_id"], node)
            if model["id"] not in owners[node["global_id"]]:
                owners[node["global_id"]].append(model["id"])
    return [
        SharedNode(global_id, nodes[global_id]["ifc_class"], nodes[global_id]["name"], found)
        for global_id, found in owners.items()
        if len(found) > 1
    ]


def find_far(apart: Sequence[Apart]) -> list[Disagreement]:
    """Find the models that lie far from every other.

    Examples
    --------
    >>> [each.models for each in find_far([Apart(1, 2, 0.0, 0.0), Apart(1, 3, 900.0, 0.0), Apart(2, 3, 950.0, 0.0)])]
    [[3]]
    """
    nearest: dict[int, float] = {}
    for each in apart:
        for model in (each.one, each.other):
            nearest[model] = min(nearest.get(model, each.distance_m), each.distance_m)
    return [
        Disagreement(
            "far_apart",
            [model],
            f"Model {model} lies {distance:.0f} m from the nearest other one; check its georeference.",
            f"模型 {model} 距最近的其他模型 {distance:.0f} 米；请核对其地理参考。",
        )
        for model, distance in sorted(nearest.items())
        if distance > FAR_M
    ]


def find_steps(models: Sequence[Row]) -> list[Disagreement]:
    """Find storeys of one name that lie at different heights in different models."""
    heights: dict[str, dict[int, float]] = defaultdict(dict)
    for model in models:
        for name, height in _storey_heights(model).items():
            heights[name][model["id"]] = height
    found = []
    for name, by_model in heights.items():
        low, high = min(by_model.values()), max(by_model.values())
        if high - low > STEP_M:
            models_met = sorted(by_model)
            found.append(
                Disagreement(
                    "storey_heights",
                    models_met,
                    f"Storey {name} lies between {low:.3f} m and {high:.3f} m in models {_listed(models_met)}.",
                    f"楼层 {name} 在模型 {_listed(models_met)} 中的标高为 {low:.3f} 至 {high:.3f} 米。",
                )
            )
    return found


def _storey_heights(model: Row) -> dict[str, float]:
    """Heights of the storeys a model names once, in the vertical datum of its georeference."""
    place = model["georeference"] or {}
    matrix = place.get("matrix")
    if not place.get("placed") or not matrix:
        return {}
    named: dict[str, list[float]] = defaultdict(list)
    for storey in model["storeys"] or []:
        if storey["name"] and storey["elevation_m"] is not None:
            named[storey["name"]].append(storey["elevation_m"] * matrix[10] + matrix[11])
    return {name: found[0] for name, found in named.items() if len(found) == 1}


def _measure(session: Session, models: Sequence[Row], revisions: list[int]) -> list[Apart]:
    boxes = {row["id"]: row["bbox"] for row in models}
    return [
        Apart(row.one, row.other, row.distance_m, _gap(boxes[row.one], boxes[row.other]))
        for row in session.execute(_DISTANCES, {"revisions": revisions})
    ]


def _gap(one: list[float] | None, other: list[float] | None) -> float | None:
    """Height between two boxes (west, south, lowest, east, north, highest); 0 where they overlap."""
    if not one or not other or len(one) != 6 or len(other) != 6:
        return None
    return max(0.0, one[2] - other[5], other[2] - one[5])


def _unplaced(models: Sequence[Row]) -> list[Disagreement]:
    found = [
        Disagreement(
            "not_placed",
            [row["id"]],
            f"Model {row['id']} is not on the map; place it by hand.",
            f"模型 {row['id']} 不在地图上；请人工定位。",
        )
        for row in models
        if row["revision_id"] is not None and not row["on_map"]
    ]
    zones = {row["id"]: (row["georeference"] or {}).get("crs") for row in models if row["on_map"]}
    mixed = sorted(
        {model for pair in combinations(zones, 2) for model in pair if zones[pair[0]] != zones[pair[1]]}
    )
    if mixed:
        names = ", ".join(f"{model}: {zones[model]}" for model in mixed)
        found.append(
            Disagreement(
                "different_crs",
                mixed,
                f"The models name different coordinate systems ({names}).",
                f"各模型的坐标系不同（{names}）。",
            )
        )
    return found


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(str(each) for each in numbers)
