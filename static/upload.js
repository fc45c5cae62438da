// The upload form: takes a dropped file, shows how far it is and what was refused so far, can be cancelled, and asks
// before a file goes in twice.

import { uuid } from "./outbox.js";
import { beginning } from "./sample.js";
import { say } from "./words.js";

const LOOK = 400; // milliseconds between two questions how far it is
const area = document.getElementById("upload");
const form = area.querySelector("form[data-upload]");
const part = (name) => form.querySelector(`[data-${name}]`);
const field = (name) => form.elements.namedItem(name);
const file = field("file");
const [send, cancel, shown, refused, early] = ["send", "cancel", "uploading", "refused", "early"].map(part);
const [bar, far] = [shown.querySelector("progress"), part("far")];

/** The upload that is on its way. @type {{request: XMLHttpRequest, id: string, sent: boolean, cancelled: boolean} | null} */
let present = null;

part("drop-hint").hidden = false;
part("again").hidden = true;

// a file that misses the form would take the page away
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
area.addEventListener("dragover", () => area.classList.add("over"));
area.addEventListener("dragleave", (event) => {
  if (!area.contains(event.relatedTarget)) area.classList.remove("over");
});
area.addEventListener("drop", (event) => {
  area.classList.remove("over");
  if (present || !event.dataTransfer.files.length) return;
  const chosen = new DataTransfer();
  chosen.items.add(event.dataTransfer.files[0]);
  file.files = chosen.files;
  refused.hidden = true;
  send.focus();
  inspect();
});
file.addEventListener("change", () => {
  refused.hidden = true;
  inspect();
});
for (const choice of form.querySelectorAll("[name=purpose]")) choice.addEventListener("change", inspect);
cancel.addEventListener("click", stop);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  upload(field("again").checked);
});

/** Says what would be refused of the file's beginning, before it is sent and while it is. */
async function inspect() {
  const [chosen] = file.files;
  early.hidden = true;
  part("errors").replaceChildren();
  if (!chosen) return;
  const purpose = field("purpose").value;
  try {
    const { sample, name, whole } = await beginning(chosen);
    const parameters = new URLSearchParams({ name, purpose, whole: String(whole) });
    const reply = await fetch(`${form.dataset.upload}/inspection?${parameters}`, { method: "POST", body: sample });
    const found = await reply.json();
    if (chosen !== file.files[0] || purpose !== field("purpose").value || present?.sent) return;
    if (reply.ok) look(found, found.rejected ? "first" : "first-good");
    else if (whole && found.errors) refuse(say("wrong", { field: found.errors[0].field, reason: found.errors[0].reason }));
  } catch { /* the upload itself says what is wrong */ }
}

/** Sends the file to the API and goes to the batch that it becomes.
 * @param {boolean} again even if the project has this very file */
function upload(again) {
  const parameters = new URLSearchParams();
  for (const name of ["name", "priority", "overlap", "pairs_per_prompt", "purpose"]) {
    const value = field(name).value.trim();
    if (value) parameters.set(name, value);
  }
  if (!field("open").checked) parameters.set("draft", "1");
  if (again) parameters.set("again", "1");
  const request = new XMLHttpRequest();
  const mine = (present = { request, id: uuid(), sent: false, cancelled: false });
  parameters.set("import_id", mine.id);
  const body = new FormData();
  body.set("file", file.files[0]);
  request.open("POST", `${form.dataset.upload}?${parameters}`);
  request.responseType = "json";
  request.upload.addEventListener("progress", (event) => event.lengthComputable && tell(event.loaded / event.total, "uploaded"));
  request.upload.addEventListener("load", () => {
    mine.sent = true;
    follow(mine);
  });
  request.addEventListener("load", () => answered(request.status, request.response));
  request.addEventListener("abort", () => refuse(say("cancelled")));
  request.addEventListener("error", () => refuse(say("broken")));
  refused.hidden = true;
  send.disabled = true;
  cancel.disabled = shown.hidden = false;
  tell(0, "uploaded");
  request.send(body);
}

