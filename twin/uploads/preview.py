"""An upload as its owner looks at it before it is used: features as read, repairs as proposed, areas side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.crs import MU_PER_M2

DECIMALS: Final = 9
_FEATURES: Final = text("""
SELECT number, place, attributes, survey_crs, stated_area_m2, computed_area_m2, repair_note, faults,
  ST_AsGeoJSON(geom_map, :decimals, 0) AS shape, ST_AsGeoJSON(repaired_map, :decimals, 0) AS repaired
FROM upload_feature WHERE reading_id = :reading_id AND number > :after ORDER BY number LIMIT :lot
""")


@dataclass(frozen=True)
class PreviewFeature:
    """One feature or row as read; shapes are GeoJSON texts in longitude and latitude."""

    number: int
    place: str
    attributes: Mapping[str, Any]
    survey_crs: str | None
    stated_area_m2: float | None
    computed_area_m2: float | None
    repair_note: str | None
    faults: list[dict[str, Any]]
    shape: str | None
    repaired: str | None

    @property
    def area_mu(self) -> float | None:
        """The computed area in 亩."""
        return None if self.computed_area_m2 is None else self.computed_area_m2 * MU_PER_M2

    @property
    def difference_percent(self) -> float | None:
        """By how much the stated area is larger than the computed one, percent."""
        if not self.computed_area_m2 or self.stated_area_m2 is None:
            return None
        return (self.stated_area_m2 / self.computed_area_m2 - 1) * 100


def list_preview(session: Session, reading_id: int, after: int, limit: int) -> list[PreviewFeature]:
    """List features of a reading in the order of the file, behind the one numbered `after`."""
    asked = {"reading_id": reading_id, "after": after, "lot": limit, "decimals": DECIMALS}
    return [PreviewFeature(**row._mapping) for row in session.execute(_FEATURES, asked)]
