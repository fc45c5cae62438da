// Answers that are begun and not sent: kept in the browser, so that a reload loses none of them.

const KEPT = 7 * 24 * 3600_000;

export class Drafts {
  #prefix;

  /** @param {string} person whose drafts these are */
  constructor(person) {
    this.#prefix = `touchstone.draft.${person}.`;
    this.#forgetOld();
  }

  /** @param {number} assignment @returns {object | null} */
  load(assignment) {
    try {
      return JSON.parse(localStorage.getItem(this.#prefix + assignment) ?? "null")?.filled ?? null;
    } catch {
      return null;
    }
  }

  /** @param {number} assignment @param {object} filled */
  save(assignment, filled) {
    try {
      localStorage.setItem(this.#prefix + assignment, JSON.stringify({ at: Date.now(), filled }));
    } catch { /* without storage a reload empties the form */ }
  }

  /** @param {number} assignment */
  drop(assignment) {
    try {
      localStorage.removeItem(this.#prefix + assignment);
    } catch { /* there is none */ }
  }

  #forgetOld() {
    try {
      for (const key of Object.keys(localStorage)) {
        if (!key.startsWith(this.#prefix)) continue;
        const { at } = JSON.parse(localStorage.getItem(key));
        if (!(Date.now() - at < KEPT)) localStorage.removeItem(key);
      }
    } catch { /* what cannot be read is left alone */ }
  }
}
