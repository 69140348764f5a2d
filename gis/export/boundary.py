# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""A layer's surveyed outlines as boundary-point TXT 勘测定界: the coordinates as they were surveyed, to 0.001 m.

Nothing is transformed. The format names one zone for all its parcels: outlines of several zones are one file each.
Source: field practice of the exchange format 勘测定界界址点坐标交换文件 (there is no published standard).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import shapely

from gis.crs import CRS84, ZONES, meridian_zone_srid, numbered_zone_srid, parse_crs, zone_of_srid
from gis.errors import InvalidParameterError, TooComplexError
from gis.exchange.model import ReadFeature
from gis.exchange.txt_lines import MOST_POINTS, PROJECT_PREFIX
from gis.exchange.txt_write import Encoding, head_bytes, parcel_bytes
from gis.export.extract import Extract, Progress, Survey, SyncConnection, read_all, read_batches
from gis.filters.time import LOCAL_TIME
from gis.layer import Layer, Surveyed
from gis.paging import after_condition, order_sql
from gis.statement import ROW, Condition, Row, Statement, merged

_HEADER: Final = ("parcel_no", "name", "use", "land_code", "sheet")
_AREA: Final = (
    "Hectares in the heads of the parcels are as stated or registered, else of the ellipsoid. "
    "地块表头面积（公顷）为登记（填报）面积，无则为椭球面积。"
)


def with_survey_choices(extract: Extract, zone: str | None, encoding: str | None) -> Extract:
    """Return the extract with what only a boundary-point TXT is asked for, as written by a person.

    Raises
    ------
    InvalidParameterError
        The zone is no number of a 3-degree zone, or the encoding none that the format is written in.
    """
    return replace(extract, zone=_zone(zone), encoding=_encoding(encoding))


def _zone(text: str | None) -> int | None:
    if text is None:
        return None
    if text.isascii() and text.isdigit() and int(text[:4]) in ZONES:
        return int(text)
    raise InvalidParameterError(
        f"There is no 3-degree zone {text[:20]!r}; they are {ZONES[0]} to {ZONES[-1]}.",
        f"没有 {text[:20]!r} 带；3 度带为 {ZONES[0]} 至 {ZONES[-1]}。",
        where="zone",
    )


def _encoding(text: str | None) -> Encoding:
    known: dict[str, Encoding] = {"GB18030": "GB18030", "GBK": "GB18030", "UTF-8": "UTF-8", "UTF8": "UTF-8"}
    found = known.get((text or "GB18030").upper())
    if found is not None:
        return found
    raise InvalidParameterError(
        f"There is no encoding {str(text)[:20]!r} here; there are GB18030 and UTF-8.",
        f"没有编码 {str(text)[:20]!r}；可用：GB18030、UTF-8。",
        where="encoding",
    )


def zones_statement(extract: Extract) -> Statement:
    """Build the statement of the CRS of all surveyed outlines of a selection, whatever its page: EPSG code, rows.

    Raises
    ------
    InvalidParameterError
        The layer keeps no surveyed outlines.
    """
    column = f"{ROW}.{_surveyed(extract.selection.layer).column}"
    rows = extract.selection.rows()
    sql = f"SELECT ST_SRID({column}), count(*) FROM {rows.sql} AND {column} IS NOT NULL GROUP BY 1"
    return Statement(sql, rows.params)


def zones_of(rows: Sequence[Row]) -> dict[int, int]:
    """Return the number of outlines by zone, from the rows of `zones_statement`.

    Examples
    --------
    >>> zones_of([(4527, 80), (4548, 1), (4526, 3)])
    {38: 3, 39: 81}
    """
    found: dict[int, int] = {}
    for srid, count in rows:
        zone = zone_of_srid(srid)
        if zone is not None:
            found[zone] = found.get(zone, 0) + count
    return dict(sorted(found.items()))


def find_zones(connection: SyncConnection, extract: Extract) -> dict[int, int]:
    """Run `zones_statement`."""
    return zones_of(read_all(connection, zones_statement(extract)))


def settled(extract: Extract, zones: Mapping[int, int]) -> Extract:
    """Return the extract of the outlines surveyed in one zone, in the CRS of that zone.

    Parameters
    ----------
    zones : mapping of int to int
        Outlines by zone, of `zones_of`.

    Raises
    ------
    InvalidParameterError
        They lie in several zones and none is chosen, in none at all, or another CRS was asked for.
    """
    layer = extract.selection.layer
    column = f"{ROW}.{_surveyed(layer).column}"
    if extract.crs != CRS84:
        raise InvalidParameterError(
            "A boundary-point TXT holds the coordinates as surveyed; leave crs out, and choose one of several zones by "
            "zone.",
            "界址点 TXT 按勘测坐标原样导出；请勿指定 crs，多个带时用 zone 选择。",
            where="crs",
        )
    zone = _chosen(layer, extract.zone, zones)
    codes = [numbered_zone_srid(zone), meridian_zone_srid(zone)]
    there = Condition(f"ST_SRID({column}) = ANY(%(survey_srids)s::int[])", {"survey_srids": codes})
    return replace(
        extract, selection=extract.selection.filtered(there), crs=parse_crs(f"EPSG:{codes[0]}"), zone=zone
    )


