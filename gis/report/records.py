"""The geometries of a report as rows with attributes: pieces, what is left of the subject, the subject itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs import MU_PER_M2
from gis.exchange.outlines import area_m2
from gis.report.model import OverlapReport, Piece, ReportItem, ReportLayer

Role = Literal["overlap", "remainder", "subject"]

ROLES_ZH: Final[dict[Role, str]] = {"overlap": "压占", "remainder": "未压占", "subject": "用地范围"}
BESIDE_ALL: Final = "全部图层之外"
_MILLIMETRES: Final = 3


@dataclass(frozen=True)
class Attribute:
    """A field: its name in JSON, in a DBF (at most ten ASCII signs, pinyin), and in words."""

    name: str
    short: str
    title: str
    number: bool = False


ATTRIBUTES: Final = (
    Attribute("subject", "DXMC", "分析对象名称"),
    Attribute("subject_code", "DXBH", "分析对象编号"),
    Attribute("role", "LX", "类型（压占、未压占、用地范围）"),
    Attribute("number", "XH", "图上编号"),
    Attribute("layer", "TC", "图层代码"),
    Attribute("layer_title", "TCMC", "图层名称"),
    Attribute("code", "TBBH", "图斑编号"),
    Attribute("name", "TBMC", "图斑名称"),
    Attribute("class_code", "DLBM", "类别代码"),
    Attribute("class_name", "DLMC", "类别名称"),
    Attribute("area_m2", "MJ_M2", "面积（平方米，CGCS2000 椭球）", number=True),
    Attribute("area_ha", "MJ_HA", "面积（公顷）", number=True),
    Attribute("area_mu", "MJ_MU", "面积（亩）", number=True),
    Attribute("length_m", "CD_M", "长度（米，线状对象）", number=True),
    Attribute("share_of_subject", "ZYD_BL", "占用地比例（%）", number=True),
    Attribute("share_of_feature", "ZTB_BL", "该图斑被压占部分占图斑比例（%）", number=True),
    Attribute("critical", "LJ", "临界（碎片界限以下，按规定保留）"),
)


@dataclass(frozen=True)
class Record:
    """One geometry in the plane of the overlay and its attributes by `Attribute.name`."""

    role: Role
    geometry: BaseGeometry
    values: dict[str, str | float | None]


def list_records(reports: Sequence[OverlapReport]) -> list[Record]:
    """Return pieces by number, what is left beside each layer that is hit and beside all, the subject; report by report."""
    return [record for report in reports for record in _records(report)]


def _records(report: OverlapReport) -> Iterator[Record]:
    for layer, item, piece in report.pieces():
        yield _piece(report, layer, item, piece)
    for layer in report.layers:
        if layer.remainder is not None and not layer.remainder.is_empty:
            names = {"layer": layer.key, "layer_title": layer.title_zh}
            yield _part(report, "remainder", layer.remainder, {**names})
    if report.hits and report.remainder is not None and not report.remainder.is_empty:
        yield _part(report, "remainder", report.remainder, {"layer_title": BESIDE_ALL})
    if report.head.outline is not None:
        yield _part(report, "subject", report.head.outline, {})


def _piece(report: OverlapReport, layer: ReportLayer, item: ReportItem, piece: Piece) -> Record:
    row = item.row
    values: dict[str, str | float | None] = {
        "number": piece.number,
        "layer": layer.key,
        "layer_title": layer.title_zh,
        **{name: row[name] for name in ("code", "name", "class_code", "class_name")},
        "share_of_feature": row["share_of_feature"],
        "critical": "是" if piece.critical else None,
    }
    return _part(report, "overlap", piece.shape, values, piece.area_m2)


def _part(
    report: OverlapReport,
    role: Role,
    geometry: BaseGeometry,
    values: dict[str, str | float | None],
    area: float | None = None,
) -> Record:
    own: dict[str, str | float | None] = {
        "subject": report.head.title,
        "subject_code": report.head.code,
        "role": ROLES_ZH[role],
        **_sizes(report, geometry, area),
    }
    return Record(role, geometry, {each.name: {**own, **values}.get(each.name) for each in ATTRIBUTES})


def _sizes(
    report: OverlapReport, geometry: BaseGeometry, area: float | None
) -> dict[str, str | float | None]:
    """Return area, or length in the plane, and the share of the subject."""
    if report.measure == "points":
        return {"share_of_subject": 100 * len(shapely.get_parts(geometry)) / report.whole}
    if report.measure == "length_m":
        length_m = geometry.length * _true_length(report)
        return {"length_m": round(length_m, 4), "share_of_subject": round(100 * length_m / report.whole, 6)}
    found = area_m2(geometry, report.srid) if area is None else area
    return {
        "area_m2": round(found, 4),
        "area_ha": round(found / 10_000, 6),
        "area_mu": round(found * MU_PER_M2, 6),
        "share_of_subject": round(100 * found / report.whole, 6),
    }


def _true_length(report: OverlapReport) -> float:
    """Return how long a metre of the plane is: what the answer measures of the whole over the length of its drawing."""
    drawn = report.head.outline.length if report.head.outline is not None else 0.0
    return report.whole / drawn if drawn else 1.0


def to_millimetres(geometry: BaseGeometry) -> BaseGeometry:
    """Round coordinates to 0.001 m; a shape so thin that it would collapse is left as it is.

    Examples
    --------
    >>> to_millimetres(shapely.Point(1.23456, 2)).x
    1.235
    """
    rounded = shapely.transform(geometry, lambda xy: np.round(xy, _MILLIMETRES))
    return rounded if rounded.is_valid or not geometry.is_valid else geometry
