"""Jinja2 with everything strict, and the few things that templates may call."""

import hashlib
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.places import folder
from app.web.languages import decimal_symbol, gettext, language, ngettext, npgettext, pgettext
from app.web.names import begun, named, said

TEMPLATES, STATIC = folder("templates"), folder("static")


@lru_cache
def digest(name: str) -> str:
    """Of a static file, as its URL has it."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def static(name: str) -> str:
    """URL of a static file that changes with its content, so that browsers may keep it for ever."""
    return f"/static/{name}?v={digest(name)}"


def figure(value: float | None, digits: int = 2) -> str:
    """A number for people: a dash when there is none, thin spaces between thousands."""
    if value is None or value != value:
        return "–"
    plain = f"{value:,.{digits}f}".replace(",", "\u202f").replace("-", "\u2212")
    return plain.replace(".", decimal_symbol(language()))


def signed(value: float | None, digits: int = 2) -> str:
    """A number that is as much about its sign: +1.30, −0.40."""
    return ("+" if value is not None and value > 0 else "") + figure(value, digits)


def moment(value: datetime | None) -> str:
    """A time in UTC to the minute."""
    return f"{value:%Y-%m-%d %H:%M}" if value else "–"


def duration(time: timedelta | None) -> str:
    """A span of time in its two greatest units."""
    if time is None:
        return "–"
    seconds = round(time.total_seconds())
    hours, minutes, left = seconds // 3600, seconds // 60 % 60, seconds % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {left} s" if minutes else f"{left} s"


environment = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=["jinja2.ext.i18n"],
)
environment.install_gettext_callables(  # type: ignore[attr-defined]
    gettext, ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext
)
environment.policies["ext.i18n.trimmed"] = True
environment.globals.update(static=static, language=language)
environment.filters.update(
    figure=figure, signed=signed, moment=moment, duration=duration, said=said, named=named, begun=begun
)


def render(name: str, context: dict[str, Any]) -> str:
    """A template as text."""
    return environment.get_template(name).render(context)


def page(request: Request, name: str, context: dict[str, Any], status: int = 200) -> HTMLResponse:
    """A template as a response; it sees the request's path beside its context."""
    return HTMLResponse(render(name, {"path": request.url.path} | context), status)
