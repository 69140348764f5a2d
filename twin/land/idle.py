"""The two legal tests of idle land 闲置土地, as values: facts and a day in, findings out.

The tests say what the figures amount to and keep them; a person decides (`domain.md` §9).

Source: 闲置土地处置办法 (2012), arts. 2, 8 and 14; thresholds are rows of `land_idle_rule`. Periods end on the day of
the last month that has the number of the first one, else on that month's last day (民法典, art. 202).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal

from twin.land.notes import Note

Outcome = Literal["met", "not_met", "unknown", "not_applicable"]
SUPPLIED_STATES: Final = ("supplied", "started")
SHARE_STEP: Final = Decimal("0.000001")


@dataclass(frozen=True)
class IdleRule:
    """Thresholds; shares of 1, with six decimals as they are stored (one third is 0.333333)."""

    name: str
    fee_years: int
    recovery_years: int
    built_share_least: Decimal
    invested_share_least: Decimal
    fee_percent: Decimal
    source: str


@dataclass(frozen=True)
class Suspension:
    """Days that do not count: from `starts_on` to the day before `ends_on`; without an end the clock stands."""

    starts_on: date
    ends_on: date | None
    cause: str


@dataclass(frozen=True)
class IdleFacts:
    """What is known of a parcel; shares of 1."""

    state: str
    supply_date: date | None = None
    agreed_start: date | None = None
    started_on: date | None = None
    stopped_on: date | None = None
    built_share: Decimal | None = None
    invested_share: Decimal | None = None


@dataclass(frozen=True)
class Clock:
    """Since when time counts, when the two periods are full, and how many days so far did not count.

    Attributes
    ----------
    fee_on, recovery_on : date or None
        None while the clock stands.
    """

    since: date
    fee_on: date | None
    recovery_on: date | None
    suspended_days: int


@dataclass(frozen=True)
class IdleFinding:
    """What one test says."""

    test: Literal["not_started", "stopped"]
    outcome: Outcome
    clock: Clock | None
    reasons: tuple[Note, ...]


@dataclass(frozen=True)
class IdleAssessment:
    """What both tests say on a day.

    Attributes
    ----------
    idle : bool or None
        None where a fact that decides is missing.
    consequence : str or None
        `fee` or `recovery`: what the law provides for; a person decides.
    """

    as_of: date
    rule: IdleRule
    facts: IdleFacts
    suspensions: tuple[Suspension, ...]
    idle: bool | None
    consequence: Literal["fee", "recovery"] | None
    tests: tuple[IdleFinding, ...]


def assess_idle(
    facts: IdleFacts, suspensions: Sequence[Suspension], rule: IdleRule, as_of: date
) -> IdleAssessment:
    """Run both tests.

    Examples
    --------
    >>> rule = IdleRule("r", 1, 2, Decimal("0.333333"), Decimal("0.25"), Decimal(20), "")
    >>> waiting = IdleFacts("supplied", agreed_start=date(2024, 10, 31))
    >>> [assess_idle(waiting, (), rule, day).consequence for day in (date(2025, 10, 30), date(2025, 10, 31))]
    [None, 'fee']
    """
    tests = (_not_started(facts, suspensions, rule, as_of), _stopped(facts, suspensions, rule, as_of))
    outcomes = {test.outcome for test in tests}
    met = [test.clock for test in tests if test.outcome == "met" and test.clock is not None]
    recovery = any(clock.recovery_on is not None and clock.recovery_on <= as_of for clock in met)
    return IdleAssessment(
        as_of=as_of,
        rule=rule,
        facts=facts,
        suspensions=tuple(suspensions),
        idle=True if met else None if "unknown" in outcomes else False,
        consequence=("recovery" if recovery else "fee") if met else None,
        tests=tests,
    )


def _not_started(
    facts: IdleFacts, suspensions: Sequence[Suspension], rule: IdleRule, as_of: date
) -> IdleFinding:
    if facts.state not in SUPPLIED_STATES:
        return IdleFinding("not_started", "not_applicable", None, (_NOT_SUPPLIED,))
    if facts.started_on is not None and facts.started_on <= as_of:
        note = Note("started", f"Works began on {facts.started_on}.", f"已于 {facts.started_on} 动工。")
        return IdleFinding("not_started", "not_met", None, (note,))
    if facts.started_on is None and facts.state == "started":
        return IdleFinding("not_started", "not_met", None, (_STARTED_SOME_DAY,))
    if facts.agreed_start is None:
        return IdleFinding("not_started", "unknown", None, (_NO_AGREED_START,))
    clock = run_clock(facts.agreed_start, suspensions, rule, as_of)
    met = clock.fee_on is not None and clock.fee_on <= as_of
    notes = _clock_notes("agreed start", "约定动工日期", clock, rule, met=met)
    return IdleFinding("not_started", "met" if met else "not_met", clock, notes)


def _stopped(facts: IdleFacts, suspensions: Sequence[Suspension], rule: IdleRule, as_of: date) -> IdleFinding:
    if facts.state not in SUPPLIED_STATES:
        return IdleFinding("stopped", "not_applicable", None, (_NOT_SUPPLIED,))
    if facts.stopped_on is None or facts.stopped_on > as_of:
        note = Note("not_stopped", "Works have not stopped.", "未中止开发建设。")
        return IdleFinding("stopped", "not_met", None, (note,))
    clock = run_clock(facts.stopped_on, suspensions, rule, as_of)
    full = clock.fee_on is not None and clock.fee_on <= as_of
    notes = _clock_notes("stop of works", "中止日期", clock, rule, met=full)
    if not full:
        return IdleFinding("stopped", "not_met", clock, notes)
    shares = (_built(facts, rule), _invested(facts, rule))
    outcome = _either(shares[0][0], shares[1][0])
    return IdleFinding("stopped", outcome, clock, (*notes, *(note for _, note in shares)))


def _either(one: bool | None, other: bool | None) -> Outcome:
    if one or other:
        return "met"
    return "unknown" if one is None or other is None else "not_met"


def _built(facts: IdleFacts, rule: IdleRule) -> tuple[bool | None, Note]:
    return _share("built_share", ("built area", "已开发建设面积"), facts.built_share, rule.built_share_least)


def _invested(facts: IdleFacts, rule: IdleRule) -> tuple[bool | None, Note]:
    names = ("investment", "已投资额")
    return _share("invested_share", names, facts.invested_share, rule.invested_share_least)


def _share(
    code: str, names: tuple[str, str], share: Decimal | None, least: Decimal
) -> tuple[bool | None, Note]:
    if share is None:
        return None, Note(
            f"{code}_unknown",
            f"The share of {names[0]} is not recorded; the limit is {_percent(least)}.",
            f"{names[1]}占比未填报；界限为 {_percent(least)}。",
        )
    below = share.quantize(SHARE_STEP) < least.quantize(SHARE_STEP)
    return below, Note(
        f"{code}_below" if below else f"{code}_reached",
        f"{names[0].capitalize()} is {_percent(share)} of the total, {'below' if below else 'not below'} {_percent(least)}.",
        f"{names[1]}占比 {_percent(share)}，{'低于' if below else '不低于'} {_percent(least)}。",
    )


def _percent(share: Decimal) -> str:
    return f"{100 * share:.4f}".rstrip("0").rstrip(".") + " %"


def run_clock(since: date, suspensions: Sequence[Suspension], rule: IdleRule, as_of: date) -> Clock:
    """Return when the periods are full, days that do not count left out."""
    gone = merge_suspensions(suspensions)
    return Clock(
        since=since,
        fee_on=_full_on(since, rule.fee_years, gone),
        recovery_on=_full_on(since, rule.recovery_years, gone),
        suspended_days=sum(_days_within(each, since, as_of) for each in gone),
    )


def merge_suspensions(suspensions: Sequence[Suspension]) -> list[tuple[date, date]]:
    """Return the days that do not count as spans that do not touch, in order, each without its last day."""
    spans: list[tuple[date, date]] = []
    for each in sorted(suspensions, key=lambda one: one.starts_on):
        end = each.ends_on or date.max
        if spans and each.starts_on <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((each.starts_on, end))
    return spans


def _full_on(since: date, years: int, spans: Sequence[tuple[date, date]]) -> date | None:
    """Return the day a period is full; None where the clock stands before it is."""
    due = add_years(since, years)
    for start, end in spans:
        if start < due and end > since:
            if end == date.max:
                return None
            due += timedelta(days=(end - max(start, since)).days)
    return due


def _days_within(span: tuple[date, date], since: date, as_of: date) -> int:
    return max(0, (min(span[1], as_of) - max(span[0], since)).days)


def add_years(day: date, years: int) -> date:
    """Return the same day years later; 29 February becomes the month's last day.

    Examples
    --------
    >>> add_years(date(2024, 2, 29), 1), add_years(date(2024, 2, 29), 4)
    (datetime.date(2025, 2, 28), datetime.date(2028, 2, 29))
    """
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _clock_notes(en: str, zh: str, clock: Clock, rule: IdleRule, *, met: bool) -> tuple[Note, ...]:
    notes = []
    if clock.suspended_days:
        notes.append(
            Note(
                "suspended",
                f"{clock.suspended_days} day(s) since the {en} do not count.",
                f"自{zh}起有 {clock.suspended_days} 天不计入期限。",
            )
        )
    if clock.fee_on is None:
        notes.append(Note("clock_stands", "The clock stands.", "期限中止计算。"))
        return tuple(notes)
    word = ("is full since", "已于") if met else ("is full on", "将于")
    years = f"{rule.fee_years} year(s)"
    notes.append(
        Note(
            "period_full" if met else "period_running",
            f"The period of {years} from the {en} {clock.since} {word[0]} {clock.fee_on}.",
            f"自{zh} {clock.since} 起满 {rule.fee_years} 年的期限{word[1]} {clock.fee_on} 届满。",
        )
    )
    return tuple(notes)


_NOT_SUPPLIED: Final = Note(
    "not_supplied",
    "The parcel is not supplied, or its works are complete; the test does not apply.",
    "地块未供应或已竣工，不适用。",
)
_STARTED_SOME_DAY: Final = Note(
    "started", "Works have begun; the day is not recorded.", "已动工，动工日期未填报。"
)
_NO_AGREED_START: Final = Note(
    "agreed_start_unknown", "The agreed start is not recorded.", "约定动工日期未填报。"
)
