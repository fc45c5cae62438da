from collections import Counter

import pytest

from app.domain.errors import Invalid
from app.domain.pairs import spread
from app.domain.rows import conversation, recognise

PAIR = {"prompt": "Why?", "response_a": "Because.", "response_b": "No idea."}
USER = {"role": "user", "content": "What colour is the sky?"}
BLUE, GREEN = {"role": "assistant", "content": "Blue."}, {"role": "assistant", "content": "Green."}


@pytest.mark.parametrize(
    ("row", "prompt", "chosen", "rejected"),
    [
        ({"prompt": "The sky is", "chosen": " blue.", "rejected": " green."}, "The sky is", " blue.", " green."),
        ({"chosen": "The sky is blue.", "rejected": "The sky is green."}, "The sky is", "blue.", "green."),
        ({"prompt": [USER], "chosen": [BLUE], "rejected": [GREEN]}, USER["content"], "Blue.", "Green."),
        ({"chosen": [USER, BLUE], "rejected": [USER, GREEN]}, USER["content"], "Blue.", "Green."),
        (
            {"chosen": "\n\nHuman: Hi\n\nAssistant: Yes?", "rejected": "\n\nHuman: Hi\n\nAssistant: You again."},
            "Hi",
            "Yes?",
            "You again.",
        ),
    ],
)
def test_the_shapes_of_preference_data_sets(row, prompt, chosen, rejected):
    (pair,) = recognise(row)
    assert pair.prompt.messages == [{"role": "user", "content": prompt}]
    assert (pair.a.text, pair.b.text) == (chosen, rejected)
    assert [j.strength for j in pair.judgements] == [-2]


def test_a_transcript_becomes_turns():
    turns = conversation("\n\nHuman: One\n\nAssistant: Two\n\nHuman: Three\n\nAssistant:")
    assert [(m["role"], m["content"]) for m in turns] == [("user", "One"), ("assistant", "Two"), ("user", "Three")]


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"prompt": None}, "prompt", "missing"),
        ({"prompt": "  "}, "prompt", "empty"),
        ({"prompt": 7}, "prompt", "wrong type"),
        ({"prompt": []}, "prompt", "no conversation"),
        ({"prompt": [USER, BLUE]}, "prompt", "no conversation"),
        ({"prompt": [USER, USER]}, "prompt", "no conversation"),
        ({"prompt": [{"role": "robot", "content": "x"}]}, "prompt[0].role", "must be"),
        ({"response_a": True}, "response_a", "wrong type"),
        ({"response_b": None}, "response_b", "missing"),
        ({"response_b": "Because."}, "response_b", "identical"),
        ({"response_a": "", "response_b": " "}, "response_a", "both responses are empty"),
        ({"gold": "c"}, "gold", "must be"),
        ({"explanation": "So it is."}, "explanation", "is of a gold answer"),
        ({"gold": "a", "explanation": 7}, "explanation", "wrong type"),
        ({"gold": "a", "explanation": "x" * 5001}, "explanation", "longer than 5000"),
        ({"id": 1.5}, "id", "wrong type"),
        ({"priority": True}, "priority", "wrong type"),
        ({"metadata": []}, "metadata", "wrong type"),
        ({"annotations": [{"annotator": "x", "choice": "c"}]}, "annotations[0].choice", "must be"),
        ({"annotations": [{"annotator": "x", "strength": 4}]}, "annotations[0].strength", "-3 to 3"),
        ({"annotations": [{"choice": "a"}]}, "annotations[0].annotator", "must be"),
        ({"response_a": "nul \x00"}, "response_a", "NUL"),
        ({"response_a": "half \ud800"}, "response_a", "surrogate"),
    ],
)
def test_a_bad_row_says_where_and_why(change, field, reason):
    with pytest.raises(Invalid) as caught:
        recognise(PAIR | change)
    assert caught.value.field == field
    assert reason in caught.value.reason


def test_one_empty_response_is_an_answer():
    (pair,) = recognise(PAIR | {"response_b": ""})
    assert pair.b.text == ""


def test_identity_is_the_id_or_the_content():
    swapped = {"prompt": "Why?", "response_a": "No idea.", "response_b": "Because."}
    assert recognise(PAIR)[0].identity == recognise(swapped)[0].identity
    assert recognise(PAIR | {"id": "1"})[0].identity != recognise(PAIR)[0].identity


def test_many_responses_become_all_pairs():
    pairs = recognise({"id": "p", "prompt": "Why?", "responses": ["x", {"text": "y", "generator": "g"}, "z"]})
    assert {pair.external_id for pair in pairs} == {"p/0-1", "p/1-2", "p/0-2"}
    assert {pair.b.generator or pair.a.generator for pair in pairs} == {"g", None}


@pytest.mark.parametrize("k", range(2, 13))
def test_every_response_is_used_equally(k):
    everything = spread(k, None)
    assert len(set(everything)) == len(everything) == k * (k - 1) // 2
    for wanted in range(1, len(everything) + 1):
        used = Counter(i for pair in spread(k, wanted) for i in pair)
        counts = [used[i] for i in range(k)]
        assert max(counts) - min(counts) <= 1
