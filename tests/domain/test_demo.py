import json
import uuid
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain import assignments, demo, people, practice, preferences, projects
from app.domain.errors import Conflict
from app.storage.tables import Batch, Response
from app.vocabulary import BatchState, Purpose, Role

LEASE = timedelta(minutes=30)


@pytest.fixture
def project(session, clock):
    return demo.create(session, clock())


@pytest.fixture
def batch(session, project):
    return session.scalars(select(Batch).where(Batch.project_id == project.id, Batch.purpose == Purpose.judging)).one()


@pytest.fixture
def tasks(session, project, batch, clock):
    """Every comparison, in the order in which a lone annotator is handed them."""
    ann = people.add(session, "ann@example.org", "Ann", Role.annotator, clock())[0]
    found = []
    while more := assignments.next_tasks(session, project.id, ann.id, 20, clock(), LEASE):
        found += more
        for task in more:
            answer = preferences.Answer(str(uuid.uuid4()), task.lease_token, 1)
            preferences.submit(session, task.id, ann.id, answer, clock())
    return found


def prompt(task):
    return json.dumps(task.prompt, ensure_ascii=False)


def text(task):
    return "\n".join([*(message["content"] for message in task.prompt), task.left, task.right])


def test_it_is_one_open_batch_with_nothing_rejected(project, batch):
    assert (project.slug, project.overlap, project.retrain_every) == (demo.SLUG, 2, 0)
    assert "Both bad" in project.guidelines
    assert (batch.state, batch.rejected, batch.duplicates, batch.judgements) == (BatchState.open, 0, 0, 0)
    assert batch.rows == batch.comparisons


def test_a_few_to_practise_with_each_explained(session, project, batch):
    found = [practice.at(session, project, place) for place in range(1, practice.number(session, project) + 1)]
    assert 4 <= len(found) <= 6
    assert {exercise.question.gold for exercise in found} == {-1, 0, 1}
    for exercise in found:
        said = exercise.question.explanation
        # the sides are drawn: which one is meant must be clear without them
        assert said
        assert not {"left", "right", "first", "second"} & set(said.lower().replace(".", " ").split())
    assert project.pass_mark is None


def test_there_is_only_one(session, project, clock):
    with pytest.raises(Conflict):
        demo.create(session, clock())
    assert projects.everything(session) == [project]


def test_every_comparison_reaches_an_annotator_and_every_prompt_comes_before_any_comes_again(tasks, batch):
    prompts = [prompt(task) for task in tasks]
    different = len(set(prompts))
    assert len(tasks) == batch.comparisons
    assert different >= 40
    assert len(set(prompts[:different])) == different
    assert set(Counter(prompts).values()) <= {1, 3}


@pytest.mark.parametrize(
    ("kind", "among"),
    [
        (lambda task: "```python" in text(task), 10),
        (lambda task: "$$" in text(task), 10),
        (lambda task: len(task.prompt) > 2, 10),
        (lambda task: any("\u4e00" <= letter <= "\u9fff" for letter in task.left), 20),
        (lambda task: any("\u0590" <= letter <= "\u06ff" for letter in task.left), 20),
        (lambda task: len(task.prompt[-1]["content"].split()) > 600, 20),
        (lambda task: task.prompt[0]["role"] == "system", 20),
        (lambda task: "```sql" in text(task), 20),
        (lambda task: "|---|" in text(task), 60),
    ],
    ids=["code", "maths", "turns", "chinese", "right-to-left", "long", "system", "sql", "table"],
)
def test_it_shows_what_prompts_can_be_early(tasks, kind, among):
    assert any(map(kind, tasks[:among]))


def test_no_side_and_no_generator_is_always_the_longer_one(session, tasks):
    longer_left = sum(len(task.left) > len(task.right) for task in tasks)
    assert 0.35 < longer_left / len(tasks) < 0.65
    generators = Counter(session.scalars(select(Response.generator)))
    assert len(generators) >= 4
    assert None not in generators
    assert max(generators.values()) < 2 * min(generators.values())