/** Shows how far the server is with the file, until it has answered; where nobody knows, that it is at work.
 * @param {{request: XMLHttpRequest, id: string, cancelled: boolean}} mine */
async function follow(mine) {
  tell(null, "importing");
  early.hidden = true;
  part("errors").replaceChildren();
  while (mine.request.readyState !== XMLHttpRequest.DONE) {
    const path = `${form.dataset.upload}/imports/${mine.id}`;
    // it is asked to stop until it does: it may not have begun
    if (mine.cancelled) await fetch(`${path}/cancellation`, { method: "PUT" }).catch(() => null);
    const reply = await fetch(path).catch(() => null);
    const found = reply?.ok ? await reply.json() : null;
    if (found && mine.request.readyState !== XMLHttpRequest.DONE) {
      if (!mine.cancelled) tell(found.total && found.done / found.total, found.stage);
      if (found.rejected) look(found, "rows");
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
}

/** Ends the upload: while it is sent by hanging up, then by telling the server. */
function stop() {
  if (!present) return;
  present.cancelled = cancel.disabled = true;
  if (present.sent) tell(null, "cancelling");
  else present.request.abort();
}

/** @typedef {{line: number, field: string, reason: string}} Wrong */

/** @param {{rows: number, rejected: number, errors: Wrong[]}} found @param {string} what is said of it */
function look(found, what) {
  if (early.hidden) {
    early.hidden = false;
    early.scrollIntoView({ block: "nearest" });
  }
  write(part("rows"), say(what, { rows: found.rows, rejected: found.rejected }));
  part("more").hidden = found.rejected <= found.errors.length;
  for (const wrong of found.errors.slice(part("errors").children.length)) {
    const [item, line, name] = ["li", "b", "code"].map((tag) => document.createElement(tag));
    line.textContent = say("line", { line: wrong.line });
    name.textContent = wrong.field;
    item.append(line, " ", ...(wrong.field ? [name, " "] : []), wrong.reason);
    part("errors").append(item);
  }
}

/** @param {number | null} share of the file, or null while nobody knows @param {string} what is said of it */
function tell(share, what) {
  if (share === null) bar.removeAttribute("value");
  else bar.value = share;
  write(far, say(what, { percent: Math.floor((share ?? 0) * 100) }));
}

/** Writes what is new only, so that it is read out once. @param {HTMLElement} place @param {string} text */
function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

/** @typedef {{id?: number, detail?: string, batch?: number, errors?: {field: string, reason: string}[]}} Reply */

/** @param {number} status @param {Reply | null} reply */
function answered(status, reply) {
  const cancelled = present?.cancelled;
  if (status === 201) {
    location.assign(`${form.dataset.batches}/${reply.id}`);
    return;
  }
  if (status === 409 && reply?.batch) {
    refuse(say("duplicate"));
    const batch = document.createElement("a");
    batch.href = `${form.dataset.batches}/${reply.batch}`;
    batch.textContent = say("look");
    const again = document.createElement("button");
    again.type = "button";
    again.className = "button small";
    again.textContent = say("again");
    again.addEventListener("click", () => upload(true));
    const row = document.createElement("div");
    row.className = "row after";
    row.append(again, batch);
    refused.append(row);
    again.focus();
    return;
  }
  const wrong = reply?.errors?.[0];
  if (status === 409 && cancelled) refuse(say("cancelled"));
  else if (wrong) refuse(say("wrong", { field: wrong.field.replaceAll("_", " "), reason: wrong.reason }));
  else refuse(reply?.detail ?? say("status", { status }));
}

/** @param {string} why */
function refuse(why) {
  present = null;
  shown.hidden = true;
  send.disabled = false;
  refused.textContent = why;
  refused.hidden = false;
}
