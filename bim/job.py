"""The order for one conversion, as it travels from the worker to the model process."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from bim.errors import JobError
from bim.limits import ConversionLimits, FileLimits, ProcessLimits

JOB_FILE = "job.json"


@dataclass(frozen=True)
class ProjectPlace:
    """What is known about where the project lies; every part may be missing.

    Attributes
    ----------
    crs : str or None
        Projected system of the project, for example ``EPSG:4527``.
    bbox : tuple of float or None
        West, south, east, north in degrees (CGCS2000 or WGS 84).
    footprint : dict or None
        GeoJSON geometry in lon/lat.
    """

    crs: str | None = None
    bbox: tuple[float, float, float, float] | None = None
    footprint: dict[str, Any] | None = None


@dataclass(frozen=True)
class Correction:
    """A position given by a person; it wins over the file and is stored apart from it.

    Attributes
    ----------
    crs : str
        Projected system.
    eastings, northings, height : float
        Where the model's local zero lies, metres.
    rotation_deg : float
        Anti-clockwise from grid east to the model's x axis.
    scale_factor : float
        Ground to grid.
    accuracy_m : float or None
        Largest residual of the control points it was fitted to.
    number : int or None
        Under which it is kept.
    evidence : str
        Who gave it, when and why.
    """

    crs: str
    eastings: float
    northings: float
    height: float = 0.0
    rotation_deg: float = 0.0
    scale_factor: float = 1.0
    accuracy_m: float | None = None
    number: int | None = None
    evidence: str = ""


@dataclass(frozen=True)
class ConversionJob:
    """One model to convert.

    Attributes
    ----------
    source : Path
        The uploaded file; never written to.
    spool : Path
        Folder of this attempt alone; results are written there.
    project : ProjectPlace
        Where the project lies.
    correction : Correction or None
        A person's placement.
    processes : int
        Geometry processes that run at a time.
    expected_bytes : int or None
        Length announced by the sender.
    limits : ConversionLimits
        Caps.
    """

    source: Path
    spool: Path
    project: ProjectPlace = field(default_factory=ProjectPlace)
    correction: Correction | None = None
    processes: int = 1
    expected_bytes: int | None = None
    limits: ConversionLimits = field(default_factory=ConversionLimits)


def write_job(job: ConversionJob) -> None:
    """Write the order into its spool folder, which is made if missing."""
    job.spool.mkdir(parents=True, exist_ok=True)
    values = dataclasses.asdict(job)
    values["source"], values["spool"] = str(job.source), str(job.spool)
    (job.spool / JOB_FILE).write_bytes(orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY))


def read_job(spool: Path) -> ConversionJob:
    """Read the order from a spool folder.

    Raises
    ------
    JobError
        Missing or malformed order, or missing source.
    """
    try:
        values = orjson.loads((spool / JOB_FILE).read_bytes())
        job = _job_of(values, spool)
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise JobError(
            f"The conversion order in {JOB_FILE} cannot be read ({error}). Start the conversion again.",
            f"无法读取转换任务 {JOB_FILE}({error}),请重新发起转换。",
        ) from error
    if not job.source.is_file():
        raise JobError(
            "The stored model file is missing. Upload it again.", "存储的模型文件不存在,请重新上传。"
        )
    return job


def _job_of(values: dict[str, Any], spool: Path) -> ConversionJob:
    place = values.get("project") or {}
    bbox = place.get("bbox")
    limits = values.get("limits") or {}
    correction = values.get("correction")
    return ConversionJob(
        source=Path(values["source"]),
        spool=spool,
        project=ProjectPlace(place.get("crs"), tuple(bbox) if bbox else None, place.get("footprint")),
        correction=Correction(**correction) if correction else None,
        processes=max(1, int(values.get("processes") or 1)),
        expected_bytes=values.get("expected_bytes"),
        limits=ConversionLimits(
            FileLimits(**limits.get("file", {})), ProcessLimits(**limits.get("process", {}))
        ),
    )
