// What the server has not acknowledged yet. Every entry is a key of its own in localStorage, written before anything
// is sent, so that a crash, a reload or a second tab can neither lose nor mix entries. Sending again is harmless:
// every request carries an id that the server keeps unique.

import { deskOf, isTaken } from "./tabs.js";

/** @typedef {{id: string, project: string, method: string, path: string, body: object, assignment: number, filled?: object, begun?: boolean}} Entry with what the form held */
/** @typedef {"saved" | "sending" | "offline" | "signed-out"} State */

const LONGEST_WAIT = 15_000;
const TIMEOUT = 30_000;

/** A random UUID, version 4; crypto.randomUUID is missing where the page is not served over HTTPS. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

export class Outbox {
  #person;
  #prefix;
  #handlers;
  #memory = new Map();
  #busy = false;
  #wait = 0;
  #timer = 0;
  #last = 0;
  /** @type {State} */
  #state = "saved";

  /**
   * @param {string} person whose entries these are
   * @param {object} handlers `at(project)` tells whether this tab has that desk; `body(entry)` completes what is sent; `settled(entry, reply)` and `refused(entry, problem, status)`
   *   are told what came of it; `changed(state, waiting)` whenever that changes.
   */
  constructor(person, handlers) {
    this.#person = person;
    this.#prefix = `touchstone.outbox.${person}.`;
    this.#handlers = handlers;
    addEventListener("online", () => this.kick());
    addEventListener("pageshow", () => this.kick());
    document.addEventListener("visibilitychange", () => document.hidden || this.kick());
    addEventListener("beforeunload", (event) => this.#memory.size && event.preventDefault());
  }

  /** All entries, oldest first. @returns {Entry[]} */
  entries() {
    return this.#keys().map((key) => this.#read(key)).filter(Boolean);
  }

  #keys() {
    const stored = [];
    try {
      for (let i = 0; i < localStorage.length; i++) stored.push(localStorage.key(i));
    } catch { /* storage is forbidden here; memory is all there is */ }
    return [...new Set([...stored.filter((key) => key.startsWith(this.#prefix)), ...this.#memory.keys()])].sort();
  }

  /** Keeps an entry, then sends it when it can. @param {Entry} entry */
  add(entry) {
    this.#last = Math.max(Date.now(), this.#last + 1);
    const key = `${this.#prefix}${String(this.#last).padStart(15, "0")}.${entry.id}`;
    this.#write(key, entry);
    this.#tell(this.#state === "saved" ? "sending" : this.#state);
    this.kick();
  }

  /** Takes an entry back that has never begun to leave: the server may have any other. @returns {boolean} whether it could */
  drop(id) {
    const key = this.#keys().find((key) => key.endsWith(id));
    if (!key || this.#read(key)?.begun) return false;
    this.#remove(key);
    this.#tell();
    return true;
  }

  /** @returns {Entry | null} null when another tab has just sent it */
  #read(key) {
    return JSON.parse(this.#memory.get(key) ?? localStorage.getItem(key));
  }

  #write(key, entry) {
    try {
      localStorage.setItem(key, JSON.stringify(entry));
    } catch {
      this.#memory.set(key, JSON.stringify(entry));
    }
  }

  #remove(key) {
    this.#memory.delete(key);
    try {
      localStorage.removeItem(key);
    } catch { /* it was in memory */ }
  }

  /** Sends now, whatever wait was agreed. */
  kick() {
    clearTimeout(this.#timer);
    this.#wait = 0;
    this.#drain();
  }

  async #drain() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      // one tab sends at a time where the browser can arrange that; elsewhere both may, and nothing is doubled
      await (navigator.locks ? navigator.locks.request(this.#prefix, () => this.#sendAll()) : this.#sendAll());
    } finally {
      this.#busy = false;
    }
  }

  /** The key of the oldest entry that is for this tab to send: where the desk is open, that is where it is heard what came of it. */
  async #next() {
    for (const key of this.#keys()) {
      const project = this.#read(key)?.project;
      if (this.#memory.has(key) || this.#handlers.at(project) || !(await isTaken(deskOf(this.#person, project)))) return key;
    }
    return null;
  }

  async #sendAll() {
    for (let key; (key = await this.#next()); ) {
      const entry = this.#read(key);
      if (!entry) continue;
      if (!entry.begun) this.#write(key, { ...entry, begun: true });
      if (this.#state === "saved" || !this.#wait) this.#tell("sending"); // whoever is offline is so until an answer gets through
      const { state, settle } = await this.#send(entry);
      if (state) return this.#later(state);
      this.#wait = 0;
      this.#remove(key);
      settle();
    }
    if (this.#keys().length) this.#later("sending"); // from another tab; that one may close
    else this.#tell("saved");
  }

  /** @param {State} state until then */
  #later(state) {
    this.#wait = Math.min(LONGEST_WAIT, this.#wait * 2 || 1000);
    this.#timer = setTimeout(() => this.#drain(), this.#wait);
    this.#tell(state);
  }

  /** @param {Entry} entry @returns {Promise<{state?: State, settle?: () => void}>} */
  async #send(entry) {
    let response, reply;
    try {
      response = await fetch(entry.path, {
        method: entry.method,
        // whoever has signed in here since must not answer for this person
        headers: { "Content-Type": "application/json", "Touchstone-Person": this.#person, "Accept-Language": document.documentElement.lang },
        body: JSON.stringify(this.#handlers.body(entry)),
        signal: AbortSignal.timeout(TIMEOUT),
      });
      // a page of some network's sign-in is no acknowledgement, and neither is half a reply
      reply = response.status === 204 ? null : await response.json();
    } catch {
      return { state: "offline" };
    }
    if (response.ok) return { settle: () => this.#handlers.settled(entry, reply) };
    if (response.status === 401 || response.status === 403) return { state: "signed-out" };
    if (response.status >= 500 || [408, 425, 429].includes(response.status)) return { state: "offline" };
    return { settle: () => this.#handlers.refused(entry, reply, response.status) };
  }

  #tell(state = this.#state) {
    this.#state = state;
    this.#handlers.changed(state, this.#keys().length);
  }
}
