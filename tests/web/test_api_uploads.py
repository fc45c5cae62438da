"""Uploads as the person who makes them sees them."""

import csv
import gzip
import io
import json
import os
import tempfile
import time
import uuid
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from app.domain import importing, spooling
from app.storage.tables import Assignment, Batch, Comparison, Person
from app.web import progress
from tests.web.conftest import lines, pairs, upload

PAIR = {"prompt": "Why?", "response_a": "Because.", "response_b": "No idea."}
TURNED = {"prompt": "Why?", "response_a": "No idea.", "response_b": "Because."}
USER = {"role": "user", "content": "Hi"}
NOTHING = SimpleNamespace(rows=0, rejected=0, refused=[])


def count(sessions, table, *where):
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(table).where(*where))


def form(caller, content, name="rows.jsonl", **parameters):
    return caller.post("/projects/study/batches", params=parameters, files={"file": (name, content)})


def exported(admin, **parameters):
    text = admin.get("/projects/study/export", params={"format": "preferences"} | parameters).text
    return [json.loads(line) for line in text.split("\n")[:-1]]


CSV = 'id,prompt,response_a,response_b\n1,"Why, then?","two\nlines",x\n2,Why?,y,z\n'


@pytest.mark.parametrize(
    "send",
    [
        lambda admin: upload(admin, content=lines(*pairs(2))),
        lambda admin: upload(admin, content=gzip.compress(lines(*pairs(2))), kind="application/gzip"),
        lambda admin: upload(admin, content=CSV.encode(), kind="text/csv; charset=utf-8"),
        lambda admin: upload(admin, content=CSV.encode("utf-8-sig"), kind="text/csv"),
        lambda admin: form(admin, lines(*pairs(2))),
        lambda admin: form(admin, gzip.compress(lines(*pairs(2))), "rows.jsonl.gz"),
        lambda admin: form(admin, CSV, "rows.CSV"),
        lambda admin: form(admin, gzip.compress(CSV.encode()), "rows.csv.gz"),
        lambda admin: upload(admin, content=lines(*pairs(2)).replace(b"\n", b"\r\n\r\n").rstrip()),
        lambda admin: upload(admin, content=gzip.compress(lines(*pairs(1))) + gzip.compress(lines(*pairs(2)[1:]))),
    ],
    ids=["lines", "gzip", "csv", "csv-bom", "form", "form-gzip", "form-csv", "form-csv-gzip", "crlf", "two-members"],
)
def test_every_way_in(admin, study, ann, send):
    answer = send(admin)
    assert answer.status_code == 201
    found = answer.json()
    assert (found["rows"], found["comparisons"], found["rejected"], found["errors"]) == (2, 2, 0, [])
    assert found["state"] == "open"
    assert len(ann.post("/projects/study/assignments", json={"count": 5}).json()["assignments"]) == 2


def test_a_batch_has_a_name_and_stays_a_draft_when_asked(admin, study):
    assert upload(admin, content=lines(*pairs(1)), name="first", draft=True).json()["state"] == "draft"
    assert form(admin, lines(*pairs(2)), "second.jsonl").json()["name"] == "second.jsonl"
    listed = admin.get("/projects/study/batches").json()
    assert [(batch["name"], batch["state"]) for batch in listed] == [("second.jsonl", "open"), ("first", "draft")]


