// What can be undone at this desk: kept for this tab, so that undoing reaches beyond a reload.

const REMEMBERED = 50;

/** @typedef {{id: number, token: string, node?: HTMLElement}} Task */
/** @typedef {{task: Task, entry: string, kind: "preference" | "skip", filled: object}} Left a comparison that was left, by which entry of the outbox, and what the form held */

export class Past {
  #name;
  /** @type {Left[]} the last one at the end; a reload keeps all but the nodes */
  #all = [];

  /** @param {string} name of person and project */
  constructor(name) {
    this.#name = `touchstone.history.${name}`;
    try {
      this.#all = JSON.parse(sessionStorage.getItem(this.#name)) ?? [];
    } catch { /* it begins anew */ }
  }

  get empty() {
    return !this.#all.length;
  }

  /** @param {Left} left */
  add(left) {
    this.#all = [...this.#all, left].slice(-REMEMBERED);
    this.#keep();
  }

  /** Takes the last one out. @returns {Left | undefined} */
  pop() {
    const last = this.#all.pop();
    this.#keep();
    return last;
  }

  /** Takes the one out that left by that entry of the outbox. @param {string} entry @returns {Left | undefined} */
  take(entry) {
    const at = this.#all.findIndex((past) => past.entry === entry);
    const [found] = at < 0 ? [] : this.#all.splice(at, 1);
    this.#keep();
    return found;
  }

  /** The page has that comparison still. @param {Task} task */
  knows({ id, node }) {
    for (const { task } of this.#all) if (task.id === id) task.node = node;
  }

  #keep() {
    const kept = this.#all.map(({ task: { id, token }, ...rest }) => ({ ...rest, task: { id, token } }));
    try {
      sessionStorage.setItem(this.#name, JSON.stringify(kept));
    } catch { /* without storage, undo does not reach beyond a reload */ }
  }
}
