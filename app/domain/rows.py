"""Recognises one uploaded row: a pair, K responses, an already judged pair, TRL's four shapes, hh-rlhf's transcripts."""

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from app.domain.errors import Invalid
from app.domain.pairs import Candidate, Conversation, Judgement, Messages, Pair, identity, spread
from app.vocabulary import Purpose

CHOICES = {"a": -2, "tie": 0, "b": 2}
DATASET = "dataset"
DEEPEST = 50
LONGEST_EXPLANATION = 5_000
_TURN = re.compile(r"\n\n(Human|Assistant):")


def recognise(
    row: dict[str, Any], pairs_per_prompt: int | None = None, line: int = 0, purpose: Purpose = Purpose.judging
) -> list[Pair]:
    """The pairs of a row; raises Invalid that names the field and the reason.

    What is for practice or qualification must be gold, and nobody's judgements may come along: it is not judged.
    """
    _refuse_unstorable(row)
    pairs = _pairs(row, pairs_per_prompt, line)
    if purpose is not Purpose.judging:
        for pair in pairs:
            if pair.judgements:
                raise Invalid(
                    "annotations" if "annotations" in row else "chosen", f"is a judgement; {purpose} has none"
                )
            if pair.gold is None:
                raise Invalid("gold", f"missing: all of {purpose} must be gold")
    return pairs


def _pairs(row: dict[str, Any], pairs_per_prompt: int | None, line: int) -> list[Pair]:
    if "responses" in row:
        return list(_many(row, line, pairs_per_prompt))
    if "chosen" in row or "rejected" in row:
        return [_chosen_rejected(row, line)]
    a = Candidate.of(_text(row, "response_a"), _optional(row, "generator_a"))
    b = Candidate.of(_text(row, "response_b"), _optional(row, "generator_b"))
    return [_pair(row, line, Conversation.of(_conversation(row)), a, b, _judgements(row))]


def _pair(
    row: dict[str, Any],
    line: int,
    prompt: Conversation,
    a: Candidate,
    b: Candidate,
    judgements: list[Judgement],
    suffix: str = "",
) -> Pair:
    _refuse_indistinct(a, b)
    gold = row.get("gold")
    if gold is not None and gold not in list(CHOICES):
        raise Invalid("gold", 'must be "a", "b" or "tie"')
    explanation = _explanation(row)
    if explanation is not None and gold is None:
        raise Invalid("explanation", "is of a gold answer, and there is none")
    metadata = row.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise Invalid("metadata", "wrong type: must be an object")
    priority = row.get("priority", 0)
    if type(priority) is not int:
        raise Invalid("priority", "wrong type: must be a whole number")
    if abs(priority) > 1_000_000:
        raise Invalid("priority", "must lie between -1000000 and 1000000")
    external_id = _external_id(row)
    if external_id is not None:
        external_id += suffix
    own = identity(prompt, a, b, external_id)
    return Pair(own, prompt, a, b, external_id, priority, gold, metadata, judgements, line, explanation)


def _refuse_unstorable(value: Any, where: str = "", depth: int = 0) -> None:
    """PostgreSQL stores neither NUL nor lone surrogates nor infinite numbers; refused alike on both databases."""
    if depth > DEEPEST:
        raise Invalid(where, "is nested too deep")
    if isinstance(value, str):
        if "\x00" in value:
            raise Invalid(where, "contains a NUL character")
        if not value.isascii():
            try:
                value.encode("utf-8")
            except UnicodeEncodeError:
                raise Invalid(where, "contains half of a surrogate pair") from None
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_unstorable(key, where or "a field's name")
            _refuse_unstorable(item, f"{where}.{key}" if where else key, depth + 1)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _refuse_unstorable(item, f"{where}[{number}]", depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise Invalid(where, "is not a finite number")


def _refuse_indistinct(a: Candidate, b: Candidate) -> None:
    if not a.text.strip() and not b.text.strip():
        raise Invalid("response_a", "both responses are empty")
    if a.text == b.text:
        raise Invalid("response_b", "identical responses")


def _external_id(row: dict[str, Any]) -> str | None:
    found = row.get("id")
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise Invalid("id", "wrong type: must be a string or a whole number")
    found = str(found)
    if not found or len(found) > 180:
        raise Invalid("id", "must have 1 to 180 characters")
    return found


def _text(row: dict[str, Any], name: str) -> str:
    if name not in row or row[name] is None:
        raise Invalid(name, "missing")
    if not isinstance(row[name], str):
        raise Invalid(name, f"wrong type: must be a string, not {_type(row[name])}")
    return str(row[name])


def _optional(row: dict[str, Any], name: str) -> str | None:
    found = _text(row, name) if row.get(name) is not None else None
    if found is not None and len(found) > 500:
        raise Invalid(name, "is longer than 500 characters")
    return found


def _explanation(row: dict[str, Any]) -> str | None:
    found = _text(row, "explanation") if row.get("explanation") is not None else ""
    if len(found) > LONGEST_EXPLANATION:
        raise Invalid("explanation", f"is longer than {LONGEST_EXPLANATION} characters")
    return found.strip() or None


def _type(value: Any) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "an object", str: "a string"}
    return names.get(type(value), "null")


