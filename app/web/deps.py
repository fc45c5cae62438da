"""What routes ask for: a session that is committed at the edge, the person and their role, the clock, the settings."""

from asyncio import Semaphore
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Path, Query, Request

from app.domain import people, projects
from app.domain.errors import Forbidden, Unauthenticated
from app.settings import Settings
from app.storage.base import LARGEST
from app.storage.people import Person
from app.storage.projects import Project
from app.storage.session import Session, available, only_read
from app.vocabulary import Role
from app.web.languages import speak

COOKIE = "touchstone_session"
PERSON = "touchstone-person"  # a page names the person that it was made for
Id = Annotated[int, Path(ge=1, le=LARGEST)]
PerhapsId = Annotated[int | None, Query(ge=1, le=LARGEST)]
PageNumber = Annotated[int, Query(ge=1, le=LARGEST, alias="page")]
OfBatch = Annotated[int | None, Query(ge=1, le=LARGEST, description="Only what is in this batch")]


async def get_settings(request: Request) -> Settings:
    """The settings of this process."""
    settings: Settings = request.app.state.settings
    return settings


async def get_now(request: Request) -> datetime:
    """The time by the application's clock."""
    clock: Callable[[], datetime] = request.app.state.clock
    return clock()


Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


async def get_slot(request: Request) -> AsyncIterator[Semaphore]:
    """Waits until fewer requests than there are connections hold one; else all threads could wait for the pool."""
    slots: Semaphore = request.app.state.slots
    async with slots:
        yield slots


Slot = Annotated[Semaphore, Depends(get_slot, scope="function")]


@asynccontextmanager
async def without(slots: Semaphore) -> AsyncIterator[None]:
    """Lends the request's slot to others while it waits for its client."""
    slots.release()
    try:
        yield
    finally:
        await slots.acquire()


def reads(endpoint: Endpoint) -> Endpoint:
    """Marks an endpoint that writes nothing although its method says that it might: it waits for no writer."""
    endpoint.reads = True  # type: ignore[attr-defined]
    return endpoint


def get_session(request: Request, slot: Slot) -> Iterator[Session]:
    """A transaction that is committed before the response leaves; one that only reads for GET, and what `reads`."""
    with available(), request.app.state.sessions() as session:
        session.info.update(request_id=request.scope.get("request_id"), clock=request.app.state.clock)
        if request.method == "GET" or hasattr(request.scope["endpoint"], "reads"):
            only_read(session)
        yield session
        session.commit()


Db = Annotated[Session, Depends(get_session, scope="function")]


def get_writer(session: Db) -> Session:
    """The same session after the transaction that only reads: the next one may write, whatever the method is."""
    session.commit()
    return session


def look_again(session: Session) -> None:
    """Undoes what the request has done; what follows only reads. Nobody who writes waits for the page that says why."""
    session.rollback()
    only_read(session)


Writer = Annotated[Session, Depends(get_writer, scope="function")]
Now = Annotated[datetime, Depends(get_now)]
Config = Annotated[Settings, Depends(get_settings)]


def credential(request: Request) -> tuple[str, str] | None:
    """What the request comes with: kind and secret of a bearer token or else of a session cookie."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return "token", secret.strip()
    cookie = request.cookies.get(COOKIE)
    return ("session", cookie) if cookie else None


def signed_in(request: Request, session: Session, now: datetime) -> Person | None:
    """Who makes the request; None without a credential. Raises Unauthenticated."""
    match credential(request):
        case "token", secret:
            return people.of_token(session, secret, now)
        case "session", secret:
            return people.of_session(session, secret, now)
    return None


def get_visitor(request: Request, session: Db, now: Now) -> Person | None:
    """Whoever comes in; None when nobody is signed in (or no longer)."""
    try:
        return signed_in(request, session, now)
    except Unauthenticated:
        return None


Visitor = Annotated[Person | None, Depends(get_visitor)]


def check(request: Request, person_id: int, has: str, role: Role) -> None:
    """Raises Unauthenticated when the page was made for somebody else, Forbidden when the person lacks the role."""
    if request.headers.get(PERSON, str(person_id)) != str(person_id):
        raise Unauthenticated("Somebody else is signed in in this browser by now. Nothing was changed.")
    if not Role(has).covers(role):
        raise Forbidden("This needs the role %(role)s; you have %(own)s.", role=role, own=Role(has))


def _requires(role: Role) -> Callable[..., Person]:
    def person(request: Request, session: Db, now: Now) -> Person:
        found = signed_in(request, session, now)
        if found is None:
            raise Unauthenticated("Sign in first.")
        speak(found.language)
        check(request, found.id, found.role, role)
        session.info["actor"], request.scope["person_id"] = found, found.id
        return found

    person.__name__ = f"requires_{role}"
    person.needs = role  # type: ignore[attr-defined]
    return person


async def public() -> None:
    """Marks a route that needs no role: every route names either a role or this."""


public.needs = "public"  # type: ignore[attr-defined]

Annotator = Annotated[Person, Depends(_requires(Role.annotator))]
Reviewer = Annotated[Person, Depends(_requires(Role.reviewer))]
Admin = Annotated[Person, Depends(_requires(Role.admin))]
PUBLIC = Depends(public)


def get_project(slug: str, session: Db) -> Project:
    """The project that the path names; raises NotFound."""
    return projects.get(session, slug)


InProject = Annotated[Project, Depends(get_project)]
