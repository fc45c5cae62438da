// That the guidelines are read is said without leaving the desk.

import { say } from "./words.js";

const popover = document.getElementById("guidelines");
const button = document.getElementById("guide");
const form = popover.querySelector("form");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const response = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => null);
  if (!response?.ok) return form.submit(); // the browser says what is wrong
  form.remove();
  popover.hidePopover();
  button.classList.remove("unread");
  button.firstChild.textContent = `${say("guidelines")} `;
});
