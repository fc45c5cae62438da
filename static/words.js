// The words of a page's scripts, in the reader's language: the page brings them along.

/** @type {Record<string, string>} */
export const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");

/**
 * Words of the page with what varies filled in, as in "{count} waiting".
 * @param {string} name @param {Record<string, string | number>} [values] @returns {string}
 */
export function say(name, values = {}) {
  return words[name].replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
}
