"""A model before its geometry 预览: tree, properties and placements of a revision whose job still runs.

Rows of a preview belong to a pending revision. Insiders alone see them, never as something published; they go when
the revision is published or given up, and a later attempt at the job puts its own in their place at once.
"""

from collections.abc import Mapping
from typing import IO, Any, cast

import orjson
from psycopg2.extensions import connection as Psycopg2Connection  # noqa: N812
from sqlalchemy import text
from sqlalchemy.orm import Session

from twin.elements.growing import GrowingRows
from twin.elements.queries import SeenModel
from twin.errors import NotFoundError

Row = Mapping[str, Any]

# As in `twin.elements.publish`: raw bytes 1 and 2 as quote and delimiter leave each line of JSON whole.
_COPY = (
    r"COPY model_preview_element (preview_id, doc) FROM STDIN"
    r" WITH (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02', ENCODING 'UTF8')"
)
_ADD = text("INSERT INTO model_preview (revision_id, summary) VALUES (:revision_id, '{}') RETURNING id")
_COMPLETE = text("UPDATE model_preview SET summary = :summary WHERE id = :id")
_DROP_OTHERS = text("DELETE FROM model_preview WHERE revision_id = :revision_id AND id <> :id")
_FIND = text("""
SELECT v.id, v.stored_at, v.summary, r.number AS revision, r.job_id::text AS job_id
FROM model_preview v JOIN bim_revision r ON r.id = v.revision_id
WHERE r.model_id = :model_id AND r.state = 'pending' ORDER BY r.number DESC LIMIT 1
""")
_LIST = text("""
SELECT e.id AS row_key, d.global_id, d.ifc_class, d.predefined_type, d.name, d.tag, d.type_name,
  coalesce(d.storey_name, d.storey) AS storey, d.container, d.parent_global_id AS parent, d.placement
FROM model_preview_element e
CROSS JOIN LATERAL json_to_record(e.doc) AS d (global_id text, ifc_class text, predefined_type text, name text,
  tag text, type_name text, storey text, storey_name text, container text, parent_global_id text, placement float8[])
WHERE e.preview_id = :preview_id AND e.id > :after ORDER BY e.id LIMIT :limit
""")
_GET = text(
    "SELECT doc FROM model_preview_element WHERE preview_id = :preview_id AND doc ->> 'global_id' = :global_id"
)


def add_preview(session: Session, revision_id: int, rows: GrowingRows) -> int:
    """Add the preview of a pending revision; nobody sees it before `show_preview` and the commit.

    Parameters
    ----------
    rows : GrowingRows
        One JSON object a line; may still be written meanwhile.

    Returns
    -------
    int
        Its number.
    """
    number = int(session.scalars(_ADD, {"revision_id": revision_id}).one())
    driver = cast("Psycopg2Connection", session.connection().connection.dbapi_connection)
    rows.prefix = b"%d\x02" % number
    with rows, driver.cursor() as cursor:
        cursor.copy_expert(_COPY, cast("IO[bytes]", rows), 1 << 20)
    return number


def show_preview(session: Session, revision_id: int, number: int, summary: Mapping[str, Any]) -> None:
    """Complete a preview, and let it take the place of those of earlier attempts."""
    session.execute(_COMPLETE, {"id": number, "summary": orjson.dumps(summary).decode()})
    session.execute(_DROP_OTHERS, {"revision_id": revision_id, "id": number})


def drop_previews(session: Session, revision_id: int) -> None:
    """Remove what was known before: the revision is published, or given up."""
    session.execute(_DROP_OTHERS, {"revision_id": revision_id, "id": -1})


def find_preview(session: Session, seen: SeenModel) -> Row | None:
    """Return the newest preview of a model to those who read it from within; None for the public."""
    if not seen.internal:
        return None
    row = session.execute(_FIND, {"model_id": seen.row["id"]}).mappings().first()
    return None if row is None else dict(row)


def get_preview(session: Session, seen: SeenModel) -> Row:
    """Return the preview of a model.

    Raises
    ------
    NotFoundError
        No job of this model has come so far, or the caller may not see it.
    """
    found = find_preview(session, seen)
    if found is None:
        raise NotFoundError(
            f"Model {seen.row['id']} has no preview: none of its jobs has read the attributes and still runs.",
            f"模型 {seen.row['id']} 没有预览：其任务尚未读完属性，或已结束。",
        )
    return found


def list_preview_elements(session: Session, preview: Row, after_key: int, limit: int) -> list[Row]:
    """List elements of a preview by key, in file order; one more than asked where there are more."""
    params = {"preview_id": preview["id"], "after": after_key, "limit": limit + 1}
    return [dict(row) for row in session.execute(_LIST, params).mappings()]


def get_preview_element(session: Session, preview: Row, global_id: str) -> Row:
    """Return one element of a preview, all that the file says of it.

    Raises
    ------
    NotFoundError
        The preview has no such element.
    """
    found = session.scalar(_GET, {"preview_id": preview["id"], "global_id": global_id})
    if found is None:
        raise NotFoundError(
            f"The preview has no element {global_id}; its list names those there are.",
            f"预览中没有构件 {global_id}；请查看其列表。",
        )
    return cast("Row", found)
