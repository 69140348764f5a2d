"""Choose among the readings of a position: the one that lands, with how sure that is and what speaks against it."""

import math
from dataclasses import dataclass, replace

import numpy as np

from bim.georeference.angles import accuracy_m
from bim.georeference.by_hand import FAR_M, NEAR_M, place_by_hand
from bim.georeference.candidates import list_readings
from bim.georeference.crs_names import is_in_area, is_projected, pick_crs
from bim.georeference.doubts import file_warnings, grid_warnings, other_sites, turn_warnings
from bim.georeference.facts import GeoFacts, SitePoint
from bim.georeference.reading import Reading
from bim.georeference.transforms import (
    distance_m,
    distance_to_project_m,
    locate,
    map_point,
    origin_of,
    representative_point,
)
from bim.job import Correction, ProjectPlace
from bim.results import Candidate, Confidence, Georeference, Origin

# From this penalty on something in the file was read against its words.
_ASSUMED = 0.5
_AGREES_M = 1_000.0

# Cities exporters fill in when nobody gave a place (degrees, read from public files).
_DEFAULTS = (
    (42.358, -71.058),
    (42.213, -71.033),
    (41.8744, -87.6394),
    (24.4667, 54.4167),
    (47.5597, 19.0548),
    (35.7, 139.7667),
    (35.7, 139.7625),
    (51.4791, 0.0),
    (0.0, 0.0),
)
_DEFAULT_DEG = 0.004


@dataclass(frozen=True)
class _Judged:
    """A reading with where it lands."""

    reading: Reading
    candidate: Candidate
    is_default: bool

    @property
    def far(self) -> bool:
        """Whether it lands far from a known project."""
        return self.candidate.to_project_m is not None and self.candidate.to_project_m > FAR_M

    @property
    def usable(self) -> bool:
        """Whether it may place the model."""
        reading, candidate = self.reading, self.candidate
        if reading.crs is None or reading.offered or not candidate.inside or self.is_default:
            return False
        near = candidate.to_project_m is not None and not self.far
        if reading.needs_project and not near:
            return False
        # A point far from the project is an exporter's default, not a place.
        return not reading.method.startswith("site_") or not self.far

    def rank(self) -> tuple[bool, int, float, float]:
        """Order of choice: lands, lands near, assumes little, lands nearer."""
        away = self.candidate.to_project_m
        if away is None:  # without a project the site's own degrees must do, if roughly
            away = self.candidate.to_site_m or 0.0
            return (not self.usable, int(away > FAR_M), self.reading.penalty, away)
        return (not self.usable, (away > NEAR_M) + (away > FAR_M), self.reading.penalty, away)


def resolve(facts: GeoFacts, project: ProjectPlace, correction: Correction | None = None) -> Georeference:
    """Resolve where a model lies.

    Parameters
    ----------
    facts : GeoFacts
        What the file says.
    project : ProjectPlace
        Where the project lies, as far as known.
    correction : Correction, optional
        A person's placement; wins over the file.

    Returns
    -------
    Georeference
        With ``confidence`` ``none`` and no system where nothing lands: the model is stored and placed by hand.
        Disagreeing readings are listed, never averaged.
    """
    project = _with_plane(project)
    found = _resolve_file(facts, project)
    if correction is None:
        return found
    return place_by_hand(correction, found, representative_point(facts), project)


def _with_plane(project: ProjectPlace) -> ProjectPlace:
    """A red line may be known in degrees alone: its plane is then the zone it lies in."""
    if is_projected(project.crs):
        return project
    if project.bbox is None:
        return replace(project, crs=None)
    west, south, east, north = project.bbox
    return replace(project, crs=pick_crs((west + east) / 2, (south + north) / 2, None))


