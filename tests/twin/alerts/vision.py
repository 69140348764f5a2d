"""How colours look to eyes that lack a cone, and how far two colours are apart.

Sources: Machado, Oliveira, Fernandes 2009 (severity 1.0); CIE 1976 L*a*b*, D65.
"""

from typing import Final

import numpy

_SEEN: Final = {
    "normal": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
_XYZ: Final = [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
]
_WHITE: Final = (0.95047, 1.0, 1.08883)


def _linear(colour: str) -> numpy.ndarray:
    parts = numpy.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return numpy.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def seen_by(vision: str, colour: str) -> str:
    """Return the colour that normal eyes would see where these see `colour`."""
    light = numpy.clip(numpy.array(_SEEN[vision]) @ _linear(colour), 0, 1)
    parts = numpy.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(float(part) * 255):02x}" for part in parts)


def _lab(colour: str) -> numpy.ndarray:
    share = numpy.array(_XYZ) @ _linear(colour) / numpy.array(_WHITE)
    x, y, z = numpy.where(share > 216 / 24389, numpy.cbrt(share), (24389 / 27 * share + 16) / 116)
    return numpy.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def colour_distance(one: str, other: str) -> float:
    """Return ΔE of 1976; about 2.3 is what an eye just notices side by side."""
    return float(numpy.linalg.norm(_lab(one) - _lab(other)))
