"""A project with reward models to choose from, without the wait for a training."""

import io
import json

import pytest

from app.domain import importing, people, projects, reward_models, training_runs
from app.domain.importing import Upload
from app.reward import export, model
from app.reward.data import Item
from app.settings import Settings
from app.storage.session import make_sessions
from app.vocabulary import Role, RunState


@pytest.fixture
def settings(database_url, tmp_path):
    return Settings(_env_file=None, database_url=database_url, data_dir=tmp_path / "var")


@pytest.fixture
def sessions(engine):
    return make_sessions(engine)


@pytest.fixture
def study(sessions, clock):
    """A project with judgements and no model."""
    row = {"prompt": "what", "response_a": "good", "response_b": "bad"}
    rows = [
        row | {"id": number, "annotations": [{"annotator": name, "choice": "a"} for name in ("ann", "ben")]}
        for number in range(8)
    ]
    with sessions.begin() as session:
        project = projects.create(session, "study", "", clock())
        projects.create(session, "untrained", "", clock())
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        importing.import_file(session, project, io.BytesIO(content), Upload("b", "rows.jsonl"), clock())
    return "study"


@pytest.fixture
def publish(sessions, study, clock, tmp_path):
    """Makes a model with a random head the current one of the project; returns its run."""

    def publish(base, seed, save=True):
        clock.forward(seconds=1)
        with sessions.begin() as session:
            run = training_runs.request(session, projects.get(session, study), clock())
            training_runs.begin(session, run, clock())
            folder = tmp_path / "var" / "runs" / str(run.id) / "model"
            if save:
                golden = [Item([{"role": "user", "content": "what"}], "good answer")]
                export.save(model.new(base, 32, seed), folder, golden, {"run": run.id})
            run.artefact = str(folder)
            training_runs.finish(session, run, RunState.succeeded, clock())
            reward_models.promote(session, run, clock())
        return run

    return publish


@pytest.fixture
def token_of(sessions, clock):
    """The API token of a new person with that role."""

    def token_of(role):
        with sessions.begin() as session:
            person, _ = people.add(session, f"{role}@example.org", "", Role(role), clock())
            return people.create_token(session, person, "", clock())

    return token_of
