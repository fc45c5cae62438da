"""Hostile texts in every field that takes one: on the pages that show them none runs, loads or leaves, and each is read
as the text that it is.

Each payload has a project of its own, where it is everything that a person may type or upload. What was seen is told by
the name of its field, wherever a page shows it.
"""

import io
import json
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from app.domain import asking, assignments, groups, importing, people, preferences, projects, quiz, training_runs
from app.domain.asking import Asks, Criterion
from app.domain.importing import Upload
from app.settings import Settings
from app.storage.session import make_engine, make_sessions
from app.storage.tables import Batch, Comparison, LogLine
from app.vocabulary import Asked, Purpose, Role, RunState
from app.web.application import create_app
from tests.browser.xss import LONGEST, PAYLOADS
from tests.tour.pages import pages
from tests.tour.serving import Server, become
from tests.tour.study import World

RICH = {"guidelines", "system", "prompt", "response a", "response b", "explanation"}
SELDOM = {"verdict", "error", "machine", "log", "token"}  # fields that only the other pages show
# pages of a project that are looked at in each of them
EVERY = re.compile(r"/annotate$|/(batches|comparisons|judgements|practice)/\d+(\?|$)")
OTHERS = 12  # the others are in every twelfth
WATCH = """
  window.xss = () => reported("ran xss()");
  addEventListener("securitypolicyviolation", (e) => reported(`broke the policy: ${e.effectiveDirective} ${e.blockedURI} ${e.sample}`), true);
"""
JUDGED = [{"annotator": f"judge {n}", "choice": "a"} for n in range(10)]


def text_of(field, number):
    """What stands in a field: where it may have several paragraphs, its name is one of its own."""
    between = "\n\n" if field in RICH else " "
    text = f"{field} {number}:{between}{PAYLOADS[number].text}"
    return text[: LONGEST + 20] if field != "group" else text[:100]


def fill(session, number, ann, now):
    """A project in which everything is this payload; returns what stands where, by field, and what its paths hold."""
    fields = {}

    def say(field):
        fields[field] = text_of(field, number)
        return fields[field]

    project = projects.create(session, f"p{number}", say("project"), now, guidelines=say("guidelines"), overlap=12)
    criterion = Criterion("fair", say("criterion"), say("hint"))
    project.asks, project.asks_since = asking.written(Asks(criteria=(criterion,), rationale=Asked.optional)), now
    row = {
        "id": say("id"),
        "prompt": [
            {"role": "system", "content": say("system")},
            {"role": "user", "content": say("prompt")},
        ],
        "response_a": say("response a"),
        "response_b": say("response b"),
        "generator_a": say("generator"),
        "metadata": {say("key"): say("metadata")},
        "annotations": [*JUDGED, {"annotator": say("annotator"), "strength": 2, "rationale": say("rationale")}],
    }
    take(session, project, [row], say("batch"), "rows.jsonl", now)
    bad = {"prompt": "a", "response_a": "b", "response_b": "c", say("column"): "\0"}
    unnamed = take(session, project, [bad, row | {"id": "gold", "gold": "a"}], "", say("file") + ".jsonl", now)
    person, _ = people.add(session, f"p{number}@example.org", say("person"), Role.annotator, now)
    people.create_token(session, person, say("token"), now)
    group = groups.create(session, say("group"), now)
    groups.add(session, group, person)
    comparisons = session.query(Comparison).filter_by(project_id=project.id).order_by(Comparison.id).all()
    lesson = row | {"id": "lesson", "gold": "a", "explanation": say("explanation"), "annotations": None}
    for purpose in (Purpose.practice, Purpose.qualification):
        asked = lesson | {"id": f"{purpose} {number}"}
        take(session, project, [asked], purpose, "gold.jsonl", now, purpose=purpose)
    practised = session.query(Comparison).filter_by(project_id=project.id, external_id=f"practice {number}").one()
    project.pass_mark = 100
    attempt = quiz.start(session, project, ann.id, now)
    quiz.answer(session, project, attempt, quiz.ask(session, attempt).question.id, 0, now)
    project.pass_mark = None
    session.flush()
    (task,) = assignments.next_tasks(session, project.id, ann.id, 1, now, timedelta(minutes=30))
    why = {"criteria": {"fair": 1}, "rationale": say("reason")}
    given = preferences.Answer(str(uuid.uuid4()), task.lease_token, -1, **why)
    preferences.submit(session, task.id, ann.id, given, now)
    run = training_runs.request(session, project, now)
    training_runs.begin(session, run, now)
    run.machine, run.verdict = {"device": say("machine")}, say("verdict")
    session.add(LogLine(run_id=run.id, at=now, text=say("log")))
    training_runs.finish(session, run, RunState.failed, now, say("error"))
    paths = {
        "slug": [project.slug],
        "batch_id": [unnamed.id],  # the page of a comparison names the other one
        "comparison_id": [comparisons[0].id],
        "run_id": [run.id],
        "assignment_id": [task.id],
        "number": [1],
        "attempt_id": [attempt.id],
        "practice/comparison_id": [f"{practised.id}?answer=6"],
    }
    return fields, paths, person.id, group.id


