"""The load sees what a server does wrong: the figures that it gives are worth no more than that."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from app.load.annotators import Judgement, Player, Record, Round, Took
from app.load.api import Refused, connected
from app.load.figures import Kept, Times, kept, per_second, times

ANN = Player("ann@bench.invalid", "secret")


class Server:
    """Two comparisons for whoever asks; it fails as often as it is told to, after it has stored the answer."""

    def __init__(self, failures=0):
        self.failures = failures
        self.tokens, self.answers = set(), []

    def task(self, number):
        return {"id": number, "external_id": f"c{number}", "lease_token": f"t{number}"}

    async def lease(self, request):
        self.tokens.add(request.headers["Authorization"])
        return web.json_response({"assignments": [self.task(1)]})

    async def answer(self, request):
        number = int(request.match_info["id"])
        self.answers.append((number, await request.json()))
        if self.failures:
            self.failures -= 1
            return web.json_response({"detail": "busy"}, status=503)
        return web.json_response({"assignments": [self.task(2)] if number == 1 else []})

    @asynccontextmanager
    async def running(self):
        app = web.Application()
        app.router.add_post("/api/v1/projects/study/assignments", self.lease)
        app.router.add_put("/api/v1/assignments/{id}/preference", self.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            async with connected(f"http://127.0.0.1:{runner.addresses[0][1]}") as api:
                yield api
        finally:
            await runner.cleanup()


def play(server, **until):
    async def run():
        record = Record()
        async with server.running() as api:
            await Round(api, "study", record, **until).play([ANN])
        return record

    return asyncio.run(run())


def test_it_judges_until_there_is_nothing_left():
    server = Server()
    record = play(server, seconds=10)
    assert server.tokens == {"Bearer secret"}
    assert [judgement.comparison for judgement in record.judgements] == ["c1", "c2"]
    assert [(number, sent["lease_token"], sent["next"]) for number, sent in server.answers] == [
        (1, "t1", 1),
        (2, "t2", 1),
    ]
    assert [judgement.id for judgement in record.judgements] == [sent["id"] for _, sent in server.answers]
    assert (len(record.nexts), len(record.submits), record.errors.total()) == (1, 2, 0)


def test_it_judges_as_many_as_it_was_told_to():
    assert len(play(Server(), each=1).judgements) == 1


def test_who_thinks_longer_than_it_lasts_answers_nothing():
    record = play(Server(), seconds=0.05, think=60)
    assert (len(record.nexts), record.judgements) == (1, [])


def test_an_answer_that_failed_is_sent_again_under_its_own_id():
    server = Server(failures=2)
    record = play(server, seconds=10)
    assert record.errors == {"503": 2}
    assert len({sent["id"] for number, sent in server.answers if number == 1}) == 1
    assert len(record.judgements) == 2


def test_it_does_not_try_for_ever():
    record = play(Server(failures=1000), seconds=0.3)
    assert (record.judgements, record.errors["503"] > 0) == ([], True)


def test_what_is_refused_is_told():
    async def run():
        async with Server(failures=1).running() as api:
            await api.call("PUT", "assignments/1/preference", "secret", {})

    with pytest.raises(Refused, match="503"):
        asyncio.run(run())


def test_what_is_handed_out_too_often_is_counted():
    record = Record(overlap=2)
    for email in ("a", "b", "a", "b"):
        record.hand("c1", email)
    assert record.twice == 0
    record.hand("c1", "third")
    assert record.twice == 1
    record.acknowledge(Judgement("id", "c1", "a", 2), Took(1.0, 0.1))
    record.hand("c1", "a")
    assert record.twice == 2


def test_the_export_tells_what_was_lost_changed_and_stored_too_often():
    record = Record()
    for number, name in enumerate("abc"):
        record.acknowledge(Judgement(f"id-{name}", f"c{number}", name, 2), Took(1.0, 0.1))

    def row(name, number, strength, judge=None):
        return {"id": f"id-{name}", "external_id": f"c{number}", "annotator": judge or name, "strength_shown": strength}

    whole = [row(name, number, 2) for number, name in enumerate("abc")]
    assert kept(record, whole) == Kept(0, 0, 0)
    assert kept(record, whole[1:]) == Kept(lost=1, wrong=0, extra=0)
    assert kept(record, [row("a", 0, -2), *whole[1:]]) == Kept(lost=0, wrong=1, extra=0)
    assert kept(record, [row("a", 0, 2, "b"), *whole[1:]]) == Kept(lost=0, wrong=1, extra=0)
    assert kept(record, [*whole, row("x", 0, 2)]) == Kept(lost=0, wrong=0, extra=1)


def test_percentiles_are_times_that_were_taken():
    assert times([Took(0, number / 1000) for number in range(100, 0, -1)]) == Times(50, 95, 99, 100)
    assert times([Took(0, 0.004)]) == Times(4, 4, 4, 1)
    assert times([]) == Times(None, None, None, 0)


def test_the_rate_is_that_until_the_last_answer():
    assert per_second([Took(11, 1), Took(12, 1), Took(14, 1)], since=10) == 0.8
    assert per_second([], since=10) == 0
