// The annotation page: shows what is leased, takes answers, and never waits for the network.

import { alone } from "./tabs.js";
import { Answering } from "./answering.js";
import { Drafts } from "./drafts.js";
import { hotkeys } from "./hotkeys.js";
import { Outbox, uuid } from "./outbox.js";
import { painted } from "./painted.js";
import { Reading } from "./reading.js";
import { Sitting } from "./sitting.js";
import { Timer } from "./timer.js";
import { say } from "./words.js";

const RENEW = 5 * 60_000;
const LOOK_AGAIN = 15_000;
const REMEMBERED = 50;

const $ = (id) => document.getElementById(id);
const desk = $("desk");
const form = $("judge");
const { person, project } = desk.dataset;
const ahead = Number(desk.dataset.ahead);
const composed = "more" in form.dataset;
const memory = `touchstone.history.${person}.${project}`;
const here = `/api/v1/assignments`;

/** @typedef {{id: number, token: string, node: HTMLElement}} Task */
/** @type {Task[]} what is leased, the one on show first */
let queue = [];
/** @type {Set<number>} ids of what was answered or skipped on this page and not taken back */
const left = new Set();
/** @type {{task: Task, entry: string, kind: "preference" | "skip", filled: object}[]} what `z` can take back; a reload keeps all but the nodes */
const history = remembered();
let mine = false; // whether no other tab has this desk
let renewed = Date.now();
let done = $("progress").value; // judgements in the project
const total = Number($("progress").dataset.total);

const timer = new Timer();
const reading = new Reading(desk);
const drafts = new Drafts(person);
const sitting = new Sitting(`${person}.${project}`, desk.dataset.goal);
const answering = new Answering(form, () => {
  const [current] = queue;
  if (!current) return;
  const filled = answering.read();
  if (Answering.empty(filled)) drafts.drop(current.id);
  else drafts.save(current.id, filled);
  $("notice").dataset.about === "form" && ($("notice").hidden = true);
});

const outbox = new Outbox(person, {
  body: (entry) =>
    entry.method === "PUT" ? { ...entry.body, next: entry.project === project ? Math.max(0, ahead - queue.length) : 0 } : entry.body,
  settled: (entry, reply) => {
    if (entry.project !== project) return;
    if (entry.method === "DELETE") take([reply], true);
    else take(reply?.assignments ?? []);
  },
  refused: (entry, problem, status) => {
    tell(say("refused", { detail: problem.detail }));
    if (entry.method === "DELETE") drop(entry.assignment);
    else if (status === 422) bringBack(entry);
  },
  changed: (state, waiting) => {
    const words = { saved: say("saved"), sending: waiting > 1 ? say("waiting", { count: waiting }) : say("saving"), "signed-out": say("signed-out") };
    $("saved").textContent = words[state] ?? (waiting ? say("offline-waiting", { count: waiting }) : say("offline"));
    $("saved").dataset.state = state;
    if (state === "saved" && $("notice").dataset.about === "account") $("notice").hidden = true;
    if (state === "signed-out") signedOut();
    show(false);
  },
});

/** @returns {Task} */
function adopt(node) {
  reading.dress(node);
  return { id: Number(node.dataset.assignment), token: node.dataset.leaseToken, node };
}

/** Ids of what is answered or skipped but not acknowledged. */
function leaving() {
  return outbox.entries().filter((entry) => entry.method === "PUT").map((entry) => entry.assignment);
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(memory) ?? "[]");
  } catch {
    return [];
  }
}

function remember() {
  history.splice(0, history.length - REMEMBERED);
  const kept = history.map(({ task: { id, token }, ...rest }) => ({ ...rest, task: { id, token } }));
  try {
    sessionStorage.setItem(memory, JSON.stringify(kept));
  } catch { /* without storage, undo does not reach beyond a reload */ }
}