BAD = [
    (b"{broken", "", "not JSON"),
    (b"[1]", "", "not a JSON object"),
    (b'{"prompt": "p", "response_a": NaN, "response_b": "b"}', "", "NaN is not JSON"),
    (PAIR | {"prompt": None}, "prompt", "missing"),
    ({"response_a": "a", "response_b": "b"}, "prompt", "missing"),
    (PAIR | {"prompt": " \n"}, "prompt", "empty"),
    ({"prompt": "p", "response_a": "a"}, "response_b", "missing"),
    (PAIR | {"response_b": "Because."}, "response_b", "identical responses"),
    (PAIR | {"response_a": "", "response_b": " "}, "response_a", "both responses are empty"),
    (PAIR | {"prompt": [USER, USER]}, "prompt", "no conversation"),
    (PAIR | {"prompt": [{"role": "assistant", "content": "x"}]}, "prompt", "must end with a user turn"),
    (PAIR | {"prompt": [{"role": "user"}]}, "prompt[0].content", "wrong type"),
    (PAIR | {"prompt": ["Hi"]}, "prompt[0]", "wrong type"),
    (PAIR | {"response_a": 3}, "response_a", "wrong type: must be a string, not a number"),
    (PAIR | {"gold": "left"}, "gold", 'must be "a", "b" or "tie"'),
    (PAIR | {"gold": ["a"]}, "gold", 'must be "a", "b" or "tie"'),
    (PAIR | {"priority": "high"}, "priority", "wrong type"),
    (PAIR | {"priority": 10**9}, "priority", "must lie between"),
    (PAIR | {"id": {}}, "id", "wrong type"),
    (PAIR | {"id": "x" * 181}, "id", "1 to 180"),
    (PAIR | {"generator_a": "g" * 501}, "generator_a", "longer than 500"),
    (PAIR | {"metadata": "m"}, "metadata", "wrong type"),
    (b'{"prompt": "p", "response_a": "a", "response_b": "b", "metadata": {"x": [1e999]}}', "metadata.x[0]", "finite"),
    (b'{"prompt": "p", "response_a": "a", "response_b": "b", "m": ' + b"[" * 900 + b"]" * 900 + b"}", "", "deep"),
    ({"prompt": "p", "responses": ["one"]}, "responses", "at least two"),
    ({"prompt": "p", "responses": ["one", "one"]}, "responses[1]", "identical responses"),
    ({"prompt": "p", "responses": ["one", {"generator": "g"}]}, "responses[1].text", "missing"),
    ({"prompt": "p", "responses": "one"}, "responses", "wrong type"),
    ({"prompt": "p", "chosen": "a", "rejected": ["b"]}, "rejected", "one shape"),
    ({"chosen": [USER], "rejected": [USER]}, "chosen", "one assistant message"),
    (PAIR | {"annotations": {}}, "annotations", "wrong type"),
    (PAIR | {"annotations": [{"annotator": "w", "choice": "left"}]}, "annotations[0].choice", "must be"),
    (PAIR | {"annotations": [{"annotator": "w", "strength": 1.5}]}, "annotations[0].strength", "whole number"),
    (PAIR | {"annotations": [{"annotator": "", "choice": "a"}]}, "annotations[0].annotator", "1 to 200"),
    (PAIR | {"annotations": [{"annotator": "w", "choice": "a"}] * 2}, "annotations", "judged this pair twice"),
    (
        PAIR | {"annotations": [{"annotator": name, "choice": "a"} for name in ("Ann@example.org", "ann@example.org")]},
        "annotations",
        "judged this pair twice",
    ),
    (
        PAIR | {"annotations": [{"annotator": "w", "choice": "a", "submitted_at": "yesterday"}]},
        "annotations[0].submitted_at",
        "ISO 8601",
    ),
    (PAIR | {"response_a": "a\0"}, "response_a", "NUL"),
    (b'{"prompt": "p", "response_a": "\\ud800", "response_b": "b"}', "response_a", "surrogate"),
    (PAIR | {"response_a": "x" * 1_000_000}, "", "over 1 MB"),
]


def test_every_kind_of_bad_row_is_reported_and_stops_no_good_one(admin, study, ann):
    rows = [row if isinstance(row, bytes) else json.dumps(row).encode() for row, _, _ in BAD]
    good = lines(*pairs(2)).splitlines()
    found = upload(admin, content=b"\n".join([good[0], *rows, good[1]])).json()
    assert (found["rows"], found["comparisons"], found["rejected"]) == (len(BAD) + 2, 2, len(BAD))
    assert [error["line"] for error in found["errors"]] == list(range(2, len(BAD) + 2))
    for error, (_, field, reason) in zip(found["errors"], BAD, strict=True):
        assert error["field"].startswith(field) if reason == "deep" else error["field"] == field, error
        assert reason in error["reason"], error
    again = admin.get(f"/projects/study/batches/{found['id']}").json()
    assert again == found
    table = admin.get(f"/projects/study/batches/{found['id']}/errors.csv")
    assert table.headers["content-type"].startswith("text/csv")
    assert "study" in table.headers["content-disposition"]
    listed = list(csv.DictReader(io.StringIO(table.text)))
    assert [(int(row["line"]), row["reason"]) for row in listed] == [(e["line"], e["reason"]) for e in found["errors"]]


