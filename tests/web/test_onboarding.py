"""Guidelines, practice, quiz and the home page, as somebody finds them who has just been let in."""

import re

import pytest
from sqlalchemy import event

from app.domain import people, projects, qualifications
from app.storage.tables import Qualification
from app.vocabulary import Role
from tests.web.browsing import HOSTILE
from tests.web.conftest import golds, lines, pairs, upload

HERE = "/projects/study"


@pytest.fixture
def ann_browser(browsers):
    return browsers["ann"]


@pytest.fixture
def write(admin, study):
    """Sets the guidelines of the study."""

    def write(text):
        answer = admin.put("/projects/study", json={"name": "A study", "guidelines": text})
        assert answer.status_code == 200, answer.text

    return write


@pytest.fixture
def mark(sessions, study):
    """Sets the study's pass mark."""

    def mark(percent):
        with sessions.begin() as session:
            projects.get(session, study).pass_mark = percent

    return mark


@pytest.fixture
def practice(admin, study):
    assert upload(admin, content=lines(*golds(3)), purpose="practice").status_code == 201


@pytest.fixture
def quiz(admin, mark):
    """Work, a pass mark of 60 %, and a quiz of three questions in which "7" is the better answer."""
    assert upload(admin, content=lines(*pairs(3)), name="work").status_code == 201
    assert upload(admin, content=lines(*golds(3)), purpose="qualification").status_code == 201
    mark(60)


def better(shown):
    """The key for the better answer of a question's page: 7 stands beside 9."""
    sections = re.findall(r'<section class="card.*?</section>', shown, re.DOTALL)
    left, right = (re.search(r">(\d)<", section)[1] for section in sections)
    assert {left, right} == {"7", "9"}
    return "2" if left == "7" else "6"


def attempt(browser, key):
    """One attempt from its start to its result, answered by `key` of each page; the address of the result."""
    page = browser.post(f"{HERE}/quiz/attempts")
    while "Question " in page.text:
        comparison = re.search(r'name="comparison" value="(\d+)"', page.text)[1]
        answers = page.url.path + "/answers"
        page = browser.post(answers, data={"comparison": comparison, "answer": key(page.text)})
    assert page.status_code == 200
    return page


def test_a_batch_says_what_it_is_for(admin, study, reviewer):
    given = upload(admin, content=lines(*golds(2), *pairs(1)), purpose="practice").json()
    assert (given["purpose"], given["comparisons"], given["rejected"]) == ("practice", 2, 1)
    assert given["errors"] == [{"line": 3, "field": "gold", "reason": "missing: all of practice must be gold"}]
    assert upload(admin, content=lines(*pairs(1))).json()["purpose"] == "judging"
    assert [batch["purpose"] for batch in reviewer.get("/projects/study/batches").json()] == ["judging", "practice"]
    assert upload(admin, content=lines(*golds(1)), purpose="fun").status_code == 422


def test_guidelines_are_read_once_and_then_their_changes_are_marked(ann_browser, write):
    assert "There are no guidelines" in ann_browser.text(f"{HERE}/guidelines")
    write("Be **kind** to people.")
    said = ann_browser.text(f"{HERE}/guidelines")
    assert "Version 1" in said
    assert "Be kind to people." in said
    assert "I have read them" in said
    said = ann_browser.submit(f"{HERE}/guidelines/reading", number="1")
    assert "You have read this version." in said
    write("Be **very kind** to people.")
    shown = ann_browser.get(f"{HERE}/guidelines").text
    assert "You last read version 1." in shown
    assert re.search(r"<ins>.*very.*</ins>", shown)
    ann_browser.submit(f"{HERE}/guidelines/reading", number="2")
    assert "<ins>" not in ann_browser.get(f"{HERE}/guidelines").text


def test_earlier_versions_stay_readable(ann_browser, write):
    write("Be kind.")
    write("")
    write("Be right.")
    assert "Version 3 " in ann_browser.text(f"{HERE}/guidelines")
    said = ann_browser.text(f"{HERE}/guidelines/1")
    assert "Be kind." in said
    assert "does not hold any more" in said
    assert "there were no guidelines" in ann_browser.text(f"{HERE}/guidelines/2")
    assert "This holds since" in ann_browser.text(f"{HERE}/guidelines/3")
    assert "no version 4" in ann_browser.text(f"{HERE}/guidelines/4", status=404)


