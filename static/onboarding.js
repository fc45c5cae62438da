// Practice and quiz by keyboard: the digits answer, once; `p` folds the prompt, `i` opens the guidelines.

import { hotkeys } from "./hotkeys.js";

const form = document.querySelector("form.judge");
let sent = false;

form?.addEventListener("submit", (event) => {
  if (sent) event.preventDefault();
  sent = true;
});
addEventListener("pageshow", () => (sent = false)); // the page may come back as it was left

const keys = {
  p: () => document.querySelector(".comparison .prompt")?.toggleAttribute("open"),
  i: () => document.getElementById("guidelines")?.togglePopover(),
};
for (const button of form?.querySelectorAll("[name=answer]") ?? []) {
  keys[button.value] = () => document.querySelector(":popover-open") || button.click();
}
hotkeys(keys);
