"""Where one lands: the projects, and how far they are."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.domain import projects
from app.vocabulary import Role
from app.web.deps import Annotator, Db
from app.web.templating import page

router = APIRouter(include_in_schema=False)


@router.get("/")
def home(request: Request, person: Annotator, session: Db) -> Response:
    """All projects with their progress."""
    staff = Role(person.role).covers(Role.reviewer)
    entries = [(project, projects.progress(session, project, person.id)) for project in projects.everything(session)]
    total = sum(progress.total for _, progress in entries)
    waiting = total - sum(progress.done for _, progress in entries)
    context = {
        "person": person,
        "staff": staff,
        "entries": entries,
        "headline": _headline(total, waiting),
        "lead": _lead(len(entries), Role(person.role)),
    }
    return page(request, "home.html", context)


def _headline(total: int, waiting: int) -> str:
    if not total:
        return "Nothing to judge yet"
    if not waiting:
        return "Everything is judged"
    return f"{waiting:,} judgement{'' if waiting == 1 else 's'} wait{'s' if waiting == 1 else ''}".replace(
        ",", "\u202f"
    )


def _lead(number: int, role: Role) -> str:
    if number:
        return "Two answers to one question, side by side. Say which is better, and by how much."
    if role is Role.admin:
        return (
            "A project is one study: its guidelines, its comparisons, its people, its reward models. Create the first."
        )
    return "As soon as an admin creates a project, it stands here."
