"""The answer of an overlap as a typed value, read from the statement's one text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import orjson

from gis.errors import InvalidGeometryError
from gis.overlap.subject import OverlapSubject
from gis.overlap.target import OverlapOptions, OverlapTarget
from gis.overlap.words import Note

GeoJSON = Mapping[str, Any]


@dataclass(frozen=True)
class ItemOverlap:
    """One feature that the subject lies on; shares in percent, areas on the ellipsoid."""

    id: int
    code: str | None
    name: str | None
    class_code: str | None
    class_name: str | None
    area_m2: float
    share_of_subject: float
    share_of_feature: float
    pieces: int
    critical: bool
    geometry: GeoJSON | None


@dataclass(frozen=True)
class ClassOverlap:
    """One class of a layer: how many features, and the sum of their overlaps."""

    class_code: str | None
    class_name: str | None
    count: int
    area_m2: float


@dataclass(frozen=True)
class Slivers:
    """Pieces left out for being too small or too thin."""

    count: int = 0
    area_m2: float = 0.0


@dataclass(frozen=True)
class LayerOverlap:
    """One layer: what of the subject lies on it, every square metre counted once."""

    target: OverlapTarget
    area_m2: float
    area_plane_m2: float
    remainder_area_m2: float
    share_of_subject: float
    pieces: int
    largest_piece_m2: float
    critical: int
    items: tuple[ItemOverlap, ...]
    by_class: tuple[ClassOverlap, ...]
    slivers: Slivers
    repaired: int
    remainder: GeoJSON | None

    @property
    def hit(self) -> bool:
        """Whether anything remains after the sliver rule."""
        return bool(self.items)


@dataclass(frozen=True)
class OverlapAnswer:
    """What lies under a subject."""

    crs_overlay: str
    area_m2: float
    area_plane_m2: float
    bare_area_m2: float
    options: OverlapOptions
    layers: tuple[LayerOverlap, ...]
    warnings: tuple[Note, ...]

    @property
    def slivers(self) -> Slivers:
        """Everything that the sliver rule left out, over all layers."""
        return Slivers(
            sum(layer.slivers.count for layer in self.layers),
            sum(layer.slivers.area_m2 for layer in self.layers),
        )


def read_overlap(
    text: str | bytes, subject: OverlapSubject, targets: Sequence[OverlapTarget], options: OverlapOptions
) -> OverlapAnswer:
    """Read the JSON text of `overlap_statement` into the answer.

    Raises
    ------
    InvalidGeometryError
        The subject encloses no area, also after repair.
    """
    raw = orjson.loads(text)
    whole = raw["subject"]["area_m2"]
    if not whole or whole <= 0:
        raise InvalidGeometryError(
            "The subject encloses no area, also after repair.",
            "分析对象没有面积，修复后仍为零。",
            where="geometry",
        )
    rows = {name: _by_target(raw[name]) for name in ("layers", "items", "dropped")}
    layers = tuple(
        _layer(target, whole, *(rows[name].get(number, []) for name in ("layers", "items", "dropped")))
        for number, target in enumerate(targets)
    )
    return OverlapAnswer(
        crs_overlay=f"EPSG:{subject.zone_srid}",
        area_m2=whole,
        area_plane_m2=raw["subject"]["area_plane_m2"],
        bare_area_m2=raw["subject"]["bare_area_m2"],
        options=options,
        layers=layers,
        warnings=(*subject.warnings, *_repaired(layers)),
    )


def _by_target(rows: Iterable[dict[str, Any]] | None) -> dict[int, list[dict[str, Any]]]:
    ordered = sorted(rows or [], key=lambda row: row["t"])
    return {number: list(group) for number, group in groupby(ordered, key=lambda row: row["t"])}


def _layer(
    target: OverlapTarget,
    whole_m2: float,
    covered: list[dict[str, Any]],
    items: list[dict[str, Any]],
    dropped: list[dict[str, Any]],
) -> LayerOverlap:
    nothing = {"area_m2": 0.0, "area_plane_m2": 0.0, "remainder_area_m2": whole_m2}
    found: dict[str, Any] = covered[0] if covered else nothing
    return LayerOverlap(
        target=target,
        area_m2=found["area_m2"],
        area_plane_m2=found["area_plane_m2"],
        remainder_area_m2=found["remainder_area_m2"],
        share_of_subject=100 * found["area_m2"] / whole_m2,
        pieces=sum(item["pieces"] for item in items),
        largest_piece_m2=max((item["largest_piece_m2"] for item in items), default=0.0),
        critical=sum(1 for item in items if item["critical"]),
        items=tuple(_item(item, whole_m2) for item in items),
        by_class=_classes(target, items),
        slivers=Slivers(dropped[0]["count"], dropped[0]["area_m2"]) if dropped else Slivers(),
        repaired=sum(1 for item in items if item["repaired"]),
        remainder=found.get("remainder"),
    )


def _item(row: dict[str, Any], whole_m2: float) -> ItemOverlap:
    return ItemOverlap(
        id=row["id"],
        code=row["code"],
        name=row["name"],
        class_code=row["class_code"],
        class_name=row["class_name"],
        area_m2=row["area_m2"],
        share_of_subject=100 * row["area_m2"] / whole_m2,
        share_of_feature=100 * row["area_m2"] / row["feature_area_m2"],
        pieces=row["pieces"],
        critical=row["critical"],
        geometry=row.get("geometry"),
    )


def _classes(target: OverlapTarget, items: list[dict[str, Any]]) -> tuple[ClassOverlap, ...]:
    """Sum the items by class, largest first; a layer without classes has no such table."""
    if target.class_code_column is None and target.class_name_column is None:
        return ()
    groups: dict[tuple[str | None, str | None], list[float]] = {}
    for item in items:
        groups.setdefault((item["class_code"], item["class_name"]), []).append(item["area_m2"])
    classes = [ClassOverlap(code, name, len(areas), sum(areas)) for (code, name), areas in groups.items()]
    return tuple(sorted(classes, key=lambda row: (-row.area_m2, row.class_code or "")))


def _repaired(layers: Sequence[LayerOverlap]) -> tuple[Note, ...]:
    return tuple(
        Note(
            "features_repaired",
            f"{layer.repaired} invalid feature(s) of {layer.target.layer} were repaired for the overlay.",
            f"{layer.target.title_zh} 中有 {layer.repaired} 个无效图形，叠加时已自动修复。",
        )
        for layer in layers
        if layer.repaired
    )
