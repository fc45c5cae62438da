"""A leased comparison as HTML, for the page and for the scripts on it."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from app.domain.assignments import Task
from app.web.differences import marked
from app.web.richtext import render as rich
from app.web.templating import render

PEEK = 240  # characters: two lines of any width


@dataclass(frozen=True)
class Shown:
    """A task with its texts rendered, what the responses do not share marked; an empty `left_html` or `right_html` is
    an empty response. `peek` is what is seen of a prompt that is folded."""

    id: int
    lease_token: str
    prompt: list[dict[str, Any]]
    peek: str
    left_html: Markup
    right_html: Markup


def shown(task: Task) -> Shown:
    """The task for the template _comparison.html."""
    return Shown(
        task.id,
        task.lease_token,
        [{"role": turn["role"], "html": rich(turn["content"])} for turn in task.prompt],
        task.prompt[-1]["content"][:PEEK],
        *marked(_response(task.left), _response(task.right)),
    )


def html(task: Task) -> str:
    """The task as its own piece of the page."""
    return render("_comparison.html", {"a": shown(task)})


def _response(text: str) -> Markup:
    return rich(text) if text.strip() else Markup("")
