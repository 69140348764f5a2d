"""Figures of the running service for Prometheus: requests by route and status, their time, the pool."""

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from api.plain_route import PlainRoute
from twin.db.hot import Pool

BUCKETS_S: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The figures of one application; each application has a registry of its own."""

    def __init__(self, pool: Pool) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("twin_http_requests", "Requests answered", labels, registry=self.registry)
        self._seconds = Histogram(
            "twin_http_request_duration_seconds",
            "Time from request to the end of the answer",
            ("route",),
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self.registry.register(PoolFigures(pool))
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def record(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        found = self._children.get((method, route, status))
        if found is None:
            found = (self._requests.labels(method, route, str(status)), self._seconds.labels(route))
            self._children[method, route, status] = found
        found[0].inc()
        found[1].observe(seconds)

    def render(self) -> bytes:
        """Return all figures as Prometheus text."""
        return generate_latest(self.registry)


class PoolFigures(Collector):
    """What the pool of the hot read path says of itself, asked for at each scrape."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yield the size of the pool and who waits for it."""
        stats = self._pool.get_stats()
        for key in ("pool_size", "pool_available", "requests_waiting"):
            yield GaugeMetricFamily(
                f"twin_database_{key}", f"Hot read pool: {key.replace('_', ' ')}", value=stats.get(key, 0)
            )


async def answer_metrics(request: Request) -> Response:
    """Answer `/metrics`."""
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.render(), headers={"Content-Type": CONTENT_TYPE_LATEST})


ROUTES: Final = [PlainRoute("/metrics", answer_metrics)]
