// A training run while it is not over: where it stands, its curves and its log, as the worker goes on.

import { draw, smoothed, thinned } from "./curve.js";
import { say } from "./words.js";

const AGAIN = 5000; // milliseconds until a stream that was refused is asked for again
const SILENT = 5000; // until one that broke off, and comes back by itself as a rule, is worth a word
const live = document.getElementById("live");
const bar = live.querySelector("progress");
const shown = live.querySelector("[data-progress]");
const spoken = live.querySelector("[role=status]");
const log = document.getElementById("log");
const title = document.title;
const language = document.documentElement.lang;

/** @typedef {{step: number, loss: number, accuracy: number | null}} Point */
/** @typedef {{state: string, cancel_requested: boolean, step: number, steps: number, left_s: number | null}} Standing */

/** @type {Point[]} */
let points = [];
let [steps, stage, due] = [0, "", false];
let silence = 0;

/** @param {number} value @param {number} [digits] @returns {string} as the pages of the server say it */
function figure(value, digits = 2) {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: "always" };
  const said = { group: "\u202f", minusSign: "\u2212" };
  return new Intl.NumberFormat(language, options).formatToParts(value).map((part) => said[part.type] ?? part.value).join("");
}

/** @param {number} seconds as the pages of the server say it */
function span(seconds) {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

/** @param {Standing} run @returns {string} the name of the words that say where it stands */
function where(run) {
  if (run.cancel_requested) return "stopping";
  if (run.state === "requested") return "requested";
  if (!run.step) return "loading";
  if (run.step === run.steps) return "measuring";
  return run.left_s === null ? "step" : "left";
}

/** Shows where the run stands, and speaks of it when it comes to another stage or another quarter. @param {Standing} run */
function stand(run) {
  const words = where(run);
  const values = { step: figure(run.step, 0), steps: figure(run.steps, 0), time: span(run.left_s ?? 0) };
  shown.textContent = say(words, values);
  const quarter = run.steps ? Math.floor((4 * run.step) / run.steps) : 0;
  if (stage !== `${words === "left" ? "step" : words} ${quarter}`) spoken.textContent = shown.textContent;
  stage = `${words === "left" ? "step" : words} ${quarter}`;
  bar.max = run.steps || 1;
  if (run.steps && run.step < run.steps) bar.value = run.step;
  else bar.removeAttribute("value");
  if (run.steps) document.title = `${Math.floor((100 * run.step) / run.steps)} % · ${title}`;
  steps = run.steps;
}

/** @param {HTMLElement} panel @returns {SVGSVGElement} what the curve is drawn into, in place of the server's picture */
function canvas(panel) {
  const there = panel.querySelector("svg");
  if (there) return there;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "curve");
  svg.setAttribute("role", "img");
  panel.querySelector("picture").replaceWith(svg);
  panel.querySelector(".behind")?.remove(); // its figures are those of the picture
  return svg;
}

/** @param {string} name of the panel @param {[number, number][]} line @param {[number, number][]} behind @param {string} label */
function curve(name, line, behind, label) {
  const panel = document.querySelector(`[data-curve=${name}]`);
  if (!line.length || !steps) return;
  panel.hidden = false;
  const svg = canvas(panel);
  const first = figure((behind[0] ?? line[0])[1]);
  svg.setAttribute("aria-label", say(`${name}_by_step`, { first, last: figure(line[line.length - 1][1]) }));
  draw(svg, { points: line, behind, until: steps, name: say(label), unit: say("steps", { number: figure(steps, 0) }), figure });
}

/** Draws both curves before the next frame, however many points have come. */
function redraw() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    const losses = thinned(points.map((point) => [point.step, point.loss]));
    curve("loss", smoothed(losses), losses, "loss");
    const measured = points.filter((point) => point.accuracy !== null);
    curve("accuracy", measured.map((point) => [point.step, point.accuracy]), [], "model");
  });
}

/** @param {{id: number, at: string, text: string}} line */
function write(line) {
  if (log.querySelector(`[data-line="${line.id}"]`)) return;
  const [item, time, text] = ["li", "time", "span"].map((name) => document.createElement(name));
  item.dataset.line = String(line.id);
  if (/^(Warning|Failed)/.test(line.text)) item.className = "warned";
  time.dateTime = line.at;
  time.textContent = line.at.slice(11, 19);
  text.textContent = line.text;
  item.append(time, " ", text);
  const box = log.parentElement;
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  log.append(item);
  if (atEnd) box.scrollTop = box.scrollHeight;
  document.querySelector("[data-no-lines]").hidden = true;
}

/** Listens; the browser comes back by itself when the connection breaks, and says what it had last. */
function listen() {
  const events = new EventSource(`${live.dataset.run}/events`);
  events.addEventListener("log", (event) => write(JSON.parse(event.data)));
  events.addEventListener("point", (event) => {
    const point = /** @type {Point} */ (JSON.parse(event.data));
    // a step that was passed before: the run went back to its checkpoint
    if (points.length && point.step <= points[points.length - 1].step) points = points.filter((old) => old.step < point.step);
    points.push(point);
    redraw();
  });
  events.addEventListener("state", (event) => {
    clearTimeout(silence);
    silence = 0;
    const run = /** @type {Standing} */ (JSON.parse(event.data));
    if (run.state !== live.dataset.state) {
      events.close();
      location.reload(); // the page has other things to say then, and the server's charts
      return;
    }
    stand(run);
    redraw();
  });
  events.addEventListener("error", async () => {
    silence ||= setTimeout(() => (shown.textContent = say("away")), SILENT);
    if (events.readyState !== EventSource.CLOSED) return;
    // refused: by a server that is too busy, or since nobody is signed in any more
    const reply = await fetch(live.dataset.run).catch(() => null);
    if (reply?.status === 401) location.reload();
    else setTimeout(listen, AGAIN);
  });
}

live.querySelector("[data-unscripted]").hidden = true;
listen();
addEventListener("resize", redraw);
