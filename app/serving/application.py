"""The reward server: HTTP in front of the projects' reward models."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import problems
from app.domain import people
from app.domain.errors import Forbidden, Invalid, Unauthenticated
from app.operations import health, metrics
from app.operations.requests import Observed
from app.reward.data import Item
from app.serving.models import RETRY, Models, State, Unavailable
from app.serving.scoring import item
from app.settings import Settings
from app.storage.session import make_engine, make_sessions, reading
from app.vocabulary import Role

MAX_ITEMS = 1024
MAX_BODY = 16_000_000
PROBLEM = {"description": "Problem details (RFC 9457)", "content": {"application/problem+json": {}}}
ANSWERS: dict[int | str, dict[str, Any]] = dict.fromkeys((401, 403, 404, 409, 413, 422, 503), PROBLEM)
ROW = {
    "type": "object",
    "required": ["prompt", "response"],
    "properties": {
        "prompt": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "object"}}]},
        "response": {"type": "string"},
    },
}
router = APIRouter()


class ScoreRequest(BaseModel):
    """Responses to score. A prompt is text, or messages that end with a user turn."""

    model_config = ConfigDict(extra="forbid")
    project: Annotated[str, Field(pattern="^[a-z0-9-]+$", max_length=99)]
    # of Any, so that what is wrong with an item is said in the same words as everywhere
    items: Annotated[list[Annotated[Any, WithJsonSchema(ROW)]], Field(max_length=MAX_ITEMS)]


class Result(BaseModel):
    """The reward of one item; only differences between responses to the same prompt mean something."""

    reward: float


class Scores(BaseModel):
    """The results in the order of the items, the run whose model gave them, and the hash of the snapshot that it
    learned from. `truncated` counts the items that were cut to the model's greatest length."""

    project: str
    run: int
    snapshot: str
    truncated: int
    results: list[Result]


class Health(BaseModel):
    """`degraded` while a project's current model cannot be loaded; the log says why."""

    status: Literal["ok", "degraded"]
    models: list[State]


def require_reviewer(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
) -> None:
    """Lets in who may see rewards: annotators may not, since they are to judge for themselves."""
    if bearer is None:
        raise Unauthenticated("Send an API token: `Authorization: Bearer …`.")
    with reading(request.app.state.sessions) as session:
        person = people.of_token(session, bearer.credentials.strip(), request.app.state.clock())
    if not Role(person.role).covers(Role.reviewer):
        raise Forbidden(f"This needs the role {Role.reviewer}; you have {person.role}.")


@router.get("/health")
async def loaded(request: Request) -> Health:
    """Whether the server runs, and which models it has loaded. Public; answers even while all threads are scoring."""
    models: Models = request.app.state.models
    states = models.states()
    return Health(status="degraded" if any(state.failed_run for state in states) else "ok", models=states)


@router.get("/metrics", include_in_schema=False, dependencies=[Depends(require_reviewer)])
def show_metrics() -> Response:
    """Counts and times for Prometheus."""
    return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)


@router.post("/v1/score", responses=ANSWERS, dependencies=[Depends(require_reviewer)])
def score(request: Request, body: ScoreRequest) -> Scores:
    """The rewards of prompts with responses by the project's current model."""
    items = [_item(number, row) for number, row in enumerate(body.items)]
    models: Models = request.app.state.models
    served = models.of(body.project)
    rewards, truncated = served.score(items)
    return Scores(
        project=body.project,
        run=served.current.run,
        snapshot=served.current.snapshot,
        truncated=truncated,
        results=[Result(reward=reward) for reward in rewards],
    )


def _item(number: int, row: Any) -> Item:
    try:
        return item(row)
    except Invalid as error:
        raise Invalid(".".join(filter(None, [f"items[{number}]", error.field])), error.reason) from None


def create_app(settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> FastAPI:
    """The application on a migrated database; knows no global state. Models are loaded when they are first needed."""
    engine = make_engine(settings.url)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        engine.dispose()

    app = FastAPI(
        title="Touchstone reward server",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        lifespan=lifespan,
    )
    app.state.clock, app.state.sessions = clock, make_sessions(engine)
    app.state.models = Models(app.state.sessions, clock)
    app.include_router(router)
    app.include_router(health.router)
    problems.install(app, _answer)
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_middleware(BodyLimit)
    app.add_middleware(Observed)
    return app


class BodyLimit:
    """ASGI middleware: 413 for a body over MAX_BODY bytes, announced or not.

    FastAPI's own `max_body_size` answers in plain text when the length was announced.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        size, announced = 0, int(Headers(scope=scope).get("content-length") or 0)

        async def limited() -> Message:
            nonlocal size
            message = await receive() if announced <= MAX_BODY else {}
            size += len(message.get("body", b""))
            if max(size, announced) > MAX_BODY:
                raise HTTPException(413, f"The request is larger than {MAX_BODY // 1_000_000} MB. Send fewer items.")
            return message

        await self.app(scope, limited, send)


def _answer(request: Request, status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    return problems.problem(status, detail, headers, **more)


def _unavailable(request: Request, error: Exception) -> Response:
    return problems.problem(503, str(error), {"Retry-After": str(int(RETRY.total_seconds()))})
