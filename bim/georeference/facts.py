"""What a file says about its position, as plain values; the resolver sees nothing else."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Point = tuple[float, float, float]


@dataclass(frozen=True)
class CrsText:
    """How a file names a coordinate reference system; every part may be empty."""

    name: str | None = None
    geodetic_datum: str | None = None
    vertical_datum: str | None = None
    map_projection: str | None = None
    map_zone: str | None = None
    wkt: str | None = None
    geographic: bool = False


@dataclass(frozen=True)
class MapConversion:
    """A map conversion, from the entity or from the IFC2X3 property sets, with the numbers as written.

    Attributes
    ----------
    evidence : str
        Entity number, or name of the property set.
    on_model : bool
        Whether it belongs to the Model context.
    abscissa, ordinate : float or None
        Direction of the model's x axis in the map; need not be normalised.
    scale : float or None
        As written; what it means is decided by :mod:`bim.georeference.scale`.
    factors : tuple of float
        FX, FY, FZ of IfcMapConversionScaled, else ones.
    map_unit_m : float or None
        Metres per map unit, None where the file does not say.
    map_unit_doubtful : bool
        The unit is called metre but its factor says otherwise.
    typed_as_length : bool
        Eastings carry a length type, which by the schema means project units.
    problem : str or None
        What of it could not be read.
    """

    evidence: str
    crs: CrsText
    eastings: float
    northings: float
    height: float
    abscissa: float | None = None
    ordinate: float | None = None
    scale: float | None = None
    factors: Point = (1.0, 1.0, 1.0)
    map_unit_m: float | None = None
    map_unit_doubtful: bool = False
    typed_as_length: bool = False
    on_model: bool = True
    from_pset: bool = False
    problem: str | None = None


@dataclass(frozen=True)
class RigidOperation:
    """A shift without a turn, in map units; degrees and a height in metres where ``angles`` is set."""

    evidence: str
    crs: CrsText
    first: float
    second: float
    height: float
    angles: bool
    map_unit_m: float | None = None
    on_model: bool = True
    map_unit_doubtful: bool = False


@dataclass(frozen=True)
class SitePoint:
    """Latitude and longitude of a site in degrees, and where its zero lies in the model (metres).

    Attributes
    ----------
    parts : int
        How many of degrees, minutes, seconds, millionths are given: the accuracy of the point.
    mixed_signs : bool
        The parts disagree in sign.
    """

    evidence: str
    lat: float
    lon: float
    parts: int
    elevation_m: float | None
    origin: Point
    mixed_signs: bool = False


@dataclass(frozen=True)
class GeoFacts:
    """Everything a file says about its position.

    Attributes
    ----------
    unit_m : float
        Metres per project length unit.
    world : Matrix or None
        WorldCoordinateSystem of the Model context (metres), None for the identity.
    true_north : tuple of float or None
        Direction of true north in the model's x and y.
    middle : Point or None
        Median middle of the drawn elements, metres in the model frame.
    offset : Point
        Location of the topmost spatial element, metres.
    span_m : float or None
        Longest side of the model without its outliers.
    """

    unit_m: float
    conversions: tuple[MapConversion, ...] = ()
    rigid: tuple[RigidOperation, ...] = ()
    sites: tuple[SitePoint, ...] = ()
    world: Matrix | None = None
    true_north: tuple[float, float] | None = None
    address: str | None = None
    middle: Point | None = None
    offset: Point = (0.0, 0.0, 0.0)
    notes: tuple[str, ...] = field(default_factory=tuple)
    span_m: float | None = None
