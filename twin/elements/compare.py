# ruff: noqa: S608 (every part of the statements is written here, every value is bound)
"""Compare two revisions of a model 版本比对: one statement over stored hashes, placements and boxes.

First by identity, that is model and GlobalId; then, among what is left on both sides, by content: a new export may
renew every GlobalId. Content is class, name, type and properties (`signature`) at the same place within 5 cm. Only
one that fits one alone is a match; a match is never more than a proposal.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

KINDS: Final = (
    "name",
    "tag",
    "class",
    "type",
    "storey",
    "placement",
    "geometry",
    "psets",
    "quantities",
    "classification",
    "materials",
)
"""What may have changed of an element; placement is moved or turned, geometry is reshaped."""

PUBLIC_KINDS: Final = KINDS[:7]

# Old and new elements side by side, by their fingerprints alone.
_PAIRS = """
WITH pairs AS MATERIALIZED (
  SELECT o.element_id AS from_element_id, n.element_id AS id, o.identity_id AS from_identity_id, n.identity_id,
    CASE WHEN o.element_id IS NOT NULL AND n.element_id IS NOT NULL THEN {what} END AS what
  FROM (SELECT * FROM element_print WHERE revision_id = :from_id) o
  FULL JOIN (SELECT * FROM element_print WHERE revision_id = :to_id) n ON n.identity_id = o.identity_id),
gone AS MATERIALIZED (
  SELECT e.element_id, e.signature, {point} AS at FROM pairs p
  JOIN element_print e ON e.element_id = p.from_element_id AND e.revision_id = :from_id WHERE p.id IS NULL),
fresh AS MATERIALIZED (
  SELECT e.element_id, e.signature, {point} AS at FROM pairs p
  JOIN element_print e ON e.element_id = p.id AND e.revision_id = :to_id WHERE p.from_element_id IS NULL),