def test_a_version_that_is_not_there_is_not_read(ann_browser, write):
    assert ann_browser.post(f"{HERE}/guidelines/reading", data={"number": "1"}).status_code == 422
    write("Be kind.")
    assert ann_browser.post(f"{HERE}/guidelines/reading", data={"number": "2"}).status_code == 422
    assert ann_browser.post(f"{HERE}/guidelines/reading", data={}).status_code == 422


def test_practice_without_a_batch_says_what_it_would_be(ann_browser, boss, study):
    said = ann_browser.text(f"{HERE}/practice")
    assert "nothing to practise with yet" in said
    assert "Upload" not in said
    assert "Upload a batch" in boss.text(f"{HERE}/practice")


def test_practice_explains_each_answer_and_counts_what_agrees(ann_browser, practice):
    page = ann_browser.get(f"{HERE}/practice")
    for place in (1, 2, 3):
        assert f"Practice, {place} of 3" in page.text
        assert "3 times 3" not in page.text
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', page.text))
        action = re.search(r'<form class="judge"[^>]* action="([^"]+)"', page.text)[1]
        right = better(page.text)
        answer = right if place != 2 else "4"
        found = ann_browser.get(action, params=fields | {"answer": answer})
        assert ("You agree with gold" in found.text) is (place != 2)
        assert f"Gold: {'left' if right == '2' else 'right'} is better." in found.text
        assert f'class="answered {"left" if right == "2" else "right"}"' in found.text
        assert "<strong>3 times 3</strong>" in found.text
        assert better(found.text) == right, "the sides stay where they were"
        following = re.search(r'href="([^"]+)">(Next|Finish)', found.text)
        page = ann_browser.get(following[1].replace("&amp;", "&"))
    assert following[2] == "Finish"
    assert "<em>2</em> of 3" in page.text
    assert "Practise once more" in page.text


@pytest.mark.parametrize("query", ["answer=", "answer=8", "answer=x", "answer=1&swapped=perhaps", "answer=1&agreed=-1"])
def test_an_answer_to_practice_that_makes_no_sense_is_refused(ann_browser, practice, query):
    number = re.search(r"/practice/(\d+)", ann_browser.get(f"{HERE}/practice").text)[1]
    assert ann_browser.get(f"{HERE}/practice/{number}?{query}").status_code == 422
    assert ann_browser.get(f"{HERE}/practice/999999?answer=1").status_code == 404


def test_whoever_is_not_qualified_is_led_to_the_quiz_and_then_to_work(ann_browser, ann, quiz):
    page = ann_browser.get(f"{HERE}/annotate")
    assert page.url.path == f"{HERE}/quiz"
    assert "3, in an order that is drawn for you" in page.text
    assert "60 % of them right" in page.text
    assert ann.post(f"{HERE}/assignments", json={"count": 3}).json()["assignments"] == []
    page = attempt(ann_browser, better)
    assert "Passed, with <em>3</em> of 3 right" in page.text
    assert ann_browser.get(f"{HERE}/annotate").url.path == f"{HERE}/annotate"
    held = ann.post(f"{HERE}/assignments", json={"count": 3, "resume": True}).json()["assignments"]
    assert len(held) == 3


def test_whoever_holds_something_when_a_quiz_comes_to_be_asked_of_them_judges_that_first(ann_browser, ann, quiz, mark):
    mark(None)
    (held,) = ann.post(f"{HERE}/assignments", json={"count": 1}).json()["assignments"]
    mark(60)
    assert "Judge what you hold" in ann_browser.text(f"{HERE}/quiz")
    page = ann_browser.get(f"{HERE}/annotate")
    assert re.findall(r'data-assignment="(\d+)"', page.text) == [str(held["id"])]
    token = {"lease_token": held["lease_token"]}
    assert ann.request("DELETE", f"/assignments/{held['id']}/lease", json=token).status_code == 204
    assert ann_browser.get(f"{HERE}/annotate").url.path == f"{HERE}/quiz"
    assert "Judge what you hold" not in ann_browser.text(f"{HERE}/quiz")


