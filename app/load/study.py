"""A project of its own for a load: synthetic comparisons and accounts that nobody else uses."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.load.annotators import Player
from app.load.api import Api

WORDS = (
    "a about after all also and answer any are as because but by can case come day do each even find first for from get "
    "give go good how idea if in into is it its just know like long look make many may more most much must name need new "
    "no not now number of on one only or other our out over part people place point right same say see should small so "
    "some such take than that the their them then there these they thing think this time to two under up use very want"
)
PROMPT, RESPONSE = 200, 1200  # characters


@dataclass(frozen=True)
class Study:
    """The project's slug and what an admin does in it."""

    api: Api
    token: str
    slug: str

    async def create(self) -> None:
        """Makes the project; raises Refused when there is one of that slug."""
        await self.api.call("POST", "projects", self.token, {"slug": self.slug, "name": self.slug})

    async def fill(self, name: str, comparisons: int) -> int:
        """Uploads a batch of so many comparisons, whose ids begin with the batch's name; returns the batch's id."""
        body = "".join(rows(name, comparisons)).encode()
        batch: dict[str, Any] = await self.api.call(
            "POST", f"projects/{self.slug}/batches", self.token, body, name=name
        )
        return int(batch["id"])

    async def close(self, batch: int) -> None:
        """Closes a batch."""
        await self.api.call("PATCH", f"projects/{self.slug}/batches/{batch}", self.token, {"state": "closed"})

    async def hire(self, number: int) -> tuple[int, Player]:
        """The id of the account of that number, which is made or made active again, and a new token of it."""
        email = f"annotator-{number}@bench.invalid"
        person = await self.api.call("POST", "people", self.token, {"email": email, "name": f"Bench {number}"})
        path = f"people/{person['id']}"
        if not person["active"]:
            await self.api.call("PATCH", path, self.token, {"active": True})
        token = await self.api.call("POST", f"{path}/tokens", self.token, {"name": self.slug})
        return int(person["id"]), Player(email, token["token"])

    async def dismiss(self, person: int) -> None:
        """Deactivates an account, which ends its tokens."""
        await self.api.call("PATCH", f"people/{person}", self.token, {"active": False})

    async def export(self) -> list[dict[str, Any]]:
        """All judgements of the project."""
        lines = await self.api.raw("GET", f"projects/{self.slug}/export", self.token, format="preferences")
        return [json.loads(line) for line in lines.splitlines() if line.strip()]


def rows(name: str, comparisons: int) -> Iterator[str]:
    """Lines of an upload: texts of words that are long enough to be real, the same for the same name."""
    rng = random.Random(name)  # noqa: S311
    for number in range(comparisons):
        row = {
            "id": f"{name}-{number}",
            "prompt": _text(rng, PROMPT),
            "response_a": _text(rng, RESPONSE),
            "response_b": _text(rng, RESPONSE),
        }
        yield json.dumps(row) + "\n"


def _text(rng: random.Random, length: int) -> str:
    words = rng.choices(WORDS.split(), k=length // 2)
    return " ".join(words)[:length]
