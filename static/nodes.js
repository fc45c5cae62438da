// Comparisons as the server renders them, as nodes of the page.

/** The server's HTML of a comparison as a node. @param {string} html @returns {HTMLElement} */
export function parsed(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content.firstElementChild;
}

/** Whether that is the same comparison in the same order: after its lease ran out it may be leased to the same person again.
 * @param {HTMLElement} node @param {string} html */
export function alike(node, html) {
  return words(node) === words(parsed(html));
}

function words(node) {
  const plain = node.cloneNode(true);
  for (const button of plain.querySelectorAll(".copy")) button.remove();
  return [...plain.querySelectorAll(".turns, .card")].map((part) => part.textContent).join("\0");
}
