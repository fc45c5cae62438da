"""Pictures of every page, in two themes at three widths: `python -m tests.gallery [--only WORD]`.

They go into `gallery/`, with an `index.html` to look at all of them. The pages are those of the tour (tests/tour), in
which the demo project is in the middle of its work.
"""

import argparse
import shutil
import sys
import tempfile
from html import escape
from pathlib import Path

from playwright.sync_api import sync_playwright

from app.storage.migrating import migrate
from app.storage.session import make_engine
from tests import chromium
from tests.tour.serving import Tour

FOLDER = Path(__file__).parents[1] / "gallery"
THEMES = ("light", "dark")
SIZES = {1440: 900, 768: 1024, 390: 844}
DRAWN = """async () => {
  for (const image of document.images) image.loading = "eager";
  await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next))); // a theme has its own pictures
  await Promise.all([...document.images].map((image) => image.decode().catch(() => null)));
}"""
STYLE = """
body { font: 14px/1.4 system-ui; margin: 24px; background: #777; color: #fff; }
section { display: flex; gap: 12px; align-items: flex-start; margin-bottom: 40px; }
img { height: 420px; width: auto; max-width: 60vw; object-fit: cover; object-position: top; }
"""


def main() -> int:
    """Writes the pictures; exit code 1 when a page scrolls sideways in one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="pages with this in their name")
    given = parser.parse_args()
    if not given.only:
        shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary)
        url = f"sqlite:///{folder / 'touchstone.db'}"
        engine = make_engine(url)
        migrate(engine)
        engine.dispose()
        with Tour(url, folder) as tour:
            found = [page for page in tour.pages if given.only in page.name]
            wide = take(playwright, tour, found)
    (FOLDER / "index.html").write_text(sheet([page.name for page in found]), encoding="utf-8")
    print(f"{len(found)} pages, {len(found) * len(THEMES) * len(SIZES)} pictures in {FOLDER}")
    for name in wide:
        print(f"{name} scrolls sideways", file=sys.stderr)
    return 1 if wide else 0


def take(playwright, tour, found) -> list[str]:
    """Takes all pictures; returns the names of those in which the page is wider than its window."""
    browser, wide = chromium.launch(playwright), []
    for width, height in SIZES.items():
        context = browser.new_context(
            base_url=tour.server.url, viewport={"width": width, "height": height}, reduced_motion="reduce"
        )
        tab = context.new_page()
        for page in found:
            tour.open(tab, page)
            whole = "annotate" not in page.name
            if whole:  # the window as high as the page, lest what sticks to its edges stands across the picture
                high = max(height, tab.evaluate("document.documentElement.scrollHeight"))
                tab.set_viewport_size({"width": width, "height": high})
            for theme in THEMES:
                tab.emulate_media(color_scheme=theme)
                tab.evaluate(DRAWN)
                tab.screenshot(path=FOLDER / f"{page.name}-{width}-{theme}.png", full_page=whole)
            if tab.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append(f"{page.name} at {width}")
            tab.set_viewport_size({"width": width, "height": height})
        context.close()
    browser.close()
    return wide


def sheet(names: list[str]) -> str:
    """A page with all pictures, a row a page."""
    rows = [
        f"<h2>{escape(name)}</h2><section>"
        + "".join(
            f'<a href="{name}-{width}-{theme}.png"><img src="{name}-{width}-{theme}.png" alt="{theme}, {width}"></a>'
            for theme in THEMES
            for width in SIZES
        )
        + "</section>"
        for name in names
    ]
    return f"<!doctype html><title>Touchstone</title><style>{STYLE}</style>{''.join(rows)}"


if __name__ == "__main__":
    sys.exit(main())
