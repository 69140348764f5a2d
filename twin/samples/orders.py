"""Sixty supervision orders 督办单; every state and every side move of `domain.md` §6 occurs."""

from datetime import datetime, timedelta
from typing import Any

from twin.samples.district import AS_OF, PLAN_YEAR
from twin.samples.draw import choose, stream, whole
from twin.samples.people import UNITS
from twin.samples.projects import sample_projects
from twin.samples.signals import OPEN, REASONS, signal_rows, stamp

MAIN = ("drafted", "issued", "signed", "handling", "replied", "reviewed", "closed")
STATES_ZH = dict(zip(MAIN, ("立项", "交办", "签收", "办理", "反馈", "复核", "办结"), strict=True)) | {
    "revoked": "撤销"
}
COUNTS = {
    "closed": 34,
    "reviewed": 5,
    "replied": 5,
    "handling": 6,
    "signed": 3,
    "issued": 3,
    "drafted": 2,
    "revoked": 2,
}
HOURS = {"issued": 4, "signed": 14, "handling": 30, "replied": 90, "reviewed": 140, "closed": 170}
# Side moves by the order's ordinal among those that reached handling.
SIDE_MOVES: dict[int, tuple[str, ...]] = {
    3: ("returned",),
    7: ("extension_requested", "extension_granted"),
    11: ("extension_requested", "extension_refused"),
    15: ("returned", "extension_requested", "extension_granted"),
    19: ("returned",),
    23: ("extension_requested", "extension_granted"),
}
PENDING_EXTENSION = 46  # asked for, not yet decided


def order_rows() -> list[dict[str, Any]]:
    """Return the rows of `orders.json`; `events` holds every move with its time."""
    states = [state for state, count in COUNTS.items() for _ in range(count)]
    return [_order(n, state) for n, state in enumerate(states, start=1)]


def _order(n: int, state: str) -> dict[str, Any]:
    rng = stream(f"order:{n}")
    signal = _signal_of(n, state)
    begin = _begin(n, state, signal)
    events = _events(n, state, begin)
    times = {e["move"]: e["at"] for e in events}
    active = [p for p in sample_projects() if p.active]
    closed = state == "closed"
    return {
        "order_no": f"DB-{PLAN_YEAR}-{n:03d}",
        "project": signal["project"] if signal else choose(rng, active).code,
        "signal": signal["id"] if signal else None,
        "cause": signal["reasons"][0] if signal else choose(rng, REASONS),
        "colour": signal["colour"] if signal else choose(rng, ("yellow", "blue")),
        "responsible_unit": choose(rng, (UNITS["U07"], UNITS["U08"], UNITS["U05"], UNITS["U04"])),
        "state": state,
        "state_name": STATES_ZH[state],
        "issued_at": times.get("issued"),
        "signed_at": times.get("signed"),
        "replied_at": times.get("replied"),
        "closed_at": times.get("closed"),
        "due_at": stamp(begin + timedelta(hours=4 + 7 * 24)) if "issued" in times else None,
        "outcome": choose(rng, ("resolved", "resolved", "explained", "accountability")) if closed else None,
        "appraisal_points": -whole(rng, 0, 3) if closed else None,
        "events": events,
    }


def _signal_of(n: int, state: str) -> dict[str, Any] | None:
    """Closed orders answered the year's first signals; the newest, still open signals have orders under way."""
    signals = signal_rows()
    if state == "closed":
        return signals[n - 1]
    under_way = n - COUNTS["closed"] - 1
    still_open = signals[-OPEN:]
    return still_open[under_way] if under_way < len(still_open) else None


def _begin(n: int, state: str, signal: dict[str, Any] | None) -> datetime:
    if signal and state == "closed":
        return datetime.fromisoformat(signal["raised_at"]).replace(tzinfo=None)
    # Orders still under way were opened in the last ten days before the reporting date.
    evening = datetime(AS_OF.year, AS_OF.month, AS_OF.day, 9)  # noqa: DTZ001 - local time, zone added in text
    return evening - timedelta(hours=HOURS.get(state, 0) + 2 + n % 20)


def _events(n: int, state: str, begin: datetime) -> list[dict[str, str]]:
    last = MAIN.index("signed" if state == "revoked" else state)
    moves = [(move, HOURS.get(move, 0)) for move in MAIN[: last + 1]]
    if state == "revoked":
        moves.append(("revoked", 20))
    if last >= MAIN.index("replied"):
        moves += [(m, 40 + 6 * k) for k, m in enumerate(SIDE_MOVES.get(n, ()))]
        moves += [("handling", 44)] if "returned" in SIDE_MOVES.get(n, ()) else []
    if n == PENDING_EXTENSION:
        moves.append(("extension_requested", 31))
    ordered = sorted(enumerate(moves), key=lambda item: (item[1][1], item[0]))
    return [{"move": move, "at": stamp(begin + timedelta(hours=hours))} for _, (move, hours) in ordered]


def expected_orders() -> dict[str, Any]:
    """Return counts by state and by move."""
    rows = order_rows()
    moves = [e["move"] for r in rows for e in r["events"]]
    return {
        "orders": len(rows),
        "by_state": {s: sum(r["state"] == s for r in rows) for s in COUNTS},
        "moves": {m: moves.count(m) for m in sorted(set(moves))},
    }
