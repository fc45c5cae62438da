"""What goes wrong: processes are killed, frozen and asked to go, the database crashes, batches are paused."""

import asyncio
import json
import signal
from collections import Counter
from contextlib import suppress


class Saboteur:
    """Breaks something every second or two, and starts again what it broke, until `stop` is set."""

    def __init__(self, rng, webs, postgres, pace):
        self.rng, self.webs, self.postgres, self.pace = rng, webs, postgres, pace
        self.done = Counter()

    async def work(self, stop):
        deeds = [self.kill_web] * 3 + [self.retire_web, self.freeze_web]
        if self.postgres:
            deeds += [self.crash_database] * 2 + [self.kill_connection]
        deck = [self.crash_database, self.kill_web] if self.postgres else [self.kill_web]
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self.rng.uniform(0, 2 * self.pace))
                return
            deck = deck or self.rng.sample(deeds, len(deeds))  # so that a short ordeal has some of everything
            deed = deck.pop()
            self.done[deed.__name__] += 1
            await deed()

    async def tend(self):
        """Starts again what went down, for as long as this runs."""
        while True:
            for web in self.webs:
                if web.process is not None and web.process.poll() is not None:
                    self.done["restarts"] += 1
                    await asyncio.to_thread(web.start)
            await asyncio.sleep(0.2)

    async def kill_web(self):
        for web in self.rng.sample(self.webs, self.rng.randint(1, len(self.webs))):
            web.send(signal.SIGKILL)

    async def retire_web(self):
        """SIGTERM: it finishes what it has begun; a process that does not end is reported."""
        web = self.rng.choice(self.webs)
        web.send(signal.SIGTERM)
        if not await asyncio.to_thread(web.wait, 20):
            self.done["did not end"] += 1
            web.send(signal.SIGKILL)

    async def freeze_web(self):
        """It holds its locks and connections, and does nothing."""
        web = self.rng.choice(self.webs)
        web.send(signal.SIGSTOP)
        await asyncio.sleep(self.rng.uniform(0.5, 3))
        web.send(signal.SIGCONT)

    async def crash_database(self):
        await asyncio.to_thread(self.postgres.crash)
        await asyncio.sleep(self.rng.uniform(0, 2))
        await asyncio.to_thread(self.postgres.start)

    async def kill_connection(self):
        await asyncio.to_thread(self.postgres.kill_backend, self.rng.choice)


class Admin:
    """Uploads two batches whenever the annotators run dry, of overlap 1 and 3, and pauses batches for a while."""

    def __init__(self, wire, token, project, rng, size):
        self.wire, self.token, self.project, self.rng, self.size = wire, token, project, rng, size
        self.overlap: dict[str, int] = {}
        self.batches: list[int] = []
        self.faults: list[str] = []

    async def work(self, stop, tabs):
        """Until `stop` is set; everything is open then."""
        while not stop.is_set():
            if sum(tab.idle for tab in tabs) >= len(tabs) / 2:
                await self.upload(1, self.size)
                await self.upload(3, self.size // 2)
            batch = self.rng.choice(self.batches)
            if self.rng.random() < 0.2:
                await self.change(batch, state="paused", priority=self.rng.randint(-2, 2))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1)
            await self.change(batch, state="open")

    async def upload(self, overlap, number):
        name = f"o{overlap}-{len(self.batches)}"
        rows = [
            {"id": f"{name}-{n}", "prompt": f"Why {name} {n}?", "response_a": f"a {name} {n}", "response_b": f"b {n}"}
            for n in range(number)
        ]
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        path = f"projects/{self.project}/batches"
        reply = await self.wire.ask(self.token, "POST", path, content, name=name, overlap=str(overlap))
        if reply.status == 201 or (reply.status == 409 and reply.failed and reply.body.get("batch")):
            self.batches.append(reply.body.get("batch") or reply.body["id"])
            self.overlap |= {row["id"]: overlap for row in rows}
        else:
            self.faults.append(f"an upload was refused: {reply.detail}")

    async def change(self, batch, **rules):
        reply = await self.wire.ask(self.token, "PATCH", f"projects/{self.project}/batches/{batch}", rules)
        if reply.status != 200:
            self.faults.append(f"a batch could not be changed: {reply.detail}")
