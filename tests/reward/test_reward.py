"""The reward model: what it reads, how it learns, how it goes on after a kill, how it is saved."""

import json
import math

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from app.reward import export, model
from app.reward.config import TrainingConfig, default_base_model
from app.reward.data import Item, PairSet, steps
from app.reward.evaluate import compare, evaluate
from app.reward.loss import bradley_terry
from app.reward.train import Cancelled, Diverged, train


def ask(text):
    return [{"role": "user", "content": text}]


def pairs_where_good_wins(prompts=12):
    """Each prompt has a good, a bad and a short answer; good beats both, bad ties with short."""
    items, prompt, rows = [], [], []
    for number in range(prompts):
        base = len(items)
        asked = ask("what " + " ".join(["fox"] * (number % 5)))
        items += [Item(asked, text) for text in ("good answer", "bad answer", "short")]
        prompt += [number] * 3
        rows += [(base, base + 1, 3, 0), (base, base + 2, 2, 1), (base + 1, base + 2, 0.5, 0.5)]
    a, b, wins_a, wins_b = (np.array(column) for column in zip(*rows, strict=True))
    return PairSet(items, np.array(prompt), a, b, wins_a.astype(float), wins_b.astype(float))


def quiet(progress):
    return False


def test_bradley_terry_gives_the_likelihood_and_a_tie_is_half_a_win_each():
    rewards = torch.tensor([2.0, 0.0]), torch.tensor([1.0, 0.0])
    loss = bradley_terry(*rewards, torch.tensor([1.0, 0.5]), torch.tensor([0.0, 0.5]))
    assert loss.item() == pytest.approx((math.log(1 + math.exp(-1)) + math.log(2)) / 2)


def test_a_step_encodes_each_response_once_and_an_epoch_loses_no_pair_of_a_small_prompt():
    pairs = pairs_where_good_wins()
    seen = 0
    for step in steps(pairs, 8, seed=3, epoch=0):
        assert len(step.items) <= 8
        assert len(set(step.items.tolist())) == len(step.items)
        assert all(pairs.prompt[step.items[step.a]] == pairs.prompt[step.items[step.b]])
        seen += len(step.a)
    assert seen == len(pairs)


def test_a_prompt_with_many_responses_is_split_differently_in_each_epoch():
    n = 20
    a, b = np.triu_indices(n, 1)
    items = [Item(ask("why"), str(i)) for i in range(n)]
    pairs = PairSet(items, np.zeros(n, int), a, b, np.ones(len(a)), np.zeros(len(a)))
    first, second = ([tuple(step.items) for step in steps(pairs, 8, 0, epoch)] for epoch in (0, 1))
    assert first != second
    assert all(len(items) <= 8 for items in first + second)
    assert first == [tuple(step.items) for step in steps(pairs, 8, 0, 0)]


@pytest.mark.parametrize("base", ["tiny_encoder", "tiny_decoder"])
def test_training_learns_unseen_prompts(base, request, tmp_path):
    config = TrainingConfig(request.getfixturevalue(base), epochs=12, learning_rate=5e-3, max_length=32)
    pairs = pairs_where_good_wins()
    unseen = pairs_where_good_wins(3)
    for item in range(len(unseen.items)):
        unseen.items[item] = Item(ask("why the quick brown fox"), unseen.items[item].response)
    trained = train(config, pairs, unseen, tmp_path, quiet)
    found = evaluate(unseen, trained.model.score(unseen.items))
    assert found.accuracy == 1.0
    assert found.log_loss < math.log(2)


def test_a_killed_run_ends_with_the_same_weights_as_one_that_was_not(tiny_encoder, tmp_path):
    config = TrainingConfig(tiny_encoder, epochs=4, learning_rate=1e-3, max_length=32, responses_per_step=6)
    pairs = pairs_where_good_wins()

    class Killed(Exception):
        pass

    def kill_in_the_middle(progress):
        if progress.step >= 6 and progress.accuracy is not None:
            raise Killed
        return False

    whole = train(config, pairs, pairs, tmp_path / "whole", quiet, checkpoint_seconds=1000)
    with pytest.raises(Killed):
        train(config, pairs, pairs, tmp_path / "killed", kill_in_the_middle, checkpoint_seconds=0)
    first = []
    resumed = train(config, pairs, pairs, tmp_path / "killed", lambda p: bool(first.append(p.step)))
    assert first[0] >= 6
    assert np.array_equal(whole.model.score(pairs.items), resumed.model.score(pairs.items))


def test_a_run_stops_when_it_is_told_to(tiny_encoder, tmp_path):
    config = TrainingConfig(tiny_encoder, max_length=32)
    with pytest.raises(Cancelled):
        train(config, pairs_where_good_wins(), pairs_where_good_wins(), tmp_path, lambda progress: True)


def test_a_run_that_went_astray_says_what_to_do(tiny_encoder, tmp_path):
    config = TrainingConfig(tiny_encoder, epochs=50, learning_rate=1e30, max_length=32)
    with pytest.raises(Diverged, match="lower learning rate"):
        train(config, pairs_where_good_wins(), pairs_where_good_wins(), tmp_path, quiet)


def test_nothing_to_train_on_says_what_to_do(tiny_encoder, tmp_path):
    empty = PairSet([], *(np.array([], int) for _ in range(3)), *(np.array([]) for _ in range(2)))
    with pytest.raises(ValueError, match="Judge more prompts"):
        train(TrainingConfig(tiny_encoder), empty, empty, tmp_path, quiet)


