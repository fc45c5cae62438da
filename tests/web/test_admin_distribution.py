"""The pages on which admins and reviewers say who is given what, and see who holds it."""

import html
import re

import pytest

from app.domain import audit, groups, pins, projects
from tests.web.browsing import HOSTILE
from tests.web.conftest import lines, pairs, upload


@pytest.fixture
def batch(admin, study):
    """Four open comparisons with the ids 0 to 3."""
    return upload(admin, content=lines(*pairs(4)), name="Autumn").json()["id"]


@pytest.fixture
def poets(boss):
    answer = boss.post("/groups", data={"name": "Poets"})
    return int(str(answer.url).rpartition("/")[2])


def claim(caller, count=1):
    return caller.post("/projects/study/assignments", json={"count": count}).json()["assignments"]


def test_a_group_is_made_filled_renamed_and_deleted(boss, folk, poets):
    path, ann = f"/groups/{poets}", folk["ann"].id
    assert "0 members · no batch is for them only" in boss.text(path)
    page = boss.submit(f"{path}/members", member=ann)
    assert "1 member ·" in page
    assert "Ann ann@example.org Remove Ann" in page
    assert f'<option value="{ann}"' not in boss.get(path).text
    assert "There is 1 group." in boss.text("/groups")
    assert "Poets Ann" in boss.text("/groups")
    assert "Ann ann@example.org annotator active 0 Poets" in boss.text("/people")
    assert "Poets" in boss.text(f"/people/{ann}")
    assert "Bards" in boss.submit(f"{path}/name", name="Bards")
    assert "0 members" in boss.submit(f"{path}/members/{ann}/removal")
    assert "must be Bards, letter by letter" in boss.submit(f"{path}/deletion", 422, confirm="Poets")
    assert "Every batch is for everybody." in boss.submit(f"{path}/deletion", confirm="Bards")
    boss.text(path, 404)


def test_what_a_group_cannot_be_called_is_said_at_its_field(boss, poets):
    page = boss.submit("/groups", 422, name="Poets")
    assert "Name is that of another group." in page
    assert 'value="Poets"' in boss.post("/groups", data={"name": "Poets"}).text
    assert "Name is missing" in boss.submit("/groups", 422, name=" ")
    assert "Name is longer than 100" in boss.submit(f"/groups/{poets}/name", 422, name="n" * 101)
    boss.submit(f"/groups/{poets}/members", 422, member="")
    boss.submit(f"/groups/{poets}/members", 404, member="999999")


def test_a_group_that_a_batch_is_for_is_not_deleted(boss, batch, poets):
    boss.submit(f"/projects/study/batches/{batch}/rules", priority="0", group_id=poets)
    page = boss.text(f"/groups/{poets}")
    assert "1 batch is for them only" in page
    assert "Autumn A study open" in page
    assert "Delete the group" not in page
    assert "Poets is whom batch Autumn is for." in boss.submit(f"/groups/{poets}/deletion", 409, confirm="Poets")


def test_the_rules_of_a_batch_are_set_on_its_page(boss, looker, ann, batch, poets, folk):
    path = f"/projects/study/batches/{batch}"
    boss.submit(f"{path}/rules", priority="5", max_per_annotator="2", group_id=poets)
    page = boss.get(path).text
    assert re.search(r'name="priority"[^>]*value="5"', page)
    assert re.search(r'name="max_per_annotator"[^>]*value="2"', page)
    assert f'<option value="{poets}" selected>Poets' in page
    assert "Judgements of one annotator 2 For Poets only" in looker.text(path)
    assert claim(ann) == []
    boss.submit(f"/groups/{poets}/members", member=folk["ann"].id)
    assert len(claim(ann, 9)) == 2
    boss.submit(f"{path}/rules", priority="0", max_per_annotator="", group_id="")
    assert "Judgements of one annotator no limit For everybody" in looker.text(path)
    assert len(claim(ann, 9)) == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"priority": "x"}, "Priority must be a whole number"),
        ({"max_per_annotator": "0"}, "Judgements of one annotator must be 1 or more"),
        ({"max_per_annotator": "few"}, "Judgements of one annotator must be a whole number"),
        ({"group_id": "999999"}, "For names a group that is not there"),
    ],
)
def test_rules_that_make_no_sense_are_said_at_their_field(boss, batch, wrong, said):
    path = f"/projects/study/batches/{batch}"
    page = boss.submit(f"{path}/rules", 422, **({"priority": "77", "max_per_annotator": "3"} | wrong))
    assert said in page
    typed = boss.post(f"{path}/rules", data={"priority": "77", "max_per_annotator": "3"} | wrong).text
    assert "77" in typed or "priority" in wrong
    assert re.search(r'name="priority"[^>]*value="0"', boss.get(path).text)


