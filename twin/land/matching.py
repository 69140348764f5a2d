"""Which parcels suit a project 选址匹配: those that fit by score, and those that nearly do with what they lack."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from gis.crs import MU_PER_M2
from twin.errors import InvalidInputError
from twin.identity.agency import get_reporting_date
from twin.identity.caller import Caller
from twin.identity.rights import require
from twin.land.matching_rows import CandidateQuery, list_candidates
from twin.land.matching_score import NEAR_KINDS, READINESS, WEIGHTS, Demand, Match, judge

AVOIDABLE: Final = ("farmland", "ecology", "heritage", "river", "dltb", "urban_boundary", "projects")
SHORTEST_SHARE: Final = 0.75
"""A parcel below this share of the wanted area does not nearly fit, however good it is otherwise."""


@dataclass(frozen=True)
class Matches:
    """Parcels by score; the best first.

    Attributes
    ----------
    considered : int
        Parcels of the use and about the size that were looked at.
    """

    as_of: date
    demand: Demand
    considered: int
    fits: tuple[Match, ...]
    near_fits: tuple[Match, ...]


def find_matches(session: Session, caller: Caller, demand: Demand) -> Matches:
    """Return the parcels that suit a demand, and those that nearly do with what they lack.

    Raises
    ------
    UnauthenticatedError, ForbiddenError
        The caller does not hold land:read.
    InvalidInputError
        A layer, kind or weight is unknown, or the area is wrong.
    """
    require(caller, "land:read")
    check_demand(demand)
    query = CandidateQuery(
        use=demand.use,
        least_m2=SHORTEST_SHARE * demand.area_mu / MU_PER_M2,
        wanted_m2=demand.area_mu / MU_PER_M2,
        most_m2=None if demand.area_most_mu is None else demand.area_most_mu / MU_PER_M2 / SHORTEST_SHARE,
        near={near.kind: near.within_m for near in demand.near},
        layers=tuple({*demand.avoid, *demand.inside}),
    )
    candidates = list_candidates(session, query)
    judged = [judge(candidate, demand) for candidate in candidates]
    fits = sorted((m for m in judged if not m.missing), key=lambda m: (-m.score, m.parcel_no))
    almost = [m for m in judged if 0 < len(m.missing) <= demand.most_missing]
    almost.sort(key=lambda m: (len(m.missing), -m.score, m.parcel_no))
    return Matches(
        get_reporting_date(session),
        demand,
        len(candidates),
        tuple(fits[: demand.limit]),
        tuple(almost[: demand.limit]),
    )


def check_demand(demand: Demand) -> None:
    """Check that a demand names what there is.

    Raises
    ------
    InvalidInputError
        It does not; the message says what may be named.
    """
    _check_known("near", [near.kind for near in demand.near], tuple(NEAR_KINDS))
    _check_known("avoid", demand.avoid, AVOIDABLE)
    _check_known("inside", demand.inside, AVOIDABLE)
    _check_known("states", demand.states, tuple(READINESS))
    _check_known("weights", list(demand.weights), tuple(WEIGHTS))
    if demand.area_most_mu is not None and demand.area_most_mu < demand.area_mu:
        raise InvalidInputError(
            f"area_most_mu {demand.area_most_mu} is less than area_mu {demand.area_mu}.",
            f"面积上限 {demand.area_most_mu} 亩小于下限 {demand.area_mu} 亩。",
            where="area_most_mu",
        )
    weights = {**WEIGHTS, **demand.weights}
    if min(weights.values()) < 0 or sum(weights.values()) <= 0:
        raise InvalidInputError(
            "Weights are not negative, and one at least is above zero.",
            "权重不得为负，且至少一项大于零。",
            where="weights",
        )


def _check_known(where: str, names: Sequence[str], known: Sequence[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InvalidInputError(
            f"{where} names {', '.join(unknown)}; choose from {', '.join(known)}.",
            f"{where} 中的 {'、'.join(unknown)} 未知；可选：{'、'.join(known)}。",
            where=where,
        )