def test_a_decoder_scores_its_final_token_whatever_the_padding(tiny_decoder):
    """Pad = EOS would make transformers score the token before the last; batches would change rewards."""
    found = model.new(tiny_decoder, 32, 0)
    assert found.tokenizer.pad_token_id != found.tokenizer.eos_token_id
    items = [Item(ask("what"), "good"), Item(ask("what"), "a very long and good answer")]
    encoded, _ = found.encode(items)
    assert all(one["input_ids"][-1] == found.tokenizer.eos_token_id for one in encoded)
    with torch.inference_mode():
        ids = torch.tensor([encoded[0]["input_ids"]], device=found.device)
        hidden = found.model.eval().model(ids).last_hidden_state
        last = found.model.score(hidden[0, -1]).item()
    assert found.score(items)[0] == pytest.approx(last, abs=1e-6)
    assert found.score(items)[0] == pytest.approx(found.score(items[:1])[0], abs=1e-6)


@pytest.mark.parametrize("base", ["tiny_encoder", "tiny_decoder"])
def test_inputs_are_cut_on_the_left_and_counted(base, request):
    found = model.new(request.getfixturevalue(base), 16, 0)
    long = Item(ask("quick " * 50), "good answer")
    encoded, cut = found.encode([long, Item(ask("why"), "not")])
    assert cut == 1
    assert len(encoded[0]["input_ids"]) == 16
    assert "good answer" in found.tokenizer.decode(encoded[0]["input_ids"])


def test_a_long_input_is_cut_to_the_tokens_that_cutting_the_whole_would_leave(tiny_encoder):
    found = model.new(tiny_encoder, 32, 0)
    words = ["quick", "brown", "fox", "good", "bad", "answer"]
    prompt, response = (" ".join(words[(n * step) % 6] for n in range(900)) for step in (1, 5))
    whole = found.tokenizer(prompt, response, truncation="longest_first", max_length=32)
    encoded, cut = found.encode([Item(ask(prompt), response), Item(ask("what"), response)])
    assert cut == 2
    assert encoded[0]["input_ids"] == whole["input_ids"]


def test_a_model_that_knows_fewer_positions_than_asked_for_gets_fewer(tiny_encoder):
    assert model.new(tiny_encoder, 4096, 0).max_length == 64


@pytest.mark.parametrize("base", ["tiny_encoder", "tiny_decoder"])
def test_a_saved_model_loads_in_plain_transformers_with_the_same_rewards(base, request, tmp_path):
    ours = model.new(request.getfixturevalue(base), 32, 0)
    items = [Item(ask("what quick fox"), "good answer"), Item(ask("why"), "short"), Item(ask("a " * 60), "bad")]
    export.save(ours, tmp_path / "model", items, {"run": 1})
    plain = AutoModelForSequenceClassification.from_pretrained(tmp_path / "model").eval()
    assert plain.config.problem_type == "regression"
    assert plain.config.num_labels == 1
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    for item, reward in zip(items, export.load(tmp_path / "model").score(items), strict=True):
        if ours.encoder:
            inputs = tokenizer(item.prompt[0]["content"], item.response, truncation=True, return_tensors="pt")
        else:
            turns = [*item.prompt, {"role": "assistant", "content": item.response}]
            text = tokenizer.apply_chat_template(turns, tokenize=False)
            inputs = tokenizer(text, truncation=True, add_special_tokens=False, return_tensors="pt")
        assert plain(**inputs).logits.item() == pytest.approx(reward, abs=1e-4)


def test_a_model_that_changed_on_disk_is_refused(tiny_encoder, tmp_path):
    export.save(model.new(tiny_encoder, 32, 0), tmp_path / "model", [Item(ask("what"), "good")], {})
    golden = tmp_path / "model" / export.GOLDEN
    rows = json.loads(golden.read_text())
    rows[0]["reward"] += 1
    golden.write_text(json.dumps(rows))
    with pytest.raises(export.NotAsSaved):
        export.load(tmp_path / "model")


def test_the_packaged_base_model_is_found():
    assert model.new("", 256, 0).score([Item(ask("Why?"), "Because.")]).shape == (1,)
    assert default_base_model().endswith("model")


def test_evaluation_counts_majorities_and_the_longer_one():
    items = [Item(ask("q"), text) for text in ("long one", "b", "longer", "d")]
    pairs = PairSet(
        items, np.array([0, 0, 1, 1]), np.array([0, 2, 0]), np.array([1, 3, 1]), np.array([2.0, 0.0, 1.0]),
        np.array([1.0, 3.0, 1.0]),
    )  # fmt: skip
    found = evaluate(pairs, np.array([1.0, 0.0, 0.0, 1.0]))
    assert (found.pairs, found.accuracy, found.length_accuracy) == (2, 1.0, 0.5)


def test_a_worse_model_is_seen_and_an_equal_one_is_not_called_worse():
    pairs = pairs_where_good_wins(30)
    good = np.tile([2.0, 0.0, 0.0], 30)
    assert compare(pairs, -good, good).worse
    assert not compare(pairs, good, good).worse
    one = pairs_where_good_wins(1)
    assert not compare(one, -good[:3], good[:3]).worse
