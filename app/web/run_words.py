"""What pages say of training runs."""

from datetime import timedelta
from typing import Any

from markupsafe import Markup

from app.domain.disagreements import Disagreement
from app.domain.examples import Example
from app.domain.run_pairs import Differing, Paired
from app.storage.training import TrainingRun
from app.vocabulary import RunState
from app.web.languages import gettext, ngettext
from app.web.richtext import render as rich
from app.web.templating import duration, figure, signed

NAMED = 12  # people whose answers are listed under one response


def headline(run: TrainingRun, current: bool) -> Markup:
    """What a run's page says first."""
    accuracy = (run.metrics or {}).get("accuracy")
    if run.state == RunState.succeeded and accuracy is not None:
        text = (
            gettext("Run %(run)s is the reward model: right on <em>%(accuracy)s</em> of unseen comparisons")
            if current
            else gettext("Run %(run)s has a model: right on <em>%(accuracy)s</em> of unseen comparisons")
        )
        return _marked(text, run=run.id, accuracy=figure(accuracy))
    texts = {
        RunState.requested: gettext("Run %(run)s is requested"),
        RunState.running: gettext("Run %(run)s is under way"),
        RunState.failed: gettext("Run %(run)s failed"),
        RunState.cancelled: gettext("Run %(run)s was cancelled"),
        RunState.succeeded: gettext("Run %(run)s has a model, which is not measured"),
    }
    return _marked(texts[RunState(run.state)], run=run.id)


def progress(run: TrainingRun, left: float | None) -> str:
    """Where a run that is not over stands; `left` is about how many seconds its training will take yet."""
    if run.cancel_requested:
        return gettext("It is told to stop and does so within seconds.")
    if run.state == RunState.requested:
        return gettext("Waiting for the worker to take it up.")
    if not run.step:
        return gettext("Loading the model and encoding the texts.")
    if run.step == run.steps:
        return gettext("Trained. Now it is measured on the comparisons that it has not seen.")
    values = {"step": figure(run.step, 0), "steps": figure(run.steps, 0)}
    if left is None:
        return gettext("Step %(step)s of %(steps)s.") % values
    values["time"] = duration(timedelta(seconds=left))
    return gettext("Step %(step)s of %(steps)s, about %(time)s to go.") % values


def words() -> dict[str, str]:
    """What the page's script says while it watches; {step} and the like are filled in there."""
    varying = {name: f"{{{name}}}" for name in ("step", "steps", "time", "number", "first", "last")}
    said = {
        "stopping": gettext("It is told to stop and does so within seconds."),
        "requested": gettext("Waiting for the worker to take it up."),
        "loading": gettext("Loading the model and encoding the texts."),
        "measuring": gettext("Trained. Now it is measured on the comparisons that it has not seen."),
        "step": gettext("Step %(step)s of %(steps)s."),
        "left": gettext("Step %(step)s of %(steps)s, about %(time)s to go."),
        "away": gettext("The server does not answer. The run goes on by itself; this page tries again."),
        "loss": gettext("loss"),
        "model": gettext("model"),
        "steps": gettext("%(number)s steps"),
        "loss_by_step": gettext("Loss by step, %(first)s to %(last)s"),
        "accuracy_by_step": gettext("Held-out accuracy by step, %(first)s to %(last)s"),
    }
    return {name: text % varying for name, text in said.items()}


def options(config: dict[str, Any]) -> list[tuple[str, str]]:
    """A run's configuration as (what, value)."""
    return [(option(name), setting(name, config[name])) for name in _ordered(config)]


def _ordered(config: dict[str, Any]) -> list[str]:
    known = [name for name in _names() if name in config]
    return known + sorted(config.keys() - set(known))


def option(name: str) -> str:
    """The name of an option for people."""
    return _names().get(name, name.replace("_", " ").capitalize())


def _names() -> dict[str, str]:
    return {
        "base_model": gettext("Base model"),
        "epochs": gettext("Epochs"),
        "learning_rate": gettext("Learning rate"),
        "max_length": gettext("Longest text"),
        "responses_per_step": gettext("Responses a step"),
        "seed": gettext("Seed"),
    }


def setting(name: str, value: Any) -> str:
    """The value of an option for people; a dash where there is none."""
    if value is None:
        return "–"
    if name == "base_model":
        return value or gettext("all-MiniLM-L6-v2, packaged")
    return f"{value:g}" if isinstance(value, float) else str(value)


