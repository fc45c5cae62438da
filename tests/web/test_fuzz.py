"""Whatever is sent to API v1, by whomever, it answers as its description says and never with a server error.

Requests are made from the description itself, right ones and wrong ones. Where a path or a body names something, most
of them name what is there. `make fuzz` sends many more.
"""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, note, settings, strategies
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.domain import people
from app.vocabulary import Role, SkipReason
from tests.web.conftest import lines, pairs

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "2"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
def schema(app, nobody):
    """The description, and behind it the application without what it does by itself; no stream waits for what may come."""
    app.state.streams.stop()

    async def asked(scope, receive, send):
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})

    loaded = schemathesis.openapi.from_dict(nobody.get("/openapi.json").json())
    loaded.app = asked
    return loaded


OFTEN = strategies.integers(0, 3).map(lambda number: number < 3)
SENSIBLE = {
    "slug": strategies.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True),
    "email": strategies.from_regex(r"[a-z]{1,9}@example\.org", fullmatch=True),
    "reason": strategies.sampled_from(SkipReason),
}
ROLES = {"admin": Role.admin, "reviewer": Role.reviewer, "ann": Role.annotator, None: None}


def test_it_answers_as_described(schema, world, sessions, folk, clock):
    def headers(name):
        """Of somebody who may have locked themselves out by their last request."""
        if name is None:
            return {}
        with sessions.begin() as session:
            person = people.get(session, folk[name].id)
            person.active, person.role = True, ROLES[name]
            return {"Authorization": f"Bearer {people.create_token(session, person, '', clock())}"}

    def real(case, data):
        known = {"path_parameters": {name: strategies.just(value) for name, value in world.items()}}
        known["body"] = SENSIBLE | {"lease_token": strategies.just(world["lease_token"])}
        for place, values in known.items():
            found = getattr(case, place)
            if isinstance(found, dict):
                for field in sorted(found.keys() & values.keys()):
                    if data.draw(OFTEN):
                        found[field] = data.draw(values[field])
        if case.media_type == "application/x-ndjson" and data.draw(OFTEN):
            case.body = lines(*pairs(data.draw(strategies.integers(1, 3))), {"prompt": data.draw(strategies.text())})

    def ask(cases, name):
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize="FUZZ_EXAMPLES" not in os.environ,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(cases, strategies.data())
        def asked(case, data):
            real(case, data)
            note(f"asked by {name or 'nobody'}")
            case.call_and_validate(headers=headers(name), checks=CHECKS)

        asked()

    for operation in schema.get_all_operations():
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            cases = operation.ok().as_strategy(generation_mode=mode)
            for name in ROLES:
                ask(cases, name)
