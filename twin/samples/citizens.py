"""305 citizen reports 随手拍, 432 design suggestions, two years of survey answers."""

from datetime import date, datetime, timedelta
from functools import cache
from math import sqrt
from typing import Any

from twin.samples.district import PLAN_YEAR
from twin.samples.draw import between, choose, shuffled, stream, whole
from twin.samples.footprints import sample_footprints
from twin.samples.phone_maps import bd09, gcj02
from twin.samples.photos import PHOTO_NAMES
from twin.samples.plane import to_degrees
from twin.samples.projects import sample_projects
from twin.samples.shapes import bounds
from twin.samples.signals import stamp

CHANNELS = {"mini_app": 240, "hotline": 45, "open_day": 20}
COORD_TYPES = {"gcj02": 183, "wgs84": 107, "bd09": 15}
# State → how many; the first group is adopted (244), the others as their names say.
ADOPTED = {"closed": 120, "rated": 90, "replied": 14, "handling": 12, "reopened": 6, "assigned": 2}
UNDECIDED = {"received": 4, "triaged": 3, "accepted": 3}
SIDE = {"rejected": 6, "transferred": 5, "duplicate": 40}
CATEGORIES = (
    ("dust", "工地扬尘较大，出入口未冲洗"),
    ("noise", "夜间施工噪声扰民"),
    ("road", "施工占道，行人绕行不便"),
    ("drainage", "雨后积水，排水不畅"),
    ("design", "建议增设无障碍坡道"),
    ("safety", "围挡破损，有安全隐患"),
)
SUGGESTIONS, SUGGESTIONS_ADOPTED = 432, 67
SURVEYS = {PLAN_YEAR: 926, PLAN_YEAR - 1: 866}
ANSWERS = 1000
GRADES = ("very_satisfied", "satisfied", "neutral", "dissatisfied", "very_dissatisfied")
SURVEY_HEADER = ("year", "respondent", "project", "grade")


@cache
def report_rows() -> tuple[dict[str, Any], ...]:
    """Return the rows of `citizen_reports.json`, by ticket number."""
    states = [s for group in (ADOPTED, UNDECIDED, SIDE) for s, count in group.items() for _ in range(count)]
    order = shuffled(stream("citizen-states"), states)
    originals = [n for n, state in enumerate(order) if state in ADOPTED]
    channels = shuffled(stream("channels"), [c for c, count in CHANNELS.items() for _ in range(count)])
    types = shuffled(stream("coord-types"), [c for c, count in COORD_TYPES.items() for _ in range(count)])
    return tuple(_report(n, state, channels[n], types[n], originals) for n, state in enumerate(order))


def _report(n: int, state: str, channel: str, coord_type: str, originals: list[int]) -> dict[str, Any]:
    original = originals[n * 7 % len(originals)] if state == "duplicate" else n
    lon, lat, index = true_place(original)
    raw = {"wgs84": lambda a, b: (a, b), "gcj02": gcj02, "bd09": bd09}[coord_type](lon, lat)
    category, text = CATEGORIES[original % len(CATEGORIES)]
    received = datetime(PLAN_YEAR, 1, 8, 8) + timedelta(hours=23 * n + n % 11)  # noqa: DTZ001 - local, zone added
    done = state in ("closed", "rated", "reopened")
    rng = stream(f"citizen:{n}")
    return {
        "ticket_no": f"SP-{PLAN_YEAR}-{n + 1:04d}",
        "channel": channel,
        "category": category,
        "text": text,
        "coord_type": coord_type,
        "raw_lon": round(raw[0], 7),
        "raw_lat": round(raw[1], 7),
        "project_guess": sample_projects()[index].code,
        "received_at": stamp(received),
        "state": state,
        "duplicate_of": f"SP-{PLAN_YEAR}-{original + 1:04d}" if state == "duplicate" else None,
        "transferred_to": "示范区城市管理样例局" if state == "transferred" else None,
        "reason": "不属于重点工程范围" if state == "rejected" else None,
        "adoption": _adoption(state),
        "implemented_on": (received.date() + timedelta(days=12)).isoformat() if done and n % 2 == 0 else None,
        "reply": "已责成施工单位整改，感谢监督。" if done or state == "replied" else None,
        "closed_at": stamp(received + timedelta(days=6)) if done else None,
        "reopened": state == "reopened",
        "rating": whole(rng, 3, 5) if state == "rated" else None,
        "contact_name": f"市民{n + 1:03d}" if n % 3 else None,
        "contact_phone": f"100-0000-{1000 + n:04d}" if n % 3 else None,
        "photos": [f"photos/{PHOTO_NAMES[n % len(PHOTO_NAMES)]}"]
        if channel == "mini_app" and n % 4 == 0
        else [],
    }


