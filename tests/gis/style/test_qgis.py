"""QGIS itself paints our QML and SLD: the colour on the picture is the colour of the rule."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gis.style import StyleRule, qml_document, sld_document
from tests.gis.rules import LIGHT, PROGRESS

PYTHON = Path("/usr/bin/python3")
READER = """
import os
import sys

from qgis.core import (
    QgsApplication,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

application = QgsApplication([], False)
application.initQgis()
style, data = sys.argv[1:3]
for number in range(int(sys.argv[3])):
    layer = QgsVectorLayer(data, "layer", "ogr")
    (layer.loadNamedStyle if style.endswith(".qml") else layer.loadSldStyle)(style)
    layer.setLabelsEnabled(False)
    layer.setSubsetString(f"number = {number}")
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setExtent(QgsRectangle(115.4, 33.1, 115.6, 33.3))
    settings.setOutputSize(QSize(40, 40))
    settings.setBackgroundColor(QColor(255, 255, 255))
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    print(image.pixelColor(20, 20).name(), flush=True)
os._exit(0)  # taking QGIS down in order is not what is tried here
"""
VALUES: list[dict[str, Any]] = [
    {"level": 1, "progress": 62.5},
    {"level": 2, "progress": 25.0},
    {"level": 3, "progress": 75.0},
    {"level": 9, "progress": None},
    {"level": None, "progress": -1.0},
]


def qgis_is_here() -> bool:
    return (
        PYTHON.exists()
        and not subprocess.run([PYTHON, "-c", "import qgis.core"], capture_output=True).returncode
    )


pytestmark = pytest.mark.skipif(not qgis_is_here(), reason="QGIS for the system's Python is not installed")


@pytest.mark.parametrize("rule", [LIGHT, PROGRESS], ids=lambda rule: rule.id)
@pytest.mark.parametrize("kind", ["light.qml", "light-10.sld", "light-11.sld"])
def test_qgis_paints_every_value_in_its_colour(rule: StyleRule, kind: str, tmp_path: Path) -> None:
    # Opaque and unhatched, so that the pixel is the colour itself.
    plain = replace(
        rule, opacity=1.0, classes=[replace(item, pattern="solid") for item in rule.classes], label_field=None
    )
    documents = {
        "light.qml": qml_document(plain),
        "light-10.sld": sld_document(plain),
        "light-11.sld": sld_document(plain, "1.1.0"),
    }
    style, data = tmp_path / kind, tmp_path / "data.geojson"
    style.write_bytes(documents[kind])
    square = {"type": "Polygon", "coordinates": [[[115, 33], [116, 33], [116, 34], [115, 34], [115, 33]]]}
    features = [
        {"type": "Feature", "properties": {"number": number, **values}, "geometry": square}
        for number, values in enumerate(VALUES)
    ]
    data.write_text(json.dumps({"type": "FeatureCollection", "features": features}))

    run = subprocess.run(
        [PYTHON, "-c", READER, style, data, str(len(VALUES))],
        capture_output=True,
        text=True,
        timeout=120,
        env={"QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
    )

    assert run.stdout.split() == [plain.class_of(values[plain.field]).colour for values in VALUES], run.stderr