def test_the_list_of_errors_does_not_run_in_a_spreadsheet(admin, study):
    rows = [PAIR | {name: "\0"} for name in ("=1+1", "+1", "-1", "@SUM(1)", "\tx", "plain")]
    batch = upload(admin, content=lines(*rows)).json()["id"]
    text = admin.get(f"/projects/study/batches/{batch}/errors.csv").text
    fields = [row["field"] for row in csv.DictReader(io.StringIO(text, newline=""))]
    assert fields == ["'=1+1", "'+1", "'-1", "'@SUM(1)", "'\tx", "plain"]


def test_bad_rows_of_a_csv(admin, study):
    content = (
        "id,prompt,response_a,response_b,priority,metadata,annotations\n"
        "\n"
        '1,"over\ntwo lines",a,b,,,\n'
        "2,p,a\n"
        "3,p,,,,,\n"
        "4,p,a,b,high,,\n"
        "5,p,a,b,,{broken,\n"
        '6,p,a,b,,"{""x"": NaN}",\n'
        f"7,p,{'x' * 1_000_001},b,,,\n"
        '8,p,a,b,2,"{""k"": [1]}","[{""annotator"": ""w"", ""choice"": ""b""}]"\n'
    )
    found = upload(admin, content=content.encode(), kind="text/csv").json()
    assert (found["rows"], found["comparisons"], found["judgements"]) == (8, 2, 1)
    assert [error["line"] for error in found["errors"]] == [5, 6, 7, 8, 9, 10]
    assert [error["field"] for error in found["errors"]][1] == "response_a"
    assert "over 1 MB" in found["errors"][-1]["reason"]


def test_one_empty_response_is_an_answer(admin, ann, study):
    assert upload(admin, content=lines(PAIR | {"response_b": ""})).json()["comparisons"] == 1
    (task,) = ann.post("/projects/study/assignments", json={}).json()["assignments"]
    assert {task["left"], task["right"]} == {"Because.", ""}


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (lines(PAIR) + b"\n\xff\xfe", 422, "not UTF-8 (line 3"),
        (json.dumps(PAIR).encode("utf-16"), 422, "not UTF-8 (line 1"),
        (gzip.compress(lines(*pairs(500)))[:-9], 422, "ends half-way"),
        (gzip.compress(b"{}")[:10] + b"\xff" * 99, 422, "damaged gzip"),
        (gzip.compress(lines(PAIR)) + b"trailing rubbish", 422, "damaged gzip"),
        (gzip.compress(b" " * 3_000_001), 413, "larger than 3 MB"),
        (b"x" * 3_000_001, 413, "larger than 3 MB"),
        (b"", 422, "holds no rows"),
        (b"\n \n", 422, "holds no rows"),
    ],
    ids=["latin", "utf-16", "cut", "damaged", "rubbish", "bomb", "large", "empty", "blank"],
)
def test_a_file_that_cannot_be_read_leaves_nothing(admin, study, sessions, content, status, reason):
    for answer in (upload(admin, content=content), form(admin, content, "x.jsonl")):
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert reason in answer.json()["detail"]
        assert answer.json()["errors"][0]["field"] == "file"
    assert (count(sessions, Batch), count(sessions, Comparison)) == (0, 0)
    assert admin.get("/projects/study/batches").json() == []


def test_what_is_too_large_is_refused_whatever_its_length_is_said_to_be(admin, study):
    def unannounced(start=b""):
        yield start
        for _ in range(31):
            yield b"x" * 100_000

    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.jsonl"\r\n\r\n'
    assert upload(admin, content=unannounced()).status_code == 413
    assert upload(admin, content=unannounced(head), kind="multipart/form-data; boundary=b").status_code == 413


@pytest.mark.parametrize(
    "send",
    [
        lambda admin: admin.post("/projects/study/batches", data={"name": "x"}),
        lambda admin: admin.post("/projects/study/batches", files={"other": ("x.jsonl", b"{}")}),
        lambda admin: admin.post("/projects/study/batches", files={"a": ("x", b"1"), "b": ("y", b"2")}),
        lambda admin: upload(admin, content=b"--b\r\nrubbish", kind="multipart/form-data; boundary=b"),
        lambda admin: upload(admin, content=b"--b--", kind="multipart/form-data"),
    ],
)
def test_a_form_without_a_file_is_refused(admin, study, send, sessions):
    answer = send(admin)
    assert answer.status_code in (201, 400, 422)
    assert answer.status_code == 201 or answer.headers["content-type"] == "application/problem+json"
    assert count(sessions, Comparison) == 0


