"""Data sets out: the four shapes, their manifest, and whether the field's tools load them."""

import asyncio
import gzip
import hashlib
import json
import uuid

import pytest

from app.vocabulary import ExportFormat
from app.web.downloads import Download
from tests.web.conftest import lines, pairs, upload

SHAPES = list(ExportFormat)
SYSTEM = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]


def judged(*strengths, **more):
    return {"annotations": [{"annotator": f"w{n}", "strength": s} for n, s in enumerate(strengths)]} | more


@pytest.fixture
def judgements(admin, study):
    """Clear, split, tied, gold and many-turned comparisons, and one that nobody has judged."""
    rows = pairs(6)
    upload(
        admin,
        name="first",
        content=lines(
            rows[0] | judged(-3, -2, 1),
            rows[1] | judged(2, 0) | {"metadata": {"source": "x"}, "generator_a": "g1", "generator_b": "g2"},
            rows[2] | judged(1, -1),
            rows[3] | judged(3) | {"gold": "b"},
            rows[4] | judged(-1) | {"prompt": SYSTEM},
            rows[5],
        ),
    )
    upload(
        admin, name="second", content=lines(pairs(1)[0] | judged(3) | {"id": "line\u2028end", "prompt": "next\x85line"})
    )


def get(caller, shape, **parameters):
    return caller.get("/projects/study/export", params={"format": shape} | parameters)


def rows_of(answer):
    return [json.loads(line) for line in answer.text.split("\n")[:-1]]


def manifest(caller, shape, **parameters):
    return caller.get("/projects/study/export/manifest", params={"format": shape} | parameters).json()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_export_is_the_same_bytes_and_its_manifest_says_which(admin, judgements, shape):
    first, again = get(admin, shape), get(admin, shape)
    assert first.headers["content-type"] == "application/x-ndjson"
    assert first.headers["content-disposition"] == f'attachment; filename="study-{shape}.jsonl"'
    assert first.content == again.content
    said = manifest(admin, shape)
    assert said["snapshot"] == hashlib.sha256(first.content).hexdigest()
    assert said["bytes"] == len(first.content)
    assert said["counts"]["rows"] == len(rows_of(first)) == len(first.text.splitlines())
    assert (said["project"], said["format"]) == ("study", shape)
    assert said["tie_policy"]


@pytest.mark.parametrize("shape", SHAPES)
def test_an_export_is_packed_when_asked_for(admin, judgements, shape):
    plain, packed, again = get(admin, shape), get(admin, shape, gzip=True), get(admin, shape, gzip=True)
    assert packed.headers["content-type"] == "application/gzip"
    assert packed.headers["content-disposition"] == f'attachment; filename="study-{shape}.jsonl.gz"'
    assert packed.content == again.content
    assert gzip.decompress(packed.content) == plain.content
    assert int(packed.headers["content-length"]) == len(packed.content)
    assert plain.headers["etag"] == f'"{manifest(admin, shape)["snapshot"]}"' != packed.headers["etag"]


def test_no_connection_waits_for_who_reads_slowly(app, admin, judgements, monkeypatch):
    pool, send, held = app.state.sessions.kw["bind"].pool, Download.__call__, []

    async def sent(self, *to):
        held.append(pool.checkedout())
        await send(self, *to)

    monkeypatch.setattr(Download, "__call__", sent)
    assert get(admin, "comparisons").status_code == 200
    assert held == [0]