/** Queues leased comparisons that are not known yet, and not left either: a renewal may cross an answer. @param {boolean} first before all others: they were taken back */
function take(assignments, first = false) {
  const known = new Set([...queue.map((task) => task.id), ...leaving(), ...(first ? [] : left)]);
  for (const found of assignments) {
    if (known.has(found.id)) continue;
    const holder = document.createElement("template");
    holder.innerHTML = found.html;
    const node = holder.content.firstElementChild;
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
  $("undo").disabled = !mine || !history.length;
  $("empty").hidden = Boolean(current) || !mine || !$("pause").hidden;
  if (!current) $("empty-words").textContent = outbox.entries().length ? say("empty-offline") : say("empty");
  if (!current || !anew) return;
  answering.fill(drafts.load(current.id) ?? history.find((past) => past.task.id === current.id)?.filled ?? {});
  if ($("extras")) $("extras").open = composed ? !Answering.empty(answering.read()) : Boolean($("rationale").value);
  scrollTo(0, 0);
  reading.shown(current.node);
  current.node.focus({ preventScroll: true });
  timer.start();
}

function drop(id) {
  queue = queue.filter((task) => task.id !== id);
  show(false);
}

/** An answer that will not do comes back to be mended. */
function bringBack(entry) {
  const at = history.findIndex((past) => past.entry === entry.id);
  const [past] = at < 0 ? [] : history.splice(at, 1);
  remember();
  left.delete(entry.assignment);
  count(-1);
  if (past) drafts.save(entry.assignment, past.filled);
  if (!past?.task.node) return renew();
  desk.prepend(past.task.node);
  queue.unshift(past.task);
  show();
}

/** A number with thin spaces between thousands. */
function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** @param {number} difference of what is judged */
function count(difference) {
  const goal = Number(sitting.goal);
  done += difference;
  const [reached, wanted] = goal ? [sitting.count, goal] : [done, total];
  [$("progress").max, $("progress").value] = [wanted || 1, Math.min(wanted, reached)];
  $("counted").textContent = say("of-goal", { count: grouped(reached), goal: grouped(wanted) });
  const span = (ms) => (ms < 60_000 ? say("seconds", { count: Math.round(ms / 1000) }) : say("minutes", { count: Math.round(ms / 60_000) }));
  $("sat-count").textContent = String(sitting.count);
  $("sat-pace").textContent = sitting.pace === null ? "–" : span(sitting.pace);
  $("sat-time").textContent = span(sitting.active);
  if (difference > 0 && goal && sitting.count === goal) tell(say("goal", { goal }), { about: "good" });
  else if (difference > 0 && sitting.tired) tell(say("tired"), { about: "good", act: say("break"), does: rest }), sitting.rested();
}

/** @param {string} words @param {{about?: string, link?: string, act?: string, does?: () => void}} [more] what it is about, and what can be done */
function tell(words, { about = "", link, act, does } = {}) {
  const [said] = $("notice").children;
  $("notice").dataset.about = about;
  $("notice").classList.toggle("bad", about !== "good");
  said.replaceChildren(words);
  if (link) said.append(" ", Object.assign(document.createElement("a"), { href: link, textContent: act }));
  else if (act) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: act });
    button.addEventListener("click", () => (($("notice").hidden = true), does()));
    said.append(" ", button);
  }
  $("notice").hidden = false;
}

function signedOut() {
  tell(say("signed-out-words"), { about: "account", link: "/sign-in?next=" + encodeURIComponent(location.pathname), act: say("sign-in") });
}

/** Answers or skips the comparison on show. @param {Event} event what somebody did, for the measure of it */
function leave(kind, body, event) {
  const task = queue.shift();
  if (!task) return;
  const entry = uuid();
  const path = `${here}/${task.id}/${kind}?render=1`;
  outbox.add({ id: entry, project, assignment: task.id, method: "PUT", path, body: { ...body(entry), lease_token: task.token } });
  left.add(task.id);
  history.push({ task, entry, kind, filled: answering.read() });
  remember();
  drafts.drop(task.id);
  for (const open of document.querySelectorAll(":popover-open")) open.hidePopover();
  $("notice").dataset.about === "form" && ($("notice").hidden = true);
  show();
  painted(event);
}

/** @param {string} [key] of the answer that it sends by itself */
function answer(event, key = "") {
  const missing = answering.missing(key);
  if (missing) {
    if ($("extras") && missing !== "missing-strength") $("extras").open = true;
    return tell(say(missing, { least: form.dataset.least ?? "" }), { about: "form" });
  }
  const active_ms = timer.read();
  const given = answering.body(key);
  leave("preference", (id) => ({ id, ...given, active_ms }), event);
  sitting.judged(active_ms);
  count(1);
  $("said").textContent = say("answered", { answer: say(`answer-${key || given.strength + 4}`) });
  const button = form.querySelector(`button[name=answer][value="${key}"]`);
  button?.classList.add("pressed");
  setTimeout(() => button?.classList.remove("pressed"), 120);
}

function skip(reason, event) {
  leave("skip", () => ({ reason }), event);
  $("said").textContent = say("skipped");
}

function undo(event) {
  const last = history.pop();
  if (!last) return;
  remember();
  const { task, entry, kind, filled } = last;
  // what has not left yet is simply not sent; what has is taken back, in its turn
  if (!outbox.drop(entry)) {
    const path = `${here}/${task.id}/${kind}?render=1`;
    outbox.add({ id: uuid(), project, assignment: task.id, method: "DELETE", path, body: { lease_token: task.token } });
  }
  left.delete(task.id);
  if (composed && filled) drafts.save(task.id, filled);
  if (kind === "preference") sitting.undone(), count(-1);
  $("said").textContent = say("undone");
  if (!task.node) return; // the server's reply brings it
  desk.prepend(task.node);
  queue.unshift(task);
  show();
  painted(event);
}