def take(session, project, rows, name, file_name, now, **more) -> Batch:
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    upload = Upload(name, file_name, **more)
    return importing.import_file(session, project, io.BytesIO(content), upload, now).batch


@pytest.fixture
def hostile(tmp_path, sqlite_template):
    """A server full of payloads, the pages to look at, and what is to be read on them."""
    url, now = f"sqlite:///{tmp_path / 'touchstone.db'}", datetime.now(UTC)
    (tmp_path / "touchstone.db").write_bytes(sqlite_template.read_bytes())
    engine, world, wanted = make_engine(url), World(now), {}
    with make_sessions(engine).begin() as session:
        admin, _ = people.add(session, "admin@example.org", "", Role.admin, now)
        ann, _ = people.add(session, "ann@example.org", "", Role.annotator, now)
        world.secrets = {who.name: people.open_session(session, who, now) for who in (admin, ann)}
        people_ids, group_ids = [], []
        for number in range(len(PAYLOADS)):
            wanted[number], world.values[f"p{number}"], person_id, group_id = fill(session, number, ann, now)
            people_ids.append(person_id)
            group_ids.append(group_id)
        guest, _ = people.add(session, "guest@example.org", text_of("guest", 0), Role.annotator, now)
        secret = people.invite(session, guest, now)
        world.values[""] = {"person_id": people_ids[::OTHERS], "group_id": group_ids[::OTHERS], "secret": [secret]}
    engine.dispose()
    app = create_app(Settings(_env_file=None, database_url=url, data_dir=tmp_path))
    found = [page for page in pages(app, world) if page.then is None and page.status == 200 and shows(page.path)]
    app.state.sessions.kw["bind"].dispose()
    server = Server(url, tmp_path / "var")
    server.start()
    yield server.url, world, found, wanted
    server.stop()


def shows(path):
    """Whether a page is looked at: some are in every project, the others in some."""
    if not path.startswith("/projects/p"):
        return not path.startswith("/projects/") or path == "/projects/new"
    number = int(path.split("/")[2].removeprefix("p"))
    return number % OTHERS == 0 or EVERY.search(path) is not None


def plain(text):
    return " ".join(text.split())


def is_read(text, said, field, number):
    """Whether a page's text has what a field says: as it is, as a string of JSON, or as rich text."""
    if f"{field} {number}:" not in text:
        return False
    ways = [said, json.dumps(said)[1:-1], json.dumps(said, ensure_ascii=False)[1:-1]]
    if field in RICH:
        ways.append(f"{field} {number}: {PAYLOADS[number].shown}")
    return any(plain(way) in text for way in ways)


def test_nothing_runs_and_everything_is_shown_as_text(browser, hostile):
    url, world, found, wanted = hostile
    context = browser.new_context(base_url=url)
    happened, where = [], [""]

    def told(what):
        happened.append(f"{where[0]}: {what}")

    context.expose_binding("reported", lambda source, what: told(what))
    context.add_init_script(WATCH)
    tab = context.new_page()
    tab.on("dialog", lambda dialog: (told(f"asks {dialog.message}"), dialog.dismiss()))
    tab.on("pageerror", lambda error: told(str(error)))
    tab.on("console", lambda message: told(message.text) if message.type == "error" else None)
    tab.on("popup", lambda popup: told(f"opens {popup.url}"))
    tab.on("framenavigated", lambda frame: told(f"goes to {frame.url}") if not frame.url.startswith(url) else None)
    context.on("request", lambda sent: told(f"loads {sent.url}") if not sent.url.startswith((url, "data:")) else None)
    every = [(field, number) for number, fields in wanted.items() for field in fields]
    unseen = {(field, number) for field, number in every if field not in SELDOM or number % OTHERS == 0}
    for page in found:
        where[0] = page.path
        become(tab, url, world.secrets.get({"annotator": "ann"}.get(page.who, page.who)))
        page.visit(tab)
        text = plain(tab.evaluate("document.body.textContent + ' ' + document.title"))
        unseen -= {(field, n) for field, n in unseen if is_read(text, wanted[n][field], field, n)}
    context.close()
    assert happened == []
    by_field = {field: [PAYLOADS[n].way for other, n in sorted(unseen) if other == field] for field, _ in unseen}
    assert not unseen, "\n".join(f"{field}: {len(found)}, as {found[:3]}" for field, found in by_field.items())


def test_there_are_many_payloads_and_each_is_another():
    assert len({payload.text for payload in PAYLOADS}) == len(PAYLOADS) >= 60
    assert max(len(payload.text) for payload in PAYLOADS) <= LONGEST
