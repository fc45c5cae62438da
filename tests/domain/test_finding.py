"""Which comparisons a reviewer finds, in which order, and that none of it reads them all."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import event, select, text

from app.domain import assignments, figures, finding, people, preferences, projects, reward_models, training_runs
from app.domain.finding import Kind, Order, Wanted
from app.domain.preferences import Answer
from app.storage import finding as walks
from app.storage import paging
from app.storage.tables import Comparison, Preference, Reward
from app.vocabulary import Flag, Role, RunState
from tests.domain.test_importing import take

LEASE = timedelta(minutes=30)


def row(name, *annotations, **more):
    given = [{"annotator": who, "strength": strength} for who, strength in annotations]
    return {
        "id": name,
        "prompt": f"Why {name}?",
        "response_a": f"a of {name}",
        "response_b": f"b of {name}",
        "annotations": given,
    } | more


@pytest.fixture
def study(session, project, clock):
    """Five comparisons that people judged in another order than that of their upload, one that nobody did, and gold."""
    project.overlap = 3
    clock.forward(minutes=1)
    take(session, project, clock, [row("agreed", ("w", -2), ("v", -1)), row("gold", gold="a")], name="first")
    clock.forward(minutes=1)
    take(session, project, clock, [row("free")])
    clock.forward(minutes=1)
    take(session, project, clock, [row("split", ("w", 3), ("v", -3), ("u", 3)), row("tie", ("w", 0), ("v", 1))])
    session.flush()
    return project


@pytest.fixture
def names(session, study):
    """The ids in the upload of what is found, in order."""

    def names(project=study, **wanted):
        found = finding.find(session, project, Wanted(**wanted))
        known = {one.id: one.external_id for one in session.scalars(select(Comparison))}
        return [known[number] for number in found.ids]

    return names


@pytest.fixture
def ann(session, study, clock):
    return people.add(session, "ann@example.org", "Ann", Role.annotator, clock())[0]


def judge(session, project, person, clock, name, strength=1, flags=None, late=False):
    """A judgement of that comparison by an account, or a skip where the strength is a reason."""
    while True:
        (task,) = assignments.next_tasks(session, project.id, person.id, 1, clock(), LEASE)
        if task.external_id == name:
            break
    clock.forward(minutes=40 if late else 1)
    if isinstance(strength, str):
        assignments.skip(session, task.id, person.id, task.lease_token, strength)
        return
    answer = Answer(str(uuid.uuid4()), task.lease_token, strength)
    preferences.submit(session, task.id, person.id, answer, clock())
    session.get_one(Preference, answer.id).flags = flags
    session.flush()


def test_those_judged_last_come_first_and_those_nobody_judged_last(names):
    assert names() == ["split", "tie", "agreed", "free", "gold"] or names() == [
        "tie",
        "split",
        "agreed",
        "free",
        "gold",
    ]
    assert names(descending=False)[0] == "agreed"
    assert set(names(descending=False)[-2:]) == {"free", "gold"}


def test_they_can_be_sorted(names):
    assert names(order=Order.id) == ["tie", "split", "free", "gold", "agreed"]
    assert names(order=Order.id, descending=False) == ["agreed", "gold", "free", "split", "tie"]
    assert names(order=Order.judgements)[0] == "split"
    assert names(order=Order.dispute)[:3] == ["tie", "split", "agreed"]
    assert names(order=Order.dispute, descending=False)[:3] == ["agreed", "split", "tie"]


def test_they_are_found_by_how_far_they_are(names):
    assert sorted(names(kind=Kind.judged)) == ["agreed", "split", "tie"]
    assert names(kind=Kind.unjudged, order=Order.id) == ["free", "gold"]
    assert names(kind=Kind.disputed) == ["split"]
    assert names(kind=Kind.gold) == ["gold"]
    assert names(kind=Kind.late) == []


def test_gold_is_not_disputed(session, study, names, clock):
    take(session, study, clock, [row("known", ("w", 3), ("v", -3), gold="a")])
    assert names(kind=Kind.disputed) == ["split"]
    assert figures.of_project(session, study, clock()).disputed == 1


def test_what_was_looked_through_is_what_is_said_of_it(session, study, names, monkeypatch):
    monkeypatch.setattr(walks, "MOST", 2)
    for descending, looked in ((True, ["tie", "split"]), (False, ["agreed", "gold"])):
        wanted = Wanted(order=Order.id, descending=descending)
        found = finding.find(session, study, wanted)
        assert names(order=Order.id, descending=descending) == looked
        assert (found.looked, found.more, found.oldest) == (2, True, not descending)
    monkeypatch.undo()
    monkeypatch.setattr(finding, "SEARCHED", 2)
    for order in (Order.id, Order.judgements, Order.dispute):
        assert sorted(names(text="why", order=order)) == ["split", "tie"]
    assert finding.find(session, study, Wanted(text="why", order=Order.judgements, descending=False)).oldest is False


def test_they_are_found_by_batch_and_annotator(session, study, names):
    first = session.scalar(select(Comparison.batch_id).where(Comparison.external_id == "agreed"))
    assert names(batch_id=first) == ["agreed", "gold"]
    who = {name: number for number, name in finding.annotators(session, study)}
    assert sorted(who) == ["u", "v", "w"]
    assert names(annotator_id=who["u"]) == ["split"]
    assert names(annotator_id=who["w"], batch_id=first) == ["agreed"]
    assert names(annotator_id=who["w"], kind=Kind.unjudged) == []


def test_flags_and_skips_and_lateness_are_found(session, study, names, ann, clock):
    judge(session, study, ann, clock, "agreed", flags=["unsafe", "not my field"])
    judge(session, study, ann, clock, "gold", "broken")
    judge(session, study, ann, clock, "free", late=True)
    assert names(flag="any") == names(flag=Flag.unsafe) == names(flag=Flag.not_my_field) == ["agreed"]
    assert names(flag=Flag.broken) == []
    assert names(flag="any", annotator_id=ann.id) == ["agreed"]
    assert names(flag="any", annotator_id=ann.id + 1) == []
    assert names(flag="any", kind=Kind.late) == []
    assert names(skipped="any") == names(skipped="broken") == names(skipped="any", annotator_id=ann.id) == ["gold"]
    assert names(skipped="unclear") == []
    assert names(skipped="any", flag="any") == []
    assert names(kind=Kind.late) == ["free"]
    assert finding.flagged(session, study) == 1


def test_words_are_found_in_all_texts_in_any_case_and_language(session, study, names, clock):
    said = [{"role": "user", "content": "Grüße\n“quoted”"}, {"role": "assistant", "content": "…"}]
    take(
        session,
        study,
        clock,
        [row("odd", prompt=[*said, {"role": "user", "content": "为什么?"}], response_b="100 % _sure_ \\n")],
    )
    for words in ("GRÜSSE", "grüße quoted", "为什么", "% _sure_", "\\n", "“QUOTED”", "odd sure"):
        assert names(text=words) == ["odd"], words
    assert names(text="nobody says this") == []
    assert names(text="why split") == ["split"]
    assert "odd" not in names(text="of")[:1]


def test_an_excerpt_shows_the_word_as_it_is_written(session, study, clock):
    rows = [row("long", response_b="x" * 200 + " GRÜN " + "y" * 200), row("straße", response_a="nothing")]
    take(session, study, clock, rows)
    said = {}
    for words in ("grün", "strasse", "why long", "", "nothing"):
        found = finding.find(session, study, Wanted(text=words, order=Order.id))
        page = finding.listed(session, study, found, 1)
        known = {listed.comparison.id: listed.comparison.external_id for listed in page.rows}
        said[words] = {known[number]: one for number, one in finding.excerpts(session, page, words).items()}
    excerpt = said["grün"]["long"]
    assert (excerpt.where, excerpt.before, excerpt.hit, excerpt.after) == ("b", "x" * 59 + " ", "GRÜN", " " + "y" * 59)
    assert said["why long"]["long"].where == "prompt"
    assert said["nothing"]["straße"].where == "a"
    assert said["strasse"] == said[""] == {}  # found, and not marked: it is written otherwise


def test_an_id_is_found_first(session, study, names):
    number = session.scalar(select(Comparison.id).where(Comparison.external_id == "free"))
    assert names(text=f"#{number}") == ["free"]
    assert names(text="free") == ["free"]
    assert names(text="#0") == names(text="#99999999999") == names(text="#x") == []


def test_other_projects_are_not_looked_into(session, study, names, clock):
    other = projects.create(session, "other", "Another", clock())
    take(session, other, clock, [row("there", ("w", 1))])
    number = session.scalar(select(Comparison.id).where(Comparison.external_id == "there"))
    assert "there" not in names()
    assert "there" not in names(order=Order.id)
    assert names(text=f"#{number}") == names(text="there") == []
    assert names(project=other) == ["there"]
    (theirs,) = (number for number, _ in finding.annotators(session, other))
    assert names(annotator_id=theirs) == []
    assert finding.named(session, study, theirs) == {}


def test_only_so_many_are_looked_through_and_that_is_said(session, study, names, monkeypatch):
    for module in (walks, paging, finding):
        monkeypatch.setattr(module, "MOST", 2)
    monkeypatch.setattr(walks, "READ", 4)
    monkeypatch.setattr(finding, "SEARCHED", 1)
    for wanted in (Wanted(), Wanted(order=Order.id), Wanted(kind=Kind.unjudged), Wanted(kind=Kind.judged)):
        found = finding.find(session, study, wanted)
        assert (len(found.ids) <= 2, found.looked, found.more) == (True, 2, True), wanted
    assert finding.find(session, study, Wanted(kind=Kind.gold)).more is False
    searched = finding.find(session, study, Wanted(text="gold", kind=Kind.gold))
    assert (searched.looked, searched.more) == (1, False)
    searched = finding.find(session, study, Wanted(text="why", order=Order.id))
    assert (len(searched.ids), searched.looked, searched.more) == (1, 1, True)


def test_a_page_says_how_each_stands(session, study, ann, clock):
    judge(session, study, ann, clock, "agreed", flags=["broken"])
    found = finding.find(session, study, Wanted(order=Order.id, descending=False))
    rows = {row.comparison.external_id: row for row in finding.listed(session, study, found, 1).rows}
    split = rows["split"].standing
    assert (split.a, split.ties, split.b, split.mean, split.disputed) == (1, 0, 2, 1.0, True)
    assert split.agreement == pytest.approx(1 / 3)
    assert rows["tie"].standing.disputed is False
    assert rows["free"].standing is None
    assert rows["agreed"].flags == [Flag.broken]
    assert rows["gold"].batch.name == "b"
    assert rows["gold"].margin is None


def test_the_margin_is_that_of_the_present_model(session, study, clock):
    comparison = session.scalars(select(Comparison).where(Comparison.external_id == "split")).one()
    take(session, study, clock, [row(f"more-{n}", ("w", 1)) for n in range(9)])
    for reward in (1.0, 2.5):
        run = training_runs.request(session, study, clock())
        run.artefact = "somewhere"
        training_runs.begin(session, run, clock())
        training_runs.finish(session, run, RunState.succeeded, clock())
        session.add(Reward(run_id=run.id, response_id=comparison.response_a_id, reward=0.5))
        session.add(Reward(run_id=run.id, response_id=comparison.response_b_id, reward=reward))
        reward_models.promote(session, run, clock())
        clock.forward(minutes=1)
    found = finding.find(session, study, Wanted(text=f"#{comparison.id}"))
    assert finding.listed(session, study, found, 1).rows[0].margin == 2.0


LOOKS = {
    "newest": Wanted(),
    "by id": Wanted(order=Order.id),
    "oldest": Wanted(order=Order.id, descending=False),
    "batch": Wanted(batch_id=1),
    "annotator": Wanted(annotator_id=1),
    "flagged": Wanted(flag="any"),
    "flagged by one": Wanted(flag="unsafe", annotator_id=1),
    "skipped": Wanted(skipped="any"),
    "late": Wanted(kind=Kind.late),
    "gold": Wanted(kind=Kind.gold),
    "disputed": Wanted(kind=Kind.disputed, order=Order.dispute),
    "unjudged": Wanted(kind=Kind.unjudged),
    "words": Wanted(text="why"),
}
LARGE = ("assignment", "comparison", "preference", "prompt", "response")


@pytest.mark.parametrize("wanted", LOOKS.values(), ids=LOOKS)
def test_no_look_reads_or_sorts_everything(engine, session, study, ann, clock, wanted):
    judge(session, study, ann, clock, "agreed", flags=["unsafe"])
    session.commit()
    read = []
    event.listen(engine, "before_cursor_execute", lambda *seen: read.append(seen[2:4]))
    finding.listed(session, study, finding.find(session, study, wanted), 1)
    statements = [(sql, values) for sql, values in read if sql.startswith("SELECT")]
    assert any("LIMIT" in sql and "ORDER BY" in sql for sql, _ in statements)
    sqlite = engine.dialect.name == "sqlite"
    if not sqlite:
        for way in ("seqscan", "bitmapscan", "sort", "hashagg"):  # which are quicker for five rows
            session.execute(text(f"SET LOCAL enable_{way} = off"))
    cursor = session.connection().connection.driver_connection.cursor()
    for sql, values in statements:
        cursor.execute(("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + sql, values)
        plan = [str(row) for row in cursor.fetchall()]
        walked = any(f"LIMIT {most + 1}" in sql for most in (walks.READ, paging.MOST))
        for line in plan:
            assert not any(f"SCAN {table}" in line and "USING" not in line for table in LARGE), (sql, plan)
            assert not any(f"Seq Scan on {table}" in line for table in LARGE), (sql, plan)
            assert not (walked and ("TEMP B-TREE" in line or "Sort Key" in line)), (sql, plan)
