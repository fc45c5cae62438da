"""The admin pages of a project: what they show, what their forms do, and whom they let in."""

import gzip
import html
import re

import pytest

from app.domain import projects
from tests.web.browsing import HOSTILE, words
from tests.web.conftest import lines, pairs, upload


def test_a_new_project_is_made_and_teaches_its_first_steps(boss, sessions):
    typed = {"slug": "tales", "name": "Tales", "overlap": "2", "guidelines": "# Be\r\nkind", "retrain_every": "50"}
    page = boss.submit("/projects", **typed)
    assert page.startswith("Nothing to compare yet.")
    assert "Upload a batch" in page
    with sessions() as session:
        project = projects.get(session, "tales")
        assert (project.name, project.overlap, project.guidelines) == ("Tales", 2, "# Be\nkind")
        assert (project.base_model, project.retrain_every) == ("", 50)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"slug": "Not A Slug"}, "Short name needs lower-case letters"),
        ({"slug": "study"}, "Short name is that of another project."),
        ({"slug": "new"}, "Short name cannot be 'new'"),
        ({"overlap": "0"}, "Overlap must be between 1 and 100"),
        ({"overlap": "two"}, "Overlap must be a whole number"),
        ({"retrain_every": "-1"}, "Retrain after must be 0"),
        ({"retrain_every": "99999999999"}, "Retrain after is too large"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field_and_what_was_typed_stays(boss, study, sessions, wrong, said):
    typed = {"slug": "fine", "name": HOSTILE, "guidelines": "kept as typed"} | wrong
    page = boss.submit("/projects", 422, **typed)
    assert said in page
    assert "kept as typed" in page
    answer = boss.post("/projects", data=typed)
    assert f'value="{html.escape(HOSTILE)}"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    with sessions() as session:
        assert [project.slug for project in projects.everything(session)] == ["study"]


def test_settings_are_saved_and_shown(boss, study, sessions):
    path = "/projects/study/settings"
    assert "kinds of people" not in boss.text(path)
    page = boss.submit(path, name="Renamed", overlap="3", guidelines="Two **kinds of people**.", retrain_every="0")
    assert "Saved." in page
    assert "<strong>kinds of people</strong>" in boss.get(path).text
    page = boss.submit(path, 422, name="Lost", overlap="999", guidelines="Other", retrain_every="0")
    assert "Nothing was saved" in page
    with sessions() as session:
        project = projects.get(session, "study")
        assert (project.name, project.overlap, project.guidelines) == ("Renamed", 3, "Two **kinds of people**.")


def test_a_file_is_uploaded_by_the_plain_form(boss, study):
    content = lines({"prompt": "p", "responses": ["a", "b", "c"]}, {"prompt": HOSTILE}, ["not an object"])
    fields = {"name": HOSTILE, "priority": "7", "pairs_per_prompt": "1", "overlap": "3", "draft": "1"}
    answer = boss.post("/projects/study/batches", data=fields, files={"file": ("rows.jsonl", content)})
    batch = int(str(answer.url).rpartition("/")[2])
    page = words(answer)
    assert "draft · 0 of 3 judgements are in" in page
    assert "Rows read 3 Comparisons queued 1" in page
    assert "3 – not a JSON object" in page
    assert HOSTILE in page
    listed = boss.text("/projects/study/batches")
    assert f"{HOSTILE} draft 3 1 0 of 3 2 7" in listed
    assert "attachment" in boss.get(f"/api/v1/projects/study/batches/{batch}/errors.csv").headers["content-disposition"]


def test_the_same_file_twice_asks(boss, study):
    path, content = "/projects/study/batches", lines(*pairs(2))
    boss.submit(path, files={"file": ("rows.jsonl", content)})
    page = boss.submit(path, 409, files={"file": ("rows.jsonl", content)}, name="Once more", draft="1")
    assert "This file was uploaded before" in page
    assert "Look at that batch" in page
    assert "2 comparisons in 1 batch." in page
    page = boss.submit(path, files={"file": ("rows.jsonl", content)}, name="Once more", again="1")
    assert page.startswith("Batches Once more")


@pytest.mark.parametrize(
    ("files", "fields", "said"),
    [
        ({"file": ("rows.jsonl", b"\xff\xfe")}, {}, "The file is not UTF-8"),
        ({"file": ("", b"")}, {}, "The file is missing; choose one to upload"),
        ({"file": ("rows.jsonl", b"{}")}, {"priority": "high"}, "Priority must be a whole number"),
        ({"file": ("rows.jsonl", b"{}")}, {"priority": "1000001"}, "Priority must be between"),
        ({"file": ("rows.jsonl", b"{}")}, {"pairs_per_prompt": "many"}, "Pairs a prompt must be a whole number"),
        ({"file": ("rows.jsonl", b"{}")}, {"pairs_per_prompt": "0"}, "Pairs a prompt must be 1 or more"),
        ({"file": ("rows.jsonl", b"{}")}, {"overlap": "0"}, "Judgements a comparison must be between 1 and 100"),
    ],
)
def test_an_upload_that_makes_no_sense_is_refused_on_its_page(boss, study, files, fields, said):
    page = boss.submit("/projects/study/batches", 422, files=files, **fields)
    assert said in page
    assert page.startswith("Upload prompts with the answers to compare.")


def test_a_form_without_a_file_keeps_what_was_typed(boss, study):
    fields = {"name": "Winter", "priority": "7", "overlap": "3", "purpose": "practice", "open": "1"}
    page = boss.post("/projects/study/batches", data=fields, files={"file": ("", b"")}).text
    for kept in (
        'value="Winter"',
        'value="7"',
        'value="3"',
        'value="practice" checked',
        'name="open" value="1" checked',
    ):
        assert kept in page
    assert 'value="judging" checked' in boss.post("/projects/study/batches", data={"name": "x"}).text


@pytest.mark.parametrize("content", [b"x" * 3_000_001, gzip.compress(b" " * 3_000_001)], ids=["packed", "unpacked"])
def test_a_file_that_is_too_large_is_said_to_be_so(boss, study, content):
    page = boss.submit("/projects/study/batches", 413, files={"file": ("rows.jsonl", content)})
    assert "The file is larger than 3 MB. Nothing of the file was kept." in page


def test_a_batch_is_opened_paused_closed_and_moved(boss, judged):
    path = f"/projects/study/batches/{judged}"
    assert "open · 30 of 30 judgements are in · Agreement is" in boss.text(path)
    for state in ("paused", "open", "closed", "open"):
        assert f"Autumn {state} ·" in boss.submit(f"{path}/state", state=state)
    assert "cannot become a draft again" in boss.submit(f"{path}/state", 409, state="draft")
    assert boss.post(f"{path}/state", data={"state": "gone"}).status_code == 422
    boss.text("/projects/study/batches/999999", 404)
    for nowhere in ("/projects/study/batches/99999999999", "/projects/study/batches/abc", "/people/0"):
        assert "Not Found" in boss.text(nowhere, 404)


def test_the_export_says_what_it_holds_once_it_is_chosen(boss, judged):
    page = boss.text("/projects/study/export")
    assert "SHA-256" not in page
    assert "a mean of 0 has no row" in page
    answer = boss.get(
        "/projects/study/export", params={"chosen": "1", "format": "trl", "batch": judged, "late": "true"}
    )
    page = words(answer)
    assert re.match(r"30 rows, \d\.\d kB", page)
    assert "Judgements 60 0 ties, 0 late" in page
    link = html.unescape(re.search(r'href="(/api/v1/projects/study/export\?[^"]*)"', answer.text)[1])
    assert "gold=false" in link
    rows = boss.get(link).text.splitlines()
    assert len(rows) == 30
    assert boss.get(link.replace("export?", "export/manifest?")).json()["counts"]["rows"] == 30
    assert boss.get("/projects/study/export?chosen=1&batch=999999").status_code == 404


def test_a_reviewer_looks_at_everything_and_changes_nothing(looker, judged, run_id):
    for path in ("", "/batches", f"/batches/{judged}", "/quality", "/model", f"/training-runs/{run_id}"):
        answer = looker.get(f"/projects/study{path}")
        assert answer.status_code == 200
        assert "<button" not in answer.text.replace('<button class="button">Show</button>', "")
        assert 'method="post"' not in answer.text
        assert "/settings" not in answer.text
        assert 'href="/people' not in answer.text
    for path in ("/projects/study/export", "/projects/study/settings", "/projects/new", "/people", "/people/1"):
        assert looker.get(path).status_code == 403
    for path in ("/projects/study/batches", "/projects/study/training-runs", f"/projects/study/batches/{judged}/state"):
        assert looker.post(path, data={"state": "closed"}).status_code == 403


def test_an_annotator_sees_none_of_it(browsers, judged):
    for path in ("", "/batches", "/quality", "/model", "/export", "/settings"):
        assert browsers["ann"].get(f"/projects/study{path}").status_code == 403


def test_hostile_names_stay_words(boss, admin):
    admin.post("/projects", json={"slug": "evil", "name": HOSTILE, "guidelines": HOSTILE})
    annotations = [{"annotator": HOSTILE, "choice": "a"}, {"annotator": f"{HOSTILE}2", "choice": "a"}]
    rows = [
        {
            "id": f"{HOSTILE}{n}",
            "prompt": HOSTILE,
            "response_a": HOSTILE,
            "response_b": f"b{n}",
            "annotations": annotations,
        }
        for n in range(6)
    ]
    batch = upload(admin, "evil", lines(*rows, {HOSTILE: 1, "prompt": 1}), name=HOSTILE).json()["id"]
    for path in ("", "/batches", f"/batches/{batch}", "/quality", "/model", "/export?chosen=1", "/settings"):
        boss.text(f"/projects/evil{path}")
    assert HOSTILE in boss.text("/projects/evil/quality")
    assert HOSTILE in boss.text(f"/projects/evil/batches/{batch}")
