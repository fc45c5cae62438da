"""The reward server: who may ask, what is answered, and by which model."""

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from fastapi.testclient import TestClient
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from app.domain import people, reward_models, training_runs
from app.reward import export
from app.serving import application, models
from app.serving.application import create_app
from app.serving.scoring import current

ITEMS = [
    {"prompt": "what", "response": "good answer"},
    {"prompt": [{"role": "user", "content": "why"}], "response": "a very long and not good answer"},
    {
        "prompt": [
            {"role": "system", "content": "short"},
            {"role": "user", "content": "what"},
            {"role": "assistant", "content": "the fox"},
            {"role": "user", "content": "why the quick brown fox"},
        ],
        "response": "bad",
    },
    {"prompt": "why", "response": ""},
]


@pytest.fixture
def app(settings, study, clock):
    return create_app(settings, clock)


@pytest.fixture
def client(app, token_of):
    with TestClient(app, headers={"Authorization": f"Bearer {token_of('reviewer')}"}) as client:
        yield client


def ask(client, items=ITEMS, project="study", **more):
    return post(client, json.dumps({"project": project, "items": items}), **more)


def post(client, content, headers=None):
    return client.post("/v1/score", content=content, headers={"Content-Type": "application/json"} | (headers or {}))


def answer(client, **more):
    response = ask(client, **more)
    assert response.status_code == 200, response.text
    return response.json()


def problem(response, status):
    """The problem details of a refusal."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    found = response.json()
    assert found["status"] == status
    assert set(found) >= {"type", "title", "detail"}
    return found


def by_plain_transformers(folder, base):
    """The rewards of ITEMS as the model card says that anybody gets them."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    rewards = []
    for item in ITEMS:
        turns = item["prompt"] if isinstance(item["prompt"], list) else [{"role": "user", "content": item["prompt"]}]
        if base == "tiny_encoder":
            text = "\n\n".join(f"{turn['role'].capitalize()}: {turn['content']}" for turn in turns)
            text = turns[0]["content"] if len(turns) == 1 else text
            inputs = tokenizer(text, item["response"], truncation=True, return_tensors="pt")
        else:
            text = tokenizer.apply_chat_template(
                [*turns, {"role": "assistant", "content": item["response"]}], tokenize=False
            )
            inputs = tokenizer(text, return_tensors="pt")
        with torch.inference_mode():
            rewards.append(model(**inputs).logits[0, 0].item())
    return rewards


@pytest.mark.parametrize("base", ["tiny_encoder", "tiny_decoder"])
def test_rewards_are_those_of_plain_transformers_with_their_lineage(client, publish, sessions, request, base):
    run = publish(request.getfixturevalue(base), seed=1)
    found = answer(client)
    with sessions() as session:
        assert found["snapshot"] == training_runs.snapshot_of(session, run).digest
    assert (found["project"], found["run"], found["truncated"]) == ("study", run.id, 0)
    rewards = [result["reward"] for result in found["results"]]
    assert rewards == pytest.approx(by_plain_transformers(run.artefact, base), abs=1e-4)
    assert len(set(rewards)) == len(ITEMS)


def test_an_item_that_is_too_long_is_cut_and_counted_and_no_items_are_no_rewards(client, publish, tiny_encoder):
    publish(tiny_encoder, seed=1)
    assert answer(client, items=[ITEMS[0], {"prompt": "what", "response": "fox " * 100}])["truncated"] == 1
    assert answer(client, items=[])["results"] == []


def test_only_an_active_reviewer_or_admin_gets_in(client, publish, sessions, token_of, tiny_encoder):
    publish(tiny_encoder, seed=1)
    for header in ("", "Basic abc", "Bearer", "Bearer nonsense"):
        response = ask(client, headers={"Authorization": header})
        problem(response, 401)
        assert response.headers["www-authenticate"] == "Bearer"
    assert (
        "reviewer" in problem(ask(client, headers={"Authorization": f"Bearer {token_of('annotator')}"}), 403)["detail"]
    )
    admin = {"Authorization": f"Bearer {token_of('admin')}"}
    assert ask(client, headers=admin).status_code == 200
    with sessions.begin() as session:
        people.change(session, people.by_email(session, "reviewer@example.org"), active=False)
    problem(ask(client), 401)


