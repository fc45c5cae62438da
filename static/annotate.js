// The annotation page: shows what is leased, takes answers, and never waits for the network.

import { alone, deskOf } from "./tabs.js";
import { Answering } from "./answering.js";
import { Drafts } from "./drafts.js";
import { bind, closePopovers } from "./keys.js";
import { outdated, renewed } from "./leases.js";
import { front } from "./front.js";
import { alike, parsed } from "./nodes.js";
import { hush, tell } from "./notice.js";
import { Outbox, uuid } from "./outbox.js";
import { paint } from "./pace.js";
import { painted } from "./painted.js";
import { Past } from "./past.js";
import { Reading } from "./reading.js";
import { standsAt } from "./saved.js";
import { Sitting } from "./sitting.js";
import { Timer } from "./timer.js";
import { say } from "./words.js";

const RENEW = 5 * 60_000;
const LOOK_AGAIN = 15_000;

const $ = (id) => document.getElementById(id);
const desk = $("desk");
const form = $("judge");
const { person, project } = desk.dataset;
const ahead = Number(desk.dataset.ahead);
const composed = "more" in form.dataset;
const here = `/api/v1/assignments`;

/** @typedef {{id: number, token: string, node: HTMLElement}} Task */
/** @type {Task[]} what is leased, the one on show first */
let queue = [];
/** @type {Set<number>} ids of what was answered or skipped on this page and not taken back */
const left = new Set();
/** @type {Set<number>} ids of what was answered again, while the answer before could not be taken back */
const standing = new Set();
let seated = false; // whether this tab has the desk
let mine = false; // and one can judge at it: this is no break
let turn = 0; // goes up with every change of tabs: what was asked for before that is out of date
let asked = Date.now(); // when leases were renewed last
let timed = 0; // id of the comparison whose time is taken
let done = $("progress").value; // judgements in the project
const total = Number($("progress").dataset.total);

const timer = new Timer();
const reading = new Reading(desk);
const past = new Past(`${person}.${project}`); // what `z` can take back
const drafts = new Drafts(person);
const sitting = new Sitting(`${person}.${project}`, desk.dataset.goal);
const answering = new Answering(form, () => {
  const [current] = queue;
  if (!current) return;
  const filled = answering.read();
  if (Answering.empty(filled)) drafts.drop(current);
  else drafts.save(current, filled);
  if (composed) $("extras").open = true;
  hush("form");
});

const outbox = new Outbox(person, {
  at: (slug) => seated && slug === project,
  body: (entry) =>
    entry.method === "PUT" ? { ...entry.body, next: entry.project === project ? Math.max(0, ahead - queue.length) : 0 } : entry.body,
  settled: (entry, reply) => {
    if (entry.project !== project) return;
    standing.delete(entry.assignment);
    if (entry.method === "DELETE") take([reply], true);
    else take(reply?.assignments ?? []);
  },
  refused: (entry, problem, status) => {
    const mend = status === 422 && entry.method === "PUT";
    if (entry.project !== project) mend && drafts.restore(entry);
    else if (entry.method === "DELETE") stands(entry);
    else unsent(entry, mend);
    // where the project asks for something else since, this page has no room for it
    tell(say("refused", { detail: problem.detail }), mend ? { link: `/projects/${entry.project}/annotate`, act: say("go-on") } : {});
  },
  changed: (state, waiting) => {
    const was = standsAt(state, waiting);
    if (state === "saved") hush("account");
    if (state === "signed-out" && was !== state) signedOut();
    show(false);
    if (state === "saved" && was !== state && mine && !queue.length) renew();
  },
});

/** @returns {Task} */
function adopt(node) {
  reading.dress(node);
  return { id: Number(node.dataset.assignment), token: node.dataset.leaseToken, node };
}

/** Ids of what is answered or skipped, or with "DELETE" taken back, but not acknowledged: the last word on each counts. */
function leaving(method = "PUT") {
  const last = new Map(outbox.entries().map((entry) => [entry.assignment, entry.method]));
  return [...last.keys()].filter((id) => last.get(id) === method);
}

/** What another tab, or this one before a reload, has answered is not shown again. */
function skipOver() {
  for (const id of leaving()) left.add(id);
  queue = queue.filter((task) => !left.has(task.id));
}

/** Queues leased comparisons that are not known yet, and not left either: a renewal may cross an answer. @param {boolean} first before all others: they were taken back */
function take(assignments, first = false) {
  const known = new Set([...queue.map((task) => task.id), ...leaving(), ...(first ? [] : left)]);
  for (const found of assignments) {
    if (known.has(found.id)) continue;
    const node = parsed(found.html);
    node.hidden = true;
    desk.append(node);
    queue[first ? "unshift" : "push"](adopt(node));
  }
  show(false);
}

