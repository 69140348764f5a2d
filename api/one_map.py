"""What the page 一张图 shows, made ready for its templates: no SQL, no HTTP, no markup."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from api.i18n import Speech
from twin.alerts.presets import GREY

SHAPES: Final = {0: "ring", 1: "disc", 2: "triangle", 3: "square"}
OTHER_SHAPE: Final = "diamond"
ITEMS_SHOWN: Final = 20
M2_PER_HA: Final = 10_000


@dataclass(frozen=True)
class Asked:
    """What the address of the page asks for; the field names are the query parameters."""

    light: str = ""
    stage: str = ""
    purpose: str = ""
    q: str = ""
    sel: str = ""
    colour: str = ""

    def href(self, **changes: str) -> str:
        """Return the address of the page with some parameters changed; empty ones are left out.

        Examples
        --------
        >>> Asked(light="red", sel="A").href(sel="")
        '/?light=red'
        >>> Asked().href()
        '/'
        """
        kept = {k: v for k, v in asdict(replace(self, **changes)).items() if v}
        return f"/?{urlencode(kept)}" if kept else "/"

    @property
    def is_filtered(self) -> bool:
        """Whether the list shows less than everything."""
        return bool(self.light or self.stage or self.purpose or self.q)


@dataclass(frozen=True)
class Level:
    """One level of the light in force, as the palette of its preset has it (0: not assessed)."""

    code: int
    key: str
    zh: str
    en: str
    colour: str

    @property
    def shape(self) -> str:
        """Name of the symbol that stands beside the colour, so that colour is never alone."""
        return SHAPES.get(self.code, OTHER_SHAPE)

    def name(self, speech: Speech) -> str:
        """Return the name of the level in the language of the page."""
        return self.zh if speech.lang == "zh" else self.en


UNKNOWN_LEVEL: Final = Level(**GREY)


@dataclass(frozen=True)
class Palette:
    """The levels of the light in force, best first, and the one of projects without a light."""

    levels: tuple[Level, ...]

    @classmethod
    def from_levels(cls, levels: Sequence[Level]) -> "Palette":
        """Return the palette of a preset; "not assessed" is added where the preset does not name it."""
        is_whole = any(level.code == 0 for level in levels)
        return cls(tuple(levels) if is_whole else (*levels, UNKNOWN_LEVEL))

    def of(self, key: str) -> Level:
        """Return the level of a project's light; a light of another preset shows as not assessed."""
        return next((level for level in self.levels if level.key == key), UNKNOWN_LEVEL)


@dataclass(frozen=True)
class LightCount:
    """How many of the visible projects carry a light."""

    level: Level
    n: int
    share: float
    href: str
    is_chosen: bool


def count_lights(levels: Sequence[Level], counts: Mapping[str, int], asked: Asked) -> list[LightCount]:
    """Count per light in the order of the palette; a second click on the chosen one takes the filter away.

    Examples
    --------
    >>> green = Level(1, "green", "正常", "On plan", "#0a0")
    >>> count_lights([green], {"green": 3, "red": 1}, Asked())[0].share
    75.0
    """
    total = sum(counts.values())
    tiles = []
    for level in levels:
        n = counts.get(level.key, 0)
        chosen = asked.light == level.key
        href = asked.href(light="" if chosen else level.key, sel="")
        tiles.append(LightCount(level, n, 100 * n / total if total else 0.0, href, chosen))
    return tiles


@dataclass(frozen=True)
class Choice:
    """One entry of a drop-down list."""

    key: str
    name: str
    is_chosen: bool


def choices(kind: str, order: Sequence[str], chosen: str, speech: Speech) -> list[Choice]:
    """Return the entries of a drop-down list of a closed set of values, such as the stages."""
    return [Choice(key, speech.name_of(kind, key), key == chosen) for key in order]


@dataclass(frozen=True)
class OverlapRow:
    """A layer that the project touches, or one piece of it; areas in m², 亩 and ha, shares in percent.

    Attributes
    ----------
    is_internal : bool
        The caller learns that the layer is hit, and no more.
    mark : str
        Short remark beside the name, such as 临界.
    """

    name: str
    area_m2: float
    area_mu: float
    area_ha: float
    share: float | None = None
    pieces: int | None = None
    share_of_feature: float | None = None
    is_internal: bool = False
    mark: str = ""


