"""A batch from its upload as a draft to its opening: the preview, its name, its end."""

import json
import uuid

import pytest
from sqlalchemy import func, select

from app.domain import audit, importing, spooling
from app.storage.tables import Assignment, Batch, Comparison, RowError
from app.web import progress
from tests.web.browsing import HOSTILE, by
from tests.web.conftest import lines, pairs, upload

PATH = "/projects/study/batches"


@pytest.fixture
def draft(boss, study):
    """The path of a draft of three comparisons, one row refused, uploaded by the form."""
    content = lines(*pairs(2), {"prompt": ""}, pairs(3)[2] | {"response_a": HOSTILE, "gold": "a"})
    answer = boss.post(PATH, data={"name": "Autumn"}, files={"file": ("rows.jsonl", content)})
    return answer.url.path


def test_what_is_uploaded_is_a_draft_until_it_is_opened(boss, ann, draft):
    page = boss.text(draft)
    assert "Nobody is handed any of it yet One row of the file was refused" in page
    assert ann.post("/projects/study/assignments", json={}).json()["assignments"] == []
    boss.submit(f"{draft}/state", state="open")
    assert "Nobody is handed" not in boss.text(draft)
    assert len(ann.post("/projects/study/assignments", json={}).json()["assignments"]) == 1


def test_it_can_be_opened_at_once(boss, ann, study):
    boss.submit(PATH, files={"file": ("rows.jsonl", lines(*pairs(1)))}, open="1")
    assert len(ann.post("/projects/study/assignments", json={}).json()["assignments"]) == 1


def test_it_is_for_something(boss, study, sessions):
    boss.submit(PATH, files={"file": ("rows.jsonl", lines(pairs(1)[0] | {"gold": "a"}))}, purpose="practice")
    with sessions() as session:
        assert session.scalars(select(Batch.purpose)).all() == ["practice"]
    page = boss.submit(PATH, 422, files={"file": ("rows.jsonl", lines(*pairs(2)))}, purpose="war")
    assert "must be one of judging, practice, qualification" in page


def test_the_preview_is_the_desk_with_nothing_to_press(boss, looker, browsers, draft):
    boss.submit(
        "/projects/study/settings", overlap="1", retrain_every="0", criterion_name="Honest", guidelines="Be *kind*"
    )
    page = boss.text(f"{draft}/preview")
    assert "This is a preview." in page
    assert "1 of 3 Next Back to Autumn" in page
    assert "Why 0?" in page
    assert "a0" in page
    assert "Honest" in boss.get(f"{draft}/preview").text
    assert "<em>kind</em>" in boss.get(f"{draft}/preview").text
    last = looker.text(f"{draft}/preview?n=3")
    assert "Previous 3 of 3 Back" in last
    assert HOSTILE in last
    assert "gold: a, which annotators do not see" in last
    assert 'method="post"' not in looker.get(f"{draft}/preview").text
    boss.text(f"{draft}/preview?n=4", 404)
    assert boss.get(f"{draft}/preview?n=0").status_code == 422
    assert browsers["ann"].get(f"{draft}/preview").status_code == 403


def test_it_gets_another_name(boss, draft, sessions):
    assert boss.submit(f"{draft}/name", name=f" {HOSTILE} ").startswith(f"Batches {HOSTILE}")
    assert "Name is missing." in boss.submit(f"{draft}/name", 422, name=" ")
    with sessions() as session:
        [entry] = audit.newest(session, audit.Wanted(), 1)
        assert (entry.action, entry.details) == ("batch changed", {"name": ["Autumn", HOSTILE]})


def test_a_draft_is_deleted_by_whoever_types_its_name(boss, looker, admin, draft, sessions):
    assert "must be Autumn, letter by letter" in boss.submit(f"{draft}/deletion", 422, confirm="autumn")
    assert looker.post(f"{draft}/deletion", data={"confirm": "Autumn"}).status_code == 403
    assert boss.submit(f"{draft}/deletion", confirm="Autumn").startswith("Upload prompts")
    with sessions() as session:
        for table in (Batch, Comparison, Assignment, RowError):
            assert session.scalar(select(func.count()).select_from(table)) == 0
        [entry] = audit.newest(session, audit.Wanted(), 1)
        assert (entry.action, entry.subject, entry.details["comparisons"]) == ("batch deleted", "Autumn", 3)
    again = upload(admin, content=lines(*pairs(2)))
    assert (again.status_code, again.json()["comparisons"]) == (201, 2)


