// A judgement of one's own that may be changed: the keys of the annotation page, on a plain form.

import { Answering } from "./answering.js";
import { hotkeys } from "./hotkeys.js";
import { Reading } from "./reading.js";

const form = document.getElementById("judge");
const desk = document.getElementById("desk");
const scale = document.getElementById("scale");
const reading = new Reading(desk);
const answering = new Answering(form, () => {});
reading.dress(desk);
answering.count();

const keys = { d: () => reading.differ(), p: () => reading.prompt() };
if (!scale.disabled) {
  const flags = document.getElementById("flags");
  const open = () => flags?.matches(":popover-open");
  for (const key of [..."1234567", "x", "g"]) {
    keys[key] = () => (open() ? flags.querySelectorAll("[name]")[Number(key) - 1]?.click() : answering.press(key));
  }
  keys.l = () => open() || answering.good("left");
  keys.r = () => open() || answering.good("right");
  if (answering.rows > 1) {
    keys.arrowup = () => answering.move(-1);
    keys.arrowdown = () => answering.move(1);
  }
  keys.f = () => flags?.togglePopover();
  keys.w = () => document.getElementById("rationale")?.focus();
  keys.enter = () => open() || form.requestSubmit();
}
hotkeys(keys);