def test_a_quiz_gives_no_hints_until_its_end_and_then_explains_everything(ann_browser, quiz):
    seen = []

    def wrong(shown):
        seen.append(shown)
        return "4" if len(seen) > 1 else better(shown)

    page = attempt(ann_browser, wrong)
    assert not any("3 times 3" in shown or "Gold:" in shown for shown in seen)
    assert "Not passed, with <em>1</em> of 3 right" in page.text
    assert page.text.count("<strong>3 times 3</strong>") == 3
    assert page.text.count("You said: they are as good as each other.") == 2
    assert page.text.count("<details open>") == 2, "what was wrong stands open"
    assert "Try again" in page.text
    said = ann_browser.text(f"{HERE}/quiz")
    assert "1 of 3 right on" in said
    assert "not passed" in said


def test_the_last_attempt_says_that_it_was(boss, ann_browser, quiz, sessions):
    with sessions.begin() as session:
        projects.get(session, "study").quiz_attempts = 2
    page = attempt(ann_browser, lambda _: "4")
    assert "Try again" in page.text
    assert "1 of 2" in ann_browser.text(f"{HERE}/quiz")
    assert "every attempt" not in boss.text(HERE)
    page = attempt(ann_browser, lambda _: "4")
    assert "that was your last attempt" in page.text
    assert "Try again" not in page.text
    said = ann_browser.text(f"{HERE}/quiz")
    assert "You have had all the attempts that there are" in said
    assert "Try again" not in said
    assert "all the attempts" in ann_browser.submit(f"{HERE}/quiz/attempts", 409)
    assert "1 person has had every attempt at the quiz and has not passed" in boss.text(HERE)


def test_a_reload_goes_on_where_one_was(ann_browser, quiz):
    page = ann_browser.post(f"{HERE}/quiz/attempts")
    comparison = re.search(r'name="comparison" value="(\d+)"', page.text)[1]
    answers = page.url.path + "/answers"
    assert "Question 1 of 3" in ann_browser.get(page.url.path).text
    for answer in ("2", "6"):  # the second one changes nothing
        found = ann_browser.post(answers, data={"comparison": comparison, "answer": answer})
        assert "Question 2 of 3" in found.text
    assert "Go on with question 2 of 3" in ann_browser.text(f"{HERE}/quiz")
    assert ann_browser.post(f"{HERE}/quiz/attempts").url.path == page.url.path


@pytest.mark.parametrize("answer", ["", "0", "8", "x"])
def test_an_answer_to_the_quiz_that_makes_no_sense_is_refused(ann_browser, quiz, answer):
    page = ann_browser.post(f"{HERE}/quiz/attempts")
    comparison = re.search(r'name="comparison" value="(\d+)"', page.text)[1]
    answers = page.url.path + "/answers"
    assert ann_browser.post(answers, data={"comparison": comparison, "answer": answer}).status_code == 422
    assert "Question 1 of 3" in ann_browser.get(page.url.path).text


def test_nobody_sees_or_answers_the_attempt_of_somebody_else(browsers, ann_browser, quiz):
    path = ann_browser.post(f"{HERE}/quiz/attempts").url.path
    for other in ("bob", "admin"):
        assert browsers[other].get(path).status_code == 404
        assert browsers[other].post(path + "/answers", data={"comparison": "1", "answer": "1"}).status_code == 404


def test_a_quiz_without_questions_says_so(ann_browser, boss, study, mark):
    mark(80)
    assert "nobody can pass" in ann_browser.text(f"{HERE}/quiz")
    assert "take the pass mark away" in boss.text(f"{HERE}/quiz")
    assert "There are no questions yet" in ann_browser.submit(f"{HERE}/quiz/attempts", 409)
    assert "the quiz has no questions yet" in ann_browser.text("/")