def test_the_same_file_twice_asks(admin, study):
    first = upload(admin, content=lines(*pairs(2)), name="one").json()
    refused = upload(admin, content=lines(*pairs(2)), name="two")
    assert (refused.status_code, refused.json()["batch"]) == (409, first["id"])
    assert "'one'" in refused.json()["detail"]
    again = upload(admin, content=lines(*pairs(2)), again=1)
    assert (again.status_code, again.json()["duplicates"], again.json()["comparisons"]) == (201, 2, 0)
    admin.post("/projects", json={"slug": "other"})
    assert upload(admin, "other", content=lines(*pairs(2))).status_code == 201


def test_an_id_is_the_identity_of_a_row_and_without_one_its_content_is(admin, study, sessions):
    found = upload(admin, content=lines(PAIR, TURNED, PAIR | {"generator_a": "g"}, PAIR | {"id": 7})).json()
    assert (found["comparisons"], found["duplicates"]) == (3, 1)
    found = upload(admin, content=lines(PAIR, PAIR | {"id": "7"}, pairs(1)[0] | {"id": "7"})).json()
    assert (found["comparisons"], found["duplicates"]) == (0, 3)
    assert count(sessions, Assignment) == 3


JUDGED = [{"annotator": "w1", "choice": "a"}]


def test_new_judgements_of_a_duplicate_are_added_as_they_were_meant(admin, study):
    upload(admin, content=lines(PAIR | {"id": "x", "annotations": JUDGED}))
    more = [
        TURNED | {"id": "x", "annotations": [{"annotator": "w1", "choice": "b"}, {"annotator": "w2", "choice": "a"}]},
        PAIR | {"id": "x", "generator_a": "now known", "annotations": [{"annotator": "w3", "strength": -3}]},
    ]
    found = upload(admin, content=lines(*more)).json()
    assert (found["duplicates"], found["judgements"], found["rejected"]) == (2, 2, 0)
    kept = {row["annotator"]: row["strength"] for row in exported(admin)}
    assert kept == {"w1": -2, "w2": 2, "w3": -3}


def test_a_judgement_of_other_responses_under_a_known_id_is_refused(admin, study):
    upload(admin, content=lines(PAIR | {"id": "x"}))
    edited = PAIR | {"id": "x", "response_a": "Because of this.", "annotations": JUDGED}
    found = upload(admin, content=lines(PAIR | {"id": "y"}, edited)).json()
    assert (found["comparisons"], found["duplicates"], found["judgements"], found["rejected"]) == (1, 0, 0, 1)
    (error,) = found["errors"]
    assert (error["line"], error["field"]) == (2, "id")
    assert "other responses" in error["reason"]
    assert exported(admin) == []


def test_judgements_of_somebody_with_an_account_are_theirs(admin, ann, study, sessions):
    rows = [
        row | {"annotations": [{"annotator": name, "choice": "b"}]}
        for row, name in zip(pairs(3), ("ann@example.org", " Ann@Example.org ", "x@example.org"), strict=True)
    ]
    assert upload(admin, content=lines(*rows)).json()["judgements"] == 3
    assert [row["annotator"] for row in exported(admin)] == ["ann@example.org", "ann@example.org", "x@example.org"]
    assert count(sessions, Person, Person.email.is_(None)) == 1
    upload(admin, content=lines(*[row | {"id": f"new {row['id']}"} for row in pairs(1)]))
    (task,) = ann.post("/projects/study/assignments", json={"count": 9}).json()["assignments"]
    assert task["external_id"] == "new 0"


def test_somebody_whom_an_import_named_has_no_account(admin, study, sessions):
    upload(admin, content=lines(PAIR | {"annotations": JUDGED}))
    with sessions() as session:
        named = session.scalars(select(Person).where(Person.name == "w1")).one().id
    assert "w1" not in admin.get("/people").text
    assert admin.patch(f"/people/{named}", json={"role": "admin", "active": True}).status_code == 404
    assert admin.post(f"/people/{named}/tokens", json={}).status_code == 404


