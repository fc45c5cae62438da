"""What an admin decides of a person's qualifications, on that person's page."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from app.domain import people, qualifications
from app.web.deps import Admin, Db, Id, InProject, Now

router = APIRouter(include_in_schema=False)


@router.post("/people/{person_id}/qualifications/{slug}")
def grant(person: Admin, project: InProject, session: Db, now: Now, person_id: Id) -> Response:
    """Lets them judge in that project without its quiz."""
    qualifications.grant(session, project, people.account(session, person_id), person, now)
    return RedirectResponse(f"/people/{person_id}#qualifications", 303)


@router.post("/people/{person_id}/qualifications/{slug}/withdrawal")
def withdraw(person: Admin, project: InProject, session: Db, person_id: Id) -> Response:
    """Takes it back."""
    qualifications.withdraw(session, project, people.account(session, person_id))
    return RedirectResponse(f"/people/{person_id}#qualifications", 303)
