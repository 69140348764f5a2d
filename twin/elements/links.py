"""Which elements a task builds: rules of a model, in order, applied to every revision; the first rule that hits wins."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

import orjson
from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from twin.elements.models import ModelLinks
from twin.elements.patterns import like_pattern
from twin.errors import InvalidInputError

MAX_RULES: Final = 100_000
MAX_PATTERNS: Final = 500  # rules that must be held against every element
SHOWN: Final = 100
_FIELDS: Final = ("global_id", "tag", "ifc_class", "storey", "type_name", "name", "classification")
_NAMES: Final = {"ifc_class": "class", "type_name": "type"}


@dataclass(frozen=True)
class LinkRule:
    """One rule: the task, and what an element must have; ``*`` stands for any letters, None for anything.

    A rule names one element by GlobalId, or elements by tag, class, storey, type, name and classification code
    together.
    """

    task: str
    global_id: str | None = None
    tag: str | None = None
    ifc_class: str | None = None
    storey: str | None = None
    type_name: str | None = None
    name: str | None = None
    classification: str | None = None

    def as_json(self) -> dict[str, str]:
        """Return the rule as it is stored and answered: only what it says.

        Examples
        --------
        >>> LinkRule("M03", ifc_class="IfcColumn*", storey="二层").as_json()
        {'task': 'M03', 'class': 'IfcColumn*', 'storey': '二层'}
        """
        return {_NAMES.get(name, name): value for name, value in asdict(self).items() if value is not None}


_CTES: Final = """
WITH rule AS (
  SELECT r.*, m.id AS milestone_id
  FROM jsonb_to_recordset(CAST(:rules AS jsonb)) AS r(position integer, task text, kind text, global_id text,
    tag text, ifc_class text, storey text, type_name text, name text, classification text)
  LEFT JOIN milestone m ON m.project_id = :project_id AND m.code = r.task),
hit AS MATERIALIZED (
  SELECT r.position, r.milestone_id, e.id AS element_id
  FROM rule r JOIN bim_element e ON e.revision_id = :revision_id AND e.global_id = r.global_id
  WHERE r.kind = 'global_id'
  UNION ALL
  SELECT r.position, r.milestone_id, e.id
  FROM rule r JOIN bim_element e ON e.revision_id = :revision_id AND e.tag = r.tag
  WHERE r.kind = 'tag'
  UNION ALL
  SELECT r.position, r.milestone_id, e.id
  FROM rule r JOIN bim_element e ON e.revision_id = :revision_id AND element_is_drawn(e.ifc_class)
    AND (r.ifc_class IS NULL OR e.ifc_class LIKE r.ifc_class)
    AND (r.storey IS NULL OR e.storey LIKE r.storey)
    AND (r.type_name IS NULL OR e.type_name LIKE r.type_name)
    AND (r.name IS NULL OR e.name LIKE r.name)
    AND (r.tag IS NULL OR e.tag LIKE r.tag)
    AND (r.classification IS NULL OR EXISTS (
      SELECT FROM jsonb_array_elements(e.classification) c WHERE c ->> 'code' LIKE r.classification))
  WHERE r.kind = 'pattern'),
won AS (
  SELECT DISTINCT ON (element_id) element_id, milestone_id, position
  FROM hit WHERE milestone_id IS NOT NULL ORDER BY element_id, position)"""

# Dates: a rule's task, and a task of an imported schedule, has those of the baseline in force; else the file's own.
_WANTED: Final = """,
dated AS (
  SELECT b.milestone_id, b.start, b.finish,
    EXISTS (SELECT FROM schedule_task t JOIN schedule_import s ON s.id = t.import_id
            WHERE t.milestone_id = b.milestone_id AND s.format <> 'ifc') AS imported
  FROM baseline_milestone b
  WHERE b.baseline_id = (SELECT l.id FROM baseline l WHERE l.project_id = :project_id
    AND l.approved_on <= (SELECT reporting_date()) ORDER BY l.approved_on DESC, l.version DESC LIMIT 1)),
task AS (
  SELECT t.code, t.start, t.finish FROM jsonb_to_recordset(CAST(:tasks AS jsonb))
    AS t(code text, start date, finish date)),
