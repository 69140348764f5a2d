"""What a conversion yields and how its files are read. Loads no IFC library: worker and API import it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypedDict

import orjson

MODEL_FILE = "model.json"
ELEMENTS_FILE = "elements.jsonl"
PREVIEW_FILE = "preview.jsonl"
PREVIEW_MODEL_FILE = "preview.json"
VERDICT_FILE = "verdict.json"
LOG_FILE = "log.txt"

State = Literal["succeeded", "failed", "quarantined", "cancelled"]
Confidence = Literal["high", "medium", "low", "none"]


class QuantityValue(TypedDict):
    """One quantity: value in the SI unit named (m, m2, m3, kg, s, count), and where it comes from."""

    value: float
    unit: str
    source: str


class Reference(TypedDict):
    """One classification: system, code and name as in the file."""

    system: str | None
    code: str | None
    name: str | None


class Layer(TypedDict):
    """One layer of a wall, slab or road, from the inside of its set outwards: material, thickness in metres."""

    material: str | None
    thickness_m: float | None


class Group(TypedDict):
    """One group, system or zone an element belongs to."""

    global_id: str
    ifc_class: str
    name: str | None


class GeometryError(TypedDict):
    """Why an element has no shape: kind (crashed, time_out, out_of_memory, failed, empty), signal, seconds, words."""

    kind: str
    signal: int | None
    seconds: float
    reason: str


@dataclass(frozen=True)
class Verdict:
    """How a conversion ended, with a text for the person who uploaded the model."""

    code: str
    state: State
    message_en: str
    message_zh: str
    detail: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """One step of progress: phase name, done of total units (elements or steps)."""

    phase: str
    done: int
    total: int


@dataclass(frozen=True)
class ElementFacts:
    """What the file says about one product, known before geometry.

    Attributes
    ----------
    step_id : int
        Instance number in the file.
    global_id : str
        GlobalId; repeated ones carry ``#2``, ``#3`` in order of instance numbers.
    ifc_class, predefined_type, name, tag : str or None
        As in the file; ``USERDEFINED`` gives the object type.
    type_global_id, type_name : str or None
        Type object.
    storey : str or None
        GlobalId of the storey the element stands in, also through its parents.
    storey_name : str or None
        Name of that storey.
    container : str or None
        GlobalId of the spatial element that contains it.
    parent_global_id : str or None
        Whole, host of an opening, or opening filled.
    space : str or None
        Name of the space that contains it.
    host_global_id : str or None
        For an opening the element it voids; for a door or window the element whose opening it fills.
    planning_status : str or None
        ``Status`` of the common property set: a planning phase, never progress.
    psets : dict
        Property set, property name, value as in the file; occurrence over type.
    pset_si : dict
        The same way, for measures alone: the value in SI (several for a list, lower and upper bound for a
        range), last the unit: ``[0.24, "m"]``.
    type_psets : dict
        Names of the properties, by set, that come from the type.
    quantities : dict
        By set, then by name.
    classification, materials, task_codes : list
        As in the file.
    layers : list
        Material layers, profiles excluded.
    groups : list
        Groups, systems and zones.
    psets_hash, quantities_hash : str
        Hashes of property sets and of quantities, numbers to nine digits.
    signature : str
        Hash of class, name, type and properties, to match content under a renewed GlobalId.
    quantity, quantity_unit, quantity_source
        Weight in progress; null before geometry where only the mesh can tell.
    """

    step_id: int
    global_id: str
    ifc_class: str
    predefined_type: str | None
    name: str | None
    tag: str | None
    type_global_id: str | None
    type_name: str | None
    storey: str | None
    storey_name: str | None
    container: str | None
    parent_global_id: str | None
    space: str | None
    host_global_id: str | None
    planning_status: str | None
    psets: dict[str, dict[str, Any]]
    pset_si: dict[str, dict[str, list[Any]]]
    type_psets: dict[str, list[str]]
    quantities: dict[str, dict[str, QuantityValue]]
    classification: list[Reference]
    materials: list[str]
    layers: list[Layer]
    groups: list[Group]
    task_codes: list[str]
    psets_hash: str
    quantities_hash: str
    signature: str
    quantity: float | None
    quantity_unit: str | None
    quantity_source: str | None


@dataclass(frozen=True)
class ElementRow(ElementFacts):
    """One element with its geometry, one line of ``elements.jsonl``.

    Attributes
    ----------
    fid : int or None
        0 ... n-1 for elements with geometry, in order of instance numbers.
    footprint_local_wkb : str or None
        Hex WKB, metres in the model frame; polygons, or lines for alignments.
    footprint_survey_wkb, survey_epsg : str, int or None
        Hex WKB in the resolved projected system, and its EPSG code.
    footprint_lonlat_wkb : str or None
        Hex WKB in degrees (CGCS2000), edges at most 500 m long.
    centroid_lon, centroid_lat : float or None
        Degrees.
    z_min_m, z_max_m : float or None
        In the vertical datum of the georeference, or local metres without one.
    area_m2, volume_m3 : float or None
        Footprint on the ground; volume by quantity, else by a closed mesh.
    box : list of float or None
        Local metres: x, y, z minimum, then maximum.
    placement : list of float or None
        Where the file puts the element: upper three rows of the matrix, row by row, metres in the model frame.
    flags : list of str
        ``footprint_capped``, ``footprint_none``, ``quantity_derived``, ``quantity_count``, ``not_map_geometry``,
        ``duplicate_global_id``, ``outlier``, ``no_outline``, ``not_placed``.
    geometry_hash, kernel, geometry_error
        Hash of the vertices in the element's own frame, kernel that drew it, or why there is no shape.
    """

    fid: int | None = None
    footprint_local_wkb: str | None = None
    footprint_survey_wkb: str | None = None
    survey_epsg: int | None = None
    footprint_lonlat_wkb: str | None = None
    centroid_lon: float | None = None
    centroid_lat: float | None = None
    z_min_m: float | None = None
    z_max_m: float | None = None
    area_m2: float | None = None
    volume_m3: float | None = None
    box: list[float] | None = None
    placement: list[float] | None = None
    flags: list[str] = field(default_factory=list)
    geometry_hash: str | None = None
    kernel: str | None = None
    geometry_error: GeometryError | None = None


@dataclass(frozen=True)
class Origin:
    """Where the model's local zero lies: projected metres and degrees; parts unknown are null."""

    e: float | None
    n: float | None
    h: float | None
    lon: float | None
    lat: float | None


