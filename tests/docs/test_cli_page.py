"""The page of the command line is what the program says of itself."""

import re

import click
import pytest

from arbcore import cli, errors
from arbcore.errors import ArbcoreError
from tests.docs.program import Row, arguments, commands, option_rows
from tests.docs.snippets import ROOT

PAGE = (ROOT / "docs" / "cli.md").read_text("utf-8")
COMMANDS = commands()
TOLD = re.compile(r"^#{2,3} (arb [a-z -]+)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
CHAPTERS = dict(TOLD.findall(PAGE))
LINK = "[options of the config](#which-config)"


def rows(text: str) -> list[Row]:
    return re.findall(r"^\| (`-.*?) \| (.*) \|$", text, re.MULTILINE)


SHARED = rows(PAGE.partition("## Which config\n")[2].partition("\n## ")[0])


def test_every_command_has_its_chapter_and_no_other_has() -> None:
    assert sorted(CHAPTERS) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_chapter_lists_the_options_that_the_command_has(name: str) -> None:
    chapter = CHAPTERS[name]
    has = option_rows(COMMANDS[name])
    shared = [row for row in has if row in SHARED] if LINK in chapter else []
    assert shared == (SHARED if LINK in chapter else [])
    wanted = [row for row in has if row not in shared]
    assert rows(chapter) == wanted, "it should say:\n" + "\n".join(f"| {names} | {text} |" for names, text in wanted)


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if not isinstance(command, click.Group)])
def test_a_chapter_begins_with_how_the_command_is_called(name: str) -> None:
    usage = " ".join([name, *arguments(COMMANDS[name])])
    assert CHAPTERS[name].startswith(f"\n`{usage}` ")


def test_the_exit_codes_are_those_of_the_errors() -> None:
    table = PAGE.partition("## Exit codes\n")[2].partition("\n## ")[0]
    told = {int(code): text for code, text in re.findall(r"^\| (\d+) \| (.+) \|$", table, re.MULTILINE)}
    raised = {one.exit_code for one in vars(errors).values() if isinstance(one, type) and issubclass(one, ArbcoreError)}
    assert raised <= set(told)
    stated = re.findall(r"(\d+) ([a-z][^,;:.]*)", (cli.main.__doc__ or "").partition("The exit code:")[2])
    assert {code: text.replace(", or", " or") for code, text in told.items()} == {
        int(code): " ".join(text.split()) for code, text in stated
    }