wanted AS (
  SELECT e.id, coalesce(w.milestone_id, l.milestone_id) AS milestone_id,
    CASE WHEN w.milestone_id IS NOT NULL OR d.imported THEN coalesce(d.start, l.start)
         ELSE coalesce(l.start, d.start) END AS plan_start,
    CASE WHEN w.milestone_id IS NOT NULL OR d.imported THEN coalesce(d.finish, l.finish)
         ELSE coalesce(l.finish, d.finish) END AS plan_finish
  FROM bim_element e
  LEFT JOIN won w ON w.element_id = e.id
  LEFT JOIN LATERAL (
    SELECT (array_agg(m.id ORDER BY c.position) FILTER (WHERE m.id IS NOT NULL))[1] AS milestone_id,
      min(t.start) AS start, max(t.finish) AS finish
    FROM unnest(e.task_codes) WITH ORDINALITY AS c(code, position)
    LEFT JOIN milestone m ON m.project_id = :project_id AND m.code = c.code
    LEFT JOIN task t ON t.code = c.code) l ON cardinality(e.task_codes) > 0
  LEFT JOIN dated d ON d.milestone_id = coalesce(w.milestone_id, l.milestone_id)
  WHERE e.revision_id = :revision_id)
UPDATE bim_element e SET milestone_id = w.milestone_id, plan_start = w.plan_start, plan_finish = w.plan_finish
FROM wanted w WHERE w.id = e.id
  AND (e.milestone_id, e.plan_start, e.plan_finish) IS DISTINCT FROM (w.milestone_id, w.plan_start, w.plan_finish)
"""
_APPLY: Final = text(_CTES + _WANTED)

_COUNTS = text(
    _CTES
    + """
SELECT r.position, r.task, r.milestone_id IS NOT NULL AS known, count(h.element_id) AS matched,
  count(w.element_id) AS linked
FROM rule r
LEFT JOIN hit h ON h.position = r.position
LEFT JOIN won w ON w.element_id = h.element_id AND w.position = r.position
GROUP BY 1, 2, 3 ORDER BY 1"""
)

_CONFLICTS = text(
    _CTES
    + """
SELECT e.global_id, e.name, array_agg(DISTINCT h.position ORDER BY h.position) AS positions, count(*) OVER () AS total
FROM hit h JOIN bim_element e ON e.id = h.element_id
WHERE h.milestone_id IS NOT NULL
GROUP BY e.id, e.global_id, e.name HAVING count(DISTINCT h.milestone_id) > 1
ORDER BY e.id LIMIT :shown"""
)

_WITHOUT = text("""
SELECT e.ifc_class, count(*) AS elements, (array_agg(e.global_id ORDER BY e.id))[1:5] AS examples
FROM bim_element e
WHERE e.revision_id = :revision_id AND e.milestone_id IS NULL AND element_is_drawn(e.ifc_class)
  AND coalesce(e.planning_status, '') <> 'EXISTING'
GROUP BY 1 ORDER BY 2 DESC, 1""")

_REVISION = text("""
SELECT r.id, r.model_id, m.project_id, r.tasks,
  EXISTS (SELECT FROM schedule_import s WHERE s.project_id = m.project_id) AS imported
FROM bim_revision r JOIN bim_model m ON m.id = r.model_id WHERE r.id = :revision_id""")


def check_rules(rules: Sequence[LinkRule]) -> None:
    """Check rules by themselves.

    Raises
    ------
    InvalidInputError
        Too many, one without a task or a condition, or one that names an element and a pattern; it names the rule.
    """
    if len(rules) > MAX_RULES:
        raise InvalidInputError(
            f"There are {len(rules)} rules; {MAX_RULES} are allowed.",
            f"规则 {len(rules)} 条，超过上限 {MAX_RULES} 条。",
        )
    for number, rule in enumerate(rules, start=1):
        _check_rule(rule, f"rule {number}")
    patterns = sum(_kind(rule) == "pattern" for rule in rules)
    if patterns > MAX_PATTERNS:
        raise InvalidInputError(
            f"{patterns} rules hold patterns; {MAX_PATTERNS} are allowed. Name single elements by GlobalId or tag.",
            f"含匹配模式的规则 {patterns} 条，超过上限 {MAX_PATTERNS} 条；单个构件请用 GlobalId 或标记。",
        )


def _check_rule(rule: LinkRule, where: str) -> None:
    said = [name for name in _FIELDS if getattr(rule, name) is not None]
    if not rule.task:
        raise InvalidInputError("The rule names no task.", "规则没有任务编码。", where)
    if not said:
        raise InvalidInputError(
            "The rule names no element: give global_id, tag, class, storey, type, name or classification.",
            "规则没有构件条件：请填写 global_id、tag、class、storey、type、name 或 classification。",
            where,
        )
    if rule.global_id is not None and len(said) > 1:
        raise InvalidInputError(
            "A rule with a global_id names nothing else.", "含 global_id 的规则不能再有其他条件。", where
        )


def _kind(rule: LinkRule) -> str:
    if rule.global_id is not None:
        return "global_id"
    others = [name for name in _FIELDS if getattr(rule, name) is not None and name != "tag"]
    return "tag" if rule.tag is not None and "*" not in rule.tag and not others else "pattern"


def list_rules(session: Session, model_id: int) -> list[LinkRule]:
    """List the rules of a model in their order."""
    stored = session.get(ModelLinks, model_id)
    return [rule_of(each) for each in stored.rules] if stored is not None else []


def rule_of(values: Mapping[str, Any]) -> LinkRule:
    """Read a rule as it is stored and sent."""
    given = {name: values.get(_NAMES.get(name, name)) for name in ("task", *_FIELDS)}
    plain = {name: str(value).strip() or None for name, value in given.items() if value is not None}
    return LinkRule(plain.pop("task", None) or "", **plain)


def replace_rules(session: Session, model_id: int, rules: Sequence[LinkRule], actor: str | None) -> bool:
    """Store a model's rules in place of those it had; return whether they differ."""
    check_rules(rules)
    if list_rules(session, model_id) == list(rules):
        return False
    values = {"rules": [rule.as_json() for rule in rules], "updated_by": actor}
    statement = insert(ModelLinks).values(model_id=model_id, **values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["model_id"], set_={**values, "updated_at": func.now()}
        )
    )
    session.expire_all()
    return True


