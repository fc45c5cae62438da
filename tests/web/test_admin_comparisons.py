"""The list of comparisons and the page of one, as reviewers and admins read them."""

import html
import re

import pytest
from sqlalchemy import select

from app.domain import pins, projects, reward_models
from app.storage.tables import Comparison, Preference, Reward, TrainingRun
from tests.web.browsing import HOSTILE, by
from tests.web.conftest import lines, pairs, upload

LIST = "/projects/study/comparisons"


def number(sessions, name):
    """The id of the comparison that its upload gave that name."""
    with sessions() as session:
        return pins.named(session, projects.get(session, "study"), name).id


def links(page, text):
    """Where the links with that text lead."""
    found = re.findall(r'<a [^>]*href="([^"]+)"[^>]*>(.*?)</a>', page.text, re.DOTALL)
    return [html.unescape(url) for url, shown in found if text in shown]


def test_a_project_without_comparisons_says_what_they_are(looker, boss, study):
    assert "There is nothing to compare yet." in looker.text(LIST)
    assert "An admin uploads a batch." in looker.text(LIST)
    assert "Upload a batch" in boss.text(LIST)


def test_the_list_is_on_its_tab_and_says_how_comparisons_stand(looker, judged):
    page = looker.text(LIST)
    assert "30 comparisons" in page
    assert "1–30 of 30" in page
    assert "Why 29? 29 b is slightly better +0.5 2 of 1 disputed 0.00 –" in page
    assert "Why 3? 3 a is better −2.0 2 of 1 1.00 –" in page
    overview = looker.get("/projects/study")
    assert links(overview, "Comparisons") == [LIST]


def test_what_is_found_is_in_the_url_and_links_keep_it(looker, judged):
    page = looker.get(f"{LIST}?kind=disputed&batch={judged}&sort=id")
    assert "10 of 30 comparisons" in html.unescape(page.text)
    (link,) = links(page, "Why 20?")
    assert link.endswith(f"?batch={judged}&kind=disputed&sort=id")
    one = looker.get(link)
    assert links(one, "Previous") == []
    (following,) = links(one, "Next")
    assert "Why 21?" in looker.get(following).text
    assert links(looker.get(following), "Previous") == [link]
    assert links(one, "Comparisons")[-1] == f"{LIST}?batch={judged}&kind=disputed&sort=id"
    assert f'<option value="{judged}" selected>' in page.text


def test_pages_and_the_way_back_to_the_right_one(looker, admin, study, sessions):
    upload(admin, content=lines(*pairs(120)))
    page = looker.get(f"{LIST}?sort=id&page=2")
    assert "51–100 of 120" in page.text
    assert links(page, "Previous page") == [f"{LIST}?sort=id"]
    assert links(page, "Next page") == [f"{LIST}?sort=id&page=3"]
    one = looker.get(f"{LIST}/{number(sessions, '60')}?sort=id")
    assert links(one, "Comparisons")[-1] == f"{LIST}?sort=id&page=2"
    assert "101–120 of 120" in looker.text(f"{LIST}?sort=id&page=99")


def test_a_column_is_sorted_by_its_head(looker, judged):
    page = looker.get(LIST)
    assert 'aria-sort="descending"' in page.text
    assert links(page, "Same side") == [f"{LIST}?sort=-dispute"]
    assert page.text.count("aria-sort") == 1
    sorted_page = looker.get(f"{LIST}?sort=-dispute")
    assert "Why 29?" in sorted_page.text.split("<tbody>")[1].split("</tr>")[0]


