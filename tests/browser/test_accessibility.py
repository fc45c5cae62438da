"""Every page of the tour for everyone: axe-core in both themes at two widths, reflow, the keyboard, clean consoles.

One tab visits all pages in turn, and what is wrong is told of all of them at once.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe

AXE = Axe()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
THEMES = ("light", "dark")

BASICS = """() => {
  const wrong = [];
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) {
    const held = (e) => e !== root && (getComputedStyle(e).overflowX !== "visible" || held(e.parentElement));
    const wide = [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1);
    const first = wide.find((e) => !held(e.parentElement));
    wrong.push(`scrolls sideways: ${root.scrollWidth} in ${innerWidth}, ${first?.outerHTML.slice(0, 120)}`);
  }
  const heads = [...document.querySelectorAll("h1")].filter((e) => !e.closest(".rich"));
  if (heads.length !== 1) wrong.push(`has ${heads.length} h1`);
  if (!root.lang) wrong.push("names no language");
  if (!/\\S.* · Touchstone$/.test(document.title)) wrong.push(`has the title "${document.title}"`);
  return wrong;
}"""

# Writes down what gets the focus, and how that looks at this moment.
WATCH = """() => {
  const seen = (window.seen = []);
  document.addEventListener("focusin", ({ target }) => {
    if (target.tabIndex < 0) return; // a script put it there, Tab does not
    const style = getComputedStyle(target);
    const { left, right, top, bottom } = target.getBoundingClientRect();
    const [x, y] = [Math.max(0, left) + Math.min(innerWidth, right), Math.max(0, top) + Math.min(innerHeight, bottom)];
    const over = document.elementFromPoint(x / 2, y / 2);
    const name = target.outerHTML.slice(0, 140);
    const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
    const label = target.labels?.[0];
    const met = over && (target.contains(over) || over.contains(target) || label?.contains(over));
    seen.push({ target, name, wrong: !shown ? "has no visible focus" : !met ? "is not in sight when it has the focus" : "" });
  });
  document.activeElement?.blur();
}"""

# What the keyboard must reach: of a group of radio buttons it reaches one.
LEFT = """() => {
  const all = document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]");
  const groups = new Set();
  return [...all].filter((e) => {
    if (e.tabIndex < 0 || e.disabled || e.closest("[inert], fieldset[disabled]") || !e.checkVisibility({ visibilityProperty: true })) return false;
    if (window.seen.some(({ target }) => target === e)) return false;
    if (e.type !== "radio") return true;
    const group = [...document.getElementsByName(e.name)];
    if (groups.has(e.name) || window.seen.some(({ target }) => group.includes(target))) return false;
    return groups.add(e.name);
  }).map((e) => e.outerHTML.slice(0, 140));
}"""


def is_its_status(message, url):
    """Whether the console says no more than that this page is an error by its status."""
    return "status of 4" in message.text and message.location["url"] == url


@pytest.fixture
def visit(browser, toured):
    """Opens every page in a window of that size, hands it to `look`, and fails with all that `look` returns and all
    that the console complains about."""

    def visit(look, width, height=900, **options):
        context = browser.new_context(
            base_url=toured.server.url, viewport={"width": width, "height": height}, reduced_motion="reduce", **options
        )
        tab, wrong, said = context.new_page(), [], []
        tab.on("pageerror", lambda error: wrong.append(f"{tab.url}: {error}"))
        tab.on("console", lambda message: said.append(message) if message.type in ("error", "warning") else None)
        for page in toured.pages:
            said.clear()
            toured.open(tab, page)
            wrong += [f"{page.name}: {found}" for found in look(tab)]
            wrong += [f"{page.name}: {found.text}" for found in said if not is_its_status(found, tab.url)]
        context.close()
        assert not wrong, "\n".join(wrong)

    return visit


@pytest.mark.parametrize(
    ("width", "others"),
    [
        pytest.param(1440, (768, 720), id="1440, and as wide as a tablet, and at twice the size"),
        pytest.param(390, (320,), id="390, and the least width"),
    ],
)
def test_axe_finds_nothing_in_either_theme_and_nothing_is_lost_at_any_width(visit, width, others):
    def look(tab):
        for theme in THEMES:
            tab.emulate_media(color_scheme=theme)
            for found in AXE.run(tab, options=OPTIONS).response["violations"]:
                yield f"{theme}: {found['id']}: {found['help']}: {found['nodes'][0]['html'][:160]}"
        for other in (*others, width):
            tab.set_viewport_size({"width": other, "height": 900})
            yield from (f"at {other}: {found}" for found in tab.evaluate(BASICS))

    visit(look, width)


def test_the_keyboard_reaches_everything_and_shows_where_it_is(visit):
    def look(tab):
        tab.evaluate(WATCH)
        for _ in range(30):
            for _ in range(10):
                tab.keyboard.press("Tab")
            left = tab.evaluate(LEFT)
            if not left:
                break
        yield from (f"Tab does not reach {name}" for name in left)
        yield from tab.evaluate("[...new Set(seen.filter((e) => e.wrong).map((e) => `${e.name} ${e.wrong}`))]")

    visit(look, 1440)
