// A page in front of the desk: in a break, or while another tab has it.

const pause = document.getElementById("pause");

/** Shows it. @returns {HTMLButtonElement} its button */
export function front(title, words, act, does) {
  const [heading, text, row] = pause.children;
  const button = /** @type {HTMLButtonElement} */ (row.firstElementChild);
  [heading.textContent, text.textContent, button.textContent] = [title, words, act];
  [button.disabled, button.onclick] = [false, does];
  pause.hidden = false;
  return button;
}
