"""What every file of a report says of itself."""

from collections.abc import Sequence

from gis.crs import STORED_SRID, transformer
from gis.export.stamp import AREA_BASIS, SECRECY_KM2, box_km2, crs_name
from gis.report.model import OverlapReport
from gis.report.times import local_text


def stamp_of(reports: Sequence[OverlapReport], srid: int) -> dict[str, str]:
    """Return the stamp of a file that holds some reports in a CRS, in reading order; what is unknown is left out."""
    first = reports[0]
    options = first.head.options
    versions = first.answer["data_versions"]
    members = {
        "title": "压占分析 Overlap",
        "subjects": "；".join(f"{each.head.title} {each.head.code or ''}".strip() for each in reports),
        "data_versions": "; ".join(f"{layer} {version or '—'}" for layer, version in versions.items()),
        "computed_at": f"{local_text(first.computed_at)} +08:00",
        "crs": crs_name(srid),
        "overlay_crs": crs_name(first.srid),
        "area_basis": AREA_BASIS,
        "buffer_m": f"{options.buffer_m:g}" if options.buffer_m else "",
        "slivers": f"dropped below {options.min_area_m2:g} m² or {options.min_thickness_m:g} m thickness; "
        f"kept and marked 临界 for farmland and ecology",
        "operator": first.head.operator,
        "synthetic": "true" if any(each.head.synthetic for each in reports) else "",
        "note": secrecy_note(reports),
    }
    return {name: value for name, value in members.items() if value}


def secrecy_note(reports: Sequence[OverlapReport]) -> str:
    """Return the warning for subjects that spread over more than 25 km² at full precision; empty below."""
    boxes = [
        transformer(each.srid, STORED_SRID).geometry(each.head.outline).bounds
        for each in reports
        if each.head.outline is not None and not each.head.outline.is_empty
    ]
    if not boxes:
        return ""
    west, south, east, north = zip(*boxes, strict=True)
    km2 = box_km2((min(west), min(south), max(east), max(north)))
    if km2 <= SECRECY_KM2:
        return ""
    return (
        f"The subjects lie in a box of {km2:.0f} km² at full precision: check the rules for surveying results before "
        f"passing the file on. 分析对象外接范围约 {km2:.0f} 平方千米且为全精度，对外提供前请核对测绘成果管理规定。"
    )
