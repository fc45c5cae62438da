// A training run while it is not over: where it stands, every second.

const live = document.getElementById("live");
const bar = live.querySelector("progress");
const words = live.querySelector("[role=status]");
const EVERY = 1000;
let drawn = -1;
let state = "";

/** @param {number} seconds */
function span(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** @typedef {{state: string, cancel_requested: boolean, step: number, steps: number, started_at: string | null}} Run */

/** @param {Run} run @param {number} now by the server's clock, in milliseconds */
function said(run, now) {
  if (run.cancel_requested) return "It is told to stop and does so within seconds.";
  if (run.state === "requested") return "Waiting for the worker to take it up.";
  if (!run.step) return "Loading the model and encoding the texts.";
  if (run.step === run.steps) return "Trained. Now it is measured on the comparisons that it has not seen.";
  const passed = (now - Date.parse(run.started_at)) / 1000;
  const left = (passed / run.step) * (run.steps - run.step);
  return `Step ${run.step} of ${run.steps}, about ${span(left)} to go.`;
}

/** @param {string} url of a chart @param {number} step @returns {string} the chart as it is at that step */
function at(url, step) {
  const fresh = new URL(url, location.href);
  fresh.searchParams.set("v", String(step));
  return fresh.href;
}

/** @returns {Promise<boolean>} whether the run has been measured at some step */
async function measured() {
  const reply = await fetch(`${live.dataset.run}/curves`);
  return reply.ok && (await reply.json()).some((point) => point.accuracy !== null);
}

/** Fetches both curves; each takes the place of the one before when it has arrived, and shows up when there is one.
 * @param {number} step */
async function draw(step) {
  for (const panel of document.querySelectorAll("[data-curve]")) {
    if (panel.hidden && panel.dataset.curve === "accuracy" && !(await measured())) continue;
    const image = panel.querySelector("img");
    const ahead = new Image();
    ahead.addEventListener("load", () => {
      for (const source of panel.querySelectorAll("source")) source.srcset = at(source.srcset, step);
      image.src = at(image.src, step);
      panel.hidden = false;
    });
    ahead.src = at(image.currentSrc || image.src, step);
  }
}

async function look() {
  try {
    const reply = await fetch(live.dataset.run, { headers: { accept: "application/json" } });
    if (reply.status === 401) return location.reload();
    if (reply.ok) {
      const run = /** @type {Run} */ (await reply.json());
      if (["succeeded", "failed", "cancelled"].includes(run.state)) return location.reload();
      if (state && state !== run.state) return location.reload(); // the headline is another one
      state = run.state;
      bar.max = run.steps || 1;
      if (run.steps && run.step < run.steps) bar.value = run.step;
      else bar.removeAttribute("value");
      const text = said(run, Date.parse(reply.headers.get("date") ?? "") || Date.now());
      if (words.textContent !== text) words.textContent = text;
      if (run.step && run.step !== drawn) await draw((drawn = run.step));
    }
  } catch {
    words.textContent = "The server does not answer. The run goes on by itself; this page tries again.";
  }
  setTimeout(look, EVERY);
}

look();