def _adoption(state: str) -> str:
    if state in ADOPTED:
        return "adopted"
    return "not_adopted" if state == "rejected" else "undecided"


@cache
def true_place(n: int) -> tuple[float, float, int]:
    """Return where the n-th report truly is (WGS 84) and the project it is about."""
    rng = stream(f"citizen-place:{n}")
    active = [p.index for p in sample_projects() if p.active]
    index = choose(rng, active)
    left, bottom, right, top = bounds(sample_footprints()[index])
    # Beside the site, yet inside the district's extent.
    point = (between(rng, left, right), between(rng, bottom, top))
    lon, lat = to_degrees(point)
    return round(lon, 7), round(lat, 7), index


def suggestion_rows() -> list[dict[str, Any]]:
    """Return the rows of `suggestions.json`: the adopted ones carry a reason and, where built, a date."""
    adopted = set(shuffled(stream("suggestions"), range(SUGGESTIONS))[:SUGGESTIONS_ADOPTED])
    return [_suggestion(n, adopted=n in adopted) for n in range(SUGGESTIONS)]


def _suggestion(n: int, *, adopted: bool) -> dict[str, Any]:
    rng = stream(f"suggestion:{n}")
    received = date(PLAN_YEAR, 1, 10) + timedelta(days=whole(rng, 0, 250))
    topics = ("增加停车位", "增设休憩座椅", "优化人行过街", "加宽非机动车道", "保留原有大树", "增加夜间照明")
    return {
        "id": f"J{n + 1:03d}",
        "project": choose(rng, sample_projects()).code,
        "text": f"建议{choose(rng, topics)}",
        "received_on": received.isoformat(),
        "decision": "adopted" if adopted else "not_adopted",
        "reason": "符合规范且投资可控，纳入设计变更"
        if adopted
        else choose(rng, ("不符合规范", "超出投资", "已有类似设施")),
        "built_on": (received + timedelta(days=60)).isoformat() if adopted and received.month < 8 else None,
    }


def survey_answers() -> list[tuple[int, str, str, str]]:
    """Return the rows of `survey.csv`: 1000 answers a year, satisfied ones as many as planned."""
    rows = []
    for year, satisfied in sorted(SURVEYS.items()):
        rng = stream(f"survey:{year}")
        good = [GRADES[n % 2] for n in range(satisfied)]
        bad = [GRADES[2 + n % 3] for n in range(ANSWERS - satisfied)]
        for n, grade in enumerate(shuffled(rng, [*good, *bad]), start=1):
            rows.append((year, f"Q{n:04d}", choose(rng, sample_projects()).code, grade))
    return rows


def expected_citizens() -> dict[str, Any]:
    """Return adoption and satisfaction figures, and the true place of every report."""
    rows = report_rows()
    adopted = sum(r["adoption"] == "adopted" for r in rows)
    return {
        "reports": {
            "received": len(rows),
            "by_channel": {c: sum(r["channel"] == c for r in rows) for c in CHANNELS},
            "by_state": {s: sum(r["state"] == s for r in rows) for s in sorted({r["state"] for r in rows})},
            "adopted_of_received": {
                "numerator": adopted,
                "denominator": len(rows),
                "percent": round(100 * adopted / len(rows), 4),
            },
            "adopted_of_decided": {"numerator": adopted, "denominator": adopted + SIDE["rejected"]},
            "true_lonlat": {r["ticket_no"]: list(_true(r)) for r in rows},
        },
        "suggestions": {
            "numerator": SUGGESTIONS_ADOPTED,
            "denominator": SUGGESTIONS,
            "percent": round(100 * SUGGESTIONS_ADOPTED / SUGGESTIONS, 4),
        },
        "satisfaction": {str(year): _wilson(n, ANSWERS) for year, n in SURVEYS.items()},
    }


def _true(row: dict[str, Any]) -> tuple[float, float]:
    ticket = row["duplicate_of"] or row["ticket_no"]
    lon, lat, _ = true_place(int(ticket[-4:]) - 1)
    return lon, lat


def _wilson(hits: int, n: int) -> dict[str, Any]:
    z = 1.959963984540054
    p = hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return {
        "numerator": hits,
        "denominator": n,
        "percent": 100 * hits / n,
        "wilson_95": [round(100 * (middle - half), 2), round(100 * (middle + half), 2)],
    }
