"""Running scripts in QGIS itself, with the system's Python and without a screen."""

import subprocess
from functools import cache
from pathlib import Path

PYTHON = Path("/usr/bin/python3")
REASON = "QGIS for the system's Python is not installed"
START = """
import os
import sys
from collections import Counter

from qgis.core import *
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

application = QgsApplication([], False)
application.initQgis()
MERCATOR = QgsCoordinateReferenceSystem("EPSG:3857")


def draw(layers, west, south, east, north, size=80):
    settings = QgsMapSettings()
    settings.setLayers(layers)
    to_map = QgsCoordinateTransform(QgsCoordinateReferenceSystem("EPSG:4326"), MERCATOR, QgsProject.instance())
    settings.setDestinationCrs(MERCATOR)
    settings.setExtent(to_map.transformBoundingBox(QgsRectangle(west, south, east, north)))
    settings.setOutputSize(QSize(size, size))
    settings.setOutputDpi(96)
    settings.setBackgroundColor(QColor(255, 255, 255))
    settings.setFlag(QgsMapSettings.Antialiasing, False)
    settings.setFlag(QgsMapSettings.DrawLabeling, False)
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    return job.renderedImage()


def colours(image):
    width, height = image.width(), image.height()
    return Counter(image.pixelColor(x, y).name() for x in range(width) for y in range(height)).most_common(9)


"""
# Taking QGIS down in order is not what is tried.
END = "\nsys.stdout.flush()\nos._exit(0)\n"


@cache
def is_here() -> bool:
    """Tell whether QGIS can be run."""
    asked = [str(PYTHON), "-c", "import qgis.core"]
    return PYTHON.exists() and not subprocess.run(asked, capture_output=True, check=False).returncode


def run(script: str, home: Path, *arguments: str) -> list[str]:
    """Run a script behind `START` and return the lines it prints."""
    done = subprocess.run(
        [PYTHON, "-c", START + script + END, *arguments],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        env={"QT_QPA_PLATFORM": "offscreen", "HOME": str(home), "XDG_RUNTIME_DIR": str(home)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
