"""Fixtures of the map doors."""

from tests.api.live import live_url

__all__ = ["live_url"]
