// The form of a project's settings: guidelines as they will be read, rows of criteria, and what is not saved.

import { say } from "./words.js";

const PAUSE = 300; // milliseconds without a key before the guidelines are shown anew
const MOST = 8;
const form = document.getElementById("settings");
const guidelines = form.querySelector("[data-guidelines]");
const preview = form.querySelector("[data-preview]");
const criteria = form.querySelector("[data-criteria]");
const add = form.querySelector("[data-add]");
const unsaved = form.querySelector("[data-unsaved]");

let waiting = 0;
let latest = 0;
guidelines.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(show, PAUSE);
});

/** Shows the guidelines as the server renders them; an answer that is overtaken by a later one is dropped. */
async function show() {
  const number = ++latest;
  const body = new URLSearchParams({ guidelines: guidelines.value });
  const reply = await fetch("/guidelines-preview", { method: "POST", body }).catch(() => null);
  if (!reply?.ok || number !== latest) return;
  const html = await reply.text();
  if (html.trim()) preview.innerHTML = html; // the server has sanitised it
  else preview.textContent = say("nothing");
}

const rows = () => [...criteria.children];
const inputs = (row) => [...row.querySelectorAll("input")];
const empty = (row) => inputs(row).every((input) => !input.value.trim());
const blank = rows().at(-1).cloneNode(true);
for (const input of inputs(blank)) input.value = "";

for (const row of rows()) if (empty(row)) row.remove();
rows().forEach(removable);
add.hidden = false;
number();

add.addEventListener("click", () => {
  const row = blank.cloneNode(true);
  removable(row);
  criteria.append(row);
  number();
  inputs(row)[0].focus();
});

/** @param {HTMLElement} row */
function removable(row) {
  const button = row.querySelector("[data-remove]");
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    number();
    (next?.querySelector("input") ?? add).focus();
    change();
  });
}

/** Says of each row the how many-th it is, and lets no more be added than there may be. */
function number() {
  rows().forEach((row, index) => row.setAttribute("aria-label", say("criterion", { number: index + 1 })));
  add.disabled = rows().length >= MOST;
}

form.addEventListener("input", change);

/** Says that something is not saved yet. */
function change() {
  if (unsaved && unsaved.textContent !== say("unsaved")) unsaved.textContent = say("unsaved");
}
