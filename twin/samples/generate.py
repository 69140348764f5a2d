"""Write the whole sample set, or check that a folder holds exactly it."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twin.samples.basemap import basemap_features
from twin.samples.citizens import SURVEY_HEADER, expected_citizens, suggestion_rows, survey_answers
from twin.samples.citizens import report_rows as citizen_rows
from twin.samples.controls import control_features
from twin.samples.district import AS_OF, DISTRICT, DISTRICT_EN, STORED_CRS, SURVEY_CRS
from twin.samples.exchange import exchange_files, expected_exchange
from twin.samples.expected_land import expected_controls, expected_land
from twin.samples.expected_models import expected_models
from twin.samples.expected_overlap import expected_overlaps
from twin.samples.expected_progress import (
    expected_costs,
    expected_durations,
    expected_lights,
    expected_packages,
    expected_portfolio,
)
from twin.samples.footprints import footprint_features
from twin.samples.funds import SOURCES, expected_funds, fund_rows
from twin.samples.land import parcel_features
from twin.samples.meetings import expected_issues, issue_rows, meeting_rows
from twin.samples.models import model_files, model_rows
from twin.samples.orders import expected_orders, order_rows
from twin.samples.people import UNITS, people_rows
from twin.samples.photos import GPS_PHOTOS, PHOTO_NAMES, photo_files
from twin.samples.projects import project_rows
from twin.samples.readme import README
from twin.samples.reports import actual_dates, report_rows
from twin.samples.schedule import baseline_rows, milestone_rows
from twin.samples.signals import expected_risks, expected_signals, risk_rows, signal_rows
from twin.samples.sites import READING_HEADER, device_rows, expected_environment, reading_rows
from twin.samples.stages import stage_rows
from twin.samples.write import features_json, table_csv, table_json

SUMS = "SHA256SUMS"
Files = dict[str, bytes]


def sample_files() -> Files:
    """Return every file of the sample set by its path inside the folder, `SHA256SUMS` last."""
    files: Files = {"README.md": README.encode(), ".gitattributes": b"# synthetic: true\n* -text\n"}
    for part in _PARTS:
        files |= part()
    files["expected.json"] = _expected(files)
    ordered = dict(sorted(files.items()))
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in ordered.items())
    return {**ordered, SUMS: sums.encode()}


def _project_tables() -> Files:
    reports = report_rows()
    return {
        "projects.json": table_json("projects", project_rows()),
        "stages.json": table_json("stages", stage_rows()),
        "milestones.json": table_json("milestones", milestone_rows(actual_dates(reports))),
        "baselines.json": table_json("baselines", baseline_rows()),
        "progress_reports.json": table_json("progress_reports", reports),
    }


def _layers() -> Files:
    crs = {"crs": STORED_CRS, "survey_crs": SURVEY_CRS}
    return {
        "footprints.geojson": features_json("footprints", footprint_features(), **crs),
        "land_parcels.geojson": features_json("land_parcels", parcel_features(), **crs),
        "control_areas.geojson": features_json("control_areas", control_features(), **crs),
        "basemap.geojson": features_json(
            "basemap", basemap_features(), crs=STORED_CRS, district_en=DISTRICT_EN
        ),
    }


def _models() -> Files:
    return {"models.json": table_json("models", model_rows()), **model_files()}


def _work_tables() -> Files:
    return {
        "people.json": table_json("people", people_rows(), units=UNITS),
        "funds.json": table_json("funds", fund_rows(), sources=SOURCES),
        "signals.json": table_json("signals", signal_rows()),
        "risk_points.json": table_json("risk_points", risk_rows()),
        "orders.json": table_json("orders", order_rows()),
        "meetings.json": table_json("meetings", meeting_rows()),
        "issues.json": table_json("issues", issue_rows()),
        "devices.json": table_json("devices", device_rows()),
        "readings.csv": table_csv(READING_HEADER, reading_rows(), comment=MARK),
        "citizen_reports.json": table_json("citizen_reports", citizen_rows()),
        "suggestions.json": table_json("suggestions", suggestion_rows()),
        "survey.csv": table_csv(SURVEY_HEADER, survey_answers(), comment=MARK),
    }


MARK = "synthetic: true"
_PARTS: tuple[Callable[[], Files], ...] = (
    _project_tables,
    _layers,
    _models,
    _work_tables,
    photo_files,
    exchange_files,
)


def _expected(files: Files) -> bytes:
    answers: dict[str, Any] = {
        "synthetic": True,
        "district": DISTRICT,
        "district_en": DISTRICT_EN,
        "as_of": AS_OF.isoformat(),
        "portfolio": expected_portfolio(),
        "lights": expected_lights(),
        "element_packages": expected_packages(),
        "cost_deviation": expected_costs(),
        "duration_shortening": expected_durations(),
        "overlaps": expected_overlaps(),
        "land": expected_land(),
        "control_areas": expected_controls(),
        "models": expected_models(files),
        "funds": expected_funds(),
        "signals": expected_signals(),
        "risk_points": expected_risks(),
        "orders": expected_orders(),
        "issues": expected_issues(),
        "environment": expected_environment(),
        **expected_citizens(),
        "photos": {"with_position": sorted(GPS_PHOTOS), "files": sorted(PHOTO_NAMES)},
        "exchange": expected_exchange(),
    }
    return (json.dumps(answers, ensure_ascii=False, indent=1) + "\n").encode()


def write_samples(folder: Path) -> list[str]:
    """Write the sample set and return the names of the files whose bytes changed.

    Parameters
    ----------
    folder : Path
        Made where it is missing; files of the set are overwritten, others stay.
    """
    return [name for name, content in sample_files().items() if _write(folder / name, content)]


def _write(path: Path, content: bytes) -> bool:
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return True


def check_samples(folder: Path) -> list[str]:
    """Return the names of files that are missing, differ from what is generated, or do not belong."""
    files = sample_files()
    wrong = [
        name
        for name, content in files.items()
        if not (folder / name).is_file() or (folder / name).read_bytes() != content
    ]
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    return sorted([*wrong, *(present - set(files))])