def _resolve_file(facts: GeoFacts, project: ProjectPlace) -> Georeference:
    judged = [_judge(reading, facts, project) for reading in list_readings(facts, project)]
    judged.sort(key=_Judged.rank)
    warnings = [*facts.notes, *file_warnings(facts, project)]
    candidates = [each.candidate for each in judged]
    best = judged[0] if judged else None
    if best is None or not best.usable:
        return _unplaced(best, facts, candidates, warnings)
    return _placed(best, facts, judged, warnings)


def _judge(reading: Reading, facts: GeoFacts, project: ProjectPlace) -> _Judged:
    middle = representative_point(facts)
    place = locate(reading.matrix, middle, reading.crs) if reading.crs else None
    inside = place is not None and reading.crs is not None and is_in_area(reading.crs, *place)
    if inside and place is not None and reading.geographic is not None:
        inside = is_in_area(reading.geographic, *place)
    site = _site_distance(reading, facts)
    candidate = Candidate(
        level=reading.level,
        method=reading.method,
        crs=reading.crs,
        matrix=tuple(reading.matrix.ravel().tolist()),
        lon=place[0] if place else None,
        lat=place[1] if place else None,
        inside=inside,
        to_project_m=distance_to_project_m(place, project) if place else None,
        to_site_m=site,
        penalty=round(reading.penalty, 3),
        notes=reading.notes,
    )
    near = candidate.to_project_m is not None and candidate.to_project_m <= FAR_M
    is_default = reading.method.startswith("site_") and not near and _is_default(reading, facts)
    return _Judged(reading, candidate, is_default)


def _site_distance(reading: Reading, facts: GeoFacts) -> float | None:
    if reading.crs is None or reading.method.startswith("site_") or not facts.sites:
        return None
    site = facts.sites[0]
    if is_known_default(site):
        return None
    place = locate(reading.matrix, site.origin, reading.crs)
    return distance_m(place, (site.lon, site.lat)) if place else None


def _is_default(reading: Reading, facts: GeoFacts) -> bool:
    site = next((each for each in facts.sites if each.evidence == reading.evidence), None)
    return site is not None and is_known_default(site)


def is_known_default(site: SitePoint) -> bool:
    """Say whether a site stands where exporters put models that have no place."""
    return any(
        abs(site.lat - lat) < _DEFAULT_DEG and abs(site.lon - lon) < _DEFAULT_DEG for lat, lon in _DEFAULTS
    )


def _placed(best: _Judged, facts: GeoFacts, judged: list[_Judged], warnings: list[str]) -> Georeference:
    reading, candidate = best.reading, best.candidate
    confidence = _confidence(best)
    warnings = [*warnings, *reading.notes, *reading.problems]
    if candidate.to_project_m is not None and candidate.to_project_m > NEAR_M:
        warnings.append(f"the model lies {candidate.to_project_m / 1000:.1f} km from the project")
    if candidate.to_site_m is not None and candidate.to_site_m > _AGREES_M and reading.level == 50:
        warnings.append(
            f"the site's latitude and longitude lie {candidate.to_site_m / 1000:.1f} km from the conversion"
        )
    warnings += [*turn_warnings(reading, candidate, facts), *grid_warnings(reading, candidate, facts)]
    warnings += other_sites(reading, facts)
    warnings += _rivals(best, judged)
    matrix = reading.matrix
    return Georeference(
        level=reading.level,
        method=reading.method,
        crs=reading.crs,
        origin=origin_of(matrix, reading.crs),
        rotation_deg=math.degrees(math.atan2(matrix[1, 0], matrix[0, 0])),
        scale_factor=float(math.hypot(matrix[0, 0], matrix[1, 0])),
        accuracy=_accuracy(reading, facts),
        confidence=confidence,
        vertical_datum=reading.vertical,
        matrix=candidate.matrix,
        candidates=[each.candidate for each in judged],
        warnings=list(dict.fromkeys(warnings)),
        evidence=[reading.evidence, *_site_zero(reading, facts)],
    )


