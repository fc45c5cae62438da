// What the form of a judgement holds: read, filled in, and what is missing in it.

/** @typedef {{answer: string, left: string, right: string, criteria: Record<string, string>, rationale: string, flags: string[]}} Filled */

const TIES = { x: "no", g: "yes" };
const ACCEPTABLE = { yes: true, no: false, "": null };

export class Answering {
  #form;
  #rows;
  #active = 0;

  /** @param {HTMLFormElement} form as _judge.html makes it @param {() => void} changed is told when somebody changed it */
  constructor(form, changed) {
    this.#form = form;
    this.#rows = [...form.querySelectorAll("[data-row]")];
    const react = (event) => {
      if (event.target.name === "answer") this.#agree();
      else if (event.target.name?.startsWith("acceptable_")) this.#settle();
      const row = event.target.closest("[data-row]");
      if (row) this.#activate(this.#rows.indexOf(row));
      this.count();
      changed();
    };
    form.addEventListener("change", react);
    form.addEventListener("focusin", (event) => {
      const row = event.target.closest("[data-row]");
      if (row) this.#activate(this.#rows.indexOf(row));
    });
    form.addEventListener("input", (event) => event.target.name === "rationale" && changed());
    this.#activate(0);
  }

  /** @returns {Filled} */
  read() {
    const data = new FormData(this.#form);
    const text = (name) => String(data.get(name) ?? "");
    const criteria = {};
    for (const [name, value] of data) if (name.startsWith("criterion.")) criteria[name.slice(10)] = String(value);
    return {
      answer: text("answer"),
      left: text("acceptable_left"),
      right: text("acceptable_right"),
      criteria,
      rationale: text("rationale"),
      flags: data.getAll("flag").map(String),
    };
  }

  /** Puts that into the form, or empties it. @param {Partial<Filled>} [filled] */
  fill(filled = {}) {
    const { answer = "", left = "", right = "", criteria = {}, rationale = "", flags = [] } = filled;
    const chosen = { answer, acceptable_left: left, acceptable_right: right };
    for (const control of this.#form.querySelectorAll("input[type=radio], input[type=checkbox]")) {
      if (control.name === "flag") control.checked = flags.includes(control.value);
      else control.checked = (chosen[control.name] ?? criteria[control.name.slice(10)] ?? "") === control.value;
    }
    const why = this.#form.elements.namedItem("rationale");
    if (why) why.value = rationale;
    this.#activate(0);
    this.count();
  }

  /** Whether there is anything in it. @param {Filled} filled */
  static empty({ answer, left, right, criteria, rationale, flags }) {
    return !answer && !left && !right && !Object.keys(criteria).length && !rationale && !flags.length;
  }

  /** Shows how many flags are raised, on the button that hides them. */
  count() {
    const shown = this.#form.querySelector("#flagged");
    if (shown) shown.textContent = this.#form.querySelectorAll("[name=flag]:checked").length || "";
  }

  /** Answers the row in turn, and goes on to the next that has no answer. @param {string} key "1" to "7", "x" or "g" */
  press(key) {
    const tie = key in TIES;
    const name = tie ? "answer" : this.#rows[this.#active].dataset.row;
    this.#choose(name, key);
    const next = this.#rows.findIndex((row) => !row.querySelector(":checked") && !this.#answered(row.dataset.row));
    if (next >= 0) this.#activate(next);
  }

  /** Says that a side is good enough, or when that is said, that it is not. @param {"left" | "right"} side */
  good(side) {
    const name = `acceptable_${side}`;
    if (!this.#form.querySelector(`[name=${name}]`)) return;
    this.#choose(name, this.#value(name) === "yes" ? "no" : "yes");
  }

  /** How many rows of strengths there are. */
  get rows() {
    return this.#rows.length;
  }

  /** Goes to another row. @param {1 | -1} step */
  move(step) {
    this.#activate((this.#active + step + this.rows) % this.rows);
    this.#rows[this.#active].scrollIntoView({ block: "nearest" });
  }

  /** Goes to where something is missing. @param {string} missing as `missing` says it */
  lead(missing) {
    if (missing === "missing-rationale") this.#form.elements.namedItem("rationale").focus();
    const row = this.#rows.find((row) => !this.#value(row.dataset.row));
    if (!row || !["missing-strength", "missing-criterion"].includes(missing)) return;
    this.#activate(this.#rows.indexOf(row));
    row.scrollIntoView({ block: "nearest" });
  }

  /** Which words tell what is missing, or null. @param {string} [answer] when it comes with the key that sends it @returns {string | null} */
  missing(answer) {
    const filled = this.read();
    const strength = this.#strength(answer || filled.answer);
    if (strength === null) return "missing-strength";
    const has = (name) => this.#form.querySelector(`[name="${name}"]`);
    if (has("acceptable_left") && !(filled.left && filled.right)) return "missing-good";
    if (this.#contradicts(strength, filled)) return "impossible";
    if (this.#rows.some((row) => row.dataset.row !== "answer" && !this.#value(row.dataset.row))) return "missing-criterion";
    const least = Number(this.#form.dataset.least ?? 0);
    return least && [...filled.rationale.trim()].length < least ? "missing-rationale" : null;
  }

  /** The answer for the API. @param {string} [answer] when it comes with the key that sends it */
  body(answer) {
    const filled = this.read();
    const key = answer || filled.answer;
    const tie = key in TIES ? ACCEPTABLE[TIES[key]] : null;
    const criteria = {};
    for (const [name, value] of Object.entries(filled.criteria)) criteria[name] = Number(value) - 4;
    return {
      strength: this.#strength(key),
      acceptable: { left: tie ?? ACCEPTABLE[filled.left], right: tie ?? ACCEPTABLE[filled.right] },
      criteria,
      rationale: filled.rationale.trim() || null,
      flags: filled.flags,
    };
  }

  #strength(key) {
    if (key in TIES) return 0;
    return key ? Number(key) - 4 : null;
  }

  /** That a response which will not do is as good as, or better than, one that will do. */
  #contradicts(strength, { left, right }) {
    return (left === "no" && right === "yes" && strength <= 0) || (left === "yes" && right === "no" && strength >= 0);
  }

  #value(name) {
    return this.#form.querySelector(`[name="${name}"]:checked`)?.value ?? "";
  }

  #answered(name) {
    return Boolean(this.#value(name));
  }

  #choose(name, value) {
    const control = this.#form.querySelector(`[name="${name}"][value="${value}"]`);
    if (!control) return;
    control.checked = true;
    control.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** A tie of two bad, or two good, responses says so of each. */
  #agree() {
    const said = TIES[this.#value("answer")];
    if (!said) return;
    for (const side of ["left", "right"]) {
      const control = this.#form.querySelector(`[name=acceptable_${side}][value=${said}]`);
      if (control) control.checked = true;
    }
  }

  /** A tie of which one is good and one bad is no such tie any more. */
  #settle() {
    const said = TIES[this.#value("answer")];
    if (said && ["left", "right"].some((side) => this.#value(`acceptable_${side}`) !== said)) this.#choose("answer", "4");
  }

  #activate(index) {
    this.#active = Math.max(0, index);
    for (const [place, row] of this.#rows.entries()) row.toggleAttribute("data-active", this.#rows.length > 1 && place === this.#active);
  }
}
