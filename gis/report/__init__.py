"""Overlap reports 压占/合规性分析表 as files: PDF, workbook, Shapefiles, boundary-point TXT, GeoJSON, and map pictures."""

from gis.report.geojson import render_geojson
from gis.report.model import Lang, Look, OverlapReport, ReportHead, make_report
from gis.report.outline import outline_of
from gis.report.pdf import render_pdf
from gis.report.shapefile import render_shapefile
from gis.report.stamp import secrecy_note
from gis.report.txt import render_txt
from gis.report.xlsx import render_xlsx

__all__ = [
    "Lang",
    "Look",
    "OverlapReport",
    "ReportHead",
    "make_report",
    "outline_of",
    "render_geojson",
    "render_pdf",
    "render_shapefile",
    "render_txt",
    "render_xlsx",
    "secrecy_note",
]