def _site_zero(reading: Reading, facts: GeoFacts) -> list[str]:
    """Which point of the model a site's degrees were taken for."""
    site = next((each for each in facts.sites if each.evidence == reading.evidence), None)
    if site is None or not reading.method.startswith("site_"):
        return []
    if not any(site.origin):
        return ["latitude and longitude taken for the model's zero, where the site stands"]
    x, y, z = site.origin
    return [f"latitude and longitude taken for the site's zero at {x:.3f}, {y:.3f}, {z:.3f} m of the model"]


def _confidence(best: _Judged) -> Confidence:
    reading, candidate = best.reading, best.candidate
    near = candidate.to_project_m is not None and candidate.to_project_m <= NEAR_M
    if best.far or not reading.understood:
        return "low"
    if reading.level < 50:
        return "medium" if near else "low"
    away = candidate.to_project_m is not None and not near
    if reading.penalty >= _ASSUMED or reading.problems or away:
        return "medium"
    agrees = candidate.to_site_m is None or candidate.to_site_m <= _AGREES_M or near
    return "high" if agrees else "medium"


def _rivals(best: _Judged, judged: list[_Judged]) -> list[str]:
    """Name another carrier that lands elsewhere; readings of the same number differ by nature."""
    found = []
    for other in judged:
        if not other.usable or other.reading.evidence == best.reading.evidence:
            continue
        one, two = best.candidate, other.candidate
        if one.lon is None or one.lat is None or two.lon is None or two.lat is None:
            continue
        away = distance_m((one.lon, one.lat), (two.lon, two.lat))
        if away > _AGREES_M:
            found.append(
                f"{other.reading.method} ({other.reading.evidence}) puts the model {away / 1000:.1f} km away"
            )
    return found


def _accuracy(reading: Reading, facts: GeoFacts) -> float | None:
    if not reading.method.startswith("site_"):
        return None
    site = next((each for each in facts.sites if each.evidence == reading.evidence), None)
    return accuracy_m(site.parts) if site else None


def _unplaced(
    best: _Judged | None, facts: GeoFacts, candidates: list[Candidate], warnings: list[str]
) -> Georeference:
    matrix = best.reading.matrix if best is not None and best.reading.level >= 50 else np.eye(4)
    if best is not None:
        warnings = [*warnings, *best.reading.notes, *best.reading.problems, _why_not(best)]
    else:
        warnings = [*warnings, "the file says nothing usable about its position: place the model by hand"]
    east, north, height = map_point(matrix, (0.0, 0.0, 0.0))
    known = best is not None and best.reading.level >= 50
    return Georeference(
        level=best.reading.level if best is not None else (10 if facts.address else 0),
        method=best.reading.method if best is not None else None,
        crs=None,
        origin=Origin(east, north, height, None, None) if known else Origin(None, None, None, None, None),
        rotation_deg=math.degrees(math.atan2(matrix[1, 0], matrix[0, 0])),
        scale_factor=float(math.hypot(matrix[0, 0], matrix[1, 0])),
        accuracy=None,
        confidence="none",
        vertical_datum=best.reading.vertical if best is not None else None,
        matrix=tuple(matrix.ravel().tolist()),
        candidates=candidates,
        warnings=list(dict.fromkeys(warnings)),
        evidence=[best.reading.evidence] if best is not None else [],
    )


def _why_not(best: _Judged) -> str:
    if best.is_default:
        return "latitude and longitude are a default of the exporting program, not a place: place the model by hand"
    if best.reading.problems:
        return "its system cannot be used: choose one or place the model by hand"
    if best.reading.crs is None:
        return "no coordinate system is named: choose one or place the model by hand"
    if best.reading.needs_project:
        return f"{best.reading.crs} is a guess that the project's place does not confirm: place the model by hand"
    if not best.candidate.inside:
        return f"the position lies outside the area of {best.reading.crs}: place the model by hand"
    return "the position lies far from the project and is taken as a default: place the model by hand"
