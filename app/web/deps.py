"""What routes ask for: a session that is committed at the edge, the person and their role, the clock, the settings."""

from asyncio import Semaphore
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

from fastapi import Depends, Path, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.domain import people, projects
from app.domain.errors import Forbidden, Unauthenticated
from app.domain.people import Caller
from app.settings import Settings
from app.storage.base import LARGEST
from app.storage.people import Person
from app.storage.projects import Project
from app.storage.session import Session, available, perform
from app.vocabulary import Role

T = TypeVar("T")
COOKIE = "touchstone_session"
PERSON = "touchstone-person"  # a page names the person that it was made for
Id = Annotated[int, Path(ge=1, le=LARGEST)]
OfBatch = Annotated[int | None, Query(ge=1, le=LARGEST, description="Only what is in this batch")]


async def get_settings(request: Request) -> Settings:
    """The settings of this process."""
    settings: Settings = request.app.state.settings
    return settings


async def get_now(request: Request) -> datetime:
    """The time by the application's clock."""
    clock: Callable[[], datetime] = request.app.state.clock
    return clock()


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


def get_session(request: Request, slot: Slot) -> Iterator[Session]:
    """A transaction that is committed before the response leaves; one that only reads for GET."""
    with available(), request.app.state.sessions() as session:
        session.info.update(request_id=request.scope.get("request_id"), clock=request.app.state.clock)
        if request.method in ("GET", "HEAD"):
            session.connection(execution_options={"read_only": True})
        yield session
        session.commit()


Db = Annotated[Session, Depends(get_session, scope="function")]


def get_writer(session: Db) -> Session:
    """The same session after the transaction that only reads: the next one may write, whatever the method is."""
    session.commit()
    return session


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


def _check(request: Request, person_id: int, has: str, role: Role) -> None:
    if request.headers.get(PERSON, str(person_id)) != str(person_id):
        raise Unauthenticated("Somebody else is signed in in this browser by now. Nothing was changed.")
    if not Role(has).covers(role):
        raise Forbidden(f"This needs the role {role}; you have {has}.")


def _requires(role: Role) -> Callable[..., Person]:
    def person(request: Request, session: Db, now: Now) -> Person:
        found = signed_in(request, session, now)
        if found is None:
            raise Unauthenticated("Sign in first.")
        _check(request, found.id, found.role, role)
        session.info["actor"], request.scope["person_id"] = found, found.id
        return found

    person.__name__ = f"requires_{role}"
    person.needs = role  # type: ignore[attr-defined]
    return person


@dataclass(frozen=True)
class Desk:
    """Does an annotator's work: each call is one transaction of its own, tried again where the database asks for it.

    Who they are, what they do and the commit are one step outside of the event loop: for the route that everybody
    calls all the time, more steps would cost more than all its statements.
    """

    request: Request
    kind: str
    secret: str
    now: datetime
    lease: timedelta

    async def __call__(self, work: Callable[[Session, Caller], T], reply: Callable[[T], BaseModel | None]) -> Response:
        """What `reply` makes of what `work` did, once that is committed. `work` must be safe to repeat."""
        state = self.request.app.state

        def step(session: Session) -> T:
            caller = people.identify(session, self.kind, self.secret, self.now)
            self.request.scope["person_id"] = caller.id
            _check(self.request, caller.id, caller.role, Role.annotator)
            return work(session, caller)

        def act() -> Response:
            body = reply(perform(state.sessions, step))
            if body is None:
                return Response(status_code=204)
            return Response(body.__pydantic_serializer__.to_json(body), media_type="application/json")

        async with state.desks:
            return await run_in_threadpool(act)


async def get_desk(request: Request) -> Desk:
    """The desk of whoever makes the request. Raises Unauthenticated without credentials; bad ones are found in use."""
    found = credential(request)
    if found is None:
        raise Unauthenticated("Sign in first.")
    state = request.app.state
    return Desk(request, *found, now=state.clock(), lease=state.settings.lease)


get_desk.needs = Role.annotator  # type: ignore[attr-defined]


async def public() -> None:
    """Marks a route that needs no role: every route names either a role or this."""


public.needs = "public"  # type: ignore[attr-defined]

AtDesk = Annotated[Desk, Depends(get_desk)]
Annotator = Annotated[Person, Depends(_requires(Role.annotator))]
Reviewer = Annotated[Person, Depends(_requires(Role.reviewer))]
Admin = Annotated[Person, Depends(_requires(Role.admin))]
PUBLIC = Depends(public)


def get_project(slug: str, session: Db) -> Project:
    """The project that the path names; raises NotFound."""
    return projects.get(session, slug)


InProject = Annotated[Project, Depends(get_project)]
