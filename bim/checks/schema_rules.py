"""Schema validation 模式校验: every instance against the schema it claims, by ``ifcopenshell.validate``."""

import re
from collections import Counter
from typing import Any

import ifcopenshell.validate

from bim.checks.values import Group, ResultRow
from bim.model import GLOBAL_ID, NAME, Model

_ROWS_PER_RULE = 1_000
_MESSAGE = 600
_NAMED_RULE = re.compile(r"(?:Rule (\w+\.\w+):|(?=IfcGloballyUniqueId base64)(\w+))")


class RuleLog(ifcopenshell.validate.json_logger):  # type: ignore[misc]
    """Takes what the library says and keeps it by rule; a broken file says the same thing thousands of times.

    The library tells instance and attribute to loggers of its own kind alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.rows: list[tuple[str, ResultRow]] = []

    @property
    def truncated(self) -> bool:
        """Whether more was said than kept."""
        return sum(self.counts.values()) > len(self.rows)

    def set_state(self, key: str, value: Any) -> None:
        """Note what the next messages are about; a new instance has no attribute at fault yet."""
        self.state[key] = value
        if key == "instance":
            self.state["attribute"] = None

    def log(self, level: str, message: str, *args: Any) -> None:
        """Take a fault; called by the library."""
        if level == "info":
            return
        text = message % args if args else message
        rule = _rule_of(text, self.state)
        self.counts[rule] += 1
        if self.counts[rule] <= _ROWS_PER_RULE:
            self.rows.append((rule, _row(self.state.get("instance"), text)))


def check_schema(
    model: Model, first_number: int, *, express_rules: bool
) -> tuple[list[Group], list[ResultRow], bool]:
    """Validate a model against its schema.

    Parameters
    ----------
    first_number : int
        Number of the first group.
    express_rules : bool
        Also the WHERE rules and functions of the schema: thorough, many times slower.

    Returns
    -------
    groups, rows, truncated
        A group per rule broken, or one that passed.
    """
    log = RuleLog()
    ifcopenshell.validate.validate(model.file, log, express_rules=express_rules)
    if not log.counts:
        return [Group(first_number, "schema", "Schema 模式", "pass")], [], False
    groups = [
        Group(number, f"schema:{rule}", f"Schema 模式: {rule}", "fail", failed=count, applicable=count)
        for number, (rule, count) in enumerate(sorted(log.counts.items()), first_number)
    ]
    numbers = {group.key.removeprefix("schema:"): group.number for group in groups}
    rows = [_in_group(numbers[rule], row) for rule, row in log.rows]
    return groups, sorted(rows, key=lambda row: row.group), log.truncated


def _rule_of(text: str, state: dict[str, Any]) -> str:
    named = _NAMED_RULE.search(text)
    if named:
        return str(named.group(1) or named.group(2))
    rule = state.get("attribute") or state.get("type")
    return "file" if rule in (None, "schema") else str(rule)[:200]


def _row(instance: Any, message: str) -> ResultRow:
    if not hasattr(instance, "is_a"):
        return ResultRow(0, passed=False, message=_flat(message))
    rooted = instance.is_a("IfcRoot")
    name = instance.get_argument(NAME) if rooted else None
    return ResultRow(
        0,
        passed=False,
        message=_flat(message),
        global_id=str(instance.get_argument(GLOBAL_ID)) if rooted else None,
        step_id=instance.id(),
        ifc_class=instance.is_a(),
        name=None if name is None else str(name),
    )


def _in_group(number: int, row: ResultRow) -> ResultRow:
    return ResultRow(
        number, row.passed, row.message, row.global_id, None, row.step_id, row.ifc_class, row.name
    )


def _flat(message: str) -> str:
    return " ".join(message.split())[:_MESSAGE]
