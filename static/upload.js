// The upload form: takes a dropped file, shows how far it is, and asks before a file goes in twice.

import { uuid } from "./outbox.js";

const LOOK = 500;
const STAGES = { reading: "read", storing: "stored" };
const form = document.querySelector("form[data-upload]");
const part = (name) => form.querySelector(`[data-${name}]`);
const drop = form.querySelector(".drop");
const file = form.elements.namedItem("file");
const send = form.querySelector("button");
const [shown, refused] = [part("uploading"), part("refused")];
const [bar, words] = [shown.querySelector("progress"), shown.querySelector("[role=status]")];

part("drop-hint").hidden = false;
part("again").hidden = true;

form.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
form.addEventListener("dragleave", () => drop.classList.remove("over"));
form.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer.files.length) file.files = event.dataTransfer.files;
});
file.addEventListener("change", () => (refused.hidden = true));

form.addEventListener("submit", (event) => {
  event.preventDefault();
  upload(form.elements.namedItem("again").checked);
});

/** Sends the file to the API and goes to the batch that it becomes.
 * @param {boolean} again even if the project has this very file */
function upload(again) {
  const parameters = new URLSearchParams();
  for (const name of ["name", "priority", "overlap", "pairs_per_prompt"]) {
    const value = form.elements.namedItem(name).value.trim();
    if (value) parameters.set(name, value);
  }
  if (form.elements.namedItem("draft").checked) parameters.set("draft", "1");
  if (again) parameters.set("again", "1");
  const importId = uuid();
  parameters.set("import_id", importId);
  const body = new FormData();
  body.set("file", file.files[0]);
  const request = new XMLHttpRequest();
  request.open("POST", `${form.dataset.upload}?${parameters}`);
  request.responseType = "json";
  request.upload.addEventListener("progress", (event) => event.lengthComputable && say(event.loaded / event.total, "uploaded"));
  request.upload.addEventListener("load", () => follow(request, importId));
  request.addEventListener("load", () => answered(request.status, request.response));
  request.addEventListener("error", () => refuse("The connection broke, and nothing of the file was kept. Try it again."));
  refused.hidden = true;
  send.disabled = true;
  shown.hidden = false;
  say(0, "uploaded");
  request.send(body);
}

/** Shows how far the server is with the file, until it has answered; where nobody knows, that it is at work.
 * @param {XMLHttpRequest} request @param {string} importId */
async function follow(request, importId) {
  say(null);
  while (request.readyState !== XMLHttpRequest.DONE) {
    await new Promise((resolve) => setTimeout(resolve, LOOK));
    const reply = await fetch(`${form.dataset.upload}/imports/${importId}`).catch(() => null);
    const found = reply?.ok ? await reply.json() : null;
    if (found && request.readyState !== XMLHttpRequest.DONE) say(found.total && found.done / found.total, STAGES[found.stage]);
  }
}

/** @param {number | null} share of the file, or null while nobody knows @param {string} [done] what was done with it */
function say(share, done) {
  if (share === null) bar.removeAttribute("value");
  else bar.value = share;
  const text = share === null ? "Importing …" : `${Math.floor(share * 100)} % ${done}`;
  if (words.textContent !== text) words.textContent = text;
}

/** @typedef {{id?: number, detail?: string, batch?: number, errors?: {field: string, reason: string}[]}} Reply */

/** @param {number} status @param {Reply | null} reply */
function answered(status, reply) {
  if (status === 201) {
    location.assign(`${form.dataset.batches}/${reply.id}`);
    return;
  }
  const wrong = reply?.errors?.[0];
  const detail = wrong ? `The ${wrong.field.replaceAll("_", " ")} ${wrong.reason}. Nothing of the file was kept.` : reply?.detail;
  refuse(detail ?? `The server answered ${status}. Nothing of the file was kept.`);
  if (status === 409 && reply?.batch) {
    const batch = document.createElement("a");
    batch.href = `${form.dataset.batches}/${reply.batch}`;
    batch.textContent = "Look at that batch";
    const again = document.createElement("button");
    again.type = "button";
    again.className = "button small";
    again.textContent = "Upload it again";
    again.addEventListener("click", () => upload(true));
    const row = document.createElement("div");
    row.className = "row after";
    row.append(again, batch);
    refused.append(row);
    again.focus();
  }
}

/** @param {string} why */
function refuse(why) {
  shown.hidden = true;
  send.disabled = false;
  refused.textContent = why;
  refused.hidden = false;
}