def test_more_judgements_than_slots_are_all_kept(admin, ann, study):
    many = [{"annotator": f"w{n}", "strength": n % 7 - 3} for n in range(9)]
    found = upload(admin, content=lines(PAIR | {"annotations": many})).json()
    assert found["judgements"] == 9
    assert sorted(row["extra"] for row in exported(admin)) == [False] + [True] * 8
    assert ann.post("/projects/study/assignments", json={}).json()["assignments"] == []


def test_many_responses_are_more_than_one_statement(admin, study, monkeypatch):
    """psycopg and SQLite end at 65 535 and 250 000 parameters: pairs are to be taken in parts, and not rows."""
    taken, take = [], importing._Importer.take
    monkeypatch.setattr(importing._Importer, "take", lambda self, pairs: taken.append(len(pairs)) or take(self, pairs))
    rows = [{"prompt": f"p{n}", "responses": [f"{n} {k}" for k in range(40)]} for n in range(2)]
    assert upload(admin, content=lines(*rows)).json()["comparisons"] == sum(taken) == 2 * 40 * 39 // 2
    assert max(taken) <= spooling.CHUNK


def test_so_many_pairs_per_prompt_as_asked_for(admin, study, sessions):
    rows = [{"id": n, "prompt": f"p{n}", "responses": ["x", {"text": "y", "generator": "g"}, "z"]} for n in range(2)]
    assert upload(admin, content=lines(*rows), pairs_per_prompt=2).json()["comparisons"] == 4
    assert upload(admin, content=lines(*rows), pairs_per_prompt=0).status_code == 422


def test_the_shapes_of_other_data_sets_come_in_as_one_judgement(admin, study):
    blue, green = ({"role": "assistant", "content": text} for text in ("Blue.", "Green."))
    rows = [
        {"prompt": "The sky is", "chosen": " blue.", "rejected": " green."},
        {"chosen": "The sky is blue.", "rejected": "The sky is green."},
        {"prompt": [USER], "chosen": [blue], "rejected": [green], "margin": 2.0},
        {"chosen": [USER, green], "rejected": [USER, blue]},
        {"chosen": "\n\nHuman: Hey\n\nAssistant: Yes?", "rejected": "\n\nHuman: Hey\n\nAssistant: You again."},
    ]
    found = upload(admin, content=lines(*rows)).json()
    assert (found["comparisons"], found["judgements"], found["duplicates"]) == (4, 4, 1)
    assert {row["annotator"] for row in exported(admin)} == {"dataset"}


def test_a_slow_upload_keeps_nobody_waiting(app, admin, ann, study, clock):
    """The writing transaction begins when the file is there: SQLite has one writer."""
    upload(admin, content=lines(*pairs(2)))
    leased = []

    def slowly():
        yield lines({"prompt": "p", "response_a": "a", "response_b": "b"})
        leased.extend(ann.post("/projects/study/assignments", json={}).json()["assignments"])

    assert upload(admin, content=slowly()).status_code == 201
    assert len(leased) == 1


def test_only_admins_upload(reviewer, ann, study, sessions):
    assert [upload(caller, content=lines(PAIR)).status_code for caller in (reviewer, ann)] == [403, 403]
    assert count(sessions, Batch) == 0
    assert upload(reviewer, "nowhere", content=lines(PAIR)).status_code == 403


def test_a_file_is_read_while_others_go_on(admin, ann, study, monkeypatch):
    """SQLite has one writer: the transaction that stores begins when all is read."""
    upload(admin, content=lines(*pairs(2)))
    leased, read = [], importing.read

    def slowly(*found):
        leased.extend(ann.post("/projects/study/assignments", json={}).json()["assignments"])
        read(*found)

    monkeypatch.setattr(importing, "read", slowly)
    assert upload(admin, content=lines(PAIR)).status_code == 201
    assert len(leased) == 1


def test_the_same_file_is_refused_before_it_is_read(admin, study, monkeypatch):
    upload(admin, content=lines(PAIR))
    monkeypatch.setattr(importing, "read", lambda *_: pytest.fail("it was read"))
    assert upload(admin, content=lines(PAIR)).status_code == 409


