"""Where one lands: the projects, how far they are, and what to do next in each."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.domain import onboarding, projects
from app.vocabulary import Role
from app.web.deps import Annotator, Db
from app.web.languages import gettext, ngettext
from app.web.templating import figure, page

router = APIRouter(include_in_schema=False)


@router.get("/")
def home(request: Request, person: Annotator, session: Db) -> Response:
    """All projects with their progress."""
    found = projects.everything(session)
    progress = projects.progress(session, found, person.id)
    steps = onboarding.steps(session, found, person.id)
    entries = [(project, progress[project.id], steps[project.id]) for project in found]
    total = sum(one.total for one in progress.values())
    waiting = total - sum(one.done for one in progress.values())
    context = {
        "person": person,
        "staff": Role(person.role).covers(Role.reviewer),
        "entries": entries,
        "headline": _headline(total, waiting),
        "lead": _lead(len(entries), Role(person.role)),
    }
    return page(request, "home.html", context)


def _headline(total: int, waiting: int) -> str:
    if not total:
        return gettext("Nothing to judge yet")
    if not waiting:
        return gettext("Everything is judged")
    said = ngettext("%(number)s judgement waits", "%(number)s judgements wait", waiting)
    return said % {"number": figure(waiting, 0)}


def _lead(number: int, role: Role) -> str:
    if number:
        return gettext("Two answers to one question, side by side. Say which is better, and by how much.")
    if role is Role.admin:
        return gettext(
            "A project is one study: its guidelines, its comparisons, its people, its reward models. Create the first."
        )
    return gettext("As soon as an admin creates a project, it stands here.")