/** Puts the first of the queue on show. @param {boolean} anew whether another comparison came to the front */
function show(anew = true) {
  const [current] = mine ? queue : [];
  for (const node of [...desk.children]) {
    if (!queue.some((task) => task.node === node)) node.remove();
    else if (node !== current?.node) node.hidden = true;
  }
  anew ||= Boolean(current?.node.hidden);
  if (current) current.node.hidden = false;
  for (const part of [$("scale"), $("others"), $("asked"), $("send")]) part && (part.disabled = !current);
  $("undo").disabled = !mine || past.empty;
  $("empty").hidden = Boolean(current) || !mine || !$("pause").hidden;
  if (!current) $("empty-words").textContent = outbox.entries().length ? say("empty-offline") : say("empty");
  if (!current || !anew) return;
  answering.fill(drafts.load(current) ?? {});
  if ($("extras")) $("extras").open = composed ? !Answering.empty(answering.read()) : Boolean($("rationale").value);
  scrollTo(0, 0);
  reading.shown(current.node);
  current.node.focus({ preventScroll: true });
  if (timed === current.id) timer.goOn();
  else timer.start();
  timed = current.id;
}

function drop(id) {
  queue = queue.filter((task) => task.id !== id);
  show(false);
}

const judges = (entry) => entry.path.includes("/preference");
const follow = (entry) => outbox.entries().filter((other) => other.assignment === entry.assignment);

/** What could not be taken back stays as it was answered; what was answered again by then is counted by that. */
function stands(entry) {
  if (!follow(entry).length) {
    drop(entry.assignment);
    if (judges(entry)) sitting.kept(), count(1);
  } else if (judges(entry)) standing.add(entry.assignment);
}

/** What the server did not take is not counted; an answer that will not do comes back to be mended. */
function unsent(entry, mend) {
  const answered = past.take(entry.id);
  if (!answered && follow(entry).length) return; // it was taken back meanwhile
  const stood = standing.delete(entry.assignment);
  if (judges(entry) && !stood) sitting.undone(), count(answered ? -1 : 0); // in another tab this one has not counted it
  if (!judges(entry) && stood) sitting.kept(), count(1);
  if (!mend) return show(false);
  left.delete(entry.assignment);
  drafts.restore(entry);
  if (answered) back(answered.task);
}

/** Brings a comparison back to the front; from before a reload, the server has it. */
function back(task) {
  if (!task.node) return renew();
  desk.prepend(task.node);
  queue = [task, ...queue.filter((other) => other.id !== task.id)];
  show();
}

/** @param {number} difference of what is judged */
function count(difference) {
  const goal = Number(sitting.goal);
  done += difference;
  paint(sitting, done, total);
  if (difference > 0 && goal && sitting.count === goal) tell(say("goal", { goal }), { about: "good" });
  else if (difference > 0 && sitting.tired) tell(say("tired"), { about: "good", act: say("break"), does: rest }), sitting.rested();
}

function signedOut() {
  tell(say("signed-out-words"), { about: "account", link: "/sign-in?next=" + encodeURIComponent(location.pathname), act: say("sign-in") });
}

/** Answers or skips the comparison on show. @param {Event} event what somebody did, for the measure of it */
function leave(kind, body, event) {
  const task = queue.shift();
  const entry = uuid();
  const path = `${here}/${task.id}/${kind}?render=1`;
  // read and kept first: what is in the outbox puts the next one on show, and that has a draft of its own
  const filled = answering.read();
  past.add({ task, entry, kind, filled });
  drafts.drop(task);
  left.add(task.id);
  timed = 0;
  closePopovers();
  hush("form");
  hush("lease");
  outbox.add({ id: entry, project, assignment: task.id, method: "PUT", path, filled, body: { ...body(entry), lease_token: task.token } });
  if (!queue.length) $("empty").focus();
  painted(event);
}

/** @param {string} [key] of the answer that it sends by itself */
function answer(event, key = "") {
  if (!mine || !queue.length) return;
  const missing = answering.missing(key);
  if (missing) {
    if ($("extras") && missing !== "missing-strength") $("extras").open = true;
    answering.lead(missing);
    return tell(say(missing, { least: form.dataset.least ?? "" }), { about: "form" });
  }
  const active_ms = timer.read();
  const given = answering.body(key);
  const said = say(`answer-${key || answering.read().answer}`);
  leave("preference", (id) => ({ id, ...given, active_ms }), event);
  sitting.judged(active_ms);
  count(1);
  $("said").textContent = say(queue.length ? "answered" : "answered-last", { answer: said });
  const button = form.querySelector(`button[name=answer][value="${key}"]`);
  button?.classList.add("pressed");
  setTimeout(() => button?.classList.remove("pressed"), 120);
}

function skip(reason, event) {
  if (!mine || !queue.length) return;
  leave("skip", () => ({ reason }), event);
  $("said").textContent = say(queue.length ? "skipped" : "skipped-last");
}

