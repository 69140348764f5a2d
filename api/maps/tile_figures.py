"""Figures of the tile cache for Prometheus, asked for at each scrape."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from api.maps.tile_cache import TileCache

SOURCES: Final = ("memory", "disk", "rendered", "uncached")


class TileFigures(Collector):
    """Where tiles came from, how much is held, how fresh the knowledge of changes is."""

    def __init__(self, cache: TileCache) -> None:
        self._cache = cache

    def collect(self) -> Iterator[Metric]:
        """Yield the figures."""
        cache = self._cache
        tiles = CounterMetricFamily(
            "twin_tiles",
            "Tiles by where they came from; uncached while changes are unknown",
            labels=["source"],
        )
        for source in SOURCES:
            tiles.add_metric([source], cache.counts[source])
        yield tiles
        yield GaugeMetricFamily("twin_tile_memory_bytes", "Finished tiles in memory", value=cache.memory.size)
        yield GaugeMetricFamily("twin_tile_memory_tiles", "Finished tiles in memory", value=len(cache.memory))
        known = GaugeMetricFamily("twin_currency_known", "Whether changes are known now, 1 or 0")
        known.add_metric([], float(cache.currency.is_known))
        yield known
        yield GaugeMetricFamily(
            "twin_currency_age_seconds",
            "Time since changes were last confirmed",
            value=cache.currency.age_s(),
        )
