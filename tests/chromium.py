"""Finds a Chromium for the browser tests, or gets one.

`python -m tests.chromium` prints its path; it installs Debian's package when it is root there, else Playwright's own
build, and exits with 1 and says what to do when neither can be had.
"""

import os
import shutil
import subprocess
import sys
from typing import Any

QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]


def find() -> str | None:
    """Path of a Chromium on this machine, or None."""
    named = os.environ.get("TOUCHSTONE_TEST_CHROMIUM")
    if named:
        return named
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
        return path if os.path.exists(path) else None


def launch(playwright: Any) -> Any:
    """A browser that speaks to nobody by itself; Chromium's sandbox does not work as root."""
    options = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    return playwright.chromium.launch(executable_path=find(), args=options)


def get() -> None:
    """Installs one; raises CalledProcessError when that fails."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        packages = ["chromium", "fonts-noto-core", "fonts-noto-cjk"]
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], check=True)
    else:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


def main() -> int:
    """Exit code 0 when there is a Chromium now."""
    if find() is None:
        try:
            get()
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"could not install it: {error}", file=sys.stderr)
    path = find()
    if path is None:
        print(
            "The browser tests need a Chromium. Install one (Debian: apt-get install chromium; elsewhere: "
            ".venv/bin/playwright install chromium) or name it in TOUCHSTONE_TEST_CHROMIUM.",
            file=sys.stderr,
        )
        return 1
    print(f"Chromium: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