def test_a_project_that_is_not_there_or_has_no_model_is_said_to_be_so(client):
    assert problem(ask(client, project="nowhere"), 404)["detail"] == "There is no project 'nowhere'."
    found = problem(ask(client, project="untrained"), 409)
    assert found["detail"] == "untrained has no reward model yet. Train one first."


@pytest.mark.parametrize(
    ("item", "field", "reason"),
    [
        ("text", "items[1]", "not a JSON object"),
        ({"response": "a"}, "items[1].prompt", "missing"),
        ({"prompt": "what"}, "items[1].response", "missing"),
        ({"prompt": "what", "response": 3}, "items[1].response", "wrong type: must be a string"),
        ({"prompt": " ", "response": "a"}, "items[1].prompt", "empty"),
        ({"prompt": [{"role": "robot", "content": ""}], "response": "a"}, "items[1].prompt[0].role", "must be system"),
        ({"prompt": [{"role": "assistant", "content": "a"}], "response": "a"}, "items[1].prompt", "no conversation"),
        ({"prompt": "what", "response": "\ud800"}, "items[1].response", "contains half of a surrogate pair"),
    ],
)
def test_a_bad_item_is_named(client, publish, tiny_encoder, item, field, reason):
    publish(tiny_encoder, seed=1)
    found = problem(ask(client, items=[ITEMS[0], item]), 422)
    assert found["errors"][0]["field"] == field
    assert found["errors"][0]["reason"].startswith(reason)
    assert found["detail"].startswith(f"{field}: {reason}")


def test_a_request_that_is_none_or_too_much_is_refused(client, publish, monkeypatch, tiny_encoder):
    publish(tiny_encoder, seed=1)
    assert problem(ask(client, items=ITEMS[:1] * 1025), 422)["errors"][0]["field"] == "items"
    assert problem(post(client, b'{"project": "study"}'), 422)["detail"] == "items: Field required"
    assert problem(post(client, b""), 422)["detail"] == "Field required"
    for project in ("study\x00", "\ud800", ""):
        assert problem(ask(client, project=project), 422)["errors"][0]["field"] == "project"
    problem(post(client, json.dumps({"project": "study", "items": [], "\udfff": 1})), 422)
    problem(post(client, b"{"), 422)
    problem(post(client, b"\xff"), 400)
    problem(post(client, b"[" * 100_000), 400)
    problem(client.get("/v1/score"), 405)
    problem(client.get("/nowhere"), 404)
    monkeypatch.setattr(application, "MAX_BODY", 1000)
    assert "Send fewer" in problem(ask(client, items=ITEMS[:1] * 30), 413)["detail"]
    problem(post(client, iter([b" " * 600] * 2)), 413)  # of a length that was not announced
    assert ask(client).status_code == 200


def test_another_model_answers_as_soon_as_it_is_current(client, publish, sessions, clock, tiny_encoder, tiny_decoder):
    first = publish(tiny_encoder, seed=1)
    before = answer(client)
    second = publish(tiny_decoder, seed=2)
    after = answer(client)
    assert (before["run"], after["run"]) == (first.id, second.id)
    assert before["results"] != after["results"]
    clock.forward(seconds=1)
    with sessions.begin() as session:
        reward_models.promote(session, training_runs.get(session, first.id), clock())
    assert answer(client) == before


def test_the_older_model_answers_while_the_current_one_cannot_be_loaded(client, publish, clock, tiny_encoder):
    first = publish(tiny_encoder, seed=1)
    before = answer(client)
    second = publish(tiny_encoder, seed=2)
    shutil.move(second.artefact, second.artefact + ".away")
    assert answer(client) == before
    assert client.get("/health").json() == {
        "status": "degraded",
        "models": [{"project": "study", "run": first.id, "snapshot": before["snapshot"], "failed_run": second.id}],
    }
    shutil.move(second.artefact + ".away", second.artefact)
    assert answer(client) == before  # tried again in half a minute
    clock.forward(seconds=31)
    assert answer(client)["run"] == second.id
    assert client.get("/health").json()["status"] == "ok"