function undo(event) {
  const last = mine ? past.pop() : null;
  if (!last) return;
  const { task, entry, kind, filled } = last;
  // what has not left yet is simply not sent; what has is taken back, in its turn
  if (!outbox.drop(entry)) {
    const path = `${here}/${task.id}/${kind}?render=1`;
    const named = kind === "preference" ? { id: entry } : {}; // lest it takes back a newer one, should it arrive twice
    outbox.add({ id: uuid(), project, assignment: task.id, method: "DELETE", path, body: { lease_token: task.token, ...named } });
  }
  left.delete(task.id);
  if (!Answering.empty(filled)) drafts.save(task, filled);
  timed = 0;
  if (kind === "preference") sitting.undone(), count(-1);
  $("said").textContent = say("undone");
  if (!task.node && leaving("DELETE").includes(task.id)) return; // the server's reply brings it
  back(task);
  painted(event);
}

/** A page in front of the desk: in a break, or while another tab has it. */
function pause(title, words, act, does) {
  mine = false;
  timer.stop();
  closePopovers();
  const button = front(title, words, act, does);
  show(false);
  button.focus();
}

function resume() {
  mine = true;
  $("pause").hidden = true;
  show();
}

function rest() {
  if (!mine) return;
  sitting.rested();
  pause(say("break-title"), say("break-words"), say("go-on"), () => (resume(), renew()));
}

/** Renews what is leased and asks for what is missing; what has gone to others meanwhile leaves the queue.
 * @param {boolean} anew when another tab worked here: also what is at its front, without a word */
async function renew(anew = false) {
  asked = Date.now();
  const begun = turn;
  const before = new Set(queue.map((task) => task.id));
  const moving = outbox.entries().map((entry) => entry.assignment); // the server may hear of these before or after
  const leased = await renewed(project, person, ahead);
  if (leased === "signed-out") return signedOut();
  if (!leased || begun !== turn) return; // offline: the outbox says so, and this comes round again
  if ($("saved").dataset.state !== "signed-out") hush("account");
  const words = outdated(desk.dataset, leased);
  if (words) tell(say(words), { about: "good", link: location.pathname, act: say("anew") });
  const found = leased.assignments;
  const held = new Set([...found.map((one) => one.id), ...moving, ...leaving(), ...leaving("DELETE")]);
  const gone = (task) => before.has(task.id) && !held.has(task.id);
  const [front] = queue;
  let kept = null;
  if (!anew && front && gone(front)) {
    const same = found.find((one) => alike(front.node, one.html));
    if (same) again(front, same);
    else {
      kept = front;
      if (mine) tell(say("expired"), { about: "lease", act: say("next"), does: () => drop(front.id) });
    }
  }
  queue = queue.filter((task) => task === kept || !gone(task));
  take(found);
}

/** Learns what the other tab did. @returns {Promise<boolean>} whether no tab has taken the desk meanwhile */
async function takeOver() {
  const begun = (turn += 1);
  sitting.read();
  left.clear(); // that tab may have taken it back
  skipOver();
  await renew(true);
  skipOver(); // what was pressed there while it was being taken
  count(0);
  return begun === turn;
}

/** Goes on with a comparison under its new lease, as if nothing had happened. */
function again(task, { id, lease_token }) {
  const begun = drafts.load(task);
  drafts.drop(task);
  if (timed === task.id) timed = id;
  [task.id, task.token] = [id, lease_token];
  if (begun) drafts.save(task, begun);
  [task.node.dataset.assignment, task.node.dataset.leaseToken] = [id, lease_token];
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { name, value } = event.submitter ?? {};
  if (name === "skip") skip(value, event);
  else if (name === "undo") undo(event);
  else answer(event, name === "answer" ? value : "");
});
$("break").addEventListener("click", rest);
$("goal").value = sitting.goal;
$("goal").addEventListener("change", () => ((sitting.goal = $("goal").value), count(0)));

bind({
  form,
  answering,
  reading,
  ready: () => mine && queue.length > 0,
  answer,
  undo,
  away: () => queue[0]?.node.focus({ preventScroll: true }),
});

queue = [...desk.children].map(adopt);
for (const task of queue) past.knows(task);
skipOver();
count(0);
const steal = alone(deskOf(person, project), {
  mine: async (later) => {
    seated = true;
    outbox.kick();
    if (!later || (await takeOver())) resume();
  },
  taken: () => {
    seated = false;
    turn += 1;
    outbox.kick();
    pause(say("taken-title"), say("taken-words"), say("taken-act"), ({ target }) => {
      target.disabled = true;
      steal();
    });
  },
});
setInterval(() => document.hidden || renew(), RENEW);
setInterval(() => queue.length || document.hidden || renew(), LOOK_AGAIN);
document.addEventListener("visibilitychange", () => document.hidden || Date.now() - asked < RENEW || renew());
if (!queue.length) renew();
