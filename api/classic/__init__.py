"""WMS, WFS and WMTS (`/classic/…`): MapServer runs beside the service, reached through here alone."""