def test_the_rules_of_a_project_are_set_and_shown(boss, study, sessions):
    path = "/projects/study/settings"
    boss.submit(path, overlap="2", retrain_every="0", max_per_annotator="50", spread="1")
    page = boss.get(path).text
    assert re.search(r'name="max_per_annotator"[^>]*value="50"', page)
    assert re.search(r'name="spread"[^>]* checked', page)
    with sessions() as session:
        project = projects.get(session, "study")
        assert (project.max_per_annotator, project.spread) == (50, True)
    page = boss.submit(path, 422, overlap="2", retrain_every="0", max_per_annotator="0", spread="1")
    assert "Judgements of one annotator must be 1 or more, or empty for no limit." in page
    boss.submit(path, overlap="2", retrain_every="0")
    with sessions() as session:
        project = projects.get(session, "study")
        assert (project.max_per_annotator, project.spread) == (None, False)
    boss.submit("/projects", slug="tales", overlap="2", retrain_every="0", max_per_annotator="9", spread="1")
    with sessions() as session:
        project = projects.get(session, "tales")
        assert (project.max_per_annotator, project.spread) == (9, True)


def test_a_reviewer_sees_who_holds_what_and_releases_it(looker, ann, bob, folk, batch, clock):
    path = "/projects/study/leases"
    page = looker.text(path)
    assert "Nobody holds a comparison." in page
    assert "Pinned to somebody" in page
    first, *_ = claim(ann, 2)
    clock.forward(minutes=10)
    claim(bob)
    page = looker.text(path)
    assert page.startswith("2 people hold 3 comparisons.")
    assert "ann@example.org 2 10 min 0 s 20 min 0 s" in page
    assert "0 ann@example.org Autumn 10 min 0 s 20 min 0 s Release 0" in page
    assert 'title="2026-01-05 09:30 UTC"' in looker.get(path).text
    only = looker.text(f"{path}?annotator={folk['bob'].id}")
    assert "What bob@example.org holds" in only
    assert "Release 2" in only
    assert "Release 0" not in only
    assert looker.submit(f"{path}/{first['id']}/release").startswith("2 people hold 2 comparisons.")
    assert claim(bob)[0]["external_id"] == "0"
    release = f"/projects/study/annotators/{folk['bob'].id}/release"
    assert "must be bob@example.org" in looker.submit(release, 422, confirm="ann@example.org")
    page = looker.submit(release, confirm="bob@example.org")
    assert page.startswith("1 person holds 1 comparison.")
    looker.text(f"{path}?annotator=999999", 404)
    looker.text(f"{path}?annotator=x", 422)


def test_what_was_judged_meanwhile_is_not_released(looker, ann, batch):
    (task,) = claim(ann)
    answer = {"id": "00000000-0000-4000-8000-000000000001", "lease_token": task["lease_token"], "strength": 1}
    ann.put(f"/assignments/{task['id']}/preference", json=answer)
    page = looker.submit(f"/projects/study/leases/{task['id']}/release", 409)
    assert "The comparison was judged in the meantime" in page


def test_an_admin_pins_and_unpins(boss, looker, ann, bob, folk, batch, sessions):
    path = "/projects/study"
    page = boss.submit(f"{path}/pins", comparison=" 3 ", annotator=folk["ann"].id)
    assert "3 ann@example.org Autumn Unpin 3" in page
    page = looker.text(f"{path}/leases")
    assert "3 ann@example.org Autumn" in page
    assert "Unpin" not in page
    assert claim(bob, 9)[-1]["external_id"] == "2"
    with sessions() as session:
        number = pins.named(session, projects.get(session, "study"), "3").id
    assert "Unpin" not in boss.submit(f"{path}/comparisons/{number}/pin/removal")
    assert claim(bob)[0]["external_id"] == "3"


