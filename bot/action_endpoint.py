"""The connection from Rasa to the action server, kept alive between calls."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

from troly import trace


class PooledEndpoint(EndpointConfig):
    """Rasa's own endpoint opens and closes a session for each call; this one keeps it."""

    _session: aiohttp.ClientSession | None = None

    async def request(
        self,
        method: str = "post",
        subpath: str | None = None,
        content_type: str | None = "application/json",
        compress: bool = False,
        **kwargs: Any,
    ) -> Any | None:
        """Send JSON and return the JSON answer.

        Raises ClientResponseError for a status of 400 and more (400 is how an action declines).
        """
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=25))
        body = json.dumps(kwargs["json"], ensure_ascii=False).encode()
        async with self._session.request(
            method, self.url, data=body, headers={"Content-Type": "application/json"} | trace.headers()
        ) as response:
            content = await response.read()
            if response.status >= 400:
                # rasa-sdk sends the whole conversation back with a failure, and Rasa would log it.
                declined = response.status == 400
                raise ClientResponseError(response.status, response.reason, content if declined else b"")
            return json.loads(content)

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()
