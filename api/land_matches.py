"""Which parcels suit a project 选址匹配, over HTTP."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.deps import CallerDep, SessionDep
from twin.land.matching import Matches, find_matches
from twin.land.matching_score import Demand, Near

router: Final = APIRouter(prefix="/api/v1/land", tags=["land"])
Mu = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
Names = Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=20)]


class NearBody(BaseModel):
    """Something that must lie within a distance, metres."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["road", "railway", "river"]
    within_m: float = Field(gt=0, le=50_000, allow_inf_nan=False)


class DemandBody(BaseModel):
    """What a project asks of its land: 60 亩 industrial within 3 km of a road, no farmland."""

    model_config = ConfigDict(extra="forbid")

    area_mu: Mu
    area_most_mu: Mu | None = None
    use: str = Field("", max_length=64)
    near: list[NearBody] = Field(default=[], max_length=3)
    avoid: Names = []
    inside: Names = []
    states: Names = ["ready"]
    weights: dict[str, Annotated[float, Field(ge=0, le=1_000, allow_inf_nan=False)]] = {}
    most_missing: int = Field(2, ge=0, le=10)
    limit: int = Field(50, ge=1, le=500)


@router.post("/matches", summary="选址匹配 Parcels that suit a project")
def post_matches(body: DemandBody, caller: CallerDep, session: SessionDep) -> Matches:
    """List the parcels that fit by score with reasons, and those that nearly fit with what they lack."""
    near = [Near(each.kind, each.within_m) for each in body.near]
    return find_matches(session, caller, Demand(**{**body.model_dump(), "near": near}))