def test_how_far_an_import_is_can_be_asked_by_whoever_makes_it(admin, callers, study, monkeypatch):
    callers["admin"].post("/people", json={"email": "other@example.org", "role": "admin"})
    monkeypatch.setattr(spooling, "CHUNK", 5)
    monkeypatch.setattr(progress, "OFTEN", 0)
    import_id, seen, store = uuid.uuid4(), [], importing.store
    path = f"/projects/study/batches/imports/{import_id}"

    def watched(session, project, found, how, now, show):
        seen.append(admin.get(path).json())

        def shown(done, total):
            show(done, total)
            seen.append(admin.get(path).json())
            seen.append(callers["reviewer"].get(path).status_code)

        return store(session, project, found, how, now, shown)

    monkeypatch.setattr(importing, "store", watched)
    content = lines(*pairs(10), {"prompt": ""})
    told = {"rows": 11, "rejected": 1, "errors": [{"line": 11, "field": "response_a", "reason": "missing"}]}
    assert admin.get(path).status_code == 404
    assert upload(admin, content=content, import_id=str(import_id)).status_code == 201
    size = len(content)
    assert seen == [
        {"stage": "reading", "done": size, "total": size} | told,
        {"stage": "storing", "done": 5, "total": 10} | told,
        403,
        {"stage": "storing", "done": 10, "total": 10} | told,
        403,
    ]
    assert admin.get(path).status_code == 404
    assert upload(admin, content=lines(PAIR), import_id="../x").status_code == 422


def test_how_far_somebody_elses_import_is_is_not_told(admin, folk, study, tmp_path, monkeypatch):
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    import_id = uuid.uuid4()
    path = f"/projects/study/batches/imports/{import_id}"
    with progress.shown(import_id, folk["admin"].id, NOTHING) as stage:
        stage("reading")(1, 2)
        assert admin.get(path).status_code == 200
    with progress.shown(import_id, folk["admin"].id + 1, NOTHING) as stage:
        stage("reading")(1, 2)
        assert admin.get(path).status_code == 404
    [folder] = place.iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    assert list(folder.iterdir()) == []


def test_how_far_an_import_is_is_neither_old_news_nor_anybodys(admin, folk, study, tmp_path, monkeypatch):
    place, theirs, import_id = tmp_path / "temporary", tmp_path / "theirs", uuid.uuid4()
    place.mkdir()
    theirs.mkdir(mode=0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    path = f"/projects/study/batches/imports/{import_id}"
    with progress.shown(import_id, folk["admin"].id, NOTHING) as stage:
        stage("reading")(1, 2)
        [folder] = place.iterdir()
        file = folder / str(import_id)
        os.utime(file, (0, time.time() - 90_000))
        assert admin.get(path).status_code == 404
        file.rename(theirs / "elsewhere")
        os.utime(theirs / "elsewhere")
        file.symlink_to(theirs / "elsewhere")
        assert admin.get(path).status_code == 404
    folder.rmdir()
    (theirs / "elsewhere").unlink()
    folder.symlink_to(theirs)
    with progress.shown(import_id, folk["admin"].id, NOTHING) as stage:
        stage("reading")(1, 2)
        assert list(theirs.iterdir()) == []


def test_an_upload_may_want_its_own_overlap(admin, study):
    assert upload(admin, content=lines(*pairs(2)), overlap=3).json()["overlap"] == 3
    assert upload(admin, content=lines(*pairs(3))).json()["overlap"] == 1
    for wrong in (0, 101, "many"):
        assert upload(admin, content=lines(*pairs(1)), overlap=wrong).status_code == 422


def inspect(caller, content, **parameters):
    return caller.post("/projects/study/batches/inspection", params=parameters, content=content)


def test_the_beginning_of_a_file_is_inspected_and_nothing_of_it_is_kept(admin, study):
    found = inspect(admin, lines({"prompt": ""}, *pairs(3)), whole=False).json()
    assert (found["rows"], found["rejected"], found["errors"][0]["line"]) == (4, 1, 1)
    assert inspect(admin, lines(*pairs(2)), purpose="practice").json()["rejected"] == 2
    assert admin.get("/projects/study/batches").json() == []


def test_a_beginning_may_end_within_a_cell_and_a_whole_file_may_not(admin, study):
    table = b'prompt,response_a,response_b\nWhy?,a,b\nWhy not?,"one line\n'
    assert inspect(admin, table, name="t.csv", whole=False).json() == {"rows": 1, "rejected": 0, "errors": []}
    assert inspect(admin, table, name="t.csv").status_code == 422
    assert inspect(admin, b"", whole=False).status_code == 422
    assert inspect(admin, b"x" * 2_100_000).status_code == 413
