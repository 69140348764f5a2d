"""Forty invented people and the invented bodies they belong to; every role of the rights matrix is held."""

from typing import Any

from twin.samples.cast import FLAGSHIP
from twin.samples.district import REGION
from twin.samples.names import person
from twin.samples.projects import sample_projects

UNITS: dict[str, str] = {
    "U01": "示范区重点工程服务中心",
    "U02": "示范区发展改革样例局",
    "U03": "示范区财政样例局",
    "U04": "示范区自然资源和规划样例局",
    "U05": "示范区住房建设样例局",
    "U06": "示范区审计样例局",
    "U07": "示范区城建样例公司",
    "U08": "示范区产业样例公司",
    "U09": "示例建工样例公司",
    "U10": "示例路桥样例公司",
    "U11": "示例监理样例公司",
    "U12": "示例大学工程评估样例中心",
}
# role, unit, how many of the forty
_ROLES: tuple[tuple[str, str, int], ...] = (
    ("director", "U01", 1),
    ("division", "U01", 3),
    ("task_force", "U07", 7),
    ("task_force", "U08", 5),
    ("site_supervisor", "U11", 4),
    ("contractor", "U09", 4),
    ("contractor", "U10", 4),
    ("evaluator", "U12", 2),
    ("planner", "U04", 2),
    ("department", "U02", 2),
    ("department", "U03", 2),
    ("department", "U05", 2),
    ("auditor", "U06", 2),
)
_SCOPED = ("task_force", "contractor", "site_supervisor", "evaluator")


def people_rows() -> list[dict[str, Any]]:
    """Return the rows of `people.json`; those bound to projects name three each."""
    rows = [(role, unit) for role, unit, count in _ROLES for _ in range(count)]
    return [_row(n, *row) for n, row in enumerate(rows)]


def _row(n: int, role: str, unit: str) -> dict[str, Any]:
    projects = sample_projects()
    scope = [projects[(n * 3 + k) % 60].code for k in range(3)] if role in _SCOPED else []
    return {
        "id": f"P{n + 1:02d}",
        "login": f"sample{n + 1:02d}",
        "name": person(n),
        "role": role,
        "unit_code": unit,
        "unit": UNITS[unit],
        "phone": f"100-0000-{n + 1:04d}",
        "projects": scope or ([projects[FLAGSHIP].code] if role == "evaluator" else []),
        "region_code": REGION,
    }
