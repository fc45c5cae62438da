"""A run that is watched while a worker goes on with it."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from app.domain import projects, training_logs, training_runs
from app.storage.session import make_sessions
from app.vocabulary import RunState
from tests.domain.test_importing import take
from tests.web.conftest import pairs

# what the pages do in a browser does not depend on the database; what they show of it is tested on both elsewhere
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def run_id(engine, clock, boss):
    with make_sessions(engine).begin() as session:
        project = projects.get(session, "study")
        annotations = [{"annotator": "ann", "choice": "a"}]
        take(session, project, clock, pairs(12, prompt="Judged?", id=None, annotations=annotations))
        return training_runs.request(session, project, clock()).id


@pytest.fixture
def perform(engine, run_id, clock):
    """What a worker does: reports steps, says, ends."""

    def work(*steps, say=None, end=None):
        with make_sessions(engine).begin() as session:
            training_runs.begin(session, training_runs.get(session, run_id), clock())
            for step in steps:
                accuracy = 0.5 + step / 200 if step % 3 == 0 else None
                training_runs.progress(session, run_id, step, 12, 0.75 - step / 64, accuracy, float(step))
            if say:
                training_logs.say(session, run_id, say, clock())
            if end:
                error = "Traceback: no luck" if end == RunState.failed else None
                training_runs.finish(session, training_runs.get(session, run_id), end, clock(), error)

    return work


def drawn(page, name):
    """How many points the line of a curve has on the page."""
    return len(re.findall("[ML]", page.get_attribute(f"[data-curve={name}] path.line", "d")))


def test_a_run_is_watched_until_it_is_over(boss, run_id, perform):
    boss.goto(f"/projects/study/training-runs/{run_id}")
    boss.wait_for_selector("[role=status]:has-text('Waiting for the worker')", state="attached")
    perform(say="Taken up by a test.")
    boss.wait_for_selector("#log >> text=Taken up by a test.")  # on the page as it is now, with the machine
    assert boss.text_content("h1") == f"Run {run_id} is under way"
    perform(1, 2, 3, 4, 5, 6, say="Warning: <b>few</b> judgements.")
    boss.wait_for_selector("text=Step 6 of 12, about 6 s to go.")
    boss.wait_for_selector("#log .warned >> text=Warning: <b>few</b> judgements.")
    boss.wait_for_selector("[data-curve=loss] svg[aria-label='Loss by step, 0.73 to 0.66']")
    assert (drawn(boss, "loss"), drawn(boss, "accuracy")) == (6, 2)
    assert boss.text_content("[data-curve=accuracy] .name") == "model 0.53"
    assert boss.get_attribute("#live progress", "value") == "6"
    assert boss.title().startswith("50 % · ")
    assert boss.text_content("[role=status]") == "Step 6 of 12, about 6 s to go."
    assert Axe().run(boss).response["violations"] == []
    perform(7, 8)
    boss.wait_for_selector("text=Step 8 of 12")
    spoken = boss.text_content("[role=status]")
    assert spoken == "Step 6 of 12, about 6 s to go."  # not with every step
    perform(5)  # back to its checkpoint
    boss.wait_for_selector("text=Step 5 of 12")
    boss.wait_for_function(
        "document.querySelector('[data-curve=loss] path.line').getAttribute('d').match(/[ML]/g).length === 5"
    )
    perform(9, 12, end=RunState.failed)
    boss.wait_for_selector("text=Traceback: no luck")
    assert not boss.is_visible("#live")
    boss.wait_for_function("() => document.querySelector('[data-curve=loss] img').naturalWidth > 0")


def test_a_run_is_cancelled_and_read_without_a_script(browser, server, boss, run_id, perform):
    perform(1, 2, 3, say="Encoded 24 texts.")
    context = browser.new_context(
        base_url=server.url, java_script_enabled=False, storage_state=boss.context.storage_state()
    )
    page = context.new_page()
    page.goto(f"/projects/study/training-runs/{run_id}")
    assert "Step 3 of 12, about 9 s to go." in page.text_content("#live")
    assert "Encoded 24 texts." in page.text_content("#log")
    assert "The judgements stay" in page.text_content("#live form")
    page.click("text=Load the page again")
    page.click("#live summary")
    page.click("#live button:has-text('Cancel')")
    assert "It is told to stop" in page.text_content("#live")
    perform(end=RunState.cancelled)
    page.reload()
    assert page.text_content("h1") == f"Run {run_id} was cancelled"
    context.close()