/** A page in front of the desk: in a break, or while another tab has it. */
function pause(title, words, act, does) {
  const [heading, text, row] = $("pause").children;
  [heading.textContent, text.textContent, row.firstElementChild.textContent] = [title, words, act];
  row.firstElementChild.onclick = does;
  $("pause").hidden = false;
  mine = false;
  show(false);
  row.firstElementChild.focus();
}

function resume() {
  mine = true;
  $("pause").hidden = true;
  show();
}

function rest() {
  $("sitting").hidePopover();
  sitting.rested();
  pause(say("break-title"), say("break-words"), say("go-on"), () => (resume(), renew()));
}

/** Renews what is leased and asks for what is missing; what has gone to others meanwhile leaves the queue. */
async function renew() {
  renewed = Date.now();
  let found;
  try {
    const response = await fetch(`/api/v1/projects/${project}/assignments?render=1`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Touchstone-Person": person, "Accept-Language": document.documentElement.lang },
      body: JSON.stringify({ count: ahead, resume: true }),
      signal: AbortSignal.timeout(30_000),
    });
    if (response.status === 401 || response.status === 403) return signedOut();
    if (!response.ok) return;
    found = (await response.json()).assignments;
  } catch {
    return; // offline: the outbox says so, and this comes round again
  }
  const held = new Set([...found.map((one) => one.id), ...leaving()]);
  if (queue.length && !held.has(queue[0].id)) tell(say("expired"), { about: "lease", act: say("next"), does: () => drop(queue[0].id) });
  queue = queue.filter((task, index) => index === 0 || held.has(task.id));
  take(found);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { name, value } = event.submitter ?? {};
  if (name === "skip") skip(value, event);
  else if (name === "undo") undo(event);
  else answer(event, name === "answer" ? value : "");
});
$("notice").lastElementChild.addEventListener("click", () => ($("notice").hidden = true));
$("break").addEventListener("click", rest);
$("goal").value = sitting.goal;
$("goal").addEventListener("change", () => ((sitting.goal = $("goal").value), count(0)));

const open = () => document.querySelector(":popover-open");
const pressed = (id, key) => {
  const found = $(id)?.querySelectorAll("[name]")[Number(key) - 1];
  if (found) found.click();
};
const keys = {
  s: () => queue.length && $("skip").togglePopover(),
  f: () => queue.length && $("flags")?.togglePopover(),
  z: (event) => open() || undo(event),
  d: () => reading.differ(),
  p: () => reading.prompt(),
  v: () => ($("said").textContent = reading.scroll()),
  w: why,
  i: () => $("guidelines")?.togglePopover(),
  "?": () => $("help").togglePopover(),
};
function why() {
  if (!$("rationale")) return;
  $("extras").open = true;
  $("rationale").focus();
}
$("why")?.addEventListener("click", why);
const judge = (key) => (event) => {
  if (open()) return ["skip", "flags"].includes(open().id) && pressed(open().id, key);
  if (!mine || !queue.length) return;
  if (!composed) return answer(event, key);
  $("extras").open = true;
  answering.press(key);
};
for (const key of [..."1234567", "x", "g"]) keys[key] = judge(key);
if (composed) {
  keys.l = () => (($("extras").open = true), answering.good("left"));
  keys.r = () => (($("extras").open = true), answering.good("right"));
  keys.arrowup = () => answering.move(-1);
  keys.arrowdown = () => answering.move(1);
  keys.enter = (event) => open() || answer(event);
}
hotkeys(keys);
$("rationale")?.addEventListener("keydown", (event) => {
  if (event.key === "Escape") queue[0]?.node.focus({ preventScroll: true });
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && composed) answer(event);
});

const gone = new Set(leaving());
queue = [...desk.children].map(adopt).filter((task) => !gone.has(task.id));
count(0);
const steal = alone(`touchstone.desk.${person}.${project}`, {
  mine: resume,
  taken: () => pause(say("taken-title"), say("taken-words"), say("taken-act"), () => (steal(), renew())),
});
outbox.kick();
setInterval(() => document.hidden || renew(), RENEW);
setInterval(() => queue.length || document.hidden || renew(), LOOK_AGAIN);
document.addEventListener("visibilitychange", () => document.hidden || Date.now() - renewed < RENEW || renew());
if (!queue.length) renew();