@dataclass(frozen=True)
class Candidate:
    """One reading of the position in a file and how it fared.

    Attributes
    ----------
    level : int
        LoGeoRef level of the carrier.
    method : str
        Reading, for example ``map_conversion`` or ``site_lat_lon``.
    crs : str or None
        Projected system.
    matrix : tuple of float
        Row-major 4 x 4, local metres to metres of the system.
    lon, lat : float or None
        Where the middle of the model comes to lie.
    inside : bool
        Whether that is inside the system's area of use.
    to_project_m, to_site_m : float or None
        Distance to the project and to the site's own latitude and longitude.
    penalty : float
        How far the reading strays from the plain one.
    notes : tuple of str
        What was assumed.
    """

    level: int
    method: str
    crs: str | None
    matrix: tuple[float, ...]
    lon: float | None
    lat: float | None
    inside: bool
    to_project_m: float | None
    to_site_m: float | None
    penalty: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Georeference:
    """Where a model lies and how sure that is.

    Attributes
    ----------
    level : int
        Highest LoGeoRef level (0, 10, 20, 30, 40, 50) used, or found where nothing could be used.
    method, crs : str or None
        Reading that won and its projected system; null where the model has no place on the map.
    origin : Origin
        Local zero.
    rotation_deg : float
        Anti-clockwise from grid east to the model's x axis.
    scale_factor : float
        Ground to grid.
    accuracy : float or None
        Metres, where the carrier tells.
    confidence : str
        ``high``, ``medium``, ``low``, ``none``.
    matrix : tuple of float
        Row-major 4 x 4 from local metres to metres of the system.
    placement : int or None
        Number of the placement by hand it comes from.
    file : dict or None
        What the file itself says, where a placement by hand goes before it.
    """

    level: int
    method: str | None
    crs: str | None
    origin: Origin
    rotation_deg: float
    scale_factor: float
    accuracy: float | None
    confidence: Confidence
    vertical_datum: str | None
    matrix: tuple[float, ...]
    candidates: list[Candidate] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    placement: int | None = None
    file: dict[str, Any] | None = None

    @property
    def placed(self) -> bool:
        """Whether the model has a place on the map."""
        return self.crs is not None and self.confidence != "none"


@dataclass(frozen=True)
class Storey:
    """One storey: elevation of its reference in metres, local."""

    global_id: str
    name: str | None
    elevation_m: float | None


@dataclass(frozen=True)
class SpatialNode:
    """One node of the spatial tree: parent is null for the project."""

    global_id: str
    ifc_class: str
    name: str | None
    parent: str | None


@dataclass(frozen=True)
class Task:
    """One task of a work schedule; times as written in the file (ISO 8601).

    Attributes
    ----------
    dates_from : str or None
        ``schedule`` where both planned times are schedule times, ``early`` where an early time stands in.
    duration, duration_type : str or None
        Planned duration as written, ``WORKTIME`` or ``ELAPSEDTIME``.
    schedule : str or None
        Name of the work schedule or plan that holds the task.
    """

    code: str
    name: str | None
    schedule_start: str | None
    schedule_finish: str | None
    actual_start: str | None
    actual_finish: str | None
    completion: float | None
    parent: str | None
    products: list[str]
    uid: str | None = None
    dates_from: str | None = None
    duration: str | None = None
    duration_type: str | None = None
    schedule: str | None = None