def test_words_and_ids_are_searched(looker, admin, judged, sessions):
    upload(admin, content=lines(pairs(1)[0] | {"id": "odd", "prompt": "Größe & 100 %"}))
    assert "1 of 31 comparisons" in looker.text(f"{LIST}?q=GRÖSSE+%26")
    assert "…Größe <mark>&amp;</mark> 100 %…" in looker.get(f"{LIST}?q=GRÖSSE+%26").text
    assert "b: …<mark>b7</mark>…" in looker.get(f"{LIST}?q=B7").text
    assert "Größe" in looker.text(f"{LIST}?q=%23{number(sessions, 'odd')}")
    assert "0 of 31 comparisons" in looker.text(f"{LIST}?q=nothing+like+it")
    assert "No comparison fits." in looker.text(f"{LIST}?q=nothing+like+it")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("flag=any", "This project does not offer flags yet"),
        ("skipped=any", "Nobody has skipped a comparison like this."),
        ("kind=gold", "There is no gold."),
        ("kind=unjudged", "Every comparison has a judgement."),
        ("kind=late", "No comparison fits."),
        ("flag=any&kind=gold", "every filter must hold"),
        ("batch=999", "No comparison fits."),
        ("annotator=999", "No comparison fits."),
        ("page=x&batch=one", "shown without it: batch, page"),
    ],
)
def test_nothing_found_teaches(looker, judged, query, said):
    assert said in looker.text(f"{LIST}?{query}")


def test_flags_are_shown_where_they_were_raised(looker, judged, sessions):
    with sessions.begin() as session:
        first = session.scalars(select(Preference)).first()
        first.flags, chosen = ["personal data"], first.comparison_id
    assert "Flagged 1" in looker.text(LIST)
    page = looker.text(f"{LIST}?flag=personal+data")
    assert "1 of 30 comparisons" in page
    assert "personal data" in page.split("Judged last")[1]
    assert "Flagged: personal data" in looker.text(f"{LIST}/{chosen}")


def test_a_comparison_has_its_texts_and_all_that_was_said(looker, admin, ann, study, sessions):
    admin.put("/projects/study", json={"name": "A study", "overlap": 4}).raise_for_status()
    said = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "**Because.**"}]
    row = {
        "id": "x",
        "prompt": [*said, {"role": "user", "content": "And then?"}],
        "response_a": "one",
        "response_b": "two",
        "generator_a": "model 1",
        "metadata": {"quelle": "größer"},
        "annotations": by(-3, 2),
    }
    upload(admin, content=lines(row), name="Autumn").raise_for_status()
    (task,) = ann.post("/projects/study/assignments", json={}).json()["assignments"]
    answer = {"id": "7e0c4b5e-33f5-4c9a-8f0e-0f4f5f6a7b8c", "lease_token": task["lease_token"], "strength": 1}
    ann.put(f"/assignments/{task['id']}/preference", json=answer | {"rationale": "A & B", "active_ms": 61_000})
    path = f"{LIST}/{number(sessions, 'x')}"
    raw = looker.get(path).text
    assert "<strong>Because.</strong>" in raw
    page = looker.text(path)
    assert "People disagree: 2 of 3 judgements are for" in page
    assert "Comparison x of Autumn" in page
    assert "a model 1 one" in page
    assert "ann a is much better" in page
    assert "imported with the batch" in page
    assert "ann@example.org" in page
    assert "A & B" in page
    assert "took 1 min 1 s" in page
    swapped = task["left"] == "two"
    assert f"seen as “Right is slightly better” {'b' if swapped else 'a'} stood on the left" in page
    assert "3 of the 4 judgements that its batch asks for. 1 waits for an annotator." in page
    assert '"quelle": "größer"' in html.unescape(raw)
    assert "There is no reward model yet." in page
    assert "Account" not in page


def test_gold_and_its_explanation(looker, admin, study, sessions):
    upload(admin, content=lines(pairs(1)[0] | {"gold": "tie", "annotations": by(0, 1)}))
    with sessions.begin() as session:
        session.scalars(select(Comparison)).one().explanation = f"Both are right. {HOSTILE}"
    page = looker.text(f"{LIST}/{number(sessions, '0')}")
    assert "The known answer is a tie." in page
    assert f"Both are right. {HOSTILE}" in page
    assert "ann a tie 2026-01-05 09:00 UTC imported with the batch the same as the known answer" in page
    assert "ben b is slightly better 2026-01-05 09:00 UTC imported with the batch not the known answer" in page


