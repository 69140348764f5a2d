"""The 60 projects: classes, stages, dates, money, codes."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from twin.samples import cast
from twin.samples.codes import archive_number, national_code
from twin.samples.district import CATEGORIES, REGION, STAGES_ZH
from twin.samples.draw import apportion, between, choose, lognormal, stream, whole
from twin.samples.months import AS_OF_MONTH, first_day, last_day, month_index
from twin.samples.names import PLACE_WORDS, WORKS, person

WAN = 10_000  # 万元, the unit in which investments are planned
ACTIVE_TOTAL_WAN = 803_600  # 80.36亿元 over the projects under construction
FLAGSHIP_WAN = 120_000
LOWEST_WAN, HIGHEST_WAN = 1_500, 120_000

OWNERS = (
    "示范区城建样例公司",
    "示范区产业样例公司",
    "示范区水务样例公司",
    "示范区交通样例公司",
    "示范区教育样例中心",
)
OWNER_OF = {"01": 3, "02": 1, "03": 0, "04": 4, "05": 2, "06": 1}
MONTH_RANGE = {"01": (12, 36), "02": (12, 30), "03": (8, 24), "04": (12, 30), "05": (10, 30), "06": (10, 24)}
TAGS = ("乡村振兴", "新型城镇化", "绿色低碳", "数字基础", "民生实事")


@dataclass(frozen=True)
class Project:
    """One sample project; money in yuan, months whole."""

    index: int
    code: str
    nat_code: str
    name: str
    category: str
    stage: str
    baseline_months: int
    plan_start: date
    plan_finish: date
    actual_start: date | None
    actual_finish: date | None
    investment_total_yuan: int
    annual_plan_yuan: int

    @property
    def purpose(self) -> str:
        """Infrastructure, livelihood or industry."""
        return CATEGORIES[self.category][1]

    @property
    def active(self) -> bool:
        """Whether it counts as 在建: construction or acceptance in progress."""
        return self.stage in ("construction", "acceptance")

    @property
    def public(self) -> bool:
        """Whether anonymous callers may see it."""
        return self.index not in cast.NOT_PUBLIC


@cache
def sample_projects() -> tuple[Project, ...]:
    """Return the 60 projects in index order."""
    investments = _investments()
    return tuple(_project(n, investments[n]) for n in range(60))


def _categories() -> list[str]:
    return [code for code, (_, _, count) in CATEGORIES.items() for _ in range(count)]


def _project(index: int, wan: int) -> Project:
    category = _categories()[index]
    months = _baseline_months(index, category)
    start = _start_month(index, months)
    stage = cast.STAGE_OF.get(index, "construction")
    plan_start = _late_start(index) or first_day(start)
    plan_finish = last_day(start + months - 1)
    actual_start, actual_finish = _actual_dates(index, start)
    sequence = 1 + [n for n, c in enumerate(_categories()) if c == category].index(index)
    filed = min(start, AS_OF_MONTH) - 3
    return Project(
        index=index,
        code=archive_number(plan_start.year, category, sequence),
        nat_code=national_code(filed // 12, filed % 12 + 1, 10_000 + index * 137),
        name=_name(index, category),
        category=category,
        stage=stage,
        baseline_months=months,
        plan_start=plan_start,
        plan_finish=plan_finish,
        actual_start=actual_start,
        actual_finish=actual_finish,
        investment_total_yuan=wan * WAN,
        annual_plan_yuan=_annual_plan_wan(wan, start, months) * WAN,
    )


def _name(index: int, category: str) -> str:
    works = WORKS[category]
    return cast.NAMED.get(index, PLACE_WORDS[index] + works[index % len(works)])


def _baseline_months(index: int, category: str) -> int:
    if index in cast.FINISHED:
        return cast.FINISHED[index][0]
    if index in cast.PARK_MONTHS:
        return cast.PARK_MONTHS[index]
    low, high = MONTH_RANGE[category]
    return whole(stream(f"months:{index}"), low // 2, high // 2) * 2


def _start_month(index: int, months: int) -> int:
    if index in cast.FINISHED:
        return AS_OF_MONTH - cast.MONTHS_SINCE_FINISH[index] - cast.FINISHED[index][1] + 1
    late = _late_start(index)
    if late:
        return month_index(late)
    behind = index in cast.RED or index in cast.YELLOW or index in cast.EXACT_DEVIATION
    low, high = (0.62, 0.85) if behind else (0.2, 0.88)
    elapsed = max(2, round(between(stream(f"elapsed:{index}"), low, high) * months))
    return AS_OF_MONTH - elapsed + 1


def _late_start(index: int) -> date | None:
    """Return the planned start of the three 前期 projects: on plan, a month late, over three months late."""
    days = {50: date(2025, 12, 1), 44: date(2025, 9, 15), 58: date(2025, 6, 30)}
    return days.get(index)


def _actual_dates(index: int, start: int) -> tuple[date | None, date | None]:
    if index in cast.PRELIMINARY:
        return None, None
    began = first_day(start)
    if index in cast.FINISHED:
        return began, last_day(start + cast.FINISHED[index][1] - 1)
    return began + timedelta(days=whole(stream(f"start:{index}"), 0, 20)), None


def _annual_plan_wan(wan: int, start: int, months: int) -> int:
    in_year = [m for m in range(start, start + months) if m // 12 == AS_OF_MONTH // 12]
    return max(1, round(wan * len(in_year) / months))


def _investments() -> list[int]:
    """Return investments in 万元: log-normal, clipped, the 在建 ones summing to 80.36亿元."""
    rng = stream("investment")
    drawn = [lognormal(rng, 9_000, 0.9) for _ in range(60)]
    clipped = [min(max(value, LOWEST_WAN), HIGHEST_WAN * 0.9) for value in drawn]
    active = [n for n in range(60) if cast.STAGE_OF.get(n, "construction") in ("construction", "acceptance")]
    others = [n for n in active if n != cast.FLAGSHIP]
    # Every one keeps the lowest amount; what lies above it is shared by weight.
    above = apportion(
        ACTIVE_TOTAL_WAN - FLAGSHIP_WAN - LOWEST_WAN * len(others),
        [clipped[n] - LOWEST_WAN + 1 for n in others],
    )
    result = [round(value) for value in clipped]
    for n, extra in zip(others, above, strict=True):
        result[n] = LOWEST_WAN + extra
    result[cast.FLAGSHIP] = FLAGSHIP_WAN
    return result


def project_rows() -> list[dict[str, Any]]:
    """Return the rows of `projects.json`."""
    return [_row(p) for p in sample_projects()]


def _row(p: Project) -> dict[str, Any]:
    rng = stream(f"project:{p.index}")
    return {
        "code": p.code,
        "nat_code": p.nat_code,
        "name": p.name,
        "category": p.category,
        "category_name": CATEGORIES[p.category][0],
        "purpose": p.purpose,
        "level": choose(rng, ("city", "city", "county", "province")),
        "region_code": REGION,
        "owner_unit": OWNERS[OWNER_OF[p.category]],
        "lead_person": person(whole(rng, 4, 15)),
        "stage": p.stage,
        "stage_name": STAGES_ZH[p.stage],
        "delivery_mode": choose(rng, ("EPC", "DBB", "DBB", "PPP")),
        "approved_estimate_yuan": approved_estimates()[p.index],
        "investment_total_yuan": p.investment_total_yuan,
        "annual_plan_yuan": p.annual_plan_yuan,
        "plan_start": p.plan_start.isoformat(),
        "plan_finish": p.plan_finish.isoformat(),
        "actual_start": p.actual_start and p.actual_start.isoformat(),
        "actual_finish": p.actual_finish and p.actual_finish.isoformat(),
        "strategy_tags": sorted({choose(rng, TAGS), choose(rng, TAGS)}),
        "blocks": _blocks(p),
        "suspended": False,
        "public_visible": p.public,
    }


def _blocks(p: Project) -> list[dict[str, Any]]:
    if p.index != cast.FLAGSHIP:
        return []
    shares = apportion(p.investment_total_yuan, (5, 4, 3))
    names = ("基础设施", "产业", "公共服务")
    return [{"name": n, "investment_yuan": s} for n, s in zip(names, shares, strict=True)]


# Cost deviation (sample-data §5): the nine finished works have a settlement; three differ from the estimate.
DEVIATIONS_PER_MILLE = (24, 41, -60)
PORTFOLIO_PER_MILLE = 26


@cache
def deviating() -> tuple[int, int, int]:
    """Return the three finished projects that deviate, such that the rest need scaling least."""
    finished = sorted(cast.FINISHED)
    totals = {n: sample_projects()[n].investment_total_yuan for n in finished}
    triples = [(a, b, c) for a in finished for b in finished for c in finished if len({a, b, c}) == 3]
    return min(triples, key=lambda t: (abs(_needed_for_rest(t, totals) - _rest(t, totals)), t))


def _needed_for_rest(triple: tuple[int, ...], totals: dict[int, int]) -> int:
    deviation = sum(totals[n] * abs(d) for n, d in zip(triple, DEVIATIONS_PER_MILLE, strict=True))
    return deviation // PORTFOLIO_PER_MILLE - sum(totals[n] for n in triple)


def _rest(triple: tuple[int, ...], totals: dict[int, int]) -> int:
    return sum(totals.values()) - sum(totals[n] for n in triple)


@cache
def approved_estimates() -> tuple[int, ...]:
    """Return the approved estimate 概算 of every project in yuan."""
    projects = sample_projects()
    estimates = [
        round(p.investment_total_yuan * between(stream(f"estimate:{p.index}"), 0.97, 1.03) / WAN) * WAN
        for p in projects
    ]
    finished = sorted(cast.FINISHED)
    totals = {n: projects[n].investment_total_yuan for n in finished}
    triple = deviating()
    others = [n for n in finished if n not in triple]
    for n in triple:
        estimates[n] = totals[n]
    shared = apportion(_needed_for_rest(triple, totals), [totals[n] for n in others])
    for n, estimate in zip(others, shared, strict=True):
        estimates[n] = estimate
    return tuple(estimates)


@cache
def settlements() -> dict[int, int]:
    """Return the settlement (or latest forecast) in yuan of the nine finished works."""
    estimates = approved_estimates()
    per_mille = dict(zip(deviating(), DEVIATIONS_PER_MILLE, strict=True))
    return {n: estimates[n] + estimates[n] * per_mille.get(n, 0) // 1000 for n in sorted(cast.FINISHED)}
