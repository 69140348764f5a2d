"""A parcel held against what a project asks: conditions met and missed, the score part by part. Values alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gis.crs import MU_PER_M2
from twin.land.matching_rows import Candidate
from twin.land.notes import Note
from twin.land.states import called
from twin.land.targets import TITLES

WEIGHTS: Final[Mapping[str, float]] = {"area": 40, "near": 30, "shape": 15, "readiness": 15}
NEAR_KINDS: Final = {"road": ("道路", "road"), "railway": ("铁路", "railway"), "river": ("河流", "river")}
KEEP_ALL: Final = ("farmland", "ecology")
"""Layers where everything counts; elsewhere a square metre is the least (`domain.md` §10.4)."""

READINESS: Final = {"ready": 1.0, "preparing": 0.6, "stored": 0.3, "proposed": 0.1, "held": 0.0}
SQUARE: Final = 0.785398
"""4πA/P² of a square: the shape that is easiest to build on counts full."""


@dataclass(frozen=True)
class Near:
    """Something that must lie within a distance."""

    kind: str
    within_m: float


@dataclass(frozen=True)
class Demand:
    """What a project asks of its land.

    Attributes
    ----------
    area_mu : float
        The least area, 亩; the nearer a parcel is to it the better.
    area_most_mu : float, optional
        The most.
    use : str
        A group (`industrial`, `logistics`, `commercial`, `residential`, `public`), a land class such as ``0601`` or
        part of the planned use; empty for any.
    avoid, inside : sequence of str
        Layers the parcel may not touch, or must lie in whole.
    states : sequence of str
        States it may be in.
    weights : mapping
        Of the parts of the score; those left out keep the weight of `WEIGHTS`.
    most_missing : int
        How many conditions a parcel may miss and still nearly fit.
    """

    area_mu: float
    area_most_mu: float | None = None
    use: str = ""
    near: Sequence[Near] = ()
    avoid: Sequence[str] = ()
    inside: Sequence[str] = ()
    states: Sequence[str] = ("ready",)
    weights: Mapping[str, float] = field(default_factory=dict)
    most_missing: int = 2
    limit: int = 50


@dataclass(frozen=True)
class ScorePart:
    """A part of the score: its value from 0 to 1, its weight, the points it brings, and why."""

    part: str
    value: float
    weight: float
    points: float
    reason: Note


@dataclass(frozen=True)
class Match:
    """A parcel that fits, or nearly; `missing` says what it lacks, `met` what it has."""

    parcel_no: str
    name: str | None
    planned_use: str | None
    land_class: str | None
    state: str
    area_m2: float
    area_mu: float
    score: float
    parts: tuple[ScorePart, ...]
    met: tuple[Note, ...]
    missing: tuple[Note, ...]
    lon: float
    lat: float


def judge(candidate: Candidate, demand: Demand) -> Match:
    """Hold a parcel against a demand."""
    found = [
        *_area(candidate, demand),
        *_state(candidate, demand),
        *(_near(candidate, near) for near in demand.near),
        *(_avoid(candidate, layer) for layer in demand.avoid),
        *(_inside(candidate, layer) for layer in demand.inside),
    ]
    parts = score_parts(candidate, demand)
    weight = sum(part.weight for part in parts)
    return Match(
        parcel_no=candidate.parcel_no,
        name=candidate.name,
        planned_use=candidate.planned_use,
        land_class=candidate.land_class,
        state=candidate.state,
        area_m2=round(candidate.area_m2, 2),
        area_mu=round(candidate.area_m2 * MU_PER_M2, 4),
        score=round(sum(part.points for part in parts), 1) if weight else 0.0,
        parts=parts,
        met=tuple(note for good, note in found if good),
        missing=tuple(note for good, note in found if not good),
        lon=candidate.lon,
        lat=candidate.lat,
    )


_Finding = tuple[bool, Note]


def _area(candidate: Candidate, demand: Demand) -> list[_Finding]:
    has = candidate.area_m2 * MU_PER_M2
    short, over = demand.area_mu - has, has - (demand.area_most_mu or has)
    if short > 0:
        note = Note(
            "area_short",
            f"{has:.2f} 亩, {short:.2f} 亩 less than {demand.area_mu:g}.",
            f"面积 {has:.2f} 亩，比要求的 {demand.area_mu:g} 亩少 {short:.2f} 亩。",
        )
    elif over > 0:
        note = Note(
            "area_over",
            f"{has:.2f} 亩, {over:.2f} 亩 more than {demand.area_most_mu:g}; part of it would do.",
            f"面积 {has:.2f} 亩，超出上限 {demand.area_most_mu:g} 亩 {over:.2f} 亩，可分割供应。",
        )
    else:
        note = Note(
            "area_enough",
            f"{has:.2f} 亩, at least {demand.area_mu:g}.",
            f"面积 {has:.2f} 亩，不少于 {demand.area_mu:g} 亩。",
        )
    return [(short <= 0 and over <= 0, note)]


def _state(candidate: Candidate, demand: Demand) -> list[_Finding]:
    zh, en = called(candidate.state)
    if candidate.held_for is not None:
        since = f"{candidate.held_since:%Y-%m-%d}" if candidate.held_since else "?"
        return [
            (
                False,
                Note(
                    "reserved",
                    f"Reserved for project {candidate.held_for} since {since}.",
                    f"已于 {since} 为项目 {candidate.held_for} 预留。",
                ),
            )
        ]
    wanted = "、".join(called(state)[0] for state in demand.states), ", ".join(demand.states)
    if candidate.state in demand.states:
        return [(True, Note("state", f"{en}.", f"{zh}。"))]
    return [(False, Note("state", f"{en}; wanted is {wanted[1]}.", f"当前为{zh}，要求{wanted[0]}。"))]


def _near(candidate: Candidate, near: Near) -> _Finding:
    zh, en = NEAR_KINDS[near.kind]
    nearest = candidate.nearest.get(near.kind)
    if nearest is None:
        return False, Note(
            f"{near.kind}_far",
            f"No {en} within {2 * near.within_m:,.0f} m; wanted are {near.within_m:,.0f} m.",
            f"{2 * near.within_m:,.0f} m 内没有{zh}，要求 {near.within_m:,.0f} m 以内。",
        )
    way = f"{nearest.distance_m:,.0f} m"
    called_en, called_zh = (f" ({nearest.name})", f"（{nearest.name}）") if nearest.name else ("", "")
    if nearest.distance_m <= near.within_m:
        return True, Note(
            f"{near.kind}_near", f"{way} to the nearest {en}{called_en}.", f"距最近{zh}{called_zh} {way}。"
        )
    far = nearest.distance_m - near.within_m
    return False, Note(
        f"{near.kind}_far",
        f"{way} to the nearest {en}{called_en}, {far:,.0f} m too far.",
        f"距最近{zh}{called_zh} {way}，超出 {far:,.0f} m。",
    )


def _touched_m2(candidate: Candidate, layer: str) -> float:
    area_m2 = candidate.covered_m2.get(layer, 0.0)
    return area_m2 if layer in KEEP_ALL or area_m2 >= 1.0 else 0.0


def _avoid(candidate: Candidate, layer: str) -> _Finding:
    zh, en = TITLES[layer]
    area_m2 = _touched_m2(candidate, layer)
    if area_m2 <= 0:
        return True, Note(f"{layer}_free", f"Free of: {en}.", f"不压占{zh}。")
    size = f"{area_m2:,.2f} m² ({area_m2 * MU_PER_M2:.4f} 亩)"
    return False, Note(f"{layer}_hit", f"{size} lie on: {en}.", f"压占{zh} {size}。")


def _inside(candidate: Candidate, layer: str) -> _Finding:
    zh, en = TITLES[layer]
    outside_m2 = candidate.area_m2 - candidate.covered_m2.get(layer, 0.0)
    if outside_m2 < 1.0:
        return True, Note(f"{layer}_inside", f"Lies whole in: {en}.", f"全部位于{zh}内。")
    size = f"{outside_m2:,.2f} m² ({outside_m2 * MU_PER_M2:.4f} 亩)"
    return False, Note(f"{layer}_outside", f"{size} lie outside of: {en}.", f"{size} 位于{zh}外。")


def score_parts(candidate: Candidate, demand: Demand) -> tuple[ScorePart, ...]:
    """Return the parts of the score; together they bring 100 points at most. A part without a demand is left out."""
    weights = {**WEIGHTS, **demand.weights}
    values = {
        "area": _area_value(candidate, demand),
        "near": _near_value(candidate, demand),
        "shape": _shape_value(candidate),
        "readiness": _readiness_value(candidate),
    }
    asked = {name: found for name, found in values.items() if found is not None and weights[name] > 0}
    total = sum(weights[name] for name in asked)
    return tuple(
        ScorePart(name, round(value, 4), weights[name], 100 * value * weights[name] / total, note)
        for name, (value, note) in asked.items()
    )


_Value = tuple[float, Note]


def _area_value(candidate: Candidate, demand: Demand) -> _Value:
    has = candidate.area_m2 * MU_PER_M2
    value = min(has, demand.area_mu) / max(has, demand.area_mu)
    return value, Note(
        "area",
        f"{has:.2f} 亩 for the {demand.area_mu:g} wanted.",
        f"面积 {has:.2f} 亩，需求 {demand.area_mu:g} 亩。",
    )


def _near_value(candidate: Candidate, demand: Demand) -> _Value | None:
    if not demand.near:
        return None
    values, words = [], []
    for near in demand.near:
        nearest = candidate.nearest.get(near.kind)
        zh, en = NEAR_KINDS[near.kind]
        way = "—" if nearest is None else f"{nearest.distance_m:,.0f} m"
        values.append(0.0 if nearest is None else max(0.0, 1 - nearest.distance_m / near.within_m))
        words.append((f"{en} {way}", f"{zh} {way}"))
    note = Note("near", f"{', '.join(en for en, _ in words)}.", f"{'，'.join(zh for _, zh in words)}。")
    return sum(values) / len(values), note


def _shape_value(candidate: Candidate) -> _Value:
    value = min(1.0, candidate.compactness / SQUARE)
    return value, Note(
        "shape",
        f"Shape as good as {100 * value:.0f} % of a square's.",
        f"形状规整度为正方形的 {100 * value:.0f} %。",
    )


def _readiness_value(candidate: Candidate) -> _Value:
    zh, en = called(candidate.state)
    return READINESS.get(candidate.state, 0.0), Note("readiness", f"{en}.", f"{zh}。")
