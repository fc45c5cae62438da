// Practice and quiz as the annotation page is read and answered: the digits answer, once.

import { hotkeys } from "./hotkeys.js";
import { Reading } from "./reading.js";

const form = document.querySelector("form.judge");
const desk = document.getElementById("desk");
const reading = new Reading(desk);
let sent = false;

form?.addEventListener("submit", (event) => {
  if (sent) event.preventDefault();
  sent = true;
});
addEventListener("pageshow", () => (sent = false)); // the page may come back as it was left

const keys = {
  d: () => reading.differ(),
  p: () => reading.prompt(),
  i: () => document.getElementById("guidelines")?.togglePopover(),
};
for (const button of form?.querySelectorAll("[name=answer]") ?? []) {
  keys[button.value] = () => document.querySelector(":popover-open") || button.click();
}
hotkeys(keys);
reading.dress(desk.firstElementChild);
reading.shown(desk.firstElementChild);
