# ruff: noqa: S608 (every part of the statements is written here, every value is bound)
"""Finding elements: by attribute, property, quantity, place and text, in one model or in all of a project.

A question becomes one condition that decides, and hints beside it that spare looking at every element: the terms
of a revision (`element_term`) name the elements that may answer, the condition is then asked of those alone. A hint
never decides; a revision whose terms are not written yet is answered without, only slower.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gis.cql2 import CqlTree, Document, compile_filter
from gis.crs import CRS84, Crs
from gis.layer import Field, Layer
from gis.statement import EVERYTHING, Condition
from twin.elements.hints import Clause, Hint, find_clauses, hint_sql
from twin.errors import InvalidInputError

MAX_WORDS: Final = 8
_PUBLIC_PLACES: Final = ("name", "tag", "type_name", "storey", "ifc_class", "predefined_type")

_TEXT: Final = (
    ("global_id", "全局标识", "GlobalId"),
    ("ifc_class", "IFC 类", "IFC class"),
    ("predefined_type", "预定义类型", "Predefined type"),
    ("name", "名称", "Name"),
    ("tag", "标记", "Tag"),
    ("type_name", "类型", "Type"),
    ("storey", "楼层", "Storey"),
    ("milestone", "里程碑", "Milestone"),
    ("status", "状态", "Status"),
)
_INTERNAL_TEXT: Final = (
    ("space", "空间", "Space"),
    ("material", "材料", "Material"),
    ("classification", "分类编码", "Classification"),
    ("quantity_unit", "工程量单位", "Unit of the quantity"),
    ("quantity_source", "工程量来源", "Source of the quantity"),
    ("planning_status", "规划阶段", "Planning phase"),
    ("geometry_error", "几何错误", "Geometry error"),
)
_NUMBERS: Final = (
    ("progress", "进度", "Progress", "%"),
    ("area_m2", "投影面积", "Footprint area", "m²"),
    ("z_min_m", "底部高程", "Lowest point", "m"),
    ("z_max_m", "顶部高程", "Highest point", "m"),
)
_DATES: Final = (
    ("plan_start", "计划开始", "Planned start"),
    ("plan_finish", "计划完成", "Planned finish"),
    ("actual_start", "实际开始", "Actual start"),
    ("actual_finish", "实际完成", "Actual finish"),
)

ELEMENTS: Final = Layer(
    id="elements",
    title_zh="构件",
    title_en="Elements",
    description="What a filter on elements may name.",
    relation="bim_element",
    geometry_type="polygon",
    fields=(
        *(Field(name, "string", zh, en) for name, zh, en in _TEXT),
        *(Field(name, "string", zh, en, public=False) for name, zh, en in _INTERNAL_TEXT),
        *(Field(name, "number", zh, en, unit=unit) for name, zh, en, unit in _NUMBERS),
        Field("quantity", "number", "工程量", "Quantity", public=False),
        *(Field(name, "date", zh, en) for name, zh, en in _DATES),
    ),
)
DOCUMENTS: Final = (Document("psets", si="pset_si"), Document("quantities", ("value",), parts=(2, 2)))

# What may be asked of an element by itself; what a question does not name, the planner leaves out.
_OWN: Final = """e.id, e.id AS row_key, e.revision_id, e.global_id, e.ifc_class, e.predefined_type, e.name, e.tag,
  e.type_name, e.storey, e.space, e.plan_start, e.plan_finish, e.area_m2, e.z_min_m, e.z_max_m, e.fid, e.quantity,
  e.quantity_unit, e.quantity_source, e.planning_status, e.geometry_error, e.flags, e.psets, e.pset_si, e.type_psets,
  e.quantities, e.materials, e.layers, e.groups, e.classification AS codes, e.task_codes, e.step_id, e.kernel, e.geom,
  e.container, e.parent_global_id, e.type_global_id, e.host_global_id,
  (SELECT string_agg(x.value, '; ') FROM jsonb_array_elements_text(e.materials) x) AS material,
  (SELECT string_agg(concat_ws(' ', x.value ->> 'system', x.value ->> 'code', x.value ->> 'name'), '; ')
    FROM jsonb_array_elements(e.classification) x) AS classification"""
_OWN_ROWS: Final = f"(SELECT {_OWN} FROM bim_element e) f"

# With what is reported of it and planned for it. What was there before is no work of ours, whatever was reported.
ROWS: Final = f"""(SELECT {_OWN}, ms.code AS milestone,
  CASE WHEN e.planning_status = 'EXISTING' THEN 'existing' ELSE i.status END AS status,
  i.status AS reported_status, i.progress::float8 AS progress, i.model_id, i.actual_start, i.actual_finish
FROM bim_element e
JOIN element_identity i ON i.id = e.identity_id
LEFT JOIN milestone ms ON ms.id = e.milestone_id) f"""
_REPORTED: Final = re.compile("status|progress|actual_|milestone")


@dataclass(frozen=True)
class ElementFilters:
    """What a list of elements is narrowed to; None narrows nothing.

    Parameters
    ----------
    q : str or None
        Words that all must stand somewhere in an element's texts, whatever their case.
    tree : CqlTree
        A CQL2 filter, read; `crs` is that of its geometries.
    """

    ifc_class: str | None = None
    storey: str | None = None
    status: str | None = None
    q: str | None = None
    tree: CqlTree = None
    crs: Crs = CRS84


@dataclass(frozen=True)
class Searched:
    """The revisions that are searched, their models, and whether the terms of all of them are written."""

    revisions: Sequence[int]
    models: Sequence[int]
    indexed: bool


def find_condition(filters: ElementFilters, searched: Searched, *, internal: bool) -> Condition:
    """Return the condition on ``ROWS`` of a question.

    Parameters
    ----------
    internal : bool
        Whether the caller reads more than the public does; else what is internal can neither be named in a
        filter nor found by a word.

    Raises
    ------
    InvalidInputError
        Too many words.
    InvalidFilterError, UnknownPropertyError
        The filter cannot be used, or names what this caller does not see.
    """
    found = Condition("f.revision_id = ANY(%(revisions)s::bigint[])", {"revisions": list(searched.revisions)})
    for name in ("ifc_class", "storey"):
        value = getattr(filters, name)
        if value is not None:
            found &= Condition(f"f.{name} = %({name})s::text", {name: value})
    found &= _of_status(filters.status)
    if _asks_for_reports(filters):
        found &= Condition("f.model_id = ANY(%(models)s::bigint[])", {"models": list(searched.models)})
    clauses: list[Clause] = [] if filters.storey is None else [(Hint("storey", (filters.storey,)),)]
    if filters.tree is not None:
        layer = ELEMENTS if internal else ELEMENTS.public()
        found &= compile_filter(layer, filters.tree, filters.crs, DOCUMENTS if internal else ())
        clauses += find_clauses(filters.tree)
    if searched.indexed and clauses:
        found &= hint_sql(clauses)
    for number, word in enumerate(split_words(filters.q)):
        found &= _word(number, word, searched, internal=internal)
    return found


def find_rows(filters: ElementFilters) -> str:
    """Return the rows that the condition of a question needs: `ROWS`, or their own columns alone."""
    return ROWS if _asks_for_reports(filters) else _OWN_ROWS


def _asks_for_reports(filters: ElementFilters) -> bool:
    return filters.status is not None or _REPORTED.search(str(filters.tree)) is not None


def split_words(q: str | None) -> list[str]:
    """Return the words of a search.

    Examples
    --------
    >>> split_words("  剪力墙 C30 ")
    ['剪力墙', 'C30']
    """
    words = (q or "").replace("\0", "").split()
    if len(words) > MAX_WORDS:
        raise InvalidInputError(
            f"A search has at most {MAX_WORDS} words, this one {len(words)}; leave some out.",
            f"检索词最多 {MAX_WORDS} 个，当前 {len(words)} 个；请减少检索词。",
            "q",
        )
    return words


_FOUND: Final = """f.id IN (SELECT unnest(w.elements) FROM ({terms}) w UNION ALL
  SELECT g.id FROM bim_element g WHERE g.revision_id = ANY(%(revisions)s::bigint[])
    AND g.global_id = %({name})s::text)"""
# The inner question is fenced off: a hundred terms by their key, never all terms by their revision.
_INDEXED: Final = """SELECT t.elements FROM element_text c CROSS JOIN LATERAL (
    SELECT x.field, x.value, x.number, x.elements FROM element_term x
    WHERE x.id BETWEEN c.first_term AND c.last_term AND x.revision_id = c.revision_id OFFSET 0) t
  WHERE c.revision_id = ANY(%(revisions)s::bigint[]) AND strpos(c.texts, lower(%({name})s::text)) > 0"""
_COMPUTED: Final = """SELECT t.elements FROM unnest(%(revisions)s::bigint[]) r(id)
  CROSS JOIN LATERAL compute_element_terms(r.id) t WHERE TRUE"""


def _of_status(status: str | None) -> Condition:
    """Return the condition of a status, on the columns that have an index and not on the two joined."""
    if status is None:
        return EVERYTHING
    if status == "existing":
        return Condition("f.planning_status = 'EXISTING'")
    reported = "f.reported_status = %(status)s::text AND f.planning_status IS DISTINCT FROM 'EXISTING'"
    return Condition(reported, {"status": status})


def _word(number: int, word: str, searched: Searched, *, internal: bool) -> Condition:
    """Return the condition that a word stands in a text of the element, or is its GlobalId."""
    name = f"word{number}"
    params: dict[str, object] = {name: word}
    source = _INDEXED.format(name=name) if searched.indexed else _COMPUTED
    terms = f"{source} AND t.number IS NULL AND strpos(t.value, lower(%({name})s::text)) > 0"
    if not internal:
        terms += (
            " AND t.field IN (SELECT element_field(p.name) FROM unnest(%(public_places)s::text[]) p(name))"
        )
        params["public_places"] = list(_PUBLIC_PLACES)
    sql = _FOUND.format(terms=terms, name=name)
    return Condition(sql, {**params, "revisions": list(searched.revisions)})
