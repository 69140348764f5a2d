"""`/api/v1/models/{id}/carry-over`: progress that goes on under renewed GlobalIds, and what hangs in the air."""

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from api.bim.asked import ModelId
from api.bim.diff import FromRevision, ToRevision
from api.bim.standing import Standing, follow_up
from api.deps import CallerDep, SessionDep
from api.errors import lang_of
from twin.elements.carry_over import Chosen, Proposal, count_kept, decide_carry_over, list_proposals
from twin.elements.orphans import list_orphaned_elements, list_orphaned_packages
from twin.elements.pairs import get_pair, make_pair
from twin.elements.queries import get_model
from twin.identity.rights import require

router: Final = APIRouter(prefix="/api/v1/models", tags=["models"])

MOST: Final = 10_000


class PairBody(BaseModel):
    """Two GlobalIds that are one element: before and now."""

    model_config = ConfigDict(populate_by_name=True)

    old: str = Field(alias="from", max_length=64)
    new: str = Field(alias="to", max_length=64)


class CarryOverBody(BaseModel):
    """What to decide: pairs, or `"all"` that are proposed from a confidence on."""

    model_config = ConfigDict(populate_by_name=True)

    old: int | None = Field(default=None, alias="from", ge=1, le=2**31 - 1)
    new: int | None = Field(default=None, alias="to", ge=1, le=2**31 - 1)
    pairs: Literal["all"] | Annotated[list[PairBody], Field(max_length=200_000)]
    min_confidence: float = Field(default=0.0, ge=0, le=1)
    decision: Literal["approve", "refuse"] = "approve"


class ProposalAnswer(BaseModel):
    """A match whose old element has progress."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    old: str = Field(alias="from")
    new: str = Field(alias="to")
    confidence: float
    what: list[str]
    ifc_class: str
    name: str | None
    storey: str | None
    status: str
    progress: float
    as_of: date
    state: str
    decided_at: datetime | None
    decided_by: str | None


class OrphanedAnswer(BaseModel):
    """Progress on elements that the revision does not have: sums by package and unit, and the first elements."""

    elements: int
    packages: list[dict[str, Any]]
    items: list[dict[str, Any]]


class CarryOverAnswer(BaseModel):
    """What goes on by itself, what a person has to decide, and what is left."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    model_id: int
    old: int = Field(alias="from")
    new: int = Field(alias="to")
    kept: int
    counts: dict[str, int]
    proposals: list[ProposalAnswer]
    orphaned: OrphanedAnswer


class RefusedPair(BaseModel):
    """A pair of which nothing could be decided."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    old: str = Field(alias="from")
    new: str = Field(alias="to")
    message: str


class DecidedAnswer(BaseModel):
    """What became of the pairs, and where the project stands then."""

    decided: int
    unchanged: int
    refused: list[RefusedPair]
    project: Standing


@router.get("/{model_id}/carry-over", summary="进度继承建议 Progress to be carried over")
def read_carry_over(
    model_id: ModelId,
    caller: CallerDep,
    session: SessionDep,
    old: FromRevision = None,
    new: ToRevision = None,
    limit: Annotated[int, Query(ge=1, le=MOST, description="entries of each list")] = 1_000,
) -> CarryOverAnswer:
    """List matches whose old element has progress, with what was decided; and what the new revision orphans."""
    require(caller, "progress:read", get_model(session, caller, model_id).row["project_id"])
    before, now = get_pair(session, caller, model_id, old, new)
    pair = make_pair(before, now)
    found = list_proposals(session, pair)
    return CarryOverAnswer(
        model_id=model_id,
        old=before.row["revision"],
        new=now.row["revision"],
        kept=count_kept(session, pair),
        counts={
            state: sum(each.state == state for each in found)
            for state in ("proposed", "approved", "refused", "taken")
        },
        proposals=[_proposal(each) for each in found[:limit]],
        orphaned=_orphaned(session, model_id, pair.to_id, limit),
    )


@router.post("/{model_id}/carry-over", summary="进度继承审定 Carry progress over")
def decide(
    model_id: ModelId, body: CarryOverBody, request: Request, caller: CallerDep, session: SessionDep
) -> DecidedAnswer:
    """Approve or refuse matches: an approved one takes over the progress; project and light follow at once."""
    row = get_model(session, caller, model_id).row
    require(caller, "progress:write", row["project_id"])
    pair = make_pair(*get_pair(session, caller, model_id, body.old, body.new))
    pairs = None if body.pairs == "all" else [(each.old, each.new) for each in body.pairs]
    chosen = Chosen(pairs, body.min_confidence)
    done = decide_carry_over(session, caller, pair, chosen, approve=body.decision == "approve")
    english = lang_of(request) == "en"
    return DecidedAnswer(
        decided=done.decided,
        unchanged=done.unchanged,
        refused=[
            RefusedPair(old=old, new=new, message=en if english else zh) for old, new, en, zh in done.refused
        ],
        project=follow_up(session, row["project_id"], row["project_code"]),
    )


def _proposal(found: Proposal) -> ProposalAnswer:
    shown = {name: getattr(found, name) for name in ProposalAnswer.model_fields if name not in ("old", "new")}
    return ProposalAnswer(old=found.from_global_id, new=found.to_global_id, **shown)


def _orphaned(session: SessionDep, model_id: int, revision_id: int, limit: int) -> OrphanedAnswer:
    packages = list_orphaned_packages(session, model_id, revision_id)
    items = list_orphaned_elements(session, model_id, revision_id, limit=limit)
    return OrphanedAnswer(
        elements=sum(each.elements for each in packages),
        packages=[vars(each) for each in packages],
        items=[vars(each) for each in items],
    )
