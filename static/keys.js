// What each key does at the desk.

import { hotkeys } from "./hotkeys.js";

const $ = (id) => document.getElementById(id);
const open = () => document.querySelector(":popover-open");

export function closePopovers() {
  for (const popover of document.querySelectorAll(":popover-open")) popover.hidePopover();
}

/**
 * @typedef {object} Desk
 * @property {HTMLFormElement} form what is asked
 * @property {import("./answering.js").Answering} answering
 * @property {import("./reading.js").Reading} reading
 * @property {() => boolean} ready whether there is something to judge
 * @property {(event: Event, key?: string) => void} answer sends what is filled in, or the answer of one key
 * @property {(event: Event) => void} undo
 * @property {() => void} away leaves a box for the comparison
 */

/** @param {Desk} desk */
export function bind({ form, answering, reading, ready, answer, undo, away }) {
  const composed = "more" in form.dataset;

  function why() {
    if (!$("rationale") || !ready()) return;
    closePopovers();
    $("extras").open = true;
    $("rationale").focus();
  }

  /** A figure means an answer, or what it stands beside in an open list. */
  function judge(event, key) {
    if (open()) return ["skip", "flags"].includes(open().id) && open().querySelectorAll("[name]")[Number(key) - 1]?.click();
    if (!ready()) return;
    if (composed) answering.press(key);
    else answer(event, key);
  }

  const keys = {
    s: () => ready() && $("skip").togglePopover(),
    f: () => ready() && $("flags")?.togglePopover(),
    z: (event) => open() || undo(event),
    d: () => reading.differ(),
    p: () => reading.prompt(),
    v: () => ($("said").textContent = reading.scroll()),
    w: why,
    i: () => $("guidelines")?.togglePopover(),
    "?": () => $("help").togglePopover(),
  };
  for (const key of [..."1234567", "x", "g"]) keys[key] = (event) => judge(event, key);
  if (composed) {
    const good = (side) => open() || !ready() || answering.good(side);
    keys.l = () => good("left");
    keys.r = () => good("right");
    if (answering.rows > 1) {
      keys.arrowup = () => answering.move(-1);
      keys.arrowdown = () => answering.move(1);
    }
    keys.enter = (event) => open() || answer(event);
  }
  hotkeys(keys);

  $("why")?.addEventListener("click", why);
  $("rationale")?.addEventListener("keydown", (event) => {
    if (event.isComposing || event.repeat) return;
    if (event.key === "Escape") away();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && composed) answer(event);
  });
}
