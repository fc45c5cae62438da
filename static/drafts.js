// Answers that are begun and not sent: kept in the browser, so that a reload loses none of them.

/** @typedef {{id: number, token: string}} Lease of an assignment */

const KEPT = 7 * 24 * 3600_000;

export class Drafts {
  #prefix;

  /** @param {string} person whose drafts these are */
  constructor(person) {
    this.#prefix = `touchstone.draft.${person}.`;
    this.#forgetOld();
  }

  /** What was begun under that lease: numbers come again where a database was restored. @param {Lease} lease @returns {object | null} */
  load({ id, token }) {
    try {
      const kept = JSON.parse(localStorage.getItem(this.#prefix + id));
      return kept?.token === token ? kept.filled : null;
    } catch {
      return null;
    }
  }

  /** @param {Lease} lease @param {object} filled */
  save({ id, token }, filled) {
    try {
      localStorage.setItem(this.#prefix + id, JSON.stringify({ at: Date.now(), token, filled }));
    } catch { /* without storage a reload empties the form */ }
  }

  /** Keeps what was answered and will not do, to be mended. @param {import("./outbox.js").Entry} entry */
  restore({ assignment, body, filled }) {
    if (filled) this.save({ id: assignment, token: body.lease_token }, filled);
  }

  /** @param {Lease} lease */
  drop({ id }) {
    try {
      localStorage.removeItem(this.#prefix + id);
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
