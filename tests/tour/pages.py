"""Every page of the app, from its routes, with something real in its path and the person who looks at it."""

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.tour.study import FRESH, FULL, World
from tests.web.walking import needs, routes

NO_PAGES = re.compile(r"\.[^/]*$|/events$")  # charts, files and streams: other tests look at those
MACHINES = ("/api/", "/health", "/metrics", "/static")


@dataclass(frozen=True)
class Page:
    """`path` as `who` sees it ("" is nobody), answered with `status`; `then` does something on it once it is there."""

    name: str
    path: str
    who: str
    status: int = 200
    then: Callable[[Any], Any] | None = None

    def visit(self, tab: Any) -> None:
        """Brings a Playwright page there; raises AssertionError when the answer is no page with that status."""
        answer = tab.goto(self.path)
        kind = answer.headers.get("content-type", "")
        assert answer.status == self.status, f"{self.name}: {self.path} answers {answer.status}, not {self.status}"
        assert kind.startswith("text/html"), f"{self.path} is no page but {kind}: tell tests/tour so, in NO_PAGES"
        if self.then is not None:
            self.then(tab)


def pages(app: Any, world: World) -> list[Page]:
    """All of them: those of the routes in order, then the errors and what opens on a page.

    Raises AssertionError for a route with a parameter that the tour does not know.
    """
    return [*_walked(app, world), *_besides()]


def _walked(app: Any, world: World) -> Iterator[Page]:
    for method, path, route in routes(app):
        if method != "GET" or path.startswith(MACHINES) or NO_PAGES.search(path):
            continue
        who = {"public": "", "annotator": "annotator"}.get(str(needs(route)[0]), "admin")
        for address, label in _addresses(path, world):
            yield Page(f"{_name(path)}{label}", address, who)


def _addresses(path: str, world: World) -> Iterator[tuple[str, str]]:
    """The path with each thing that can stand in it, and what tells the addresses apart."""
    parts = path.split("/")
    names = {}  # what a parameter is called in World.values: there may be something of its own for this place
    for before, part in itertools.pairwise(parts):
        if part.startswith("{"):
            own = f"{before}/{part[1:-1]}"
            names[part] = own if any(own in values for values in world.values.values()) else part[1:-1]
    if not names:
        yield path, ""
        return
    found = False
    for project, values in world.values.items():
        if any(name not in values for name in names.values()) or ("{slug}" in names) == (project == ""):
            continue
        found = True
        for number, chosen in enumerate(itertools.product(*(values[name] for name in names.values())), 1):
            address = path
            for name, value in zip(names, chosen, strict=True):
                address = address.replace(name, str(value))
            several = f"-{number}" if number > 1 else ""
            yield address, f"-{project}{several}" if project not in ("", FULL) else several
    wanted = " and ".join(names.values())
    assert found, f"tell tests/tour/study.py what can stand for {wanted} in {path}: World.values lacks it"


def _name(path: str) -> str:
    words = [part for part in path.removeprefix("/projects/{slug}").split("/") if part]
    return "-".join(part.strip("{}").removesuffix("_id") for part in words) or (
        "overview" if path.startswith("/projects/") else "home"
    )


def _besides() -> Iterator[Page]:
    desk = f"/projects/{FULL}/annotate"
    yield Page("home-admin", "/", "admin")
    yield Page("error-404", "/projects/nowhere", "admin", 404)
    yield Page("error-403", "/people", "annotator", 403)
    yield Page("error-sign-in", "/sign-in", "", then=_wrong_password)
    yield Page("error-invitation", "/invitations/used", "", 401)
    yield Page("error-new-project", "/projects/new", "admin", then=_bad_slug)
    yield Page("audit-none", "/audit?actor=nobody-at-all", "admin")
    yield Page("export-chosen", f"/projects/{FULL}/export?chosen=1&format=trl", "admin")
    yield Page("comparisons-found", f"/projects/{FULL}/comparisons?q=the&kind=judged&sort=-dispute", "admin")
    yield Page("comparisons-nothing", f"/projects/{FULL}/comparisons?flag=unsafe&skipped=any", "reviewer")
    yield Page("comparisons-misread", f"/projects/{FRESH}/comparisons?batch=none", "admin")
    yield Page("overview-reviewer", f"/projects/{FULL}", "reviewer")
    yield Page("batches-reviewer", f"/projects/{FULL}/batches", "reviewer")
    yield Page("model-reviewer", f"/projects/{FRESH}/model", "reviewer")
    yield Page("practice-answer", f"/projects/{FULL}/practice?place=3", "annotator", then=_practised)
    yield Page("practice-end", f"/projects/{FULL}/practice?place=6&agreed=4", "annotator")
    yield Page("settings-warning", f"/projects/{FULL}/settings", "admin", then=_more_overlap)
    yield Page("people-table-wrong", "/people/table", "admin", then=_bad_table)
    for key, name in {"i": "guidelines", "s": "skip", "?": "keys", "p": "folded"}.items():
        yield Page(f"annotate-{name}", desk, "annotator", then=lambda tab, key=key: tab.keyboard.press(key))


def _wrong_password(tab: Any) -> None:
    tab.fill("[name=email]", "admin@demo.example")
    tab.fill("[name=password]", "not this one at all")
    tab.press("[name=password]", "Enter")
    tab.wait_for_selector("[role=alert]")


def _practised(tab: Any) -> None:
    tab.click("[name=answer][value='6']")
    tab.wait_for_selector("#verdict")


def _bad_slug(tab: Any) -> None:
    tab.fill("[name=slug]", "No Slug")
    with tab.expect_navigation():
        tab.evaluate("document.querySelector('[name=slug]').form.submit()")


def _more_overlap(tab: Any) -> None:
    tab.fill("[name=overlap]", "9")
    tab.fill("[name=pass_mark]", "80")
    tab.press("[name=overlap]", "Enter")
    tab.wait_for_selector("#confirm")


def _bad_table(tab: Any) -> None:
    tab.fill("[name=table]", "email,role\nann@example.org,king\nben")
    tab.click("main form button.primary")
    tab.wait_for_selector(".errors")
