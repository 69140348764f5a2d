"""How far every milestone is, month by month, so that the last month gives every project its planned lamp."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import exp

from twin.samples import cast
from twin.samples.district import AS_OF
from twin.samples.draw import between, stream
from twin.samples.months import month_index, period_end
from twin.samples.projects import Project, sample_projects
from twin.samples.schedule import Milestone, leaves, planned_progress

Tenths = dict[str, int]  # milestone code → percent in tenths


@cache
def deviation_wanted(index: int) -> Fraction:
    """Return the deviation (points) a project shall have at the reporting date."""
    rng = stream(f"deviation:{index}")
    if index in cast.EXACT_DEVIATION:
        return Fraction(Decimal(cast.EXACT_DEVIATION[index]))
    if index in cast.RED:
        return -Fraction(round(between(rng, 32, 44)))
    if index in cast.YELLOW:
        return -Fraction(round(between(rng, 12, 27)))
    size = between(rng, 1.2, 6.0)
    return Fraction(round(size if rng.random() < 0.72 else -size, 1)).limit_denominator(10)


@cache
def final_percents(index: int) -> tuple[tuple[str, int], ...]:
    """Return each leaf's percent (tenths) at the reporting date, before elements have their say."""
    project = sample_projects()[index]
    if index in cast.FINISHED:
        return _finished_percents(project)
    wanted = planned_progress(index, AS_OF) + deviation_wanted(index)
    wanted = max(Fraction(1), min(Fraction(98), wanted))
    percents = _at_progress(index, wanted)
    if index in cast.EXACT_DEVIATION:
        percents = _exactly(index, percents, wanted)
    return tuple(percents.items())


def _finished_percents(project: Project) -> tuple[tuple[str, int], ...]:
    acceptance = 1000 if project.stage == "operation" else 200 + 100 * (project.index % 5)
    last = leaves(project.index)[-1].code
    return tuple((m.code, acceptance if m.code == last else 1000) for m in leaves(project.index))


def _at_progress(index: int, wanted: Fraction) -> Tenths:
    """Return percents of a project that follows its plan, but at the day when the plan stood at `wanted`."""
    first = min(m.start for m in leaves(index)).toordinal()
    last = max(m.finish for m in leaves(index)).toordinal()
    while last - first > 1:
        middle = (first + last) // 2
        if _linear_progress(index, date.fromordinal(middle)) <= wanted:
            first = middle
        else:
            last = middle
    low, high = date.fromordinal(first), date.fromordinal(last)
    below, above = _linear_progress(index, low), _linear_progress(index, high)
    share = (wanted - below) / (above - below) if above > below else Fraction(0)
    share = max(Fraction(0), min(Fraction(1), share))
    return {m.code: _between_days(m, low, high, share) for m in leaves(index)}


def _linear_progress(index: int, day: date) -> Fraction:
    return sum((_linear(m, day) * (m.weight or 0) for m in leaves(index)), Fraction(0)) / 1000


def _linear(m: Milestone, day: date) -> Fraction:
    days = max(1, (m.finish - m.start).days)
    return Fraction(100 * max(0, min(days, (day - m.start).days)), days)


def _between_days(m: Milestone, low: date, high: date, share: Fraction) -> int:
    value = _linear(m, low) + share * (_linear(m, high) - _linear(m, low))
    return round(value * 10)


def _exactly(index: int, percents: Tenths, wanted: Fraction) -> Tenths:
    """Change two milestones so that the weighted sum is exactly what is wanted."""
    weights = {m.code: m.weight or 0 for m in leaves(index)}
    target = int(wanted * 10_000)
    rest = target - sum(weights[c] * p for c, p in percents.items())
    best: tuple[int, Tenths] | None = None
    for a in weights:
        for b in weights:
            found = _pair(percents, weights, (a, b), rest) if a < b else None
            if found and (best is None or found[0] < best[0]):
                best = found
    if best is None:
        raise ValueError(f"project {index}: no pair of milestones meets {wanted} exactly; change its weights")
    return best[1]


def _pair(
    percents: Tenths, weights: dict[str, int], pair: tuple[str, str], rest: int
) -> tuple[int, Tenths] | None:
    """Return the smallest change of two percents that adds `rest` to the weighted sum, if there is one."""
    a, b = pair
    for step in range(1001):
        for change in (step, -step):
            other, left = divmod(rest - weights[a] * change, weights[b])
            first, second = percents[a] + change, percents[b] + other
            if left == 0 and 0 <= first <= 1000 and 0 <= second <= 1000:
                return abs(change) + abs(other), {**percents, a: first, b: second}
    return None


def logistic_share(project: Project, day: date) -> float:
    """Return how far along its S-curve a project is at a day, 0 at its start, 1 at its end of works."""
    begin = (project.actual_start or project.plan_start).toordinal()
    end = (project.actual_finish or project.plan_finish).toordinal()
    u = max(0.0, min(1.0, (day.toordinal() - begin) / (end - begin)))
    low, high = 1 / (1 + exp(4)), 1 / (1 + exp(-4))
    return (1 / (1 + exp(4 - 8 * u)) - low) / (high - low)


def percents_at(index: int, period: str, final: Tenths) -> Tenths:
    """Return percents (tenths) of a past period: the S-curve, never above the final percents."""
    project = sample_projects()[index]
    day = period_end(period)
    if day >= AS_OF:
        return final
    if index in cast.FINISHED and project.actual_finish and day >= project.actual_finish:
        return _after_works(project, period, final)
    reached = sum(final[m.code] * (m.weight or 0) for m in leaves(index)) / 10_000
    now = project.actual_finish if index in cast.FINISHED and project.actual_finish else AS_OF
    share = logistic_share(project, day) / logistic_share(project, now)
    shaped = _at_progress(index, Fraction(round(reached * share, 3)).limit_denominator(1000))
    capped = {code: min(value, final[code]) for code, value in shaped.items()}
    if index in cast.FINISHED:
        capped[leaves(index)[-1].code] = 0  # acceptance follows the works
    return capped


def _after_works(project: Project, period: str, final: Tenths) -> Tenths:
    last = leaves(project.index)[-1].code
    since = int(period[:4]) * 12 + int(period[5:]) - 1 - month_index(project.actual_finish or AS_OF)
    return {**final, last: min(final[last], 250 * since)}
