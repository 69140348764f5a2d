"""The answer of an overlap as a typed value, read from the statement's one text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import orjson

from gis.errors import InvalidGeometryError
from gis.overlap.subject import OverlapSubject
from gis.overlap.target import OverlapOptions, OverlapTarget
from gis.overlap.words import Note, area_disagrees, as_known_at
from gis.overlap.zones import ZonePart

GeoJSON = Mapping[str, Any]
DISAGREES: Final = 0.001
"""A stated and a computed area that differ by more than this share are told."""


@dataclass(frozen=True)
class Piece:
    """One polygon of an item, in the order of its geometry; largest first."""

    area_m2: float
    area_plane_m2: float
    critical: bool


@dataclass(frozen=True)
class ItemOverlap:
    """One feature that the subject lies on; shares in percent, areas on the ellipsoid.

    `length_m` and `points` are those of a subject that is lines or points; shares are then of its length or number.
    """

    id: int
    code: str | None
    name: str | None
    class_code: str | None
    class_name: str | None
    area_m2: float
    share_of_subject: float
    share_of_feature: float | None
    pieces: int
    critical: bool
    geometry: GeoJSON | None
    area_plane_m2: float = 0.0
    largest_piece_m2: float = 0.0
    feature_area_m2: float | None = None
    stated_area_m2: float | None = None
    adjusted_area_m2: float | None = None
    owner_code: str | None = None
    owner_name: str | None = None
    parts: tuple[Piece, ...] = ()
    length_m: float | None = None
    points: int | None = None

    @property
    def area_disagrees(self) -> bool:
        """Whether the feature's registered area is off its computed one by more than 0.1 %."""
        return _disagree(self.stated_area_m2, self.feature_area_m2)


@dataclass(frozen=True)
class ClassOverlap:
    """One class of a layer: how many features, and the sum of their overlaps.

    In the table by owner, the class of one village 坐落单位.
    """

    class_code: str | None
    class_name: str | None
    count: int
    area_m2: float
    adjusted_area_m2: float | None = None
    owner_code: str | None = None
    owner_name: str | None = None
    length_m: float | None = None
    points: int | None = None


@dataclass(frozen=True)
class Slivers:
    """Pieces left out for being too small or too thin."""

    count: int = 0
    area_m2: float = 0.0


@dataclass(frozen=True)
class Remainder:
    """What of the subject lies in none of the layers asked; pieces below the sliver limits are left out."""

    area_m2: float
    pieces: int
    geometry: GeoJSON | None = None
    length_m: float | None = None
    points: int | None = None


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
    by_owner: tuple[ClassOverlap, ...] = ()
    adjusted_area_m2: float | None = None
    length_m: float | None = None
    points: int | None = None
    remainder_length_m: float | None = None
    remainder_points: int | None = None

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
    remainder: Remainder
    stated_area_m2: float | None = None
    zones: tuple[ZonePart, ...] = ()
    length_m: float | None = None
    points: int | None = None

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
    """Read the JSON text of `overlap_statement`, or of `thin_statement`, into the answer.

    Raises
    ------
    InvalidGeometryError
        The subject encloses no area, also after repair; a line has no length.
    """
    raw = orjson.loads(text)
    dimension = 2 if options.buffer_m > 0 else subject.dimension
    reader = _Reader(dimension, _whole(raw["subject"], dimension), options)
    rows = {name: _by_target(raw.get(name)) for name in ("layers", "items", "dropped")}
    layers = tuple(
        reader.layer(target, *(rows[name].get(number, []) for name in ("layers", "items", "dropped")))
        for number, target in enumerate(targets)
    )
    whole = raw["subject"].get("area_m2") or 0.0
    stated = None if options.buffer_m else subject.stated_area_m2
    return OverlapAnswer(
        crs_overlay=f"EPSG:{raw['subject']['zone']}",
        area_m2=whole,
        area_plane_m2=raw["subject"].get("area_plane_m2", 0.0),
        bare_area_m2=(raw["subject"]["bare_area_m2"] or 0.0) if options.buffer_m else whole,
        options=options,
        layers=layers,
        warnings=(
            *_dated(options),
            *subject.warnings,
            *_stated(stated, whole),
            *_repaired(layers),
            *_registered(layers),
        ),
        remainder=reader.remainder(raw.get("rest")),
        stated_area_m2=subject.stated_area_m2,
        zones=subject.zones,
        **reader.sizes(reader.whole),
    )


def _whole(subject: Mapping[str, Any], dimension: int) -> float:
    whole = subject.get("area_m2" if dimension == 2 else "size")
    if whole and whole > 0:
        return float(whole)
    raise InvalidGeometryError(
        "The subject encloses no area, also after repair."
        if dimension == 2
        else "The subject has no length.",
        "分析对象没有面积，修复后仍为零。" if dimension == 2 else "分析对象没有长度。",
        where="geometry",
    )


def _by_target(rows: Iterable[dict[str, Any]] | None) -> dict[int, list[dict[str, Any]]]:
    ordered = sorted(rows or [], key=lambda row: row["t"])
    return {number: list(group) for number, group in groupby(ordered, key=lambda row: row["t"])}