def machine(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """What a run was performed on as (what, value)."""
    gigabytes: dict[str, str] = {
        name: f"{figure(facts[name], 1)} GB" for name in ("memory_gb", "gpu_memory_gb") if name in facts
    }
    names = {
        "device": gettext("Device"),
        "gpu_memory_gb": gettext("Memory of the device"),
        "processors": gettext("Processors"),
        "threads": gettext("Threads"),
        "memory_gb": gettext("Memory"),
        "precision": gettext("Precision"),
        "system": gettext("System"),
        "python": "Python",
        "torch": "PyTorch",
        "transformers": "Transformers",
    }
    return [(said, gigabytes.get(name, str(facts[name]))) for name, said in names.items() if name in facts]


def disagreement(found: Disagreement, example: Example) -> dict[str, Any]:
    """A comparison that a model decides against most people, as something to read."""
    chose, people = _chose(example, found.majority)
    sure = figure(100 * found.probability, 0)
    text = ngettext(
        "Against the one person who judged it, and %(sure)s %% sure",
        "Against %(chose)s of %(people)s people, and %(sure)s %% sure",
        people,
    )
    sides = _sides(example, found.majority, (found.reward_a, found.reward_b))
    return _read(example, text % {"sure": sure, "chose": chose, "people": people}, sides)


def difference(found: Differing, example: Example, first: int, second: int) -> dict[str, Any]:
    """A comparison on which one of two models is with most people and the other is not, as something to read."""
    right, wrong = (first, second) if found.first_is_right else (second, first)
    text = gettext("Run %(right)s is with most people, run %(wrong)s is not")
    sign = 1 if found.majority > 0 else -1
    margins = {first: sign * found.margin_first, second: sign * found.margin_second}
    read = _read(example, text % {"right": right, "wrong": wrong}, _sides(example, found.majority, None))
    lead = gettext(
        "Reward of what most people chose less that of the other: run %(first)s %(one)s, run %(second)s %(two)s."
    )
    values = {"first": first, "second": second, "one": signed(margins[first]), "two": signed(margins[second])}
    return read | {"margins": lead % values}


def paired(found: Paired | None, first: TrainingRun, second: TrainingRun) -> Markup:
    """What the comparison of two runs comes to."""
    more = 0.0 if found is None else found.difference.value
    if found is None:
        text = gettext("Run %(second)s beside run %(first)s")
    elif not found.shared:
        text = gettext("Run %(second)s beside run %(first)s: they share nothing to be measured on")
    elif not found.difference.sure:
        text = gettext("Run %(second)s and run %(first)s cannot be told apart on the same unseen comparisons")
    elif more > 0:
        text = gettext(
            "Run %(second)s is right on <em>%(more)s</em> more of the same unseen comparisons than run %(first)s"
        )
    else:
        text = gettext(
            "Run %(second)s is right on <em>%(more)s</em> less of the same unseen comparisons than run %(first)s"
        )
    return _marked(text, first=first.id, second=second.id, more=figure(abs(more)))


def _marked(text: str, **values: object) -> Markup:
    """A message of ours with its marks, and values without."""
    return Markup(text) % values  # noqa: S704


def _chose(example: Example, majority: int) -> tuple[int, int]:
    """How many chose what most people chose, and how many judged."""
    chose = sum(answer.strength * majority > 0 for answer in example.answers)
    return chose, len(example.answers)


def _read(example: Example, said: str, sides: list[dict[str, Any]]) -> dict[str, Any]:
    ties = [answer for answer in example.answers if answer.strength == 0]
    return {
        "id": example.id,
        "name": example.external_id or f"#{example.id}",
        "said": said,
        "turns": [{"role": turn["role"], "html": rich(turn["content"])} for turn in example.messages],
        "sides": sides,
        "ties": _answers(ties),
        "margins": "",
    }


def _sides(example: Example, majority: int, given: tuple[float, float] | None) -> list[dict[str, Any]]:
    """What most people chose, then the other."""
    texts, order = (example.a, example.b), (1, 0) if majority > 0 else (0, 1)
    titles = (gettext("People chose this one"), gettext("The model chose this one"))
    if given is None:
        titles = (gettext("People chose this one"), gettext("The other"))
    sides = []
    for title, side in zip(titles, order, strict=True):
        sign = 1 if side else -1
        sides.append(
            {
                "title": title,
                "html": rich(texts[side]) if texts[side].strip() else None,
                "reward": None if given is None else signed(given[side]),
                "answers": _answers([answer for answer in example.answers if answer.strength * sign > 0]),
            }
        )
    return sides


def _answers(found: list[Any]) -> dict[str, Any]:
    """Names with what they answered, as far as they are listed, and how many more there are."""
    strengths = {
        0: gettext("tie"),
        1: gettext("slightly better"),
        2: gettext("better"),
        3: gettext("much better"),
    }
    said = [
        {"name": answer.name, "words": strengths[abs(answer.strength)], "rationale": answer.rationale}
        for answer in found[:NAMED]
    ]
    return {"said": said, "more": max(0, len(found) - NAMED)}
