"""Packed tiles of a scene 压缩瓦片: which are missing, and their rows once they are there."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from twin.elements.revisions import record_object
from twin.objects import Stored

# What another revision has packed already is taken over, not packed again.
_MISSING: Final = text("""
SELECT DISTINCT t.sha256 FROM bim_scene_tile t
WHERE t.revision_id = :revision_id AND NOT EXISTS (
  SELECT FROM bim_scene_tile o WHERE o.sha256 = t.sha256 AND o.packed_sha256 IS NOT NULL)
ORDER BY 1
""")
_RECORD: Final = text("""
UPDATE bim_scene_tile SET packed_sha256 = :packed, packed_bytes = :size
WHERE revision_id = :revision_id AND sha256 = :plain
""")
_TAKE_OVER: Final = text("""
UPDATE bim_scene_tile t SET packed_sha256 = o.packed_sha256, packed_bytes = o.packed_bytes
FROM (SELECT DISTINCT ON (sha256) sha256, packed_sha256, packed_bytes FROM bim_scene_tile
      WHERE packed_sha256 IS NOT NULL ORDER BY sha256, revision_id) o
WHERE t.revision_id = :revision_id AND t.packed_sha256 IS NULL AND o.sha256 = t.sha256
""")
_FIGURES: Final = text("""
SELECT count(*) AS tiles, count(packed_sha256) AS packed, coalesce(sum(size_bytes), 0)::bigint AS bytes,
  coalesce(sum(packed_bytes), 0)::bigint AS packed_bytes
FROM bim_scene_tile WHERE revision_id = :revision_id
""")


def list_unpacked(session: Session, revision_id: int) -> list[str]:
    """List the names of a revision's tiles that no revision has packed."""
    return list(session.scalars(_MISSING, {"revision_id": revision_id}))


def record_packed(session: Session, revision_id: int, packed: Mapping[str, Stored]) -> dict[str, int]:
    """Write packed tiles beside the plain ones of a revision, and those that other revisions have already.

    Parameters
    ----------
    packed : mapping of str to Stored
        By the name of the plain tile.

    Returns
    -------
    dict
        ``tiles``, ``packed`` (how many of them are), ``bytes`` of all plain and ``packed_bytes`` of all packed ones.

    Raises
    ------
    UnavailableError
        An object was cleared away while its bytes arrived again.
    """
    for plain in sorted(packed):
        stored = packed[plain]
        record_object(session, stored)
        row = {"revision_id": revision_id, "plain": plain}
        session.execute(_RECORD, {**row, "packed": stored.sha256, "size": stored.size_bytes})
    session.execute(_TAKE_OVER, {"revision_id": revision_id})
    found = session.execute(_FIGURES, {"revision_id": revision_id}).one()
    return {name: int(value) for name, value in found._mapping.items()}