@dataclass(frozen=True)
class _Reader:
    """Reads rows of one subject: its dimension and what its shares are of, m², m or points."""

    dimension: int
    whole: float
    options: OverlapOptions

    def sizes(self, size: float) -> dict[str, Any]:
        """Return a length or a number of points; nothing for polygons."""
        if self.dimension == 2:
            return {}
        return {"length_m": size} if self.dimension == 1 else {"points": round(size)}

    def remainder(self, row: Mapping[str, Any] | None) -> Remainder:
        """Return what no layer covers; without any hit that is everything."""
        if row is None:
            area = self.whole if self.dimension == 2 else 0.0
            return Remainder(area, 1, None, **self.sizes(self.whole))
        return Remainder(
            row.get("area_m2", 0.0), row["pieces"], row.get("remainder"), **self.sizes(row.get("size", 0.0))
        )

    def layer(
        self,
        target: OverlapTarget,
        covered: list[dict[str, Any]],
        items: list[dict[str, Any]],
        dropped: list[dict[str, Any]],
    ) -> LayerOverlap:
        area = self.dimension == 2
        nothing = {"area_m2": 0.0, "area_plane_m2": 0.0, "remainder_area_m2": self.whole if area else 0.0}
        found: dict[str, Any] = covered[0] if covered else nothing
        size = found.get("area_m2" if area else "size", 0.0)
        left = self.sizes(found.get("remainder_size", self.whole))
        read = tuple(self.item(item) for item in items)
        return LayerOverlap(
            target=target,
            area_m2=found.get("area_m2", 0.0),
            area_plane_m2=found.get("area_plane_m2", 0.0),
            remainder_area_m2=found.get("remainder_area_m2", 0.0),
            share_of_subject=100 * size / self.whole,
            pieces=sum(item.pieces for item in read),
            largest_piece_m2=max((item.largest_piece_m2 for item in read), default=0.0),
            critical=sum(1 for item in read if item.critical),
            items=read,
            by_class=_classes(target, read, by_owner=False),
            slivers=Slivers(dropped[0]["count"], dropped[0]["area_m2"]) if dropped else Slivers(),
            repaired=sum(1 for item in items if item["repaired"]),
            remainder=found.get("remainder"),
            by_owner=_classes(target, read, by_owner=True) if target.owner_code_column else (),
            adjusted_area_m2=_total(item.adjusted_area_m2 for item in read) if self.options.adjust else None,
            **self.sizes(size),
            **{f"remainder_{name}": value for name, value in left.items()},
        )

    def item(self, row: dict[str, Any]) -> ItemOverlap:
        size = row.get("area_m2", row.get("size", 0.0))
        area = row.get("area_m2", 0.0)
        feature = row.get("feature_area_m2")
        return ItemOverlap(
            id=row["id"],
            code=row["code"],
            name=row["name"],
            class_code=row["class_code"],
            class_name=row["class_name"],
            area_m2=area,
            share_of_subject=100 * size / self.whole,
            share_of_feature=100 * area / feature if feature else None,
            pieces=row["pieces"],
            critical=bool(row.get("critical")),
            geometry=row.get("geometry"),
            area_plane_m2=row.get("area_plane_m2", 0.0),
            largest_piece_m2=row.get("largest_piece_m2", 0.0),
            feature_area_m2=feature,
            stated_area_m2=row["stated_area_m2"],
            adjusted_area_m2=self._adjusted(area, feature, row["stated_area_m2"]),
            owner_code=row["owner_code"],
            owner_name=row["owner_name"],
            parts=tuple(Piece(**part) for part in row.get("parts") or ()),
            **self.sizes(size),
        )

    def _adjusted(self, area: float, feature: float | None, stated: float | None) -> float | None:
        """Scale by registered over computed area of the feature; one without a registered area keeps its own."""
        if self.options.adjust is None or self.dimension != 2:
            return None
        return area * stated / feature if stated and feature else area


def _classes(
    target: OverlapTarget, items: Sequence[ItemOverlap], *, by_owner: bool
) -> tuple[ClassOverlap, ...]:
    """Sum the items by class, largest first; a layer without classes has no such table."""
    if target.class_code_column is None and target.class_name_column is None:
        return ()
    groups: dict[tuple[str | None, ...], list[ItemOverlap]] = {}
    for item in items:
        owner = (item.owner_code, item.owner_name) if by_owner else (None, None)
        groups.setdefault((item.class_code, item.class_name, *owner), []).append(item)
    classes = [
        ClassOverlap(
            class_code=code,
            class_name=name,
            count=len(members),
            area_m2=sum(item.area_m2 for item in members),
            adjusted_area_m2=_total(item.adjusted_area_m2 for item in members),
            owner_code=owner_code,
            owner_name=owner_name,
            length_m=_total(item.length_m for item in members),
            points=None if members[0].points is None else sum(item.points or 0 for item in members),
        )
        for (code, name, owner_code, owner_name), members in groups.items()
    ]
    return tuple(
        sorted(
            classes,
            key=lambda row: (-row.area_m2, -(row.length_m or 0), row.class_code or "", row.owner_code or ""),
        )
    )


def _total(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _disagree(stated: float | None, computed: float | None) -> bool:
    return bool(stated and computed and abs(stated / computed - 1) > DISAGREES)


def _dated(options: OverlapOptions) -> tuple[Note, ...]:
    return () if options.at is None else (as_known_at(options.at),)


def _stated(stated: float | None, computed: float) -> tuple[Note, ...]:
    if not _disagree(stated, computed):
        return ()
    return (area_disagrees("Subject", "分析对象", stated or 0.0, computed),)


def _registered(layers: Sequence[LayerOverlap]) -> tuple[Note, ...]:
    return tuple(
        area_disagrees(
            f"{layer.target.layer} {item.code}",
            f"{layer.target.title_zh} {item.code}",
            item.stated_area_m2 or 0.0,
            item.feature_area_m2 or 0.0,
        )
        for layer in layers
        for item in layer.items
        if item.area_disagrees
    )


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
