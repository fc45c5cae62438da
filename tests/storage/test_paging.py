"""Pages of long lists."""

import pytest
from sqlalchemy import select

from app.domain import people
from app.storage import paging
from app.storage.people import Person
from app.vocabulary import Role

WANTED = select(Person.email).order_by(Person.email)


@pytest.fixture
def crowd(session, clock):
    for number in range(120):
        people.add(session, f"p{number:03}@example.org", "", Role.annotator, clock())
    session.flush()


def shown(page):
    return page.first, page.last, page.total, page.pages, page.more


def test_a_list_is_cut_into_pages_of_fifty(session, crowd):
    assert shown(paging.page(session, WANTED, 1)) == (1, 50, 120, 3, False)
    third = paging.page(session, WANTED, 3)
    assert shown(third) == (101, 120, 120, 3, False)
    assert third.rows[0].email == "p100@example.org"


def test_beyond_the_last_page_is_the_last_page(session, crowd):
    found = paging.page(session, WANTED, 77)
    assert (found.number, found.last) == (3, 120)


def test_an_empty_list_has_one_page_with_nothing_on_it(session):
    assert shown(paging.page(session, WANTED, 2)) == (0, 0, 0, 1, False)


def test_no_more_is_counted_than_can_be_paged_to(session, crowd, monkeypatch):
    monkeypatch.setattr(paging, "MOST", 100)
    found = paging.page(session, WANTED, 5)
    assert shown(found) == (51, 100, 100, 2, True)


def test_a_list_at_hand_has_the_same_pages():
    found = paging.part(range(60), 2)
    assert (found.rows, shown(found)) == (list(range(50, 60)), (51, 60, 60, 2, False))
