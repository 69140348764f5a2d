"""Site devices and a week of 15-minute readings with gaps, flags, broken frames and one wrong unit."""

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from twin.samples.district import AS_OF
from twin.samples.draw import between, shuffled, stream
from twin.samples.footprints import sample_footprints
from twin.samples.plane import rounded_degrees
from twin.samples.projects import sample_projects
from twin.samples.shapes import bounds

DEVICES, DAYS, PER_HOUR = 24, 7, 4
HOURS = DAYS * 24
FIRST = datetime(AS_OF.year, AS_OF.month, AS_OF.day) - timedelta(days=DAYS - 1)  # noqa: DTZ001 - device's local time
EXCEEDING_HOURS, GAP_HOURS, FLAGGED_HOURS = 84, 20, 12
SINGLE_GAPS, BROKEN_FRAMES = 48, 40
WRONG_UNIT = 6  # this device sends PM10 in mg/m³; its registry entry says so
DAY_LIMIT_DB, NIGHT_LIMIT_DB = 70.0, 55.0  # GB 12523-2011, in force at the reporting date
READING_HEADER = ("device", "data_time", "la_db", "la_flag", "pm10", "pm10_flag", "crc")
Slot = tuple[int, int]  # device, hour


def device_rows() -> list[dict[str, Any]]:
    """Return the rows of `devices.json`: one noise and dust terminal per active project, the first 24."""
    active = [p for p in sample_projects() if p.active][:DEVICES]
    rows = []
    for n, p in enumerate(active):
        left, bottom, _, _ = bounds(sample_footprints()[p.index])
        rows.append(
            {
                "id": f"D{n + 1:02d}",
                "mn": f"0100341299{n + 1:014d}",
                "name": f"{p.name}扬尘噪声监测点",
                "kind": "dust_noise",
                "project": p.code,
                "st": "39",
                "lonlat": list(rounded_degrees((left, bottom))),
                "factors": {
                    "LA": {"name": "噪声", "unit": "dB"},
                    "a34002": {"name": "PM10", "unit": "mg/m3" if n == WRONG_UNIT else "ug/m3"},
                },
                "interval_minutes": 15,
                "time_zone": "Asia/Shanghai",
                "limit": {
                    "factor": "LA",
                    "day_db": DAY_LIMIT_DB,
                    "night_db": NIGHT_LIMIT_DB,
                    "source": "GB 12523-2011",
                },
                "public_visible": p.public,
            }
        )
    return rows


@cache
def _special_hours() -> dict[str, frozenset[Slot]]:
    """Choose the hours that exceed, are lost, or are flagged; never two of them in one hour."""
    every = [(d, h) for d in range(DEVICES) for h in range(HOURS)]
    drawn = shuffled(stream("special-hours"), every)
    night = [s for s in drawn if _is_night(s[1])]
    day = [s for s in drawn if not _is_night(s[1])]
    exceeding = [*night[:60], *day[: EXCEEDING_HOURS - 60]]
    lost, rest = _spread(day[EXCEEDING_HOURS - 60 :], GAP_HOURS)
    flagged, rest = _spread(rest, FLAGGED_HOURS)
    single, rest = rest[:SINGLE_GAPS], rest[SINGLE_GAPS:]
    return {
        "exceeding": frozenset(exceeding),
        "lost": frozenset(lost),
        "flagged": frozenset(flagged),
        "single": frozenset(single),
        "broken": frozenset(rest[:BROKEN_FRAMES]),
    }


def _spread(slots: list[Slot], count: int) -> tuple[list[Slot], list[Slot]]:
    """Take slots of different device-days, so that every device-day keeps more than 18 valid hours."""
    taken: list[Slot] = []
    days: set[Slot] = set()
    for slot in slots:
        day = (slot[0], slot[1] // 24)
        if len(taken) < count and day not in days:
            taken.append(slot)
            days.add(day)
    return taken, [s for s in slots if s not in set(taken)]


def _is_night(hour: int) -> bool:
    return hour % 24 >= 22 or hour % 24 < 6


def reading_rows() -> list[tuple[Any, ...]]:
    """Return the rows of `readings.csv`, in the order of time: one per received frame."""
    rows = [row for d in range(DEVICES) for row in _device_readings(d)]
    return sorted(rows, key=lambda r: (r[1], r[0]))


def _device_readings(device: int) -> list[tuple[Any, ...]]:
    rng = stream(f"readings:{device}")
    special = _special_hours()
    rows = []
    for hour in range(HOURS):
        slot = (device, hour)
        for quarter in range(PER_HOUR):
            noise, dust = (
                _noise(between(rng, 0, 1), hour, exceeding=slot in special["exceeding"]),
                between(rng, 35, 110),
            )
            if slot in special["lost"] or (slot in special["single"] and quarter == 2):
                continue
            flag = "DCMB"[(device + hour) % 4] if slot in special["flagged"] else "N"
            pm10 = f"{dust / 1000:.4f}" if device == WRONG_UNIT else f"{dust:.1f}"
            crc = "bad" if slot in special["broken"] and quarter == 1 else "ok"
            at = FIRST + timedelta(minutes=60 * hour + 15 * quarter)
            rows.append((f"D{device + 1:02d}", f"{at:%Y-%m-%dT%H:%M}", f"{noise:.1f}", flag, pm10, flag, crc))
    return rows


def _noise(share: float, hour: int, *, exceeding: bool) -> float:
    """Return a level that is on the same side of the limit in all four quarters of its hour."""
    if _is_night(hour):
        return 57.0 + 5.0 * share if exceeding else 48.0 + 6.0 * share
    if exceeding:
        return 71.5 + 4.0 * share
    work = 8.0 if 8 <= hour % 24 < 18 else 2.0
    return 54.0 + work + 5.5 * share


def expected_environment() -> dict[str, Any]:
    """Return the compliance rate, counted again from the rows."""
    good: dict[tuple[str, str], list[float]] = {}
    rows = reading_rows()
    for device, at, level, flag, _, _, crc in rows:
        if flag == "N" and crc == "ok":
            good.setdefault((device, at[:13]), []).append(float(level))
    valid = {k: sum(v) / len(v) for k, v in good.items() if len(v) >= 3}
    over = [k for k, mean in valid.items() if mean > _limit(k[1])]
    return {
        "slots": DEVICES * HOURS * PER_HOUR,
        "frames": len(rows),
        "bad_crc": sum(r[6] == "bad" for r in rows),
        "flagged": sum(r[3] != "N" for r in rows),
        "device_hour_slots": DEVICES * HOURS,
        "valid_rule": "at least 3 of 4 quarter-hours with flag N and a good CRC",
        "compliance": {
            "numerator": len(valid) - len(over),
            "denominator": len(valid),
            "percent": round(100 * (len(valid) - len(over)) / len(valid), 4),
        },
        "exceeding_device_hours": len(over),
        "wrong_unit_device": f"D{WRONG_UNIT + 1:02d}",
    }


def _limit(hour_text: str) -> float:
    return NIGHT_LIMIT_DB if _is_night(int(hour_text[11:13])) else DAY_LIMIT_DB
