"""A draft that is deleted takes along what only it had."""

from sqlalchemy import select

from app.domain import batches
from app.storage.tables import Prompt, Response
from tests.domain.test_importing import PAIR, take

SHARED = {"prompt": "Who?", "response_a": "Ann did.", "response_b": "Ben did."}
SECRET = {"prompt": "My number?", "response_a": "It is 555.", "response_b": "I do not know."}
HALF = SHARED | {"id": "half", "response_b": "Cleo did."}


def texts(session):
    return set(session.scalars(select(Response.text))), {
        prompt.messages[0]["content"] for prompt in session.scalars(select(Prompt)) if prompt.messages
    }


def test_texts_go_with_the_draft_unless_another_batch_has_them(session, project, clock):
    take(session, project, clock, [SHARED], opened=True)
    draft = take(session, project, clock, [SECRET, HALF, SHARED], opened=False).batch
    assert "It is 555." in texts(session)[0]
    batches.delete(session, draft)
    session.expire_all()
    responses, prompts = texts(session)
    assert (responses - {""}, prompts) == ({"Ann did.", "Ben did."}, {"Who?"})


def test_a_deleted_file_can_be_uploaded_again_and_deleted_again(session, project, clock):
    gold = SECRET | {"gold": "b", "explanation": "It is not for you to know."}
    for _ in range(3):
        draft = take(session, project, clock, [gold, PAIR], opened=False).batch
        assert draft.comparisons == 2
        assert {"It is 555.", "I do not know."} < texts(session)[0]
        batches.delete(session, draft)
        session.expire_all()
        assert texts(session) == ({""}, set())
