"""Where the pages get what they show: the same rules and queries as every other door."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from api.deps import identify, open_request_session
from api.errors import SESSION_COOKIE
from api.one_map import Level
from api.pages import Sources
from api.state import AppState
from gis.overlap import OverlapOptions
from twin.alerts.queries import find_active_rule_set
from twin.identity import Caller
from twin.identity.sessions import sign_in, sign_out
from twin.land.compliance import Subject, compute_overlap

SAMPLE_BASEMAP: Final = Path(__file__).parents[1] / "data" / "samples" / "basemap.geojson"


def page_sources(state: AppState) -> Sources:
    """Return the sources of the pages of one application."""

    def forget(session: Session, value: str) -> None:
        state.callers.forget(value)
        sign_out(session, value)

    return Sources(
        caller=identify,
        session=open_request_session,
        levels=list_levels,
        overlap=compute_page_overlap,
        sign_in=sign_in,
        sign_out=forget,
        cookie=SESSION_COOKIE,
        basemap=find_basemap(state.settings.server.basemap),
        review_number=state.settings.server.review_number,
    )


def list_levels(session: Session) -> Sequence[Level]:
    """List the levels of the light rule in force, best first; none while no rule is loaded."""
    rules = find_active_rule_set(session)
    return [Level(**level) for level in rules.levels] if rules else []


def find_basemap(setting: str) -> Path | None:
    """Return the file of the base map: the sample district's, one of the operator's own, or none.

    Parameters
    ----------
    setting : str
        `TWIN_BASEMAP`: ``samples``, ``none`` or the path of a GeoJSON file in lon/lat.
    """
    if setting in ("", "none"):
        return None
    path = SAMPLE_BASEMAP if setting == "samples" else Path(setting)
    return path if path.is_file() else None


def compute_page_overlap(session: Session, caller: Caller, code: str) -> Mapping[str, Any]:
    """Return the overlap of one project with land and control layers, with geometry."""
    return compute_overlap(session, caller, Subject(project=code), options=OverlapOptions(geometry=True))
