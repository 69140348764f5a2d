"""What speaks against a reading, in words: carriers that disagree, sites elsewhere, degrees of phone maps."""

import math

from bim.georeference.angles import accuracy_m
from bim.georeference.candidates import operations_of_model
from bim.georeference.carriers import find_gcj_twin
from bim.georeference.crs_names import read_crs
from bim.georeference.facts import GeoFacts, SitePoint
from bim.georeference.reading import Reading, has_map_coordinates
from bim.georeference.transforms import distance_m, grid_factors, locate
from bim.job import ProjectPlace
from bim.results import Candidate

_TURN_AGREES_DEG = 1.0
# Longer models than this are told how far ground and grid lengths differ.
_LONG_M = 1_000.0


def file_warnings(facts: GeoFacts, project: ProjectPlace) -> list[str]:
    used = [each for some in operations_of_model(facts) for each in some]
    warnings = []
    if len(used) < len(facts.conversions) + len(facts.rigid):
        warnings.append("a map conversion of another context than Model is left out")
    if len(facts.sites) > 1:
        warnings.append(f"{len(facts.sites)} sites carry a latitude and longitude")
    if has_map_coordinates(facts) and not used:
        warnings.append("the coordinates are map-sized and no system is named")
    named = (read_crs(each.crs).problem_en for each in used)
    warnings += [each for each in named if each]
    return warnings + [text for site in facts.sites for text in _site_warnings(site, project)]


def _site_warnings(site: SitePoint, project: ProjectPlace) -> list[str]:
    if abs(site.lat) > 90 or abs(site.lon) > 180:
        return [f"{site.evidence}: {site.lat:.6f}, {site.lon:.6f} is no latitude and longitude"]
    twin = find_gcj_twin(site, project)
    if twin is None:
        return []
    lon, lat = twin
    return [
        "the site's latitude and longitude are probably GCJ-02; "
        f"converted they read {lat:.6f}, {lon:.6f} and are offered, not used"
    ]


def turn_warnings(reading: Reading, candidate: Candidate, facts: GeoFacts) -> list[str]:
    """True north beside a conversion is a note: never turn twice, but say where the two disagree."""
    if reading.level != 50 or reading.method.endswith("_degrees") or reading.crs is None:
        return []
    if facts.true_north is None or candidate.lon is None or candidate.lat is None:
        return []
    tx, ty = facts.true_north
    if abs(tx) < 1e-9 and ty > 0:  # what exporters write who know nothing of it
        return []
    told = math.degrees(math.atan2(tx, ty)) + grid_factors(candidate.lon, candidate.lat, reading.crs)[0]
    turned = math.degrees(math.atan2(reading.matrix[1, 0], reading.matrix[0, 0]))
    if abs(math.remainder(told - turned, 360.0)) <= _TURN_AGREES_DEG:
        return []
    return [
        f"true north says the model is turned by {told:.2f} degrees, the conversion by {turned:.2f}: the conversion is used"
    ]


def grid_warnings(reading: Reading, candidate: Candidate, facts: GeoFacts) -> list[str]:
    """Tell the grid factor of linear works; it is never invented."""
    span = facts.span_m or 0.0
    if span < _LONG_M or reading.crs is None or candidate.lon is None or candidate.lat is None:
        return []
    used = math.hypot(reading.matrix[0, 0], reading.matrix[1, 0])
    factor = grid_factors(candidate.lon, candidate.lat, reading.crs)[1]
    off = abs(factor - used) * span
    if off < 0.1:
        return []
    return [
        f"over the model's {span / 1000:.1f} km ground and grid lengths differ by {off:.2f} m "
        f"(grid factor {factor:.6f}, {used:.6f} is used)"
    ]


def other_sites(reading: Reading, facts: GeoFacts) -> list[str]:
    """Sites that do not lie where their own degrees put them, once the best one is in its place."""
    if not reading.method.startswith("site_") or reading.crs is None:
        return []
    found = []
    for site in facts.sites:
        place = locate(reading.matrix, site.origin, reading.crs)
        if site.evidence == reading.evidence or place is None:
            continue
        away = distance_m(place, (site.lon, site.lat))
        if away > max(accuracy_m(site.parts), 1.0):
            found.append(
                f"site {site.evidence} lies {away:.1f} m from where its own latitude and longitude put it"
            )
    return found
