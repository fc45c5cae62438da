// A curve that grows while one watches, in the look of the server's charts (app/web/charts.py).

const NS = "http://www.w3.org/2000/svg";
const [LEFT, RIGHT, TOP, BOTTOM] = [42, 100, 12, 26];
const [HEIGHT, LABELS, THIN, SHOWN] = [220, 16, 10, 300];

/** @typedef {[number, number]} Point */

/** @param {string} name @param {Record<string, string | number>} attributes @param {string} [text] */
function make(name, attributes, text) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

/** At most some hundred of the points, spread evenly, with the last one. @param {Point[]} points */
export function thinned(points) {
  const apart = Math.ceil(points.length / SHOWN) || 1;
  return points.filter((_, index) => (points.length - 1 - index) % apart === 0);
}

/** Each y as the mean of the last tenth of the points up to it. @param {Point[]} points @returns {Point[]} */
export function smoothed(points) {
  const width = Math.max(1, Math.floor(points.length / THIN));
  return points.map(([x], index) => {
    const latest = points.slice(Math.max(0, index + 1 - width), index + 1);
    return [x, latest.reduce((sum, [, y]) => sum + y, 0) / latest.length];
  });
}

/** Round figures of an axis, about four of them. @param {number} low @param {number} high */
function ticks(low, high) {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high; at += step) found.push(at);
  return found;
}

/** An axis around the values with some air, never shorter than a tenth. @param {number[]} values */
function bounds(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const air = Math.max(0.08 * (high - low), (0.1 - (high - low)) / 2);
  return [low - air, high + air];
}

/**
 * Draws anew what there is of a curve.
 * @param {SVGSVGElement} svg
 * @param {{points: Point[], behind?: Point[], until: number, name: string, unit: string, figure: (value: number) => string}} curve
 */
export function draw(svg, { points, behind = [], until, name, unit, figure }) {
  const width = svg.clientWidth || 520;
  const [low, high] = bounds([...points, ...behind].map(([, y]) => y));
  const x = (value) => LEFT + ((width - LEFT - RIGHT) * value) / until;
  const y = (value) => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * (value - low)) / (high - low);
  const path = (line) => line.map(([a, b], index) => `${index ? "L" : "M"}${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join("");
  const parts = [];
  for (const at of ticks(low, high)) {
    parts.push(make("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(at), y2: y(at) }));
    parts.push(make("text", { class: "end", x: LEFT - 8, y: y(at) + 4 }, figure(at)));
  }
  parts.push(make("text", { x: LEFT, y: HEIGHT - BOTTOM + LABELS }, "0"));
  parts.push(make("text", { class: "end", x: width - RIGHT, y: HEIGHT - BOTTOM + LABELS }, unit));
  if (behind.length > 1) parts.push(make("path", { class: "behind", d: path(behind) }));
  if (points.length > 1) parts.push(make("path", { class: "line", d: path(points) }));
  const last = points[points.length - 1];
  parts.push(make("circle", { class: "point", cx: x(last[0]), cy: y(last[1]), r: 4 }));
  parts.push(make("text", { class: "name", x: x(last[0]) + 10, y: y(last[1]) + 4 }, `${name} ${figure(last[1])}`));
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  svg.replaceChildren(...parts);
}