def _chosen(layer: Layer, zone: int | None, zones: Mapping[int, int]) -> int:
    if not zones:
        raise InvalidParameterError(
            f"Nothing that was chosen of {layer.id} has a surveyed outline; a boundary-point TXT holds at least one.",
            f"所选 {layer.title_zh} 没有勘测图形；界址点 TXT 至少含一个地块。",
            where="f",
        )
    if zone is None and len(zones) == 1:
        return next(iter(zones))
    if zone is not None and zone in zones:
        return zone
    en = ", ".join(f"{count} in zone {each} (zone={each})" for each, count in zones.items())
    zh = "，".join(f"{each} 带 {count} 个（zone={each}）" for each, count in zones.items())
    raise InvalidParameterError(
        f"A boundary-point TXT holds one zone; the outlines are {en}. Take one file for each.",
        f"界址点 TXT 只能含一个带；所选图形：{zh}。请逐带导出。",
        where="zone",
    )


def _surveyed(layer: Layer) -> Surveyed:
    if layer.surveyed is not None:
        return layer.surveyed
    raise InvalidParameterError(
        f"Layer {layer.id} keeps no surveyed outlines; a boundary-point TXT is for parcels, control areas and red lines.",
        f"图层 {layer.id} 没有勘测图形；界址点 TXT 仅用于地块、管控图斑和项目红线。",
        where="f",
    )


def boundary_statement(extract: Extract) -> Statement:
    """Build the statement of the parcels: id, outline as WKB, its EPSG code, the fields of the header, the area in m².

    A field that the reader may not see, or did not ask for, is NULL.
    """
    layer = extract.selection.layer
    told = _surveyed(layer)
    names = (told.number, told.name, told.use, told.land_code, told.sheet)
    texts = [f"{ROW}.{name}::text" if name and layer.has_field(name) else "NULL::text" for name in names]
    areas = [f"{ROW}.{name}::float8" for name in told.areas if layer.has_field(name)]
    rows = extract.selection.filtered(after_condition(layer, extract.page)).rows()
    outline = f"{ROW}.{told.column}"
    sql = (
        f"SELECT {layer.id_sql()}, ST_AsBinary(ST_Force2D({outline}), 'NDR'), ST_SRID({outline}), {', '.join(texts)}, "
        f"coalesce({', '.join([*areas, 'NULL::float8'])}) FROM {rows.sql} "
        f"ORDER BY {order_sql(layer, extract.sort)} LIMIT %(page_limit)s::int8"
    )
    return Statement(sql, merged(rows.params, {"page_limit": extract.page.limit}))


def write_boundary_text(
    connection: SyncConnection,
    extract: Extract,
    found: Survey,
    stamp: dict[str, str],
    path: Path,
    progress: Progress,
) -> int:
    """Write an extract that was `settled` as one boundary-point TXT, and return the parcels.

    Raises
    ------
    TooComplexError
        The file would have more lines than readers take.
    """
    _check_lines(found.count * 5)  # the least that a parcel takes: header, three corners, the first again
    head = head_bytes(_header(stamp, extract.srid), extract.srid, extract.encoding)
    written, lines = 0, head.count(b"\n")
    with path.open("wb") as file:
        file.write(head)
        for rows in read_batches(connection, boundary_statement(extract)):
            for row in rows:
                written += 1
                parcel = parcel_bytes(_parcel(row), written, row[2], extract.encoding)
                lines += parcel.count(b"\n")
                file.write(parcel)
            _check_lines(lines)
            progress(written)
    return written


def _check_lines(lines: int) -> None:
    if lines <= MOST_POINTS:
        return
    raise TooComplexError(
        f"A boundary-point TXT of more than {MOST_POINTS:,} lines is not read; take GeoPackage (f=gpkg), less of the "
        "layer, or pages with limit.",
        f"界址点 TXT 上限为 {MOST_POINTS:,} 行；请改用 GeoPackage（f=gpkg）、缩小范围或以 limit 分页。",
        where="f",
    )


def _parcel(row: Row) -> ReadFeature:
    _, outline, srid, *texts, area_m2 = row
    attributes: dict[str, Any] = dict(zip(_HEADER, texts, strict=True))
    return ReadFeature(
        geometry=shapely.from_wkb(bytes(outline)),
        survey_crs=f"EPSG:{srid}",
        attributes=attributes,
        where="",
        stated_area_m2=area_m2,
    )


def _header(stamp: Mapping[str, str], srid: int) -> dict[str, str]:
    """Return the head of the file: the stamp as project block, the day it was made; the writer says the CRS."""
    made_at = datetime.fromisoformat(stamp["exported_at"]).astimezone(LOCAL_TIME)
    order = f"EPSG:{srid}, X = north 北坐标, Y = east with the zone's number 东坐标（含带号）"
    project = {**stamp, "crs": order, "area_basis": _AREA}
    return {
        **{f"{PROJECT_PREFIX}{name}": " ".join(value.split()) for name, value in project.items()},
        "数据产生日期": made_at.date().isoformat(),
    }
