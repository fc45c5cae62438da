// How many, of how many, at what pace: in the bar above, and in what it opens.

import { say } from "./words.js";

const $ = (id) => document.getElementById(id);

/** Writes it where it is read. @param {import("./sitting.js").Sitting} sitting @param {number} done @param {number} total of the project's judgements; without a goal they are what is counted */
export function paint(sitting, done, total) {
  const goal = Number(sitting.goal);
  const [reached, wanted] = goal ? [sitting.count, goal] : [done, total];
  [$("progress").max, $("progress").value] = [wanted || 1, Math.min(wanted, reached)];
  $("counted").textContent = say("of-goal", { count: grouped(reached), goal: grouped(wanted) });
  $("sat-count").textContent = String(sitting.count);
  $("sat-pace").textContent = sitting.pace === null ? "–" : span(sitting.pace);
  $("sat-time").textContent = span(sitting.active);
}

/** A number with thin spaces between thousands. */
function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

function span(ms) {
  return ms < 60_000 ? say("seconds", { count: Math.round(ms / 1000) }) : say("minutes", { count: Math.round(ms / 60_000) });
}
