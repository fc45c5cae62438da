"""Simulated annotators: they behave like the page, and keep a log of their own of what they were told.

A line of the log is what is known of an answer from then on; the last line of an id is what must be in the database.
`doubtful` marks what may be there in one of two ways, since an acknowledgement was lost and could not be had again.
"""

import asyncio
import json
import time
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime

THINK = 0.15  # mean seconds that somebody looks at a comparison
SLIP = 0.05  # seconds around the end of a lease in which nobody can tell what is late


@dataclass
class Task:
    """A lease."""

    id: int
    name: str
    token: str
    swapped: bool
    expires: float


@dataclass
class Sent:
    """An answer; `strength` is as it was shown, `swapped` the order in which that was."""

    id: str
    person: str
    name: str
    strength: int
    swapped: bool
    seat: int
    token: str
    status: str = "sent"
    late: bool | None = None
    fills: bool | None = None
    doubtful: bool = False


class Person:
    """What somebody knows, in however many tabs: what they hold, judged and skipped."""

    def __init__(self, email, token, folder, tabs):
        self.email, self.token, self.tabs = email, token, tabs
        self.log = folder / f"{email.partition('@')[0]}.jsonl"
        self.held: dict[str, Task] = {}
        self.judged: dict[str, Sent] = {}
        self.judged_at: dict[str, float] = {}
        self.skipped_at: dict[str, float] = {}
        self.sending: set[str] = set()
        self.unsure: set[str] = set()

    def write(self, entry):
        with self.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry) + "\n")

    def keep(self, sent, **known):
        for name, value in known.items():
            setattr(sent, name, value)
        self.write(asdict(sent))

    def fault(self, why, **evidence):
        self.write({"fault": why, "person": self.email} | evidence)


