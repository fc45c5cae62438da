"""API v1 as a program calls it: one connection for each request at a time, kept between them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

LONGEST = 600.0  # seconds; an upload of a million rows takes its time


class Refused(Exception):
    """The server answered something else than success."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text[:300]}")
        self.status = status


class Api:
    """Calls with anybody's token; counts the bytes of the bodies."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self.sent = self.received = 0

    async def call(self, method: str, path: str, token: str, body: Any = None, **parameters: str) -> Any:
        """The parsed answer, None for an empty one. A body of bytes is sent as JSON lines.

        Raises Refused, or aiohttp's ClientError and TimeoutError when there was no answer.
        """
        answer = await self.raw(method, path, token, body, **parameters)
        return json.loads(answer) if answer else None

    async def raw(self, method: str, path: str, token: str, body: Any = None, **parameters: str) -> bytes:
        """The same, not parsed."""
        headers = {"Authorization": f"Bearer {token}"}
        if body is not None:
            lines = isinstance(body, bytes)
            headers["Content-Type"] = "application/x-ndjson" if lines else "application/json"
            body = body if lines else json.dumps(body).encode()
            self.sent += len(body)
        request = self._http.request(method, path, data=body, headers=headers, params=parameters, allow_redirects=False)
        async with request as response:
            answer = await response.read()
            self.received += len(answer)
            if not 200 <= response.status < 300:
                raise Refused(response.status, answer.decode("utf-8", "replace"))
            return answer


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Api]:
    """The API of the server at `url`."""
    # a server closes what was idle for some seconds, perhaps just when the next request is on its way
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=2)
    timeout = aiohttp.ClientTimeout(total=LONGEST)
    cookies = aiohttp.DummyCookieJar()
    base = url.rstrip("/") + "/api/v1/"
    async with aiohttp.ClientSession(base, connector=connector, timeout=timeout, cookie_jar=cookies) as http:
        yield Api(http)
