"""Esri feature services: one per collection, for ArcGIS, GDAL and QGIS. Plain routes, ahead of FastAPI."""
