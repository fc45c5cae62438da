"""What is dropped with time, and what never is."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text
from starlette.testclient import TestClient

from app.domain import attempts, audit, people, reward_models, rewards, training_runs
from app.domain.audit import Wanted
from app.operations.retention import Pruned, prune
from app.settings import Settings
from app.storage.batches import Response
from app.storage.session import make_sessions
from app.storage.training import TrainingRun
from app.vocabulary import Act, Role, RunState
from app.web.application import create_app
from tests.domain.test_importing import take
from tests.test_up import until
from tests.web.conftest import pairs


@pytest.fixture
def sessions(engine):
    return make_sessions(engine)


@pytest.fixture
def ask(sessions, clock, tmp_path):
    """Prunes by these settings."""
    return lambda **given: prune(sessions, Settings(_env_file=None, data_dir=tmp_path, **given), clock(), "somebody")


def told_of(session, act):
    session.rollback()
    found = [entry.subject for entry in audit.newest(session, Wanted(action=act), 10)]
    session.rollback()  # on SQLite nobody else writes until then
    return found


def told(session):
    return told_of(session, Act.account_added)


def trained(session, project, clock, data, **more):
    times = {"requested_at": clock(), "finished_at": clock()}
    run = TrainingRun(project_id=project.id, state=RunState.succeeded, config={}, **times, **more)
    session.add(run)
    session.flush()
    model = data / "runs" / str(run.id) / "model"
    model.mkdir(parents=True)
    run.artefact = str(model)
    return run.id


def test_old_entries_go_only_when_that_is_set(session, sessions, clock, ask):
    session.info["clock"] = clock
    people.add(session, "old@example.org", "", Role.annotator, clock())
    clock.forward(days=30, seconds=1)
    people.add(session, "new@example.org", "", Role.annotator, clock())
    session.commit()
    assert ask() == Pruned(0, 0, 0, 0, 0)
    assert told(session) == ["new@example.org", "old@example.org"]
    session.rollback()
    assert ask(retention_audit_days=30) == Pruned(1, 0, 0, 0, 0)
    assert told(session) == ["new@example.org"]
    [entry] = audit.newest(session, Wanted(action=Act.pruned), 10)
    assert (entry.actor, entry.details["audit_entries"]) == ("somebody", 1)


def test_old_models_go_but_never_the_one_in_use(session, project, clock, ask, tmp_path):
    in_use = trained(session, project, clock, tmp_path, promoted_at=clock())
    old = trained(session, project, clock, tmp_path)
    clock.forward(days=8)
    fresh = trained(session, project, clock, tmp_path)
    session.commit()
    assert ask() == Pruned(0, 0, 0, 0, 0)
    assert ask(retention_model_days=7) == Pruned(0, 1, 0, 0, 0)
    session.expire_all()
    kept = {run: training_runs.get(session, run).artefact is not None for run in (in_use, old, fresh)}
    assert kept == {in_use: True, old: False, fresh: True}
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {str(in_use), str(fresh)}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # on SQLite one waits for the other to end
def test_a_model_that_becomes_current_meanwhile_stays(session, sessions, project, clock, ask, tmp_path):
    run = trained(session, project, clock, tmp_path)
    clock.forward(days=8)
    session.commit()
    reward_models.promote(session, training_runs.get(session, run), clock())
    with ThreadPoolExecutor(1) as pool:
        pruned = pool.submit(ask, retention_model_days=7)
        # each look in a transaction of its own: within one PostgreSQL shows what it saw first
        with sessions.kw["bind"].connect().execution_options(isolation_level="AUTOCOMMIT") as watcher:
            waiting = text(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            until(lambda: watcher.scalar(waiting))
        session.commit()
        assert pruned.result().models == 0
    assert (tmp_path / "runs" / str(run)).exists()


def test_rewards_stay_of_the_newest_runs_and_of_the_one_in_use(session, project, clock, ask, tmp_path, monkeypatch):
    monkeypatch.setattr(rewards, "KEPT", 2)
    take(session, project, clock, pairs(1))
    [response, *_] = session.scalars(select(Response.id))
    runs = [trained(session, project, clock, tmp_path, promoted_at=clock() if n == 1 else None) for n in range(4)]
    for run in runs:
        rewards.keep(session, run, [(response, 0.5)])
    session.commit()
    assert ask() == Pruned(0, 0, 0, 0, 1)
    session.expire_all()
    kept = [rewards.are_kept(session, training_runs.get(session, run)) for run in runs]
    assert kept == [False, True, True, True]


def test_what_has_expired_goes_always(session, clock, ask):
    ann, _ = people.add(session, "ann@example.org", "", Role.annotator, clock())
    people.invite(session, ann, clock())
    token = people.create_token(session, ann, "", clock())
    attempts.note(session, "somewhere ann@example.org", clock())
    session.commit()
    assert ask() == Pruned(0, 0, 0, 0, 0)
    clock.forward(days=7)
    assert ask() == Pruned(0, 0, 1, 1, 0)
    assert people.of_token(session, token, clock()).id == ann.id


def test_the_web_app_prunes_by_itself(session, database_url, clock, tmp_path):
    attempts.note(session, "somewhere ann@example.org", clock())
    session.commit()
    clock.forward(days=1)
    app = create_app(Settings(_env_file=None, database_url=database_url, data_dir=tmp_path), clock)
    with TestClient(app):
        until(lambda: told_of(session, Act.pruned))
    app.state.sessions.kw["bind"].dispose()
