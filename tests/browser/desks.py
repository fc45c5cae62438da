"""Somebody at a desk of their own: a project, a person, a page in front of them, and what became of their answers."""

import uuid
from datetime import UTC, datetime

from playwright.sync_api import expect
from sqlalchemy import select

from app.domain import asking, people, projects
from app.domain.asking import Asks, Criterion
from app.storage.tables import Assignment, Preference
from app.vocabulary import Asked, Role
from app.web.deps import COOKIE
from tests.domain.test_importing import take
from tests.web.conftest import pairs

EVERYTHING = Asks(
    acceptable=True,
    criteria=(Criterion("helpful", "Helpful", "Does it do what was asked?"), Criterion("honest", "Honest")),
    rationale=Asked.required,
    rationale_least=5,
    flags=True,
)


def _now():
    return datetime.now(UTC)


class Desk:
    """One annotator's project and page. `rows` are what is uploaded."""

    def __init__(self, lasting, browser, rows=None, asks=None, goal=None, guidelines="", name="A study", **options):
        self.slug, self.sessions = f"p{uuid.uuid4().hex[:12]}", lasting.sessions
        with self.sessions.begin() as session:
            project = projects.create(session, self.slug, name, _now(), guidelines=guidelines)
            project.asks, project.session_goal = asking.written(asks or Asks()), goal
            take(session, project, _now, pairs(12) if rows is None else rows)
            person, _ = people.add(session, f"{self.slug}@example.org", "", Role.annotator, _now())
            cookie = people.open_session(session, person, _now())
            self.project_id, self.person_id = project.id, person.id
        self.context = browser.new_context(base_url=lasting.url, **options)
        self.context.add_cookies([{"name": COOKIE, "value": cookie, "url": lasting.url}])
        self.complaints = []
        self.page = self.tab()

    def tab(self):
        """Another page of the same person."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: self.complaints.append(message.text) if "Content Security" in message.text else None,
        )
        return page

    def sit(self, page=None):
        """Opens the desk and waits until it can be worked at."""
        page = page or self.page
        page.goto(f"/projects/{self.slug}/annotate")
        expect(page.locator("#saved")).to_have_text("Saved")
        return page

    def change(self, work):
        """Does something in the database: `work(session)`."""
        with self.sessions.begin() as session:
            return work(session)

    def stored(self):
        """What was judged, in the order in which it arrived, as it was shown."""
        wanted = (
            select(Preference)
            .where(Preference.project_id == self.project_id)
            .order_by(Preference.received_at, Preference.id)
        )
        with self.sessions() as session:
            session.connection(execution_options={"read_only": True})
            return [_as_shown(found) for found in session.scalars(wanted)]

    def assignments(self, state):
        """Ids of this project's assignments in that state."""
        wanted = select(Assignment.id).where(Assignment.project_id == self.project_id, Assignment.state == state)
        with self.sessions() as session:
            session.connection(execution_options={"read_only": True})
            return set(session.scalars(wanted))

    @property
    def front(self):
        """The comparison on show."""
        return self.page.locator(".comparison:visible")

    def shown(self):
        """The id of the assignment on show."""
        return self.front.get_attribute("data-assignment")

    def press(self, *keys):
        """One key after another."""
        for key in keys:
            self.page.keyboard.press(key)

    def settled(self, page=None):
        expect((page or self.page).locator("#saved")).to_have_text("Saved", timeout=30_000)

    def focus(self):
        """The element that has the focus, in words."""
        return self.page.evaluate(
            "(document.activeElement.id || document.activeElement.className || document.activeElement.tagName)"
        )


def _as_shown(found):
    sign = -1 if found.swapped else 1
    good = (found.acceptable_a, found.acceptable_b)
    return {
        "strength": sign * found.strength,
        "good": good[::-1] if found.swapped else good,
        "criteria": {key: sign * said for key, said in (found.criteria or {}).items()},
        "rationale": found.rationale,
        "flags": found.flags or [],
        "active_ms": found.active_ms,
    }
