// How the comparison is read: what differs, how it scrolls, the prompt within reach, code to copy, left and right on a phone.

import { say } from "./words.js";

const SCROLLS = ["page", "each", "both"];
const PHONE = matchMedia("(max-width: 760px)");
const MEMORY = "touchstone.scroll";

export class Reading {
  #desk;
  #differ = document.getElementById("differ");
  #linking = false;

  /** @param {HTMLElement} desk */
  constructor(desk) {
    this.#desk = desk;
    document.documentElement.classList.add("js");
    this.#differ.addEventListener("click", () => this.differ());
    desk.addEventListener("scroll", (event) => this.#scrolled(event.target), { capture: true, passive: true });
    desk.addEventListener("click", (event) => this.#copy(event.target.closest("button.copy")));
    for (const button of document.querySelectorAll(".sides button")) {
      button.addEventListener("click", () => {
        const pair = this.#shown()?.querySelector(".pair");
        pair?.scrollTo({ left: button.dataset.side === "left" ? 0 : pair.scrollWidth });
      });
    }
    try {
      this.#scrolls(localStorage.getItem(MEMORY) ?? "page");
    } catch {
      this.#scrolls("page");
    }
  }

  /** Makes a comparison ready to be read. @param {HTMLElement} node */
  dress(node) {
    if (PHONE.matches) node.querySelector(".prompt").open = false;
    if (!navigator.clipboard) return;
    for (const code of node.querySelectorAll(".rich pre")) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "copy", textContent: say("copy") });
      const box = Object.assign(document.createElement("div"), { className: "code-box" });
      code.replaceWith(box);
      box.append(code, button);
    }
  }

  /** Another comparison came to the front. @param {HTMLElement} node */
  shown(node) {
    node.querySelector(".prompt").classList.remove("pinned");
    node.querySelector(".pair").scrollLeft = 0;
    this.#side("left");
    this.#reach();
  }

  /** Marks what only one of the two says, or no longer. */
  differ() {
    const on = this.#desk.classList.toggle("differing");
    this.#differ.setAttribute("aria-pressed", String(on));
  }

  /** Scrolls the page, then each response by itself, then both in step. @returns {string} the words for it */
  scroll() {
    const next = SCROLLS[(SCROLLS.indexOf(this.#desk.dataset.scroll) + 1) % SCROLLS.length];
    this.#scrolls(next);
    try {
      localStorage.setItem(MEMORY, next);
    } catch { /* until the page goes */ }
    return say(`scroll-${next}`);
  }

  /** Folds or unfolds the prompt where it is; from further down it comes along, and goes again. */
  prompt() {
    const prompt = this.#shown()?.querySelector(".prompt");
    if (!prompt) return;
    if (prompt.classList.contains("pinned")) prompt.classList.remove("pinned");
    else if (prompt.getBoundingClientRect().bottom < 0) {
      prompt.open = true;
      prompt.classList.add("pinned");
    } else prompt.toggleAttribute("open");
  }

  #shown() {
    return this.#desk.querySelector(".comparison:not([hidden])");
  }

  #scrolls(how) {
    this.#desk.dataset.scroll = SCROLLS.includes(how) ? how : "page";
    this.#reach();
  }

  /** What scrolls by itself is within reach of the keyboard. */
  #reach() {
    for (const card of this.#shown()?.querySelectorAll(".card") ?? []) {
      if (this.#desk.dataset.scroll === "page") card.removeAttribute("tabindex");
      else card.tabIndex = 0;
    }
  }

  #scrolled(target) {
    if (target.classList.contains("pair")) {
      this.#side(target.scrollLeft > target.clientWidth / 4 ? "right" : "left");
    } else if (target.classList.contains("card") && this.#desk.dataset.scroll === "both" && !this.#linking) {
      const other = target.nextElementSibling ?? target.previousElementSibling;
      const share = target.scrollTop / Math.max(1, target.scrollHeight - target.clientHeight);
      this.#linking = true;
      other.scrollTop = share * (other.scrollHeight - other.clientHeight);
      requestAnimationFrame(() => requestAnimationFrame(() => (this.#linking = false)));
    }
  }

  #side(side) {
    for (const button of document.querySelectorAll(".sides button")) button.setAttribute("aria-pressed", String(button.dataset.side === side));
  }

  async #copy(button) {
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.previousElementSibling.textContent);
    } catch {
      return; // the browser forbids it
    }
    button.textContent = say("copied");
    setTimeout(() => (button.textContent = say("copy")), 1500);
  }
}
