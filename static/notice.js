// The one notice above a comparison: what went wrong, what may be done about it, and what is good to know.

const notice = document.getElementById("notice");
const [said, dismiss] = notice.children;
dismiss.addEventListener("click", () => hush());

/** @param {string} words @param {{about?: string, link?: string, act?: string, does?: () => void}} [more] what it is about, and what can be done */
export function tell(words, { about = "", link, act, does } = {}) {
  if (about === "good" && !notice.hidden && notice.classList.contains("bad")) return; // what went wrong is read first
  notice.dataset.about = about;
  notice.classList.toggle("bad", about !== "good");
  said.replaceChildren(words);
  if (link) said.append(" ", Object.assign(document.createElement("a"), { href: link, textContent: act }));
  else if (act) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: act });
    button.addEventListener("click", () => (hush(), does()));
    said.append(" ", button);
  }
  notice.hidden = false;
}

/** Takes the notice away. @param {string} [about] only one that is about this */
export function hush(about) {
  if (notice.hidden || (about !== undefined && notice.dataset.about !== about)) return;
  const focused = notice.contains(document.activeElement);
  notice.hidden = true;
  if (focused) document.querySelector(".comparison:not([hidden])")?.focus({ preventScroll: true });
}
