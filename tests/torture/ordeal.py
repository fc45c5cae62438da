"""One ordeal: set up, torment, let everything come to rest, judge."""

import asyncio
import json
import random
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from app.domain import people, projects
from app.storage.migrating import migrate
from app.storage.session import make_engine, make_sessions
from app.vocabulary import Role
from tests.torture.annotators import Person, Tab
from tests.torture.mutations import break_schema
from tests.torture.saboteur import Admin, Saboteur
from tests.torture.servers import LEASE_SECONDS, Postgres, Web
from tests.torture.verdict import Stored, Verdict, judge
from tests.torture.wire import Wire

PROJECT = "torture"
ANNOTATORS = 32
TWO_TABS = 6  # of the annotators
HEALING = 120.0  # seconds in which everything that was sent must be acknowledged once nothing is broken any more
PACE = 3.0  # mean seconds between two blows
FRESH = 3  # as many as the largest overlap


def run(database, seconds, seed, say, mutation=None, annotators=ANNOTATORS, size=300, pace=PACE):
    """The verdict on `database` (sqlite or postgresql) after `seconds` of torment; `say` gets a line now and then."""
    with tempfile.TemporaryDirectory(prefix="touchstone-torture-") as folder:
        postgres = Postgres() if database == "postgresql" else None
        webs = []
        try:
            url = postgres.url if postgres else f"sqlite:///{folder}/torture.db"
            tokens = prepare(url, annotators)
            if mutation:
                break_schema(mutation, url)
            webs += [Web(url, Path(folder), mutation) for _ in range(2)]
            ordeal = Ordeal(url, webs, postgres, seed, Path(folder), tokens, size, pace)
            return asyncio.run(ordeal.pass_through(seconds, say))
        finally:
            for web in webs:
                web.close()
            if postgres:
                postgres.close()


def prepare(url, annotators):
    """A migrated database with a project and people; their tokens by email."""
    engine, now = make_engine(url), datetime.now(UTC)
    migrate(engine)
    names = [f"ann{n:02}" for n in range(annotators)] + [f"fresh{n}" for n in range(FRESH)]
    roles = dict.fromkeys(names, Role.annotator) | {"admin": Role.admin}
    with make_sessions(engine).begin() as session:
        projects.create(session, PROJECT, "", now)
        found = {name: people.add(session, f"{name}@example.org", "", role, now)[0] for name, role in roles.items()}
        tokens = {name: people.create_token(session, person, "", now) for name, person in found.items()}
    engine.dispose()
    return tokens


class Ordeal:
    """Everything that takes part."""

    def __init__(self, url, webs, postgres, seed, folder, tokens, size, pace):
        self.url, self.webs, self.postgres, self.seed, self.folder = url, webs, postgres, seed, folder
        self.tokens, self.size, self.pace = tokens, size, pace

    def rng(self, name):
        """Chance of its own for each who takes part, so that one does not disturb another's."""
        return random.Random(f"{self.seed}/{name}")

    async def pass_through(self, seconds, say):
        self.wire = Wire(self.webs, self.rng("wire"))
        self.admin = Admin(self.wire, self.tokens["admin"], PROJECT, self.rng("admin"), self.size)
        self.saboteur = Saboteur(self.rng("saboteur"), self.webs, self.postgres, self.pace)
        tabs = self.tabs()
        for web in self.webs:
            web.start()
        tending = asyncio.create_task(self.saboteur.tend())
        try:
            await self.admin.upload(1, self.size)
            await self.admin.upload(3, self.size // 2)
            await self.torment(seconds, tabs, say)
            exported = await asyncio.wait_for(self.rest(say), HEALING)
            return self.verdict(exported)
        except TimeoutError:
            verdict = Verdict()
            verdict.say("stuck", f"{HEALING:.0f} s after the last blow there are still requests that nobody answers")
            return self.counted(verdict)
        finally:
            tending.cancel()
            with suppress(asyncio.CancelledError):
                await tending
            await self.wire.close()

    def tabs(self):
        names = [name for name in self.tokens if name.startswith("ann")]
        found = []
        for place, name in enumerate(names):
            number = 2 if place < TWO_TABS else 1
            person = Person(f"{name}@example.org", self.tokens[name], self.folder, number)
            found += [Tab(person, self.wire, PROJECT, self.rng(f"{name}/{n}")) for n in range(number)]
        return found

    async def torment(self, seconds, tabs, say):
        """Work and sabotage at the same time, until the time is up and everything sent is acknowledged."""
        calm, over = asyncio.Event(), asyncio.Event()
        sabotage = asyncio.create_task(self.saboteur.work(calm))
        working = [asyncio.create_task(tab.work(over)) for tab in tabs]
        working.append(asyncio.create_task(self.admin.work(over, tabs)))
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 10))
            self.progress(end, tabs, say)
            for task in (sabotage, *working):
                if task.done():
                    task.result()
        calm.set()
        await sabotage
        over.set()
        await asyncio.wait_for(asyncio.gather(*working), HEALING)

    def progress(self, end, tabs, say):
        acknowledged, wire = sum(tab.acknowledged for tab in tabs), self.wire
        blows = sum(number for name, number in self.saboteur.done.items() if name != "restarts")
        left = max(0, end - time.monotonic())
        say(f"{left:4.0f} s left: {acknowledged} acknowledged, {blows} blows, {wire.retries} retries")

    async def rest(self, say):
        """Leases run out; then people who never held anything get whatever is left. Returns the export."""
        say("resting: leases run out, and fresh annotators take what is left")
        for batch in self.admin.batches:
            await self.admin.change(batch, state="open")
        await asyncio.sleep(LEASE_SECONDS + 0.5)
        await asyncio.gather(*(self.finish(f"fresh{number}") for number in range(FRESH)))
        path = f"projects/{PROJECT}/export"
        reply = await self.wire.ask(self.tokens["admin"], "GET", path, format="preferences")
        return [json.loads(line) for line in reply.body.splitlines()]

    async def finish(self, name):
        """Judges whatever there is for this person."""
        tab = Tab(Person(f"{name}@example.org", self.tokens[name], self.folder, 1), self.wire, PROJECT, self.rng(name))
        empty = 0
        while empty < 3:  # one who comes while others claim and sweep may find nothing for a moment
            await tab.lease()
            empty = 0 if tab.queue else empty + 1
            while tab.queue:
                await tab.answer(tab.queue.pop(0))
            if empty:
                await asyncio.sleep(0.5)

    def verdict(self, exported):
        verdict = judge(self.folder, Stored(self.url), self.admin.overlap, exported)
        for fault in self.admin.faults:
            verdict.say("faults that the admin noticed", fault)
        if stuck := self.saboteur.done.pop("did not end", 0):
            verdict.say("graceful shutdown", f"{stuck} web processes did not end within 20 s of SIGTERM")
        verdict.counts.update({"comparisons": len(self.admin.overlap), "retries": self.wire.retries})
        return self.counted(verdict)

    def counted(self, verdict):
        """The verdict with what was done, and what went wrong on the way."""
        verdict.counts.update({name.replace("_", " "): number for name, number in self.saboteur.done.items()})
        verdict.counts.update({f"error {name}": number for name, number in self.wire.errors.items()})
        for web in self.webs:
            verdict.counts.update(f"raised {error[:90]}" for error in web.raised())
        return verdict