@dataclass(frozen=True)
class OverlapView:
    """The overlap of one project with the land and control layers, as the page shows it.

    Attributes
    ----------
    rows : tuple of OverlapRow
        The project itself, then the layers it touches.
    clear_layers : tuple of str
        Names of the layers it does not touch.
    remarks : tuple of str
        What the rules say about it, and how much lies outside a boundary it ought to lie in.
    items, items_left
        The largest pieces one by one, and how many more there are.
    pieces : dict
        GeoJSON of the pieces for the map.
    """

    rows: tuple[OverlapRow, ...]
    crs: str
    clear_layers: tuple[str, ...]
    remarks: tuple[str, ...]
    items: tuple[OverlapRow, ...]
    items_left: int
    sliver_count: int
    sliver_area_m2: float
    pieces: dict[str, Any]


def view_of_overlap(answer: Mapping[str, Any], speech: Speech) -> OverlapView:
    """Shape the answer of the overlap analysis for the page.

    Parameters
    ----------
    answer : mapping
        The document of ``POST /api/v1/overlap``.
    speech : Speech
        Language of the page.
    """
    subject, slivers = answer["subject"], answer["slivers"]
    hits = [layer for layer in answer["layers"] if layer["hit"]]
    clear = [layer for layer in answer["layers"] if not layer["hit"] and not layer.get("outside_area_m2")]
    items = [(layer, item) for layer in hits for item in layer["items"]]
    items.sort(key=lambda pair: -pair[1]["area_m2"])
    total = OverlapRow(speech("overlap.subject"), subject["area_m2"], subject["area_mu"], subject["area_ha"])
    return OverlapView(
        rows=(total, *(_layer_row(layer, speech) for layer in hits)),
        crs=subject["crs_overlay"],
        clear_layers=tuple(_said(layer["title"], speech) for layer in clear),
        remarks=tuple(_remarks(answer["layers"], speech)),
        items=tuple(_item_row(layer, item, speech) for layer, item in items[:ITEMS_SHOWN]),
        items_left=max(0, len(items) - ITEMS_SHOWN),
        sliver_count=slivers["count"],
        sliver_area_m2=slivers["area_m2"],
        pieces=_pieces(items, speech),
    )


def _said(texts: Mapping[str, str], speech: Speech) -> str:
    return texts[speech.lang]


def _layer_row(layer: Mapping[str, Any], speech: Speech) -> OverlapRow:
    return OverlapRow(
        name=_said(layer["title"], speech),
        area_m2=layer["area_m2"],
        area_mu=layer["area_mu"],
        area_ha=layer["area_ha"],
        share=layer["share_of_subject"],
        pieces=layer["pieces"],
        is_internal=bool(layer.get("internal")),
    )


def _item_row(layer: Mapping[str, Any], item: Mapping[str, Any], speech: Speech) -> OverlapRow:
    return OverlapRow(
        name=str(item.get("name") or item.get("code") or _said(layer["title"], speech)),
        area_m2=item["area_m2"],
        area_mu=item["area_mu"],
        area_ha=item["area_m2"] / M2_PER_HA,
        share=item["share_of_subject"],
        share_of_feature=item["share_of_feature"],
        mark=speech("overlap.critical") if item.get("critical") else "",
    )


def _remarks(layers: Iterable[Mapping[str, Any]], speech: Speech) -> Iterator[str]:
    for layer in layers:
        outside = layer.get("outside_area_m2") or 0.0
        if outside > 0:
            name = _said(layer["title"], speech)
            yield speech("overlap.outside", layer=name, area=speech.number(outside, 2))
        yield from (_said(note, speech) for note in layer.get("notes", ()))


def _pieces(items: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]], speech: Speech) -> dict[str, Any]:
    features = [
        {
            "type": "Feature",
            "geometry": item["geometry"],
            "properties": {"layer": layer["layer"], "name": _said(layer["title"], speech)},
        }
        for layer, item in items
        if item.get("geometry")
    ]
    return {"type": "FeatureCollection", "features": features}
