"""IFC: sniffing, elements, georeference, geometry, footprints, schedule. Knows no database."""
