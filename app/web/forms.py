"""Fields of plain forms as values; what cannot be read is said at its field."""

from typing import Annotated

from fastapi import Form

from app.domain.errors import Invalid
from app.web.languages import decimal_symbol, language

Field = Annotated[str, Form()]


def whole(name: str, text: str) -> int:
    """A whole number; raises Invalid at the field."""
    try:
        found = int(text.strip())
    except ValueError:
        raise Invalid(name, "must be a whole number") from None
    if abs(found) >= 2**31:
        raise Invalid(name, "is too large")
    return found


def perhaps_whole(name: str, text: str) -> int | None:
    """A whole number, or None where nothing was typed; raises Invalid at the field."""
    return whole(name, text) if text.strip() else None


def confirmed(field: str, typed: str, name: str) -> None:
    """What cannot be undone happens to whoever types its name; raises Invalid at the field."""
    if " ".join(typed.split()) != " ".join(name.split()):
        raise Invalid(field, "must be %(name)s, letter by letter. Nothing was changed", name=name)


def number(name: str, text: str) -> float:
    """A number, written as the reader's language has it or with a point; raises Invalid at the field."""
    try:
        return float(text.strip().replace(decimal_symbol(language()), "."))
    except ValueError:
        raise Invalid(name, "must be a number") from None