def _conversation(row: dict[str, Any]) -> Messages:
    if row.get("prompt") is None:
        raise Invalid("prompt", "missing")
    return conversation(row["prompt"])


def conversation(prompt: Any) -> Messages:
    """A prompt as messages: plain text is one user turn, an hh-rlhf transcript is parsed. Raises Invalid."""
    if isinstance(prompt, str):
        if not prompt.strip():
            raise Invalid("prompt", "empty")
        if prompt.startswith("\n\nHuman:") and prompt.rstrip().endswith("\n\nAssistant:"):
            return _checked(_transcript(prompt), "prompt")
        return [{"role": "user", "content": prompt}]
    if not isinstance(prompt, list):
        raise Invalid("prompt", f"wrong type: must be a string or a list of messages, not {_type(prompt)}")
    return _checked(_messages(prompt, "prompt"), "prompt")


def _messages(found: list[Any], name: str) -> Messages:
    for number, message in enumerate(found):
        where = f"{name}[{number}]"
        if not isinstance(message, dict):
            raise Invalid(where, f"wrong type: must be a message, not {_type(message)}")
        if message.get("role") not in ("system", "user", "assistant"):
            raise Invalid(f"{where}.role", "must be system, user or assistant")
        if not isinstance(message.get("content"), str):
            raise Invalid(f"{where}.content", "wrong type: must be a string")
    return [{"role": m["role"], "content": m["content"]} for m in found]


def _checked(messages: Messages, name: str) -> Messages:
    roles = [message["role"] for message in messages]
    turns = roles[1:] if roles[:1] == ["system"] else roles
    if not turns:
        raise Invalid(name, "no conversation: it has no user turn")
    if turns[-1] != "user":
        raise Invalid(name, "no conversation: it must end with a user turn")
    if any(role != ("user", "assistant")[number % 2] for number, role in enumerate(turns)):
        raise Invalid(name, "no conversation: after an optional system message, user and assistant must take turns")
    if not messages[-1]["content"].strip():
        raise Invalid(name, "empty")
    return messages


def _transcript(text: str) -> Messages:
    """hh-rlhf's transcript as messages; turns in a row of one speaker are joined, an open last turn is left out."""
    parts = _TURN.split(text)[1:]
    messages: Messages = []
    for speaker, said in zip(parts[::2], parts[1::2], strict=True):
        role = "user" if speaker == "Human" else "assistant"
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"] += "\n\n" + said.strip()
        else:
            messages.append({"role": role, "content": said.strip()})
    if messages and messages[-1]["role"] == "assistant":
        messages.pop()
    return messages


def _many(row: dict[str, Any], line: int, pairs_per_prompt: int | None) -> Iterator[Pair]:
    prompt, found = Conversation.of(_conversation(row)), row["responses"]
    if not isinstance(found, list):
        raise Invalid("responses", f"wrong type: must be a list, not {_type(found)}")
    if len(found) < 2:
        raise Invalid("responses", "needs at least two")
    if len(found) > 100:
        raise Invalid("responses", "has more than 100 entries")
    responses: list[Candidate] = []
    for number, item in enumerate(found):
        if isinstance(item, dict):
            try:
                responses.append(Candidate.of(_text(item, "text"), _optional(item, "generator")))
            except Invalid as error:
                raise Invalid(f"responses[{number}].{error.field}", error.reason) from None
        elif isinstance(item, str):
            responses.append(Candidate.of(item))
        else:
            raise Invalid(f"responses[{number}]", f"wrong type: must be a string or an object, not {_type(item)}")
    for number, response in enumerate(responses):
        for earlier in range(number):
            if responses[earlier].text == response.text:
                raise Invalid(f"responses[{number}]", f"identical responses (the same as responses[{earlier}])")
    if row.get("annotations") is not None or row.get("gold") is not None:
        raise Invalid("annotations" if row.get("annotations") is not None else "gold", "needs a pair of responses")
    for i, j in spread(len(responses), pairs_per_prompt):
        yield _pair(row, line, prompt, responses[i], responses[j], [], f"/{i}-{j}")