def test_a_project_without_a_pass_mark_has_no_quiz(ann_browser, study):
    assert "asks nobody to qualify" in ann_browser.text(f"{HERE}/quiz")
    assert ann_browser.post(f"{HERE}/quiz/attempts").status_code == 409


def test_an_admin_lets_people_in_and_takes_it_back(boss, folk, quiz, sessions, ann_browser):
    path = f"/people/{folk['ann'].id}/qualifications/study"

    def qualified():
        with sessions() as session:
            return session.get(Qualification, (projects.get(session, "study").id, folk["ann"].id)) is not None

    assert boss.post(path, follow_redirects=False).status_code == 303
    assert qualified()
    assert "You are qualified" in ann_browser.text(f"{HERE}/quiz")
    assert boss.post(f"{path}/withdrawal", follow_redirects=False).status_code == 303
    assert not qualified()
    assert boss.post("/people/999/qualifications/study").status_code == 404
    assert boss.post(f"/people/{folk['ann'].id}/qualifications/nowhere").status_code == 404


def test_home_says_what_to_do_next(ann_browser, write, practice, mark, admin):
    write("Be kind.")
    said = ann_browser.text("/")
    assert "Read the guidelines first" in said
    assert "Practise with 3 comparisons" in said
    assert "Annotate" in said
    ann_browser.submit(f"{HERE}/guidelines/reading", number="1")
    assert "Read the guidelines first" not in ann_browser.text("/")
    write("Be right.")
    assert "The guidelines changed since you read them" in ann_browser.text("/")
    upload(admin, content=lines(*golds(2, id=None, prompt="Which one?"), *golds(1, id="q")), purpose="qualification")
    mark(80)
    said = ann_browser.text("/")
    assert "Take the quiz" in said
    assert "to pass with 80 %" in said
    assert "Annotate" not in said


def test_what_is_hostile_is_shown_as_text(ann_browser, admin, study, write, mark):
    write(HOSTILE)
    write(HOSTILE + " and more")
    ann_browser.submit(f"{HERE}/guidelines/reading", number="1")
    assert HOSTILE in ann_browser.text(f"{HERE}/guidelines")
    assert HOSTILE in ann_browser.text(f"{HERE}/guidelines/1")
    rows = golds(1, prompt=HOSTILE, explanation=HOSTILE)
    upload(admin, content=lines(*rows), purpose="practice")
    number = re.search(r"/practice/(\d+)", ann_browser.get(f"{HERE}/practice").text)[1]
    assert ann_browser.text(f"{HERE}/practice/{number}?answer=1").count(HOSTILE) >= 3
    upload(admin, content=lines(rows[0] | {"id": "other"}), purpose="qualification")
    mark(1)
    ann_browser.submit(f"{HERE}/quiz/attempts")
    page = attempt(ann_browser, better)
    assert "<script>alert" not in page.text
    assert page.text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 2


def test_a_persons_qualifications_are_shown_to_an_admin(sessions, folk, quiz, clock):
    """The partial that the page of a person includes."""
    from app.web.templating import render

    with sessions.begin() as session:
        ann = people.get(session, folk["ann"].id)

        def shown():
            return render(
                "_qualifications.html", {"found": ann, "qualifications": qualifications.of_person(session, ann)}
            )

        assert "not qualified" in shown()
        assert "Let in" in shown()
        admin = people.get(session, folk["admin"].id)
        assert admin.role == Role.admin
        qualifications.grant(session, projects.get(session, "study"), ann, admin, clock())
        assert "let in by admin@example.org" in shown()
        assert "/qualifications/study/withdrawal" in shown()


def test_the_landing_page_asks_no_more_of_the_database_for_more_projects(boss, admin, app, study):
    asked = []
    event.listen(app.state.sessions.kw["bind"], "before_cursor_execute", lambda *seen: asked.append(seen[2]))
    counts = []
    for slug in ("one", "two", "three"):
        admin.post("/projects", json={"slug": slug}).raise_for_status()
        upload(admin, slug, content=lines(*pairs(2))).raise_for_status()
        asked.clear()
        assert boss.text("/").count("0 of 2 judgements") == len(counts) + 1
        counts.append(len(asked))
    assert counts == [counts[0]] * 3
