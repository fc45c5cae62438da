// Whether everything is sent, in the corner of the desk.

import { say } from "./words.js";

const [saved, said] = ["saved", "said"].map((id) => document.getElementById(id));

/** Writes how it stands, and says aloud when that is offline. @param {import("./outbox.js").State} state @param {number} waiting @returns {string | undefined} how it stood */
export function standsAt(state, waiting) {
  const words = { saved: say("saved"), sending: waiting > 1 ? say("waiting", { count: waiting }) : say("saving"), "signed-out": say("signed-out") };
  const was = saved.dataset.state;
  saved.textContent = words[state] ?? (waiting ? say("offline-waiting", { count: waiting }) : say("offline"));
  saved.dataset.state = state;
  if (state === "offline" && was !== state) said.textContent = saved.textContent;
  return was;
}
