"""A report's pieces as a boundary-point TXT 勘测定界."""

from collections.abc import Sequence
from typing import Final

from gis.exchange import ReadFeature, write_txt
from gis.exchange.txt_write import Encoding
from gis.report.model import OverlapReport
from gis.report.records import Record, list_records
from gis.report.times import local_text

_LAND_CODE_LENGTH: Final = 4


def render_txt(reports: Sequence[OverlapReport], encoding: Encoding = "GB18030") -> bytes:
    """Return the pieces by their numbers, then what is left beside each layer that is hit, 0.001 m.

    Where nothing is hit the file holds the subjects themselves.

    Raises
    ------
    ExchangeError
        There is nothing to write, or subjects lie in different zones: one file for each is needed.
    """
    features: list[ReadFeature] = []
    for report in reports:
        records = list_records([report])
        wanted = [each for each in records if each.role != "subject"] or records
        features += [_parcel(each, number, report.srid) for number, each in enumerate(wanted, 1)]
    header = {"数据产生日期": local_text(reports[0].computed_at)[:10], "数据产生单位": ""}
    return write_txt(features, header, encoding=encoding)


def _parcel(record: Record, number: int, srid: int) -> ReadFeature:
    values = record.values
    words = (values["role"], values["layer_title"], values["code"], values["name"])
    code = str(values["class_code"] or "")
    attributes = {
        "parcel_no": values["number"] or f"W{number}",
        "name": " ".join(str(word) for word in words if word),
        "use": values["class_name"],
        "land_code": code if code.isdigit() and len(code) <= _LAND_CODE_LENGTH else None,
    }
    area = values["area_m2"]
    return ReadFeature(
        geometry=record.geometry,
        survey_crs=f"EPSG:{srid}",
        attributes=attributes,
        where="",
        computed_area_m2=float(area) if isinstance(area, int | float) else None,
    )
