"""The language of what people read: English, or a gettext catalogue; the person's own, or else their browser's choice.

What is for machines (the API's problems, logs, the command line) stays in English.
"""

from contextvars import ContextVar
from functools import lru_cache
from io import BytesIO

from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import get_decimal_symbol
from babel.support import NullTranslations, Translations
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.places import PACKAGE

SOURCE = "en"
LANGUAGES = {"en": "English", "de": "Deutsch"}
CATALOGUES = PACKAGE / "web" / "locale"


class _Reader:
    """Whoever a response is for. It is changed when it is known who they are, from whatever thread that is."""

    language = SOURCE


_reader: ContextVar[_Reader] = ContextVar("reader")


class Language:
    """ASGI middleware: each request speaks the language that its browser asks for, until `speak` says better."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            reader = _Reader()
            reader.language = chosen(Headers(scope=scope).get("accept-language", ""))
            _reader.set(reader)
        await self.app(scope, receive, send)


def chosen(accepted: str) -> str:
    """The best of our languages for an Accept-Language header, English where none fits."""
    wanted = []
    for position, part in enumerate(accepted.split(",")[:20]):
        tag, _, weight = part.replace(" ", "").partition(";q=")
        try:
            wanted.append((-float(weight or 1), position, tag.replace("-", "_")))
        except ValueError:
            continue
    names = [tag for weight, _, tag in sorted(wanted) if weight < 0]
    return negotiate_locale(names, LANGUAGES) or SOURCE


def speak(language: str | None) -> None:
    """Goes on in a person's own language; None leaves it to their browser."""
    if language in LANGUAGES and (reader := _reader.get(None)) is not None:
        reader.language = language


def language() -> str:
    """The language of the request at hand; English outside of requests."""
    reader = _reader.get(None)
    return SOURCE if reader is None else reader.language


@lru_cache
def catalogue(name: str) -> NullTranslations:
    """The translations into that language; into English there are none."""
    if name == SOURCE:
        return NullTranslations()
    compiled = BytesIO()
    with (CATALOGUES / f"{name}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=name))
    compiled.seek(0)
    return Translations(compiled)


@lru_cache
def decimal_symbol(name: str) -> str:
    """What stands between units and tenths there."""
    return str(get_decimal_symbol(name))


def gettext(message: str) -> str:
    """The message in the reader's language; of nothing, nothing: a catalogue keeps its head there."""
    return str(catalogue(language()).gettext(message)) if message else ""


def ngettext(one: str, many: str, number: int) -> str:
    """The message for that number in the reader's language."""
    return str(catalogue(language()).ngettext(one, many, number))


def pgettext(context: str, message: str) -> str:
    """The message where one English word means several things."""
    return str(catalogue(language()).pgettext(context, message))


def npgettext(context: str, one: str, many: str, number: int) -> str:
    """The message for that number where one English word means several things."""
    return str(catalogue(language()).npgettext(context, one, many, number))
