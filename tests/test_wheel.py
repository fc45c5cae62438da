"""What `pip install` installs works without the checkout."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOVED = ("migrations", "static", "templates")
SIGN_IN = """
from starlette.testclient import TestClient
from app.cli import app
from app.settings import Settings
from app.web.application import create_app
app(["migrate"], standalone_mode=False)
print(TestClient(create_app(Settings())).get("/sign-in").text)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The names in a wheel of this checkout, and the folder in which it is unpacked."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("app", *MOVED):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", built, source]
    subprocess.run(command, check=True)
    with zipfile.ZipFile(next(built.glob("*.whl"))) as file:
        file.extractall(built / "unpacked")
        return set(file.namelist()), built / "unpacked"


def test_it_holds_every_file(wheel):
    here = {path.relative_to(ROOT) for name in ("app", *MOVED) for path in (ROOT / name).rglob("*") if path.is_file()}
    wanted = {str("app" / path if path.parts[0] in MOVED else path) for path in here if "__pycache__" not in path.parts}
    assert {name for name in wheel[0] if ".dist-info/" not in name} == wanted


def test_it_migrates_and_shows_a_page(wheel, tmp_path):
    environment = os.environ | {"PYTHONPATH": str(wheel[1]), "TOUCHSTONE_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-c", SIGN_IN]
    shown = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert '<link rel="stylesheet" href="/static/' in shown.stdout
