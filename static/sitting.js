// One sitting at the desk: how many, at what pace, towards which goal, and when a break is due. Kept in this browser.

const OVER = 2 * 3600_000; // whoever comes back later sits down anew
const RESTED = 10 * 60_000;
const LONG = 50 * 60_000;
const TIMES = 50;

/** @typedef {{last: number, count: number, active: number, sinceBreak: number, times: number[], goal: string | null}} State */

/** @returns {State} */
const begun = () => ({ last: Date.now(), count: 0, active: 0, sinceBreak: 0, times: [], goal: null });

export class Sitting {
  #key;
  /** @type {State | null} */
  #state = null;

  /** @param {string} name of person and project @param {string} goal that the project suggests, or "" */
  constructor(name, goal) {
    this.#key = `touchstone.sitting.${name}`;
    this.suggested = goal;
    this.read();
  }

  /** Takes what is kept, which another tab may have gone on with. */
  read() {
    const fresh = begun();
    let kept = this.#state;
    try {
      kept = JSON.parse(localStorage.getItem(this.#key)) ?? kept;
    } catch { /* it goes on as it is, or begins anew */ }
    this.#state = kept && Date.now() - kept.last < OVER ? { ...fresh, ...kept } : { ...fresh, goal: kept?.goal ?? null };
  }

  get count() {
    return this.#state.count;
  }

  /** A number in words, "" for none: one's own choice, or else what the project suggests. */
  get goal() {
    return this.#state.goal ?? this.suggested;
  }

  set goal(goal) {
    this.read(); // one can be chosen while another tab judges
    this.#state.goal = goal;
    this.#save();
  }

  /** Milliseconds at work in this sitting. */
  get active() {
    return this.#state.active;
  }

  /** The median time on a comparison in milliseconds, or null. */
  get pace() {
    const times = [...this.#state.times].sort((a, b) => a - b);
    return times.length ? times[times.length >> 1] : null;
  }

  /** Whether somebody has been at it for so long that a break would do good. */
  get tired() {
    return this.#state.sinceBreak >= LONG;
  }

  /** One more was judged. @param {number} active milliseconds that it took */
  judged(active) {
    if (Date.now() - this.#state.last - active > OVER) this.#state = { ...begun(), goal: this.#state.goal };
    const state = this.#state;
    if (Date.now() - state.last - active > RESTED) state.sinceBreak = 0;
    state.count += 1;
    state.active += active;
    state.sinceBreak += active;
    state.times = [...state.times, active].slice(-TIMES);
    this.#save();
  }

  /** One was taken back. */
  undone() {
    this.#state.count = Math.max(0, this.#state.count - 1);
    this.#save();
  }

  /** What was taken back stands after all. */
  kept() {
    this.#state.count += 1;
    this.#save();
  }

  /** A break begins, or the offer of one was declined. */
  rested() {
    this.#state.sinceBreak = 0;
    this.#save();
  }

  #save() {
    this.#state.last = Date.now();
    try {
      localStorage.setItem(this.#key, JSON.stringify(this.#state));
    } catch { /* it lasts as long as the page */ }
  }
}
