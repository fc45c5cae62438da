// Keys as people press them: no modifier, not while typing, and a key that is held down counts once.

/**
 * Calls `actions[key]` for a key; digits come from the keyboard's digit row or number pad whatever its layout.
 * @param {Record<string, (event: KeyboardEvent) => void>} actions
 */
export function hotkeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (event.target.closest("input:not([type=hidden], [type=radio], [type=checkbox]), textarea, select, [contenteditable]")) return;
    // what has the focus does by itself what these do to it
    if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
    if (event.key.startsWith("Arrow") && (event.target.closest("input, [tabindex='0']") || document.querySelector(":popover-open"))) return;
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
    const action = actions[event.key.toLowerCase()] ?? (digit && actions[digit[1]]);
    if (!action) return;
    event.preventDefault();
    action(event);
  });
}
