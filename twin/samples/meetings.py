"""Three years of monthly joint meetings 联席会议 and their 504 issues."""

from datetime import date, timedelta
from functools import cache
from typing import Any

from twin.samples.district import AS_OF
from twin.samples.draw import choose, shuffled, stream, whole
from twin.samples.months import AS_OF_MONTH, first_day
from twin.samples.names import person
from twin.samples.projects import sample_projects

MEETINGS, PER_MEETING = 36, 14
TYPES = {"quota": 151, "payment": 126, "eia": 101, "relocation": 76, "other": 50}
TYPES_ZH = dict(zip(TYPES, ("用地指标", "资金拨付", "环评", "管线迁改", "其他"), strict=True))


def meeting_rows() -> list[dict[str, Any]]:
    """Return the rows of `meetings.json`: the 18th of each month from 2022-11 on."""
    return [
        {
            "id": f"M{n + 1:02d}",
            "held_on": _day(n).isoformat(),
            "title": f"重点工程月度调度会（{_day(n):%Y年%m月}）",
            "chair": person(0),
            "attendees": [person(k) for k in range(1, 8 + n % 4)],
        }
        for n in range(MEETINGS)
    ]


def _day(n: int) -> date:
    return first_day(AS_OF_MONTH - MEETINGS + 1 + n) + timedelta(days=17)


@cache
def issue_rows() -> tuple[dict[str, Any], ...]:
    """Return the rows of `issues.json`, 14 per meeting."""
    types = shuffled(stream("issue-types"), [t for t, count in TYPES.items() for _ in range(count)])
    return tuple(_issue(n, kind) for n, kind in enumerate(types))


def _issue(n: int, kind: str) -> dict[str, Any]:
    rng = stream(f"issue:{n}")
    raised = _day(n // PER_MEETING)
    days = whole(rng, 10, 95)
    solved = raised + timedelta(days=days)
    open_still = solved > AS_OF
    carried = min(days, (AS_OF - raised).days) // 30
    state = ("raised", "assigned", "solving")[n % 3] if open_still else ("verified" if n % 5 else "solved")
    return {
        "id": f"I{n + 1:03d}",
        "meeting": f"M{n // PER_MEETING + 1:02d}",
        "project": choose(rng, sample_projects()).code,
        "type": kind,
        "type_name": TYPES_ZH[kind],
        "owner": person(whole(rng, 4, 39)),
        "raised_on": raised.isoformat(),
        "due_on": (raised + timedelta(days=30)).isoformat(),
        "solved_on": None if open_still else solved.isoformat(),
        "carried_over": carried,
        "state": state,
    }


def expected_issues() -> dict[str, Any]:
    """Return the Pareto order of the blocks and what was solved."""
    rows = issue_rows()
    solved = [r for r in rows if r["solved_on"]]
    return {
        "meetings": MEETINGS,
        "issues": len(rows),
        "pareto": [
            {"type": t, "count": sum(r["type"] == t for r in rows), "percent": round(100 * c / len(rows), 4)}
            for t, c in sorted(TYPES.items(), key=lambda item: -item[1])
        ],
        "solved": len(solved),
        "carry_overs": sum(r["carried_over"] for r in rows),
    }
