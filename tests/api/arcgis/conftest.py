"""The application on a real socket."""

from tests.api.live import live_url

__all__ = ["live_url"]
