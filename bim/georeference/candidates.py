"""Every reading of a position in a file, each with what it assumes; none is preferred here by more than a penalty."""

from dataclasses import replace

import numpy as np

from bim.georeference.carriers import coordinate_readings, rigid_readings, site_readings, world_readings
from bim.georeference.conversions import conversion_readings
from bim.georeference.facts import GeoFacts, MapConversion, RigidOperation
from bim.georeference.reading import Reading
from bim.job import ProjectPlace


def list_readings(facts: GeoFacts, project: ProjectPlace) -> list[Reading]:
    """List every reading of a file's position."""
    readings: list[Reading] = []
    conversions, rigid = operations_of_model(facts)
    for conversion in conversions:
        readings += conversion_readings(conversion, facts, project)
    for operation in rigid:
        readings += rigid_readings(operation, facts, project)
    readings += coordinate_readings(facts, project)
    readings += world_readings(facts, project)
    for rank, site in enumerate(facts.sites):
        readings += site_readings(site, rank, facts, project)
    return [_without_world(each, facts) for each in readings]


def operations_of_model(facts: GeoFacts) -> tuple[list[MapConversion], list[RigidOperation]]:
    """List the operations that belong to the Model context; those of others only where it has none."""
    conversions = [each for each in facts.conversions if each.on_model]
    rigid = [each for each in facts.rigid if each.on_model]
    if conversions or rigid:
        return conversions, rigid
    return list(facts.conversions), list(facts.rigid)


def _without_world(reading: Reading, facts: GeoFacts) -> Reading:
    """Undo the context's WorldCoordinateSystem: the conversion starts at its zero, the kernel ignores it."""
    if facts.world is None or reading.level != 50:
        return reading
    return replace(reading, matrix=reading.matrix @ np.linalg.inv(facts.world))
