"""The plans of the queue, of the statements that the application really sends: none walks or sorts it, and a judgement
reads as much of a large queue as of a small one."""

import re

import pytest

from benchmarks import floor, plans
from benchmarks.queues import Builder, Part

SMALL, LARGE = 400, 4000
ROOM = 1.5  # one level more of an index is allowed, a walk is not


def plain(number, _person):
    return [Part(number)]


def half(number, person):
    return [Part(number, overlap=3, done=number // 2, by=person)]


def lasts(number, person):
    return [Part(number, done=number - 20, by=person)]


def spent(number, person):
    return [Part(number, priority=1, done=number, by=person), Part(50)]


def paused(number, _person):
    return [Part(number, priority=1, state="paused"), Part(50)]


def wrong(found):
    """What is wrong with plans; pytest shows them when that is anything."""
    for plan in found:
        print("", *plan.wrong, plan.sql, plan.text, sep="\n")
    return [what for plan in found for what in plan.wrong]


def walks(found):
    """PostgreSQL: where a judgement looks through what others hold, or from the head of a queue that it is in.

    Both are short in a test, and grow with all that was handed out since the indexes were cleaned last.
    """
    others = [plan.sql for plan in found if "ix_assignment_expiry" in plan.text]
    # with `rank = …` beside it, a pair does not say where to begin
    head = re.compile(r"using ix_assignment_queue .*\n\s+Index Cond: (\(batch_id = [^()]+\)\n|.*\(rank = )")
    return others + [plan.sql for plan in found if head.search(plan.text)]


@pytest.mark.parametrize("stale", [False, True], ids=["analyzed", "stale"])
@pytest.mark.parametrize("queue", [plain, half, lasts, spent, paused])
def test_a_judgement_reads_no_more_of_a_larger_queue(database_url, queue, stale):
    """Neither with statistics of what is there, nor with those of the moment at which all was new."""
    builder = Builder(database_url)
    ((number, player),) = builder.hire(1)
    builder.project("new", [Part(LARGE)])
    builder.settle()
    work = {}
    for size in (SMALL, LARGE):
        slug = f"of-{size}"
        builder.project(slug, queue(size, number))
        if not stale:
            builder.settle()
        script, seat = floor.record(database_url, slug, number, player)
        found = plans.performed(script, seat)
        assert wrong(found) == []
        assert walks(found) == []
        work[size] = sum(plan.steps if plan.pages is None else plan.pages for plan in found)
    assert work[LARGE] <= ROOM * work[SMALL], work


def test_no_other_request_walks_or_sorts_the_queue(database_url):
    builder = Builder(database_url)
    ((_, player), (somebody, _)) = builder.hire(2)
    builder.project("study", [Part(LARGE, done=LARGE // 2, by=somebody)])
    builder.project("over", [Part(LARGE, done=LARGE, by=somebody)])
    builder.settle()
    with floor.client(database_url, player) as (client, log):

        def ask(method, path, **body):
            response = client.request(method, path, json=body)
            assert response.is_success, response.text
            return response.json() if response.content else None

        (task,) = ask("POST", "/projects/study/assignments", count=1)["assignments"]
        ask("POST", "/projects/study/assignments", count=1, resume=True)
        held = {"lease_token": task["lease_token"]}
        ask("PUT", f"/assignments/{task['id']}/skip", **held, reason="unclear", next=1)
        ask("DELETE", f"/assignments/{task['id']}/skip", **held)
        ask(
            "PUT",
            f"/assignments/{task['id']}/preference",
            **held,
            id="7e0c4b5e-33f5-4c9a-8f0e-0f4f5f6a7b8c",
            strength=1,
        )
        ask("DELETE", f"/assignments/{task['id']}/preference", **held)
        ask("DELETE", f"/assignments/{task['id']}/lease", **held)
        assert ask("POST", "/projects/over/assignments", count=1)["assignments"] == []
        sent = list(log)
    found = plans.imagined(database_url, sent)
    assert len(found) > 10
    assert wrong(found) == []


def test_a_pass_mark_is_a_look_up_however_many_have_qualified(database_url):
    builder = Builder(database_url)
    ((number, player),) = builder.hire(1)
    project = builder.project("gated", [Part(LARGE)])
    builder.run(
        f"UPDATE project SET pass_mark = 80 WHERE id = {project}",
        f"INSERT INTO qualification (project_id, person_id, at) WITH RECURSIVE n(i) AS (SELECT {number} UNION ALL "
        f"SELECT i + 1 FROM n WHERE i < {number + LARGE}) SELECT {project}, i, CURRENT_TIMESTAMP FROM n",
    )
    builder.settle()
    script, seat = floor.record(database_url, "gated", number, player)
    found = plans.performed(script, seat)
    assert any("qualification" in plan.sql for plan in found)
    assert wrong(found) == []
    assert walks(found) == []
