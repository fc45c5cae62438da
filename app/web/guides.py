"""Guidelines as HTML, for their own page and for whatever page has them beside its work."""

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from app.domain.guidelines import Guidelines
from app.web.changes import marked
from app.web.richtext import render as rich


@dataclass(frozen=True)
class Guide:
    """Guidelines for the template _guidelines.html: the version `number` that holds since then, whether it is `unread`,
    and the version that was read `before`, None for none; what changed since that one is marked."""

    number: int
    since: datetime
    unread: bool
    before: int | None
    html: Markup


def guide(found: Guidelines | None) -> Guide | None:
    """What `guidelines.read_by` found."""
    if found is None:
        return None
    changed = found.unread and found.before is not None
    html = marked(found.before or "", found.text) if changed else rich(found.text)
    return Guide(found.number, found.created_at, found.unread, found.read, html)
