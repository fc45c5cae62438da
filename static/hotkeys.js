// Keys as people press them: no modifier, not while typing, and a key that is held down counts once.

/**
 * Calls `actions[key]` for a key; digits come from the keyboard's digit row or number pad whatever its layout.
 * @param {Record<string, () => void>} actions
 */
export function hotkeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (event.target.closest("input:not([type=hidden]), textarea, select, [contenteditable]")) return;
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
    const action = actions[event.key.toLowerCase()] ?? (digit && actions[digit[1]]);
    if (!action) return;
    event.preventDefault();
    action();
  });
}