"""

# Where an element is: the middle of its box; undrawn, its placement; NULL where it has neither.
_POINT = """(CASE WHEN e.box IS NOT NULL
      THEN ARRAY[(e.box[1] + e.box[4]) / 2, (e.box[2] + e.box[5]) / 2, (e.box[3] + e.box[6]) / 2]
      WHEN e.placement IS NOT NULL THEN ARRAY[e.placement[4], e.placement[8], e.placement[12]] END)"""

# The same shape, as far as can be told; then, whether it stands elsewhere. A shape that changed may have grown at
# its lowest corner: there the placement alone speaks.
_SHAPE = """(o.geometry IS NOT DISTINCT FROM n.geometry
    OR o.kernel <> n.kernel AND measures_agree(o.box, n.box, o.area_m2, n.area_m2))"""
_MOVED = f"""(CASE WHEN o.box = n.box AND o.placement = n.placement THEN false
    WHEN o.box IS NOT NULL AND n.box IS NOT NULL AND {_SHAPE}
      THEN box_moved(o.box, n.box) OR placement_turned(o.placement, n.placement)
    ELSE placement_differs(o.placement, n.placement) END)"""

_DIFFERS = {
    "name": "o.name <> n.name",
    "tag": "o.tag <> n.tag",
    "class": "o.ifc_class <> n.ifc_class",
    "type": "o.type_name <> n.type_name",
    "storey": "o.storey <> n.storey",
    "placement": _MOVED,
    "geometry": f"NOT {_SHAPE}",
    "psets": "o.psets <> n.psets",
    "quantities": "o.quantities <> n.quantities",
    "classification": "o.classification <> n.classification",
    "materials": "o.materials <> n.materials",
}

# Cells of a size that no grid of a building shares: who stands within 5 cm of a border looks into the next one too. A
# cell that holds more than 64 of one signature is a heap, in which nobody fits one alone.
_CELL_M: Final = 0.6180339
_NEAR_M: Final = 0.05
_HEAP: Final = 64
_CELL = """({one}.signature # coalesce(hashfloat8extended(floor(({one}.at[1] + {x}) / {cell}), 1)
      # hashfloat8extended(floor(({one}.at[2] + {y}) / {cell}), 2)
      # hashfloat8extended(floor(({one}.at[3] + {z}) / {cell}), 3), 0))"""

_STRADDLES = "({d} < 0 OR floor((g.at[{axis}] + {near}) / {cell}) <> floor((g.at[{axis}] - {near}) / {cell}))"

_MATCHES = """
{name}_spots AS MATERIALIZED (SELECT f.element_id, f.signature, f.at, {more_f} {cell} AS cell FROM {fresh} f),
{name}_heaps AS MATERIALIZED (SELECT cell FROM {name}_spots GROUP BY cell HAVING count(*) > {heap}),
{name}_cells AS MATERIALIZED (
  SELECT g.element_id, g.signature, g.at, {more_g} {cells} AS cell FROM {gone} g
  JOIN unnest({around}) x ON {straddles_x}
  JOIN unnest({around}) y ON {straddles_y}
  JOIN unnest({around}) z ON {straddles_z}),
{name} AS MATERIALIZED (
  SELECT gone_id, fresh_id FROM (
    SELECT gone_id, fresh_id, count(*) OVER (PARTITION BY gone_id) AS choices,
      count(*) OVER (PARTITION BY fresh_id) AS rivals
    FROM (
      SELECT g.element_id AS gone_id, f.element_id AS fresh_id
      FROM {name}_cells g
      JOIN {name}_spots f ON f.cell = g.cell AND f.signature = g.signature
      WHERE NOT EXISTS (SELECT FROM {name}_heaps h WHERE h.cell = f.cell)
        AND (g.at IS NULL) = (f.at IS NULL)
        AND coalesce(CASE  -- no square of what is far: it may be more than a number holds
          WHEN greatest(abs(g.at[1] - f.at[1]), abs(g.at[2] - f.at[2]), abs(g.at[3] - f.at[3])) > {near} THEN false
          ELSE (g.at[1] - f.at[1]) ^ 2 + (g.at[2] - f.at[2]) ^ 2 + (g.at[3] - f.at[3]) ^ 2 <= {near} ^ 2 END, true)
        AND {and_so}) p) c
  WHERE choices = 1 AND rivals = 1),
"""

_CONFIDENCE = f"""round((CASE WHEN n.geometry IS NULL AND o.geometry IS NULL THEN 0.75 WHEN {_SHAPE} THEN 0.85
        ELSE 0.6 END
      - CASE WHEN coalesce(n.box, n.placement) IS NULL THEN 0.2 WHEN {_MOVED} THEN 0.1 ELSE 0 END
      + CASE WHEN n.tag <> o.tag THEN -0.05 WHEN n.tag <> print_of(NULL) THEN 0.08 ELSE 0 END
      + CASE WHEN n.storey = o.storey THEN 0.06 ELSE 0 END)::numeric, 2)"""

_MATCHED = f"""
matched AS MATERIALIZED (
  SELECT n.element_id AS id, o.element_id AS from_element_id, n.identity_id, o.identity_id AS from_identity_id,
    {{what}} AS what, {_CONFIDENCE} AS confidence
  FROM (SELECT gone_id, fresh_id FROM by_middle UNION ALL SELECT gone_id, fresh_id FROM by_placement) m
  JOIN element_print o ON o.element_id = m.gone_id AND o.revision_id = :from_id
  JOIN element_print n ON n.element_id = m.fresh_id AND n.revision_id = :to_id)
"""

_PLANNING: Final = {"work_mem": "64MB", "enable_nestloop": "off", "jit": "off"}
_SET_PLANNING = text("SELECT " + ", ".join(f"set_config('{name}', :{name}, true)" for name in _PLANNING))


@dataclass(frozen=True)
class Pair:
    """Two revisions of one model by their keys, and the kinds of change that are told."""

    model_id: int
    from_id: int
    to_id: int
    kinds: tuple[str, ...] = KINDS


def make_comparison(kinds: tuple[str, ...], tail: str) -> TextClause:
    """Build the statement that compares `:from_id` with `:to_id`.

    Parameters
    ----------
    kinds : tuple of str
        Kinds of change to tell, of `KINDS`.
    tail : str
        What is asked of the common parts `pairs` and `matched`.
    """
    cases = ", ".join(f"CASE WHEN {_DIFFERS[kind]} THEN '{kind}' END" for kind in kinds)
    what = f"array_remove(ARRAY[{cases}]::text[], NULL)"
    pairs = _PAIRS.format(what=what, point=_POINT)
    return text(pairs + _by_middle() + _by_placement() + _MATCHED.format(what=what) + tail)


@contextmanager
def planned_for_sets(session: Session) -> Iterator[None]:
    """Have whole sets joined by hash, in memory, while the block runs.

    How many elements are left on either side nobody can estimate; taken for few, they would be looked up one by one.
    """
    before = session.execute(text("SELECT " + ", ".join(f"current_setting('{name}')" for name in _PLANNING)))
    values = dict(zip(_PLANNING, before.one(), strict=True))
    session.execute(_SET_PLANNING, _PLANNING)
    yield
    session.execute(_SET_PLANNING, values)


def _by_middle() -> str:
    """Match by where elements are; those that are nowhere, by content alone."""
    return _matches("by_middle", "gone", "fresh")


def _by_placement() -> str:
    """Match the rest that was reshaped where it stands: its placement is the same and the boxes meet."""
    rest = """(SELECT e.element_id, e.signature, e.box, ARRAY[e.placement[4], e.placement[8], e.placement[12]] AS at
      FROM {side} s JOIN element_print e ON e.element_id = s.element_id AND e.revision_id = :{revision}
      WHERE e.box IS NOT NULL AND e.placement IS NOT NULL
        AND NOT EXISTS (SELECT FROM by_middle m WHERE m.{side}_id = s.element_id))"""
    meet = " AND ".join(
        f"g.box[{low}] <= f.box[{high}] + {_NEAR_M} AND f.box[{low}] <= g.box[{high}] + {_NEAR_M}"
        for low, high in ((1, 4), (2, 5), (3, 6))
    )
    gone, fresh = rest.format(side="gone", revision="from_id"), rest.format(side="fresh", revision="to_id")
    return _matches("by_placement", gone, fresh, meet, "box")


def _matches(name: str, gone: str, fresh: str, and_so: str = "true", more: str | None = None) -> str:
    scale = {"cell": _CELL_M, "near": _NEAR_M}
    straddles = {
        f"straddles_{d}": _STRADDLES.format(d=d, axis=axis, **scale)
        for d, axis in (("x", 1), ("y", 2), ("z", 3))
    }
    return _MATCHES.format(
        name=name,
        gone=gone,
        fresh=fresh,
        cells=_CELL.format(one="g", x="x", y="y", z="z", cell=_CELL_M),
        cell=_CELL.format(one="f", x=0, y=0, z=0, cell=_CELL_M),
        around=f"ARRAY[-{_NEAR_M}, {_NEAR_M}]::float8[]",
        near=_NEAR_M,
        heap=_HEAP,
        and_so=and_so,
        more_g=f"g.{more}," if more else "",
        more_f=f"f.{more}," if more else "",
        **straddles,
    )
