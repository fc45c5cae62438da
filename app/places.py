"""Where templates, static files and migrations lie: at the root of a checkout, in the package once it is installed."""

from pathlib import Path

PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """The folder `templates`, `static` or `migrations`."""
    installed = PACKAGE / name
    return installed if installed.is_dir() else PACKAGE.parent / name
