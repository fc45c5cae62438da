// Time on task: only while the page is visible, and at most a minute for each time that nothing is touched.

const IDLE = 60_000;

export class Timer {
  #active = 0;
  #seen = performance.now();
  #stopped = false;

  constructor() {
    const touched = () => this.#tick();
    for (const name of ["pointermove", "pointerdown", "keydown", "wheel", "scroll", "touchmove"]) {
      addEventListener(name, touched, { passive: true, capture: true });
    }
    document.addEventListener("visibilitychange", () => this.#tick(document.hidden));
  }

  #tick(counts = !document.hidden) {
    const now = performance.now();
    if (counts && !this.#stopped) this.#active += Math.min(IDLE, now - this.#seen);
    this.#seen = now;
  }

  /** Begins anew. */
  start() {
    this.#active = 0;
    this.goOn();
  }

  /** Counts nothing from here until it goes on. */
  stop() {
    this.#tick();
    this.#stopped = true;
  }

  /** Goes on from now, with what was counted before. */
  goOn() {
    this.#seen = performance.now();
    this.#stopped = false;
  }

  /** Active milliseconds since the start. */
  read() {
    this.#tick();
    return Math.round(this.#active);
  }
}
