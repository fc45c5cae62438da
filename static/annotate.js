// The annotation page: shows what is leased, takes answers, and never waits for the network.

import { Outbox, uuid } from "./outbox.js";
import { hotkeys } from "./hotkeys.js";
import { Timer } from "./timer.js";

const RENEW = 5 * 60_000;
const LOOK_AGAIN = 15_000;
const REMEMBERED = 50;

const $ = (id) => document.getElementById(id);
const desk = $("desk");
const form = $("judge");
const project = desk.dataset.project;
const ahead = Number(desk.dataset.ahead);
const memory = `touchstone.history.${desk.dataset.person}.${project}`;
const answers = { x: [0, false], g: [0, true] };
for (let key = 1; key <= 7; key++) answers[key] = [key - 4, null];

/** @typedef {{id: number, token: string, node: HTMLElement}} Task */
/** @type {Task[]} what is leased, the one on show first */
let queue = [];
/** @type {Set<number>} ids of what was answered or skipped on this page and not taken back */
const left = new Set();
/** @type {{task: Task, entry: string, kind: "preference" | "skip"}[]} what `z` can take back; a reload keeps all but the nodes */
const history = remembered();
const timer = new Timer();

const outbox = new Outbox(desk.dataset.person, {
  body: (entry) =>
    entry.method === "PUT" ? { ...entry.body, next: entry.project === project ? Math.max(0, ahead - queue.length) : 0 } : entry.body,
  settled: (entry, reply) => {
    if (entry.project !== project) return;
    if (entry.method === "DELETE") take([reply], true);
    else take(reply?.assignments ?? []);
  },
  refused: (entry, problem) => {
    tell(`The server could not take an answer: ${problem.detail}`);
    if (entry.method === "DELETE") drop(entry.assignment);
  },
  changed: (state, waiting) => {
    const offline = waiting ? `Offline, ${waiting} waiting` : "Offline";
    const words = { saved: "Saved", sending: waiting > 1 ? `${waiting} waiting` : "Saving", offline, "signed-out": "Signed out" };
    $("saved").textContent = words[state];
    $("saved").dataset.state = state;
    if (state === "saved" && $("notice").firstElementChild.dataset.link) $("notice").hidden = true;
    if (state === "signed-out") tell("You are signed out. Sign in again in this browser: your answers wait here.", "/sign-in?next=" + encodeURIComponent(location.pathname));
    show(false);
  },
});

/** @returns {Task} */
function adopt(node) {
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
  const kept = history.map(({ task: { id, token }, entry, kind }) => ({ task: { id, token }, entry, kind }));
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
  const [current] = queue;
  for (const node of [...desk.children]) {
    if (!queue.some((task) => task.node === node)) node.remove();
    else if (node !== current.node) node.hidden = true;
  }
  anew ||= Boolean(current?.node.hidden);
  if (current) current.node.hidden = false;
  $("scale").disabled = $("others").disabled = !current;
  $("undo").disabled = !history.length;
  $("empty").hidden = Boolean(current);
  if (!current) {
    $("empty-words").textContent = outbox.entries().length
      ? "Your answers are kept here. The next comparisons come as soon as the server can be reached."
      : "There is no comparison left that waits for you in this project. New ones appear here by themselves.";
  }
  if (current && anew) {
    scrollTo(0, 0);
    current.node.querySelector(".pair").scrollLeft = 0;
    current.node.focus({ preventScroll: true });
    timer.start();
  }
}

function drop(id) {
  queue = queue.filter((task) => task.id !== id);
  show(false);
}

function count(difference) {
  $("progress").value += difference;
  $("done").textContent = String(Number($("done").textContent) + difference);
}

function tell(words, link) {
  const [said] = $("notice").children;
  said.textContent = words;
  said.dataset.link = link ?? "";
  if (link) {
    const anchor = Object.assign(document.createElement("a"), { href: link, textContent: "Sign in" });
    said.append(" ", anchor);
  }
  $("notice").hidden = false;
}

/** Answers or skips the comparison on show. */
function leave(kind, body) {
  const task = queue.shift();
  if (!task) return;
  const entry = uuid();
  const path = `/api/v1/assignments/${task.id}/${kind}?render=1`;
  outbox.add({ id: entry, project, assignment: task.id, method: "PUT", path, body: { ...body(entry), lease_token: task.token } });
  left.add(task.id);
  history.push({ task, entry, kind });
  remember();
  if (kind === "preference") count(1);
  $("skip").hidePopover();
  show();
}

function answer(key) {
  const [strength, acceptable] = answers[key];
  const active_ms = timer.read();
  leave("preference", (id) => ({ id, strength, acceptable: { left: acceptable, right: acceptable }, active_ms }));
  flash(key);
}

function skip(reason) {
  leave("skip", () => ({ reason }));
}

function undo() {
  const last = history.pop();
  if (!last) return;
  remember();
  const { task, entry, kind } = last;
  // what has not left yet is simply not sent; what has is taken back, in its turn
  if (!outbox.drop(entry)) {
    const path = `/api/v1/assignments/${task.id}/${kind}?render=1`;
    outbox.add({ id: uuid(), project, assignment: task.id, method: "DELETE", path, body: { lease_token: task.token } });
  }
  left.delete(task.id);
  if (kind === "preference") count(-1);
  if (!task.node) return; // the server's reply brings it
  desk.prepend(task.node);
  queue.unshift(task);
  show();
}

function flash(key) {
  const button = form.querySelector(`[name=answer][value="${key}"]`);
  button.classList.add("pressed");
  setTimeout(() => button.classList.remove("pressed"), 120);
}

/** Renews what is leased and asks for what is missing; what has gone to others meanwhile leaves the queue. */
async function renew() {
  let found;
  try {
    const response = await fetch(`/api/v1/projects/${project}/assignments?render=1`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Touchstone-Person": desk.dataset.person },
      body: JSON.stringify({ count: ahead, resume: true }),
      signal: AbortSignal.timeout(30_000),
    });
    if (!response.ok) return;
    found = (await response.json()).assignments;
  } catch {
    return; // offline: the outbox says so, and this comes round again
  }
  const held = new Set([...found.map((one) => one.id), ...leaving()]);
  queue = queue.filter((task, index) => index === 0 || held.has(task.id));
  take(found);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { name, value } = event.submitter ?? {};
  if (name === "answer") answer(value);
  else if (name === "skip") skip(value);
  else if (name === "undo") undo();
});
$("notice").querySelector("button").addEventListener("click", () => ($("notice").hidden = true));

const open = () => document.querySelector(":popover-open");
const reasons = [...$("skip").querySelectorAll("[name=skip]")].map((button) => button.value);
const keys = {
  s: () => queue.length && $("skip").togglePopover(),
  z: () => open() || undo(),
  p: () => queue[0]?.node.querySelector(".prompt").toggleAttribute("open"),
  i: () => $("guidelines")?.togglePopover(),
  "?": () => $("help").togglePopover(),
};
for (const key of Object.keys(answers)) {
  keys[key] = () => {
    if (!open()) answer(key);
    else if (open().id === "skip" && reasons[Number(key) - 1]) skip(reasons[Number(key) - 1]);
  };
}
hotkeys(keys);

const gone = new Set(leaving());
queue = [...desk.children].map(adopt).filter((task) => !gone.has(task.id));
show();
outbox.kick();
setInterval(() => document.hidden || renew(), RENEW);
setInterval(() => queue.length || document.hidden || renew(), LOOK_AGAIN);
if (!queue.length) renew();
