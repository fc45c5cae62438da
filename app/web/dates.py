"""Days as people write them in their language."""

from datetime import date

from babel.dates import format_interval, format_skeleton

from app.web.languages import language

LOCALES = {"en": "en_GB"}  # the day before the month, as our English has it


def day(value: date, year: bool = True) -> str:
    """The day with its month in full: "9 December 2026"."""
    return _written("yMMMMd" if year else "MMMMd", value)


def between(first: date, last: date, year: bool = True) -> str:
    """Two days and what lies between: "7–14 December"."""
    said = format_interval(first, last, "yMMMMd" if year else "MMMMd", locale=_locale())
    return str(said).replace("\u2009", "").replace("–", "\u2060–\u2060")


def short(value: date) -> str:
    """The day with its month cut short, for an axis: "9 Dec"."""
    return _written("MMMd", value)


def _written(skeleton: str, value: date) -> str:
    return str(format_skeleton(skeleton, value, locale=_locale()))


def _locale() -> str:
    return LOCALES.get(language(), language())
