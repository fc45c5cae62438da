"""Lists of people and batches, sorted and narrowed by their URL."""

import html
import re

from tests.web.conftest import lines, pairs, upload


def rows(page):
    """The first cell of each row."""
    return [html.unescape(name) for name in re.findall(r'<td class="name"><a [^>]*>([^<]*)</a>', page.text)]


def test_people_are_sorted_and_narrowed(boss, admin, folk):
    assert rows(boss.get("/people")) == ["Admin", "Ann", "Bob", "Reviewer"]
    assert rows(boss.get("/people?sort=-name")) == ["Reviewer", "Bob", "Ann", "Admin"]
    assert rows(boss.get("/people?role=annotator&sort=-email")) == ["Bob", "Ann"]
    assert rows(boss.get("/people?q=REV")) == ["Reviewer"]
    assert "Nobody fits." in boss.text("/people?q=%25")
    admin.patch(f"/people/{folk['bob'].id}", json={"active": False}).raise_for_status()
    page = boss.get("/people?account=deactivated")
    assert rows(page) == ["Bob"]
    assert 'value="deactivated" selected' in page.text
    assert "4 people have an account." in page.text
    assert "shown without it: role" in boss.text("/people?role=king")


def test_people_come_in_pages(boss, admin):
    for number in range(60):
        admin.post("/people", json={"email": f"p{number:02}@example.org"}).raise_for_status()
    assert "1–50 of 64" in boss.text("/people")
    assert rows(boss.get("/people?page=2"))[-1] == "Reviewer"


def test_batches_are_sorted_and_narrowed(boss, admin, study):
    for name, number in (("b", 3), ("A", 1), ("c", 2)):
        content = lines(*(row | {"id": name + row["id"]} for row in pairs(number)))
        assert upload(admin, content=content, name=name, draft=name == "A").status_code == 201
    where = "/projects/study/batches"
    assert rows(boss.get(where)) == ["c", "A", "b"]
    assert rows(boss.get(f"{where}?sort=name")) == ["A", "b", "c"]
    assert rows(boss.get(f"{where}?sort=-comparisons")) == ["b", "c", "A"]
    assert rows(boss.get(f"{where}?state=draft")) == ["A"]
    assert "No batch fits." in boss.text(f"{where}?q=nothing")
    assert "6 comparisons in 3 batches." in boss.text(f"{where}?q=nothing")
