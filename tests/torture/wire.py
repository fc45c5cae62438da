"""Requests as the page sends them: again and again, to whichever web process answers, until one is acknowledged."""

import asyncio
import json
import time
from collections import Counter

import aiohttp

PATIENCE = 15.0  # seconds for one attempt
PAUSE = 0.2


class Reply:
    """What was acknowledged: when its attempt began, and how many attempts there were before it."""

    def __init__(self, status, body, asked_at, failed):
        self.status, self.body, self.asked_at, self.failed = status, body, asked_at, failed

    @property
    def detail(self):
        return f"{self.status} {self.body}"[:300]


class Wire:
    """Shared by all clients; counts what went wrong on the way."""

    def __init__(self, webs, rng):
        self.webs, self.rng = webs, rng
        self.errors = Counter()
        self.retries = 0
        self.http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=PATIENCE),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def ask(self, token, method, path, body=None, **parameters):
        """The reply that settles it: success, or a refusal of what was asked."""
        failed = 0
        while True:
            web = self.rng.choice(self.webs)
            asked_at = time.time()
            try:
                status, content = await self._attempt(web.url + path, token, method, body, parameters)
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                self.errors[type(error).__name__] += 1
            else:
                if status < 500 and status not in (408, 425, 429):
                    return Reply(status, content, asked_at, failed)
                self.errors[str(status)] += 1
            failed += 1
            self.retries += 1
            await asyncio.sleep(PAUSE * min(failed, 5))

    async def _attempt(self, url, token, method, body, parameters):
        headers = {"Authorization": f"Bearer {token}"}
        if body is not None:
            lines = isinstance(body, bytes)
            headers["Content-Type"] = "application/x-ndjson" if lines else "application/json"
            body = body if lines else json.dumps(body)
        async with self.http.request(method, url, data=body, headers=headers, params=parameters) as response:
            content = await response.read()
            if response.content_type in ("application/json", "application/problem+json"):
                return response.status, json.loads(content)
            return response.status, content

    async def close(self):
        await self.http.close()
