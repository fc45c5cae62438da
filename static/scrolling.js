// What is wider or longer than its place gets a place in the tab order, so that the arrow keys can scroll it; the tab that
// is open is in sight.

const SCROLLS = ".scroll, .pair, [popover]:not([autofocus]), dialog, pre, .rich table, math[display=block]";

const sizes = new ResizeObserver((changes) => {
  for (const { target } of changes) {
    const more = target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight;
    const scrolls = more && getComputedStyle(target).overflow !== "visible";
    if (scrolls) target.setAttribute("tabindex", "0");
    else target.removeAttribute("tabindex");
  }
});

/** @param {ParentNode} root */
function watch(root) {
  for (const one of root.querySelectorAll(SCROLLS)) sizes.observe(one);
}

watch(document);

const open = document.querySelector(".tabs [aria-current]");
if (open instanceof HTMLElement && open.parentElement) {
  open.parentElement.scrollLeft = open.offsetLeft - (open.parentElement.clientWidth - open.offsetWidth) / 2;
}
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) for (const node of addedNodes) if (node instanceof Element) watch(node);
}).observe(document.body, { childList: true, subtree: true });