def test_a_file_that_nobody_fetches_to_its_end_is_gone():
    async def leave(message):
        raise ConnectionResetError

    files = []
    download = Download(lambda file: files.append(file) or "tag", "x", "text/plain")
    with pytest.raises(ConnectionResetError):
        asyncio.run(download({"type": "http", "asgi": {"spec_version": "2.0"}}, asyncio.Queue().get, leave))
    assert files[0].closed
    with pytest.raises(ZeroDivisionError):
        Download(lambda file: files.append(file) or str(1 // 0), "x", "text/plain")
    assert files[1].closed


def test_comparisons_hold_every_judgement(admin, judgements):
    found = {row["id"]: row for row in rows_of(get(admin, "comparisons"))}
    assert list(found) == ["0", "1", "2", "3", "4", "line\u2028end"]
    one = found["1"]
    assert one["prompt"] == [{"role": "user", "content": "Why 1?"}]
    assert (one["response_a"], one["response_b"]) == ("a1", "b1")
    assert (one["generator_a"], one["generator_b"], one["metadata"]) == ("g1", "g2", {"source": "x"})
    assert one["counts"] == {"a": 0, "tie": 1, "b": 1}
    assert one["probability_b"] == 0.75
    assert [(j["annotator"], j["strength"]) for j in one["annotations"]] == [("w0", 2), ("w1", 0)]
    assert found["3"]["gold"] == "b"
    assert found["4"]["prompt"] == SYSTEM
    said = manifest(admin, "comparisons")["counts"]
    assert said == {"rows": 6, "comparisons": 6, "judgements": 10, "ties": 1, "late": 0}


def test_preferences_hold_one_row_a_judgement(admin, judgements):
    found = rows_of(get(admin, "preferences"))
    assert len(found) == 10
    wanted = "id external_id annotator strength strength_shown acceptable rationale started_at submitted_at late"
    assert set(wanted.split()) <= found[0].keys()
    assert len({row["id"] for row in found}) == 10
    assert all(row["imported"] and row["strength"] == row["strength_shown"] for row in found)


def test_trl_rows_are_chosen_by_the_mean_without_ties_and_without_gold(admin, judgements):
    found = rows_of(get(admin, "trl"))
    assert found == [
        {"prompt": "Why 0?", "chosen": "a0", "rejected": "b0", "margin": 1.333333},
        {"prompt": "Why 1?", "chosen": "b1", "rejected": "a1", "margin": 1.0},
        {"prompt": "\n\nSystem: Be brief.\n\nHuman: Hi\n\nAssistant:", "chosen": "a4", "rejected": "b4", "margin": 1.0},
        {"prompt": "next\x85line", "chosen": "b0", "rejected": "a0", "margin": 3.0},
    ]
    said = manifest(admin, "trl")
    assert said["filters"]["gold"] is False
    assert said["counts"] == {"rows": 4, "comparisons": 5, "judgements": 9, "ties": 1, "late": 0}
    spoken = rows_of(get(admin, "trl-conversational"))
    assert [row["prompt"] for row in spoken][2] == SYSTEM
    assert [(row["chosen"], row["rejected"], row["margin"]) for row in spoken] == [
        (
            [{"role": "assistant", "content": row["chosen"]}],
            [{"role": "assistant", "content": row["rejected"]}],
            row["margin"],
        )
        for row in found
    ]


@pytest.mark.parametrize("shape", ["trl", "trl-conversational"])
def test_what_leaves_for_trl_comes_back_in_the_same(admin, judgements, shape):
    admin.post("/projects", json={"slug": "back"})
    found = upload(admin, "back", content=get(admin, shape).content).json()
    assert (found["comparisons"], found["judgements"], found["rejected"]) == (4, 4, 0)


def test_filters_by_batch_and_gold(admin, judgements):
    first, second = sorted(batch["id"] for batch in admin.get("/projects/study/batches").json())
    assert [row["external_id"] for row in rows_of(get(admin, "preferences", batch=second))] == ["line\u2028end"]
    assert len(rows_of(get(admin, "comparisons", batch=first))) == 5
    assert "3" not in {row["id"] for row in rows_of(get(admin, "comparisons", gold=False))}
    said = manifest(admin, "comparisons", batch=first, gold=False)
    assert said["filters"] == {"batch_id": first, "late": True, "gold": False}
    assert said["counts"]["rows"] == 4


def test_late_judgements_are_marked_and_can_be_left_out(admin, ann, study, clock):
    upload(admin, content=lines(*pairs(2)))
    leased = ann.post("/projects/study/assignments", json={"count": 2}).json()["assignments"]
    for task in leased:
        sent = {"id": str(uuid.uuid4()), "lease_token": task["lease_token"], "strength": 1, "active_ms": 5}
        ann.put(f"/assignments/{task['id']}/preference", json=sent)
        clock.forward(minutes=31)
    found = rows_of(get(admin, "preferences"))
    assert [(row["external_id"], row["late"]) for row in found] == [("0", False), ("1", True)]
    assert [(row["started_at"], row["submitted_at"]) for row in found] == [
        ("2026-01-05T09:00:00.000Z", "2026-01-05T09:00:00.000Z"),
        ("2026-01-05T09:00:00.000Z", "2026-01-05T09:31:00.000Z"),
    ]
    assert manifest(admin, "preferences")["counts"]["late"] == 1
    assert [row["external_id"] for row in rows_of(get(admin, "preferences", late=False))] == ["0"]
    assert len(rows_of(get(admin, "trl", late=False))) == 1


def test_an_empty_export_is_empty(admin, study):
    for shape in SHAPES:
        assert get(admin, shape).content == b""
        assert manifest(admin, shape)["counts"]["rows"] == 0


def test_what_cannot_be_exported(admin, reviewer, judgements):
    admin.post("/projects", json={"slug": "other"})
    batch = upload(admin, "other", content=lines(*pairs(1))).json()["id"]
    assert get(admin, "xml").status_code == 422
    assert get(admin, "trl", batch=batch).status_code == 404
    assert get(reviewer, "trl").status_code == 403
    assert admin.get("/projects/none/export").status_code == 404


@pytest.fixture
def saved(admin, judgements, tmp_path):
    """Saves an export; gives the path of the file."""

    def save(shape):
        path = tmp_path / f"{shape}.jsonl"
        path.write_bytes(get(admin, shape).content)
        return str(path)

    return save


def load(path, folder, **more):
    from datasets import load_dataset

    return load_dataset("json", data_files=path, split="train", cache_dir=str(folder / "cache"), **more)


@pytest.mark.parametrize("shape", SHAPES)
def test_datasets_loads_every_shape(saved, tmp_path, shape):
    path = saved(shape)
    with open(path, encoding="utf-8") as file:
        written = [json.loads(line) for line in file]
    found = load(path, tmp_path)
    assert found.num_rows == len(written)
    assert set(found.column_names) == set(written[0])


def test_datasets_loads_a_column_that_is_null_for_long(tmp_path):
    """As the README says."""
    path = tmp_path / "nulls.jsonl"
    with path.open("w") as file:
        for n in range(12):
            file.write(json.dumps({"text": "x" * 1_000_000, "rationale": "why" if n == 11 else None}) + "\n")
    assert load(str(path), tmp_path, chunksize=2**31 - 1)["rationale"][-1] == "why"


@pytest.mark.filterwarnings("ignore:`gradient_checkpointing` is deprecated:FutureWarning")
@pytest.mark.parametrize("shape", ["trl", "trl-conversational"])
def test_trl_takes_a_step(saved, tmp_path, tiny_decoder, shape):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from trl import RewardConfig, RewardTrainer

    tokenizer = AutoTokenizer.from_pretrained(tiny_decoder)
    tokenizer.chat_template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    model = AutoModelForSequenceClassification.from_pretrained(tiny_decoder, num_labels=1)
    config = RewardConfig(
        str(tmp_path / "out"), max_steps=1, per_device_train_batch_size=2, report_to="none", use_cpu=True, bf16=False
    )
    rows = load(saved(shape), tmp_path)
    trainer = RewardTrainer(model, args=config, train_dataset=rows, processing_class=tokenizer)
    assert trainer.train().global_step == 1
