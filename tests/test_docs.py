"""The README against the code, both ways: what one of them names, the other has."""

import io
import json
import re
from pathlib import Path

import pytest
import typer

from app.cli import app as commands
from app.domain import importing, rows
from app.domain.importing import Upload
from app.settings import Settings
from app.vocabulary import ExportFormat
from app.web.application import create_app
from tests.web.walking import needs, routes

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROMISE = (
    "`make run` serves `http://127.0.0.1:8000`, the printed annotator link leads to a comparison in two clicks; "
    "`make test` passes."
)


def section(heading):
    """The text under a heading, to the next one."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, f"README.md has no heading {heading!r}"
    return found[1]


def table(heading):
    """The rows of the table under a heading, without its head."""
    return [line for line in section(heading).splitlines() if line.startswith("|")][2:]


def leaves(command, path=("touchstone",)):
    for name, below in command.commands.items():
        yield from leaves(below, (*path, name)) if hasattr(below, "commands") else [((*path, name), below)]


def argument(parameter):
    name = parameter.metavar or parameter.name.upper()
    return name if parameter.required else f"[{name}]"


def flag(option):
    """An option as one types it to get something else than the default."""
    return option.secondary_opts[0] if option.default is True else option.opts[0]


def command_rows():
    for path, command in leaves(typer.main.get_command(commands)):
        arguments = [argument(p) for p in command.params if p.param_type_name == "argument"]
        options = [f"`{flag(p)}`" for p in command.params if p.param_type_name == "option"]
        yield f"| `{' '.join([*path, *arguments])}` | {' '.join(options)} | {command.help} |"


def setting_rows():
    for name, found in Settings.model_fields.items():
        default = "" if found.default == "" else f"`{str(found.default).lower()}`"
        yield f"| `TOUCHSTONE_{name.upper()}` | {default} | {found.description} |"


def route_rows(application):
    for method, path, route in routes(application):
        if path.startswith("/api/v1/"):
            yield f"| `{method} {path}` | {needs(route)[0]} | {route.endpoint.__doc__.splitlines()[0]} |"


def test_it_promises_what_it_must():
    assert PROMISE in README


def test_every_setting_is_in_the_table_and_the_reverse():
    assert table("Settings") == list(setting_rows())


def test_every_command_is_in_the_table_and_the_reverse():
    assert table("Command line") == list(command_rows())


def test_no_command_and_no_setting_is_named_that_is_not_there():
    known = {" ".join(path) for path, _ in leaves(typer.main.get_command(commands))}
    groups = {name.split()[1] for name in known if name.count(" ") == 2}
    named = re.findall(r"\btouchstone ([a-z]+)(?: ([a-z]+))?", README)
    assert {f"touchstone {one} {two}" if one in groups else f"touchstone {one}" for one, two in named} <= known
    settings = {f"TOUCHSTONE_{name.upper()}" for name in Settings.model_fields}
    settings |= {"TOUCHSTONE_TEST_CHROMIUM", "TOUCHSTONE_TOKEN"}
    for path in ("README.md", "Dockerfile", "docker-compose.yml"):
        assert set(re.findall(r"TOUCHSTONE_[A-Z_]+", (ROOT / path).read_text())) <= settings, path


def test_every_route_of_the_api_is_in_the_table_and_the_reverse(tmp_path):
    assert table("API v1") == list(route_rows(create_app(Settings(_env_file=None, data_dir=tmp_path))))


def test_every_route_of_the_reward_server_is_named_and_the_reverse(tmp_path):
    from app.serving.application import create_app

    application = create_app(Settings(_env_file=None, data_dir=tmp_path))
    found = {f"{method} {path}" for method, path, _ in routes(application) if method != "HEAD"}
    assert set(re.findall(r"`((?:GET|POST) [^`]+)`", section("Reward server"))) == found


def test_every_export_format_is_in_the_table_and_the_reverse():
    assert [re.match(r"\| `([^`]+)` \|", row)[1] for row in table("Export formats")] == list(ExportFormat)


@pytest.mark.parametrize("line", re.findall(r"^\{.*\}$", section("Upload rows"), re.MULTILINE))
def test_every_example_of_an_upload_row_is_recognised(line):
    assert rows.recognise(json.loads(line))


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "examples").iterdir()), ids=lambda path: path.name)
def test_every_example_file_is_taken_whole(path, session, project, clock):
    report = importing.import_file(
        session, project, io.BytesIO(path.read_bytes()), Upload(path.name, path.name), clock()
    )
    assert (report.batch.rejected, report.batch.duplicates) == (0, 0)


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if not target.startswith("http"):
            path, _, anchor = target.partition("#")
            assert (ROOT / path).exists(), target
            headings = re.findall(r"^#+ (.+)$", README, re.MULTILINE)
            assert not anchor or anchor in {heading.lower().replace(" ", "-") for heading in headings}, target


def test_every_target_of_the_makefile_has_help_and_is_phony():
    text = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z][a-z-]*):(.*)$", text, re.MULTILINE)
    assert targets
    assert [name for name, rest in targets if "## " not in rest] == []
    assert set(re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split()) == {name for name, _ in targets}
    assert set(re.findall(r"`make ([a-z-]+)`", README)) <= {name for name, _ in targets}