def test_a_comparison_without_an_id_of_its_own_is_pinned_by_its_number(boss, admin, ann, folk, study, sessions):
    row = {"prompt": "Why?", "response_a": "a", "response_b": "b"}
    batch = upload(admin, content=lines(row)).json()["id"]
    number = re.search(r"#\d+", boss.text(f"/projects/study/batches/{batch}"))[0]
    page = boss.submit("/projects/study/pins", comparison=number, annotator=folk["ann"].id)
    assert f"{number} ann@example.org" in page
    assert len(claim(ann)) == 1


@pytest.mark.parametrize(
    ("wrong", "status", "said"),
    [
        ({"comparison": "9"}, 422, "Comparison is none that is known here"),
        ({"comparison": "#99999999999"}, 422, "Comparison is none that is known here"),
        ({"comparison": "#999999"}, 422, "There is no comparison 999999 in 'study'. Nothing was changed."),
        ({"annotator": "999999"}, 422, "There is no account 999999. Nothing was changed."),
        ({"annotator": ""}, 422, "Annotator must be a whole number"),
        ({"comparison": "0"}, 409, "ann@example.org has had this comparison already. Nothing was changed."),
    ],
)
def test_a_pin_that_makes_no_sense_is_refused_on_its_page(boss, ann, folk, batch, wrong, status, said):
    claim(ann)
    typed = {"comparison": "3", "annotator": str(folk["ann"].id)} | wrong
    assert said in boss.submit("/projects/study/pins", status, **typed)
    page = boss.post("/projects/study/pins", data=typed).text
    assert f'value="{typed["comparison"]}"' in page


def test_who_did_it_is_in_the_log(boss, looker, ann, folk, batch, poets, sessions):
    (task,) = claim(ann)
    boss.submit(f"/groups/{poets}/members", member=folk["ann"].id)
    boss.submit(f"/projects/study/batches/{batch}/rules", priority="0", max_per_annotator="2")
    boss.submit("/projects/study/pins", comparison="3", annotator=folk["ann"].id)
    looker.submit(f"/projects/study/leases/{task['id']}/release")
    with sessions() as session:
        found = [(entry.actor, entry.action, entry.subject) for entry in audit.newest(session, audit.Wanted(), 5)]
    assert found == [
        ("reviewer@example.org", "lease released", "ann@example.org"),
        ("admin@example.org", "comparison pinned", "3"),
        ("admin@example.org", "batch changed", "Autumn"),
        ("admin@example.org", "member added", "ann@example.org"),
        ("admin@example.org", "group made", "Poets"),
    ]


def test_who_may_what(browsers, batch, poets, folk):
    for path in ("/groups", f"/groups/{poets}"):
        assert browsers["reviewer"].get(path).status_code == 403
    assert browsers["reviewer"].post("/projects/study/pins", data={"comparison": "0"}).status_code == 403
    assert browsers["ann"].get("/projects/study/leases").status_code == 403
    page = browsers["reviewer"].get("/projects/study/leases").text
    assert 'href="/people' not in page
    assert "/pins" not in page


def test_hostile_names_stay_words(boss, admin, ann, folk, study, sessions, clock):
    row = {"id": HOSTILE, "prompt": "p", "response_a": "a", "response_b": "b"}
    batch = upload(admin, content=lines(row, row | {"id": f"{HOSTILE}2"}), name=HOSTILE).json()["id"]
    with sessions.begin() as session:
        group = groups.create(session, HOSTILE, clock()).id
    boss.post(f"/groups/{group}/members", data={"member": folk["ann"].id})
    boss.post(f"/projects/study/batches/{batch}/rules", data={"priority": "0", "group_id": group})
    claim(ann)
    boss.post("/projects/study/pins", data={"comparison": f"{HOSTILE}2", "annotator": folk["ann"].id})
    for path in (
        "/projects/study/leases",
        "/groups",
        f"/groups/{group}",
        f"/projects/study/batches/{batch}",
        "/people",
    ):
        assert HOSTILE in boss.text(path)
        assert html.escape(HOSTILE) in boss.get(path).text
