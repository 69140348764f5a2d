"""Esri feature services: documents, queries and edits of a layer as ArcGIS, GDAL and QGIS speak them."""