def test_criteria_have_the_projects_names(looker, judged, sessions):
    with sessions.begin() as session:
        project = projects.get(session, "study")
        project.asks = {
            "acceptable": True,
            "criteria": [{"key": "kind", "name": "Kindness", "hint": ""}],
            "rationale": "no",
            "rationale_least": 1,
            "flags": True,
        }
        first = session.scalars(select(Preference)).first()
        first.criteria, first.acceptable_a, first.acceptable_b = {"kind": 2, "gone": 0}, True, False
        chosen = first.comparison_id
    page = looker.text(f"{LIST}/{chosen}")
    assert "Kindness b is better gone a tie" in page
    assert "a is good enough, b is not good enough" in page


def test_what_the_model_makes_of_it(looker, sessions, run_id, clock):
    chosen = number(sessions, "0")
    with sessions.begin() as session:
        reward_models.promote(session, session.get_one(TrainingRun, run_id), clock())
    assert f"that of run {run_id}, has not scored these responses" in looker.text(f"{LIST}/{chosen}")
    with sessions.begin() as session:
        comparison = session.get_one(Comparison, chosen)
        session.add(Reward(run_id=run_id, response_id=comparison.response_a_id, reward=-1.0))
        session.add(Reward(run_id=run_id, response_id=comparison.response_b_id, reward=0.5))
    page = looker.text(f"{LIST}/{chosen}")
    assert "Reward of a −1.00 Reward of b +0.50 Margin, b over a +1.50 Probability that b is better 0.82" in page
    assert "It takes the other side than people do." in page
    assert "+1.50" in looker.text(f"{LIST}?q=%23{chosen}")


def test_who_pins_stays_in_the_list_that_they_came_by(boss, folk, admin, study, sessions):
    upload(admin, content=lines(*pairs(3)))
    asked = "?q=why&kind=unjudged&sort=id"
    path = f"{LIST}/{number(sessions, '1')}"
    for action, fields in (("pin", {"annotator": folk["ann"].id}), ("pin/removal", {"back": "comparison"})):
        assert f'action="{path}/{action}{html.escape(asked)}' in boss.get(path + asked).text
        answer = boss.post(f"{path}/{action}{asked}", data=fields, follow_redirects=False)
        assert answer.headers["location"] == f"{path}{asked}#queue"


def test_an_admin_pins_it_here_and_takes_that_back(boss, looker, admin, folk, study, sessions):
    upload(admin, content=lines(*pairs(1)))
    path = f"{LIST}/{number(sessions, '0')}"
    assert "Keep a judgement for" not in looker.text(path)
    assert "One judgement is kept for ann@example.org" in boss.submit(f"{path}/pin", annotator=folk["ann"].id)
    assert "One judgement is kept for ann@example.org" in looker.text(path)
    page = boss.submit(f"{path}/pin/removal", back="comparison")
    assert "Nobody has judged this comparison yet." in page
    assert "kept for" not in page
    boss.submit(f"{path}/pin", 422, annotator="")
    admin.patch(f"/people/{folk['bob'].id}", json={"active": False}).raise_for_status()
    assert "is deactivated" in boss.submit(f"{path}/pin", 409, annotator=folk["bob"].id)
    boss.submit(f"{LIST}/999999/pin", 404, annotator=folk["ann"].id)


def test_the_wrong_project_has_no_such_comparison(looker, admin, judged, sessions):
    admin.post("/projects", json={"slug": "other", "name": "Other"}).raise_for_status()
    chosen = number(sessions, "0")
    looker.text(f"{LIST}/{chosen}")
    looker.text(f"/projects/other/comparisons/{chosen}", 404)
    looker.text(f"{LIST}/{chosen + 10_000}", 404)
    looker.text("/projects/nowhere/comparisons", 404)


def test_what_was_uploaded_stays_text(looker, admin, study, sessions):
    row = {"id": HOSTILE, "prompt": HOSTILE, "response_a": HOSTILE, "response_b": "b", "generator_a": HOSTILE}
    note = {"annotator": HOSTILE, "strength": 1, "rationale": HOSTILE}
    upload(admin, content=lines(row | {"metadata": {HOSTILE: HOSTILE}, "annotations": [note]}), name=HOSTILE)
    assert looker.text(f"{LIST}?q={HOSTILE}").count(HOSTILE) >= 3
    assert looker.text(f"{LIST}/{number(sessions, HOSTILE)}").count(HOSTILE) >= 5
