"""What there is to translate, and the catalogues: `python -m tests.messages` brings them up to what the code says.

New messages come into app/web/locale/*.po without a translation, and what is gone goes; tests/web/test_languages.py fails
until every message has one.
"""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract, extract_from_dir
from babel.messages.pofile import read_po, write_po

from app.web.languages import CATALOGUES, LANGUAGES, SOURCE

ROOT = Path(__file__).parents[1]
ENGLISH = ("app/domain/rows.py",)  # why rows of a file were refused: kept as it was said, see decision 9
METHODS = [
    *((name, "ignore") for name in ENGLISH),
    ("app/web/**.py", "python"),
    ("app/domain/**.py", "python"),
    ("templates/**.html", "jinja2"),
]
OPTIONS = {"templates/**.html": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}}
# what is raised for people to read: see app/domain/errors.py
ERRORS = {
    "Invalid": (2,),
    "UploadError": (2,),
    **dict.fromkeys(("Conflict", "NotFound", "Forbidden", "Unauthenticated")),
}


def extracted() -> Catalog:
    """Every message in the code and in the templates."""
    catalogue = Catalog()
    found = extract_from_dir(ROOT, METHODS, OPTIONS, keywords=DEFAULT_KEYWORDS | ERRORS)
    for _, _, message, _, context in found:
        catalogue.add(message, context=context)
    for message in said_by_parents():
        catalogue.add(message)
    return catalogue


def said_by_parents() -> list[str]:
    """The messages that the errors themselves hold, in calls of `super().__init__`."""
    source = ROOT / "app" / "domain" / "errors.py"
    with source.open("rb") as file:
        found = [message for _, message, _, _ in extract("python", file, keywords={"__init__": None})]
        file.seek(0)
        found += [message for _, message, _, _ in extract("python", file, keywords={"__init__": (2,)})]
    return [message for message in found if isinstance(message, str) and " " in message]


def read(language: str) -> Catalog:
    """The catalogue of that language as it is in the repository."""
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def update(language: str) -> None:
    """Writes the catalogue anew with the messages of today."""
    catalogue = read(language)
    catalogue.update(extracted(), no_fuzzy_matching=True, update_creation_date=False)
    with (CATALOGUES / f"{language}.po").open("wb") as file:
        write_po(
            file, catalogue, width=120, no_location=True, sort_output=True, ignore_obsolete=True, omit_header=False
        )


if __name__ == "__main__":
    for name in LANGUAGES:
        if name != SOURCE:
            update(name)
