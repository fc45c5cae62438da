"""What the URL of a list says, and the links that lead from one list to another."""

from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.datastructures import QueryParams

from app.vocabulary import Flag
from app.web import listing
from app.web.listing import Shape

SHAPE = Shape(("-judged", "id"), "-judged", {"batch": listing.number, "flag": Flag, "late": listing.marked})


def read(query):
    return listing.read(SimpleNamespace(query_params=QueryParams(query), url=SimpleNamespace(path="/things")), SHAPE)


def test_an_empty_url_asks_for_everything_in_the_usual_order():
    found = read("")
    assert (found.q, found.sort, found.page, found.filtered) == ("", "-judged", 1, False)
    assert (found.url(), found.query) == ("/things", "")


def test_what_it_asks_for_is_read():
    found = read("q=+sky+&sort=id&page=3&batch=7&flag=not+my+field&late=1")
    assert (found.q, found.column, found.descending, found.page) == ("sky", "id", False, 3)
    assert found.chosen == {"batch": 7, "flag": Flag.not_my_field, "late": True}
    assert found.misread == ()


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("page=000000001" + "0" * 5_000, "page"),
        ("batch=x", "batch"),
        ("batch=0", "batch"),
        ("batch=99999999999", "batch"),
        ("batch=²", "batch"),
        ("flag=rude", "flag"),
        ("late=yes", "late"),
        ("colour=red", "colour"),
        ("sort=colour", "sort"),
        ("sort=--id", "sort"),
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=201", "page"),
        ("page=99999999999999999999", "page"),
        ("page=²", "page"),
    ],
)
def test_what_makes_no_sense_is_left_out_and_named(query, name):
    found = read(query + "&q=sky")
    assert found.misread == (name,)
    assert found.url() == "/things?q=sky"


def test_links_keep_what_they_do_not_change_and_go_to_the_first_page():
    found = read("q=a%26b&flag=not+my+field&page=3")
    assert parse_qs(urlsplit(found.url(flag="unsafe")).query) == {"q": ["a&b"], "flag": ["unsafe"]}
    assert parse_qs(urlsplit(found.url(page=4)).query) == {"q": ["a&b"], "flag": ["not my field"], "page": ["4"]}
    assert found.url(q=None, flag="") == "/things"
    assert read(found.query.removeprefix("?")) == found


def test_a_column_is_sorted_its_own_way_first_and_then_the_other():
    found = read("")
    assert (found.way("judged"), found.way("id")) == ("descending", None)
    assert found.sorted_by("id") == "/things?sort=id"
    assert found.sorted_by("judged") == "/things?sort=judged"
    turned = read("sort=judged")
    assert turned.way("judged") == "ascending"
    assert turned.sorted_by("judged") == "/things"
