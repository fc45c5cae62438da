"""Compares what the annotators were told with what is there."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from sqlalchemy import create_engine, make_url, text

SHOWN = 10


@dataclass
class Verdict:
    """What is wrong, by kind, each with its evidence."""

    wrong: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter = field(default_factory=Counter)

    def say(self, kind, evidence):
        self.wrong[kind].append(str(evidence))

    @property
    def good(self):
        return not any(self.wrong.values())


def logs(folder):
    """The last that is known of each answer, and the faults that annotators noticed themselves."""
    answers, faults = {}, []
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if "fault" in entry:
                faults.append(entry)
            else:
                answers[entry["id"]] = entry
    return answers, faults


class Stored:
    """Everything that the database holds of the queue."""

    def __init__(self, url):
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(parsed)
        with engine.connect() as connection:

            def rows(statement):
                return connection.execute(text(statement)).mappings().all()

            self.preferences = rows(
                "SELECT p.id, p.strength, p.swapped, p.late, p.assignment_id, c.external_id AS name, e.email AS person, "
                "a.slot FROM preference p JOIN comparison c ON c.id = p.comparison_id "
                "JOIN person e ON e.id = p.annotator_id JOIN assignment a ON a.id = p.assignment_id"
            )
            self.history = rows(
                "SELECT h.preference_id AS id, h.why, CAST(h.content AS text) AS content, e.email AS person, "
                "c.external_id AS name FROM preference_history h JOIN person e ON e.id = h.annotator_id "
                "JOIN assignment a ON a.id = h.assignment_id JOIN comparison c ON c.id = a.comparison_id"
            )
            self.slots = rows(
                "SELECT c.external_id AS name, a.slot, a.state FROM assignment a JOIN comparison c "
                "ON c.id = a.comparison_id WHERE a.slot IS NOT NULL"
            )
            self.live = rows(
                "SELECT comparison_id, annotator_id, count(*) AS number FROM assignment "
                "WHERE state <> 'expired' AND annotator_id IS NOT NULL GROUP BY comparison_id, annotator_id "
                "HAVING count(*) > 1"
            )
            self.counted = rows(
                "SELECT batch_id, annotator_id, count(*) AS judged, count(slot) AS filled FROM assignment "
                "WHERE state = 'done' GROUP BY batch_id, annotator_id"
            )
            self.tallied = rows("SELECT batch_id, annotator_id, judged, filled FROM tally WHERE judged > 0")
            self.batches = rows("SELECT file_digest FROM batch")
        engine.dispose()


def judge(folder, stored, overlap, exported):
    """The verdict; `overlap` by comparison, `exported` the rows of the export."""
    verdict = Verdict()
    answers, faults = logs(folder)
    for fault in faults:
        verdict.say("faults that annotators noticed", fault)
    check_answers(verdict, answers, stored)
    check_queue(verdict, stored, overlap)
    check_export(verdict, stored, exported)
    verdict.counts["acknowledged answers"] = len(answers)
    verdict.counts["of these, counting"] = len(stored.preferences)
    verdict.counts["late"] = sum(bool(row["late"]) for row in stored.preferences)
    verdict.counts["late extras"] = sum(row["slot"] is None for row in stored.preferences)
    verdict.counts.update(row["why"] for row in stored.history)
    verdict.counts["doubtful"] = sum(answer["doubtful"] for answer in answers.values())
    return verdict


def check_answers(verdict, answers, stored):
    """Every acknowledged answer is there once, as it was given, and nothing else is."""
    present = {row["id"]: row for row in stored.preferences}
    past = {row["id"]: row for row in stored.history}
    for number, answer in answers.items():
        row = present.get(number) or past.get(number)
        if row is None:
            verdict.say("lost", answer)
            continue
        if number in present and number in past:
            verdict.say("doubled", answer)
        content = row if number in present else json.loads(row["content"])
        strength = -answer["strength"] if answer["swapped"] else answer["strength"]
        told = (answer["person"], answer["name"], strength, answer["swapped"], answer["late"])
        found = (row["person"], row["name"], content["strength"], bool(content["swapped"]), bool(content["late"]))
        if told != found:
            verdict.say("wrong", f"{answer} is stored as {dict(row)}")
        status = "stored" if number in present else row["why"]
        if status != answer["status"] and not answer["doubtful"]:
            verdict.say("wrong", f"{answer} is {status} there")
    for number in (present.keys() | past.keys()) - answers.keys():
        verdict.say("never acknowledged", dict(present.get(number) or past[number]))
    pairs = Counter((row["person"], row["name"]) for row in stored.preferences)
    for pair, number in pairs.items():
        if number > 1:
            verdict.say("doubled", f"{pair} has {number} judgements")
    for row in stored.live:
        verdict.say("doubled", f"held twice: {dict(row)}")


def check_queue(verdict, stored, overlap):
    """Every comparison has its slots, all of them judged; extras are late; what is counted is right."""
    slots = defaultdict(list)
    for row in stored.slots:
        slots[row["name"]].append(row)
    for name, wanted in overlap.items():
        found = slots.pop(name, [])
        if sorted(row["slot"] for row in found) != list(range(wanted)):
            kind = "over overlap" if len(found) > wanted else "stuck"
            verdict.say(kind, f"{name} wants {wanted} and has the slots {[dict(row) for row in found]}")
        if open_ones := [row for row in found if row["state"] != "done"]:
            verdict.say("stuck", f"{name}: {[dict(row) for row in open_ones]}")
    for name in slots:
        verdict.say("wrong", f"{name} was never uploaded")
    filled = Counter(row["name"] for row in stored.preferences if row["slot"] is not None)
    for name, number in filled.items():
        if number > overlap.get(name, 0):
            verdict.say("over overlap", f"{name} wants {overlap.get(name)} and has {number} judgements in slots")
    for row in stored.preferences:
        if row["slot"] is None and not row["late"]:
            verdict.say("over overlap", f"an extra that is not marked late: {dict(row)}")
    counted, tallied = ({tuple(row.values()) for row in rows} for rows in (stored.counted, stored.tallied))
    for entry in counted ^ tallied:
        where = "counted" if entry in counted else "kept"
        verdict.say("tallies", f"(batch, annotator, judged, filled) {entry} is only {where}")
    for name, number in Counter(row["file_digest"] for row in stored.batches).items():
        if number > 1:
            verdict.say("doubled", f"the file {name} was taken in {number} times")


def check_export(verdict, stored, exported):
    """What is exported is what is there."""
    there = {
        row["id"]: (
            row["name"], row["person"], row["strength"], -row["strength"] if row["swapped"] else row["strength"],
            bool(row["late"]), row["slot"] is None,
        )
        for row in stored.preferences
    }  # fmt: skip
    keys = ("external_id", "annotator", "strength", "strength_shown", "late", "extra")
    out = {row["id"]: tuple(row[key] for key in keys) for row in exported}
    if len(out) != len(exported):
        verdict.say("export", "an id is exported twice")
    for number in there.keys() | out.keys():
        if there.get(number) != out.get(number):
            verdict.say("export", f"{number} is {there.get(number)} and exported as {out.get(number)}")