class Tab:
    """One tab of a person. Only people with one tab undo, revise and skip: of two, nobody knows who was first.

    A late answer lands on the lease that its person has on the same comparison by then, if they have one: what they do
    with that lease after it revises that answer.
    """

    def __init__(self, person, wire, project, rng):
        self.person, self.wire, self.project, self.rng = person, wire, project, rng
        self.queue: list[Task] = []
        self.acknowledged = 0
        self.idle = False

    async def work(self, stop):
        """Until `stop` is set; what has been sent is seen through."""
        while not stop.is_set():
            if not self.queue:
                await self.lease()
            self.idle = not self.queue
            if self.idle:
                await asyncio.sleep(0.2)
                continue
            task = self.queue.pop(0)
            await asyncio.sleep(self.rng.expovariate(1 / THINK))
            await self.choose()(task)

    def choose(self):
        alone = self.person.tabs == 1
        deeds = {
            self.answer: 60,
            self.dawdle: 6,
            self.abandon: 4,
            self.give_back: 4,
            self.answer_and_repeat: 6,
            self.skip: 6 * alone,
            self.answer_and_undo: 6 * alone,
            self.answer_and_revise: 6 * alone,
        }
        return self.rng.choices(list(deeds), list(deeds.values()))[0]

    async def lease(self):
        body = {"count": self.rng.randint(1, 3), "resume": self.rng.random() < 0.3}
        reply = await self.ask("POST", f"projects/{self.project}/assignments", body)
        if reply.status == 200:
            self.take(reply)

    async def ask(self, method, path, body):
        return await self.wire.ask(self.person.token, method, path, body)

    def take(self, reply):
        """Queues what was handed out, unless it should not have been."""
        person, now = self.person, time.time()
        for found in reply.body.get("assignments") or []:
            task = leased(found)
            name = task.name
            if name not in person.unsure:
                if person.judged_at.get(name, reply.asked_at) < reply.asked_at:
                    person.fault("was handed what they had judged", comparison=name, assignment=task.id)
                if person.skipped_at.get(name, reply.asked_at) < reply.asked_at:
                    person.fault("was handed what they had skipped", comparison=name, assignment=task.id)
                holds = person.held.get(name)
                if holds and holds.id != task.id and holds.expires > now:
                    person.fault("holds a comparison twice", comparison=name, assignments=[holds.id, task.id])
            if name in person.held and person.held[name].id == task.id:
                person.held[name].expires = task.expires
            else:
                person.held[name] = task
                self.queue.append(task)

    # what can be done with a lease

    async def answer(self, task, revises=False):
        """Judges it; what is sent is sent until it is acknowledged. Returns it, or None when that went wrong."""
        person = self.person
        sent = Sent(
            str(uuid.UUID(int=self.rng.getrandbits(128), version=4)), person.email, task.name,
            self.rng.choice([-3, -2, -1, 0, 1, 2, 3]), task.swapped, task.id, task.token,
        )  # fmt: skip
        if task.name in person.sending:
            person.unsure.add(task.name)
        person.sending.add(task.name)
        begun = time.time()
        reply = await self.send(sent, self.rng.randint(0, 2))
        person.sending.discard(task.name)
        if reply.status != 200:
            person.fault("an answer was refused", sent=asdict(sent), reply=reply.detail)
            return None
        self.acknowledged += 1
        stored = reply.body
        known = {name: stored[name] for name in ("status", "late")} | {"fills": stored["fills_slot"]}
        if (stored["id"], stored["strength"]) != (sent.id, sent.strength):
            person.fault("another answer was acknowledged", sent=asdict(sent), reply=reply.detail)
        if not revises and task.name not in person.judged:
            self.check_time(task, sent, stored, begun, reply)
        if stored["status"] == "stored":
            before = person.judged.get(task.name)
            if before is not None and before is not sent:
                person.keep(before, status="revised")
            person.judged[task.name] = sent
            person.judged_at[task.name] = time.time()
        elif stored["status"] != "superseded":
            person.fault("an answer was acknowledged as something else", sent=asdict(sent), reply=reply.detail)
        person.keep(sent, **known, doubtful=task.name in person.unsure)
        person.held.pop(task.name, None)
        self.take(reply)
        return sent

    async def send(self, sent, following):
        body = {"id": sent.id, "lease_token": sent.token, "strength": sent.strength, "next": following}
        return await self.ask("PUT", f"assignments/{sent.seat}/preference", body)

    def check_time(self, task, sent, stored, begun, reply):
        """What was acknowledged before its lease ran out is not late, and what was sent after it is.

        Of two tabs one may have renewed the lease, or sent a late answer that landed on it.
        """
        early, tardy = time.time() < task.expires - SLIP, begun > task.expires + SLIP
        wrong = (early and (stored["late"] or not stored["fills_slot"])) or (tardy and not stored["late"])
        if wrong and self.person.tabs == 1:
            evidence = {"sent": asdict(sent), "expires": task.expires, "begun": begun, "reply": reply.detail}
            self.person.fault("lateness is wrong", **evidence)

    async def dawdle(self, task):
        """Answers when the lease has run out, with work for others in between."""
        await asyncio.sleep(max(0.0, task.expires - time.time()) + self.rng.uniform(0.1, 1.5))
        await self.answer(task)

    async def abandon(self, task):
        """Closes the page, and opens it again: what is held still comes back, or runs out."""
        for left in (task, *self.queue):
            self.person.held.pop(left.name, None)
        self.queue.clear()

    async def give_back(self, task):
        self.person.held.pop(task.name, None)
        reply = await self.ask("DELETE", f"assignments/{task.id}/lease", {"lease_token": task.token})
        if reply.status != 204 and not (reply.status == 409 and task.name in self.person.judged):
            self.person.fault("a lease could not be given back", task=asdict(task), reply=reply.detail)

    async def answer_and_repeat(self, task):
        """Sends an acknowledged answer again, with another strength even: the first one holds."""
        sent = await self.answer(task)
        if sent is None:
            return
        body = {"id": sent.id, "lease_token": sent.token, "strength": self.rng.randint(-3, 3), "next": 0}
        reply = await self.ask("PUT", f"assignments/{sent.seat}/preference", body)
        told = (reply.body.get("strength"), reply.body.get("status"), reply.body.get("late"))
        if told != (sent.strength, sent.status, sent.late) and task.name not in self.person.unsure:
            self.person.fault("a repeated answer is told otherwise", sent=asdict(sent), reply=reply.detail)

    async def answer_and_revise(self, task):
        sent = await self.answer(task)
        if sent is not None:
            await asyncio.sleep(self.rng.uniform(0, THINK))
            await self.answer(task, revises=True)

    async def answer_and_undo(self, task):
        """Takes an answer back: what it was about is the next on the desk."""
        person, sent = self.person, await self.answer(task)
        if sent is None:
            return
        person.judged_at.pop(task.name, None)
        reply = await self.ask("DELETE", f"assignments/{task.id}/preference", {"lease_token": task.token})
        if reply.status == 200:
            if person.judged.get(task.name) is sent:
                person.judged.pop(task.name)
            person.keep(sent, status="withdrawn")
            person.held[task.name] = again = leased(reply.body)
            self.queue.insert(0, again)
        elif reply.status == 409 and reply.failed:
            # it was taken back, and the lease ran out before anybody said so; or the answer is an extra
            person.unsure.add(task.name)
            person.keep(sent, doubtful=True)
        else:
            person.judged_at[task.name] = time.time()
            if reply.status != 409 or not sent.late:
                person.fault("an answer could not be taken back", sent=asdict(sent), reply=reply.detail)

    async def skip(self, task):
        """Passes it on, and now and then takes that back."""
        person = self.person
        body = {"lease_token": task.token, "reason": "unclear", "next": self.rng.randint(0, 1)}
        reply = await self.ask("PUT", f"assignments/{task.id}/skip", body)
        person.held.pop(task.name, None)
        if reply.status != 200:
            if reply.status != 409 or (time.time() < task.expires and task.name not in person.judged):
                person.fault("a skip was refused", task=asdict(task), reply=reply.detail)
            return
        person.skipped_at[task.name] = time.time()
        self.take(reply)
        if self.rng.random() < 0.3:
            skipped = person.skipped_at.pop(task.name)
            reply = await self.ask("DELETE", f"assignments/{task.id}/skip", {"lease_token": task.token})
            if reply.status == 200:
                person.held[task.name] = again = leased(reply.body)
                self.queue.append(again)
            elif reply.status != 409:
                person.fault("a skip could not be taken back", task=asdict(task), reply=reply.detail)
            elif not reply.failed:  # somebody else has taken it since
                person.skipped_at[task.name] = skipped


def leased(found):
    """A lease as it came."""
    expires = datetime.fromisoformat(found["expires_at"]).timestamp()
    return Task(found["id"], found["external_id"], found["lease_token"], found["left"].startswith("b"), expires)
