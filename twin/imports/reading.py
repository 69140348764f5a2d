"""Read a file the way it will be imported: a ledger by the mapping that was saved for its headers, where one was."""

import asyncio
from collections.abc import Mapping
from typing import Any

from twin.db import open_session
from twin.identity.caller import Caller
from twin.imports.ledgers import find_ledger_template, is_ledger
from twin.uploads.read import ReadingRoom, read_upload
from twin.uploads.readings import get_reading


async def read_for_import(
    room: ReadingRoom, caller: Caller, token: str, choices: Mapping[str, Any] | None = None
) -> bool:
    """Read an upload of the caller; say whether it is a ledger.

    Parameters
    ----------
    choices : mapping, optional
        See `twin.uploads.read.read_upload`.

    Raises
    ------
    NotFoundError, ConflictError, UnreadableFileError
        As for `read_upload`.
    """
    await read_upload(room, caller, token, choices)
    is_table, template = await asyncio.to_thread(_find_template, room, caller, token)
    if template is not None:
        await read_upload(room, caller, token, {"template": template})
    return is_table


def _find_template(room: ReadingRoom, caller: Caller, token: str) -> tuple[bool, dict[str, Any] | None]:
    with open_session(room.engine) as session:
        reading = get_reading(session, caller, token)
        if not is_ledger(reading):
            return False, None
        if reading.choices.get("template") or reading.choices.get("mapping"):
            return True, None
        found = find_ledger_template(session, reading)
        return True, None if found is None else found.to_dict()
