"""Somebody who opens pages of an application in this process, and keeps its cookies."""

import asyncio
from typing import Any

import httpx
from starlette.types import ASGIApp


class Visitor:
    """Sends requests straight into an application; follows no redirect."""

    def __init__(self, app: ASGIApp) -> None:
        self._transport = httpx.ASGITransport(app=app)
        self._cookies = httpx.Cookies()

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """Open a page."""
        return self._send("GET", path, headers=headers)

    def post(
        self, path: str, data: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send a form."""
        return self._send("POST", path, data=data, headers=headers)

    def _send(self, method: str, path: str, **given: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            client = httpx.AsyncClient(
                transport=self._transport, base_url="http://testserver", cookies=self._cookies
            )
            async with client:
                answer = await client.request(method, path, **given)
                self._cookies = client.cookies
            return answer

        return asyncio.run(send())
