"""Changes of the ledger in a transaction of their own; a refused one leaves its trace in the audit trail."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session

from api.state import AppState
from twin.db import open_session
from twin.errors import MoveRefusedError
from twin.identity import Caller
from twin.identity.audit import record_audit

T = TypeVar("T")


def recorded(state: AppState, caller: Caller, parcel_no: str, work: Callable[[Session], T]) -> T:
    """Do the work and commit it; a move that is not listed is written down as refused (`domain.md` §6)."""
    try:
        with open_session(state.engine, actor=caller.login) as session:
            return work(session)
    except MoveRefusedError as error:
        with open_session(state.engine, actor=caller.login) as session:
            record_audit(
                session, caller, "land.refused", f"land_parcel {parcel_no}", after={"reason": error.en}
            )
        raise
