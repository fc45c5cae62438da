// Keys as people press them: no modifier, not while typing, and a key that is held down counts once.

const MEMORY = "touchstone.keys";
const FOREIGN = /^(?!\p{Script=Latin})\p{L}/u; // a letter that no shortcut can mean: of Greek, Cyrillic, Hebrew, Arabic

/**
 * Calls `actions[key]` for a key; digits come from the keyboard's digit row or number pad whatever its layout, and where its
 * letters are not Latin ones, letters come from where those would be.
 * @param {Record<string, (event: KeyboardEvent) => void>} actions
 */
export function hotkeys(actions) {
  const wanted = switched();
  document.addEventListener("keydown", (event) => {
    if (!wanted()) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (event.target.closest("input:not([type=hidden], [type=radio], [type=checkbox]), textarea, select, [contenteditable]")) return;
    // what has the focus does by itself what these do to it
    if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
    if (event.key.startsWith("Arrow") && (event.target.closest("input, [tabindex='0']") || document.querySelector(":popover-open"))) return;
    const place = (FOREIGN.test(event.key) ? /^Key(\w)$/ : /^(?:Digit|Numpad)(\d)$/).exec(event.code);
    const action = actions[event.key.toLowerCase()] ?? actions[place?.[1].toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action(event);
  });
}

/** Whoever dictates or reads by other means can switch them off, in this browser. @returns {() => boolean} whether they are wanted */
function switched() {
  const box = document.getElementById("keys");
  if (!box) return kept;
  box.checked = kept();
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(MEMORY, box.checked ? "on" : "off");
    } catch { /* they are so until the page goes */ }
  });
  // else it would press the first answer of the form around the box
  box.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  return () => box.checked;
}

function kept() {
  try {
    return localStorage.getItem(MEMORY) !== "off";
  } catch {
    return true;
  }
}