def _judgements(row: dict[str, Any]) -> list[Judgement]:
    found = row.get("annotations")
    if found is None:
        return []
    if not isinstance(found, list):
        raise Invalid("annotations", f"wrong type: must be a list, not {_type(found)}")
    judgements = [_judgement(item, f"annotations[{number}]") for number, item in enumerate(found)]
    names = [judgement.annotator for judgement in judgements]
    if len(set(names)) < len(names):
        raise Invalid("annotations", "an annotator judged this pair twice")
    return judgements


def _judgement(item: Any, where: str) -> Judgement:
    if not isinstance(item, dict):
        raise Invalid(where, f"wrong type: must be an object, not {_type(item)}")
    name = item.get("annotator")
    if not isinstance(name, str) or not name.strip() or len(name) > 200:
        raise Invalid(f"{where}.annotator", "must be a string of 1 to 200 characters")
    strength = item.get("strength")
    if strength is None:
        if item.get("choice") not in list(CHOICES):
            raise Invalid(f"{where}.choice", 'must be "a", "b" or "tie"')
        strength = CHOICES[item["choice"]]
    elif type(strength) is not int or not -3 <= strength <= 3:
        raise Invalid(f"{where}.strength", "must be a whole number from -3 to 3")
    rationale = item.get("rationale")
    if rationale is not None and not isinstance(rationale, str):
        raise Invalid(f"{where}.rationale", "wrong type: must be a string")
    times = [_instant(item.get(key), f"{where}.{key}") for key in ("started_at", "submitted_at")]
    name = name.strip()
    return Judgement(name.lower() if "@" in name else name, strength, rationale, times[0], times[1])


def _instant(value: Any, where: str) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise Invalid(where, "wrong type: must be an ISO 8601 time")
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Invalid(where, "is not an ISO 8601 time") from None


def _chosen_rejected(row: dict[str, Any], line: int) -> Pair:
    """TRL's shapes (explicit or implicit prompt, text or messages) and hh-rlhf's: a is the chosen response."""
    for name in ("chosen", "rejected"):
        if row.get(name) is None:
            raise Invalid(name, "missing")
        if not isinstance(row[name], str | list):
            raise Invalid(name, f"wrong type: must be a string or a list of messages, not {_type(row[name])}")
    chosen, rejected, prompt = row["chosen"], row["rejected"], row.get("prompt")
    if type(chosen) is not type(rejected):
        raise Invalid("rejected", "wrong type: chosen and rejected must be of one shape")
    if isinstance(chosen, list):
        messages, a, b = _from_messages(prompt, chosen, rejected)
    elif prompt is not None:
        messages, a, b = conversation(prompt), chosen, rejected
    elif chosen.startswith("\n\nHuman:") and rejected.startswith("\n\nHuman:"):
        messages, a, b = _from_transcripts(chosen, rejected)
    else:
        cut = _shared(chosen, rejected).rfind(" ") + 1
        messages, a, b = conversation(chosen[:cut].rstrip()), chosen[cut:], rejected[cut:]
    judgements = [Judgement(DATASET, CHOICES["a"])]
    return _pair(row, line, Conversation.of(messages), Candidate.of(a), Candidate.of(b), judgements)


def _from_messages(prompt: Any, chosen: list[Any], rejected: list[Any]) -> tuple[Messages, str, str]:
    ours, theirs = _messages(chosen, "chosen"), _messages(rejected, "rejected")
    if prompt is None:
        shared = 0
        while shared < min(len(ours), len(theirs)) and ours[shared] == theirs[shared]:
            shared += 1
        # two answers that begin alike share no turn beyond the last user's
        messages = _checked(ours[:shared], "chosen")
        ours, theirs = ours[shared:], theirs[shared:]
    else:
        messages = conversation(prompt)
    for name, said in (("chosen", ours), ("rejected", theirs)):
        if len(said) != 1 or said[0]["role"] != "assistant":
            raise Invalid(name, "must be one assistant message after the prompt")
    return messages, ours[0]["content"], theirs[0]["content"]


def _from_transcripts(chosen: str, rejected: str) -> tuple[Messages, str, str]:
    mark = "\n\nAssistant:"
    shared = _shared(chosen, rejected)
    cut = shared.rfind(mark)
    if cut < 0:
        raise Invalid("chosen", "no conversation: chosen and rejected share no prompt")
    cut += len(mark)
    return conversation(chosen[:cut]), chosen[cut:].strip(), rejected[cut:].strip()


def _shared(first: str, second: str) -> str:
    """What both begin with, by halving: transcripts are long."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return first[:low]