def test_going_back_to_the_model_in_memory_ends_the_trouble(client, publish, sessions, clock, tiny_encoder):
    first = publish(tiny_encoder, seed=1)
    answer(client)
    publish(tiny_encoder, seed=2, save=False)
    answer(client)
    clock.forward(seconds=1)
    with sessions.begin() as session:
        reward_models.promote(session, training_runs.get(session, first.id), clock())
    assert answer(client)["run"] == first.id
    assert client.get("/health").json()["status"] == "ok"


@pytest.mark.parametrize("damage", ["gone", "weights", "golden"])
def test_without_an_older_model_the_reason_is_told(client, publish, sessions, clock, tiny_encoder, damage):
    run = publish(tiny_encoder, seed=1)
    with sessions() as session:
        folder = training_runs.get(session, run.id).artefact
    if damage == "gone":
        shutil.rmtree(folder)
    elif damage == "weights":
        with open(f"{folder}/model.safetensors", "r+b") as file:
            file.truncate(1000)
    else:
        golden = Path(folder, "golden.json")
        rows = json.loads(golden.read_text())
        golden.write_text(json.dumps([row | {"reward": row["reward"] + 1} for row in rows]))
    response = ask(client)
    reason = {
        "gone": f"there is no folder {folder}",
        "weights": "Error while",
        "golden": f"{folder}: rewards differ by",
    }
    detail = problem(response, 503)["detail"]
    assert detail.startswith(f"The reward model of study (run {run.id}) cannot be loaded: {reason[damage]}")
    assert response.headers["retry-after"] == "30"
    assert client.get("/health").json() == {
        "status": "degraded",
        "models": [{"project": "study", "run": None, "snapshot": None, "failed_run": run.id}],
    }


def test_many_at_once_load_a_model_once_and_the_older_one_answers_meanwhile(
    app, client, publish, tiny_encoder, tiny_decoder, monkeypatch
):
    loads, begun, may_go_on = [], threading.Event(), threading.Event()
    may_go_on.set()
    load = export.load

    def slowly(folder):
        loads.append(folder)
        begun.set()
        assert may_go_on.wait(30)
        return load(folder)

    monkeypatch.setattr(models.export, "load", slowly)
    first = publish(tiny_encoder, seed=1)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: answer(client), range(8)))
        assert all(found == answers[0] for found in answers)
        assert loads == [first.artefact]

        second = publish(tiny_decoder, seed=2)
        begun.clear()
        may_go_on.clear()
        finder = pool.submit(answer, client)
        assert begun.wait(30)
        assert {found["run"] for found in pool.map(lambda _: answer(client), range(4))} == {first.id}
        may_go_on.set()
        assert finder.result()["run"] == second.id
    assert answer(client)["run"] == second.id
    assert loads == [first.artefact, second.artefact]


def test_a_model_that_changed_while_a_thread_waited_is_not_loaded_back(app, study, publish, sessions, tiny_encoder):
    """What a thread saw before it waited for the load of another is asked for again."""
    publish(tiny_encoder, seed=1)
    with sessions() as session:
        seen = current(session, study)
    second = publish(tiny_encoder, seed=2)
    found = models.Models(sessions, lambda: None)
    ask_database, answers = found._current, [seen]
    found._current = lambda slug: answers.pop() if answers else ask_database(slug)
    assert found.of(study).current.run == second.id


def test_health_is_public_and_names_what_is_loaded(app, client, publish, tiny_encoder):
    anybody = TestClient(app)
    assert anybody.get("/health").json() == {"status": "ok", "models": []}
    run = publish(tiny_encoder, seed=1)
    snapshot = answer(client)["snapshot"]
    assert anybody.get("/health").json() == {
        "status": "ok",
        "models": [{"project": "study", "run": run.id, "snapshot": snapshot, "failed_run": None}],
    }


def test_the_description_says_how_to_ask(client):
    found = client.get("/v1/openapi.json").json()
    asked = found["components"]["schemas"]["ScoreRequest"]["properties"]["items"]
    assert asked["maxItems"] == 1024
    assert asked["items"]["required"] == ["prompt", "response"]
    assert found["paths"]["/v1/score"]["post"]["security"]
