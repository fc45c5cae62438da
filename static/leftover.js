// Sends the answers that wait in this browser from whatever page their person comes back to: there may be no desk any more.

const note = document.getElementById("leftover");
const { person, words } = note.dataset;

function waits() {
  try {
    return Object.keys(localStorage).some((key) => key.startsWith(`touchstone.outbox.${person}.`));
  } catch {
    return false;
  }
}

if (waits()) {
  const [{ Outbox }, { Drafts }] = await Promise.all([import("./outbox.js"), import("./drafts.js")]);
  const outbox = new Outbox(person, {
    at: () => false,
    body: (entry) => entry.body,
    settled() {},
    refused(entry, problem, status) {
      if (status === 422 && entry.method === "PUT") new Drafts(person).restore(entry);
      [note.textContent, note.hidden] = [words.replace("{detail}", problem.detail), false];
    },
    changed() {},
  });
  outbox.kick();
}