@dataclass(frozen=True)
class Duplicate:
    """A GlobalId used more than once, with the instances that carry it."""

    global_id: str
    step_ids: list[int]
    classes: list[str]


@dataclass(frozen=True)
class ModelResult:
    """One converted model, ``model.json``.

    Attributes
    ----------
    schema, opened_as : str
        As in the file, and as read.
    units : dict
        SI factor of each unit type, for example ``{"LENGTHUNIT": 0.001}``.
    bbox : tuple of float or None
        West, south, east, north in degrees, outliers left out.
    z_range : tuple of float or None
        Lowest and highest point, metres.
    outline_lonlat_wkb, outline_survey_wkb, outline_local_wkb : str or None
        Union of the element footprints, hex WKB; the local one in metres of the model frame.
    library_log : dict
        Number of errors and warnings the library logged.
    """

    name: str | None
    schema: str
    opened_as: str
    encoding: str
    units: dict[str, float]
    georeference: Georeference
    storeys: list[Storey]
    tree: list[SpatialNode]
    counts_by_class: dict[str, int]
    bbox: tuple[float, float, float, float] | None
    z_range: tuple[float, float] | None
    outline_lonlat_wkb: str | None
    outline_survey_wkb: str | None
    tasks: list[Task]
    duplicates: list[Duplicate]
    library_log: dict[str, int]
    library_messages: list[str]
    warnings: list[str]
    outline_local_wkb: str | None = None


@dataclass(frozen=True)
class ModelPreview:
    """What is known of a model before its geometry, ``preview.json``; fields as in `ModelResult`."""

    schema_name: str
    units: dict[str, float]
    elements: int
    counts_by_class: dict[str, int]
    storeys: list[Storey]
    tree: list[SpatialNode]
    warnings: list[str]


def write_preview_model(spool: Path, preview: ModelPreview) -> None:
    """Write ``preview.json``; the rows of the elements are written by then."""
    (spool / PREVIEW_MODEL_FILE).write_bytes(orjson.dumps(preview, option=orjson.OPT_SERIALIZE_DATACLASS))


def read_preview_summary(spool: Path) -> dict[str, Any]:
    """Read ``preview.json`` as plain values, to be stored and answered as they are."""
    values: dict[str, Any] = orjson.loads((spool / PREVIEW_MODEL_FILE).read_bytes())
    return values


def write_model(spool: Path, model: ModelResult) -> None:
    """Write ``model.json``."""
    (spool / MODEL_FILE).write_bytes(orjson.dumps(model, option=orjson.OPT_SERIALIZE_DATACLASS))


def write_verdict(spool: Path, verdict: Verdict) -> None:
    """Write ``verdict.json`` in one step, so that a half one is never read."""
    partial = spool / (VERDICT_FILE + ".part")
    partial.write_bytes(orjson.dumps(verdict, option=orjson.OPT_SERIALIZE_DATACLASS))
    partial.replace(spool / VERDICT_FILE)


def read_model(spool: Path) -> ModelResult:
    """Read ``model.json`` of a finished conversion."""
    values = orjson.loads((spool / MODEL_FILE).read_bytes())
    values["georeference"] = georeference_of(values["georeference"])
    values["storeys"] = [Storey(**each) for each in values["storeys"]]
    values["tree"] = [SpatialNode(**each) for each in values["tree"]]
    values["tasks"] = [Task(**each) for each in values["tasks"]]
    values["duplicates"] = [Duplicate(**each) for each in values["duplicates"]]
    values["bbox"] = tuple(values["bbox"]) if values["bbox"] else None
    values["z_range"] = tuple(values["z_range"]) if values["z_range"] else None
    return ModelResult(**values)


def georeference_of(values: dict[str, Any]) -> Georeference:
    """Read a georeference out of plain values, as they are written and stored."""
    given = {each.name: values[each.name] for each in fields(Georeference) if each.name in values}
    given["origin"] = Origin(**given["origin"])
    given["matrix"] = tuple(given["matrix"])
    given["candidates"] = [_candidate_of(each) for each in given.get("candidates", [])]
    return Georeference(**given)


def iter_elements(spool: Path, *, preview: bool = False) -> Iterator[ElementRow]:
    """Iterate over the elements of a conversion, line by line.

    Parameters
    ----------
    spool : Path
        Folder of the attempt.
    preview : bool
        Read the rows written before geometry; their geometry is null.
    """
    with (spool / (PREVIEW_FILE if preview else ELEMENTS_FILE)).open("rb") as stream:
        for line in stream:
            yield ElementRow(**orjson.loads(line))


def read_verdict(spool: Path) -> Verdict | None:
    """Read the verdict, or None where the process ended without one."""
    try:
        return Verdict(**orjson.loads((spool / VERDICT_FILE).read_bytes()))
    except (OSError, orjson.JSONDecodeError, TypeError):
        return None


def _candidate_of(values: dict[str, Any]) -> Candidate:
    return Candidate(**{**values, "matrix": tuple(values["matrix"]), "notes": tuple(values["notes"])})