def test_what_a_later_upload_left_out_is_told_before_a_draft_is_deleted(boss, admin, draft):
    assert "later upload" not in boss.text(draft)
    upload(admin, content=lines(*pairs(6)), name="Winter")
    assert "One later upload left out what the project had already" in boss.text(draft)
    assert "upload its file again afterwards: Winter." in boss.text(draft)


def test_what_was_open_or_judged_is_not_deleted(boss, admin, draft, judged):
    open_one = f"{PATH}/{judged}"
    assert "Only a draft can be deleted" in boss.submit(f"{open_one}/deletion", 409, confirm="Autumn")
    brought = upload(admin, content=lines(pairs(1, prompt="Other?", id=None)[0] | {"annotations": by(1)}), draft="1")
    path = f"{PATH}/{brought.json()['id']}"
    name = brought.json()["name"]
    assert "There are judgements in this batch" in boss.submit(f"{path}/deletion", 409, confirm=name)
    assert 'id="delete"' not in boss.get(path).text


def test_a_batch_with_work_left_is_closed_by_whoever_types_its_name(boss, draft):
    page = boss.text(draft)
    assert "3 judgements are still wanted." in page
    assert "must be Autumn" in boss.submit(f"{draft}/state", 422, state="closed")
    assert "closed ·" in boss.submit(f"{draft}/state", state="closed", confirm="Autumn")
    assert "open ·" in boss.submit(f"{draft}/state", state="open")


@pytest.mark.parametrize("stage", ["reading", "storing"])  # on SQLite nobody else may write while it stores
def test_an_import_that_is_cancelled_keeps_nothing(admin, callers, study, sessions, monkeypatch, stage):
    monkeypatch.setattr(progress, "OFTEN", 0)
    monkeypatch.setattr(spooling, "CHUNK", 2)
    import_id, seen = uuid.uuid4(), []
    path = f"{PATH}/imports/{import_id}"
    write = progress._write

    def cancelled(path_, content):
        write(path_, content)
        if content["stage"] != stage:
            return
        seen.append((callers["reviewer"].put(f"{path}/cancellation").status_code, admin.put(f"{path}/cancellation")))

    monkeypatch.setattr(progress, "_write", cancelled)
    rows = [json.dumps({"prompt": ""})] * 400
    answer = upload(admin, content="\n".join(rows).encode() + b"\n" + lines(*pairs(5)), import_id=str(import_id))
    assert answer.status_code == 409
    assert "cancelled" in answer.json()["detail"]
    assert [(status, told.status_code) for status, told in seen] == [(403, 204)]
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Batch)) == 0
    assert admin.put(f"{path}/cancellation").status_code == 404
    monkeypatch.undo()
    assert upload(admin, content=lines(*pairs(3)), import_id=str(uuid.uuid4())).status_code == 201


@pytest.mark.parametrize(("end", "told", "kept"), [(importing.store, 204, 0), (progress.Path.unlink, 404, 1)])
def test_an_import_can_be_cancelled_until_the_moment_it_is_kept(admin, study, sessions, monkeypatch, end, told, kept):
    import_id, seen = uuid.uuid4(), []

    def and_cancel(*given, **more):
        done = end(*given, **more)
        if not seen:
            seen.append(None)
            seen[0] = admin.put(f"{PATH}/imports/{import_id}/cancellation").status_code
        return done

    monkeypatch.setattr(importing if end is importing.store else progress.Path, end.__name__, and_cancel)
    answer = upload(admin, content=lines(*pairs(5)), import_id=str(import_id))
    assert (answer.status_code, seen) == (409 if told == 204 else 201, [told])
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Batch)) == kept