def apply_links(session: Session, revision_id: int) -> int:
    """Link the elements of a revision anew: by the model's rules, else by the file's own tasks; return how many changed.

    A model without rules in a project without an imported schedule is linked by its file alone, when it is published:
    nothing is left to do.
    """
    revision = session.execute(_REVISION, {"revision_id": revision_id}).one()
    rules = list_rules(session, revision.model_id)
    if not rules and not revision.imported and session.get(ModelLinks, revision.model_id) is None:
        return 0
    dates = [
        {"code": task["code"], "start": _day(task["schedule_start"]), "finish": _day(task["schedule_finish"])}
        for task in revision.tasks or []
    ]
    changed = session.execute(_APPLY, {**_scope(revision, rules), "tasks": orjson.dumps(dates).decode()})
    return int(changed.rowcount)  # type: ignore[attr-defined]


def report_links(session: Session, revision_id: int) -> dict[str, Any]:
    """Say what the rules do to a revision: hits of each rule, rules without any, conflicts, elements without a task."""
    revision = session.execute(_REVISION, {"revision_id": revision_id}).one()
    scope = _scope(revision, list_rules(session, revision.model_id))
    counts = [dict(row) for row in session.execute(_COUNTS, scope).mappings()]
    conflicts = session.execute(_CONFLICTS, {**scope, "shown": SHOWN}).all()
    without = session.execute(_WITHOUT, {"revision_id": revision_id}).all()
    unmatched = [row for row in counts if not row["matched"] or not row["known"]]
    return {
        "rules": len(counts),
        "matched": [row for row in counts if row["matched"] and row["known"]][:SHOWN],
        "unmatched": [
            {
                "rule": row["position"],
                "task": row["task"],
                "reason": "no_element" if row["known"] else "no_task",
            }
            for row in unmatched[:SHOWN]
        ],
        "unmatched_count": len(unmatched),
        "conflicts": [
            {
                "global_id": row.global_id,
                "name": row.name,
                "rules": row.positions,
                "taken_by": row.positions[0],
            }
            for row in conflicts
        ],
        "conflict_count": conflicts[0].total if conflicts else 0,
        "without_task": [
            {"ifc_class": row.ifc_class, "elements": row.elements, "examples": row.examples}
            for row in without
        ],
        "without_task_count": sum(row.elements for row in without),
    }


def _scope(revision: Any, rules: Sequence[LinkRule]) -> dict[str, Any]:
    rows = [{"position": n, **_sql_rule(rule)} for n, rule in enumerate(rules, start=1)]
    return {
        "revision_id": revision.id,
        "project_id": revision.project_id,
        "rules": orjson.dumps(rows).decode(),
    }


def _sql_rule(rule: LinkRule) -> dict[str, str | None]:
    kind = _kind(rule)
    values = asdict(rule)
    if kind == "pattern":
        values |= {name: like_pattern(values[name]) for name in _FIELDS if values[name] is not None}
    return {**values, "kind": kind}


def _day(moment: str | None) -> str | None:
    try:
        return date.fromisoformat((moment or "")[:10]).isoformat()
    except ValueError:
        return None
