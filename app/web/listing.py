"""What a list is asked for in its URL: `?q=…&sort=-judged&page=2` and its filters. Links to it are made here too."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import Request

from app.storage.base import LARGEST
from app.storage.paging import MOST, ROWS

LONGEST = 200  # characters of what is searched for
Reader = Callable[[str], Any]


@dataclass(frozen=True)
class Shape:
    """What a list can be asked for.

    `sorts` are the columns that it can be sorted by, each with the way in which it is sorted first: "-judged" begins
    with the greatest. `default` is one of them, either way. `filters` has for each a function that makes of what the URL
    says what the filter means, and raises ValueError where it means nothing: an enumeration does, and `number` here.
    """

    sorts: tuple[str, ...]
    default: str
    filters: Mapping[str, Reader]


@dataclass(frozen=True)
class Listing:
    """What one request asks for. `sort` has a minus where it begins with the greatest; `typed` are the filters as the URL
    has them and `chosen` what they mean; `misread` names what made no sense, which is left out."""

    path: str
    shape: Shape
    q: str
    sort: str
    page: int
    typed: Mapping[str, str]
    chosen: Mapping[str, Any]
    misread: tuple[str, ...]

    @property
    def column(self) -> str:
        """The column that it is sorted by."""
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        """Whether it begins with the greatest."""
        return self.sort.startswith("-")

    @property
    def filtered(self) -> bool:
        """Whether it is asked for less than everything."""
        return bool(self.q or self.typed)

    @property
    def query(self) -> str:
        """What makes this list again behind another URL: "?…", or nothing."""
        return self.url().removeprefix(self.path)

    def url(self, **changes: Any) -> str:
        """The URL of this list with other filters, `q`, `sort` or `page`; None and "" take one away.

        What is as it would be without is not written. Any change but that of the page leads to the first page.
        """
        asked: dict[str, Any] = {"q": self.q, **self.typed, "sort": self.sort, "page": self.page}
        if changes.keys() - {"page"}:
            asked["page"] = 1
        asked |= changes
        if asked["sort"] == self.shape.default:
            del asked["sort"]
        if asked["page"] == 1:
            del asked["page"]
        query = urlencode({name: value for name, value in asked.items() if value not in (None, "")})
        return f"{self.path}?{query}" if query else self.path

    def sorted_by(self, column: str) -> str:
        """The URL that sorts by the column: the other way, where it is sorted by it already."""
        if column == self.column:
            return self.url(sort=column if self.descending else f"-{column}")
        return self.url(sort=next(first for first in self.shape.sorts if first.removeprefix("-") == column))

    def way(self, column: str) -> str | None:
        """How the list is sorted by this column, as `aria-sort` says it; None where it is not."""
        if column != self.column:
            return None
        return "descending" if self.descending else "ascending"


def read(request: Request, shape: Shape, path: str = "") -> Listing:
    """What the request's URL asks of a list of that shape, which is at `path` or else at the URL; never raises."""
    given = {name: value.replace("\x00", "").strip() for name, value in request.query_params.items()}
    misread = [name[:LONGEST] for name in given if name not in {"q", "sort", "page", *shape.filters}]
    typed, chosen = {}, {}
    for name, reader in shape.filters.items():
        if not given.get(name):
            continue
        try:
            chosen[name] = reader(given[name])
            typed[name] = given[name]
        except ValueError:
            misread.append(name)
    sort, page = given.get("sort") or shape.default, given.get("page") or "1"
    if sort.removeprefix("-") not in {column.removeprefix("-") for column in shape.sorts}:
        sort = shape.default
        misread.append("sort")
    if not (page.isascii() and page.isdigit() and len(page) < 10 and 1 <= int(page) <= MOST // ROWS):
        page = "1"
        misread.append("page")
    q = given.get("q", "")[:LONGEST]
    return Listing(path or request.url.path, shape, q, sort, int(page), typed, chosen, tuple(misread))


def continued(request: Request, path: str) -> str:
    """The path with what the request's URL asks for: it leads on in the same list."""
    return f"{path}?{request.url.query}" if request.url.query else path


def number(text: str) -> int:
    """The id that a filter names; raises ValueError."""
    found = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST)) else 0
    if not 1 <= found <= LARGEST:
        raise ValueError(text)
    return found


def marked(text: str) -> bool:
    """A filter that is there or not: "1"; raises ValueError."""
    if text != "1":
        raise ValueError(text)
    return True
