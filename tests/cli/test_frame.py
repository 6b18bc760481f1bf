"""The frame: commands from a table and from metadata, errors as messages, exit codes."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import click
import pytest

from arbcore.cli import COMMANDS
from arbcore.cli._frame import root

Run = Callable[..., tuple[int, str, str]]
Spawn = Callable[..., "subprocess.CompletedProcess[str]"]


def test_help_lists_every_command_with_its_short_help(arb: Run) -> None:
    code, out, _ = arb("--help")
    assert code == 0
    for name, (_, text) in COMMANDS.items():
        assert f"{name}  " in out
        assert text in out


def test_every_option_of_the_root_says_what_it_does() -> None:
    context = click.Context(root)
    told = [option.get_help_record(context) for option in root.get_params(context)]
    assert all(record and record[1] for record in told)
    assert "live" not in (root.help or ""), "this version has no live mode"


def test_version(arb: Run) -> None:
    code, out, _ = arb("--version")
    assert code == 0
    assert out.startswith(f"arb {version('arbcore')} (Python {sys.version_info.major}.{sys.version_info.minor}.")


def test_help_imports_no_command_no_plugin_and_no_heavy_library(spawn: Spawn, offered: Path) -> None:
    code = (
        "import sys\n"
        "from arbcore.cli import main\n"
        "code = main(['--help'])\n"
        "print('MODULES', *sorted(sys.modules))\n"
        "sys.exit(code)\n"
    )
    result = spawn(code, offered)
    assert result.returncode == 0, result.stderr
    output, _, modules = result.stdout.partition("MODULES ")
    assert "boom" in output
    loaded = modules.split()
    assert [name for name in loaded if name.startswith("arbcore")] == [
        "arbcore",
        "arbcore.cli",
        "arbcore.cli._frame",
        "arbcore.errors",
    ]
    heavy = {"pydantic", "pluggy", "stevedore", "rich", "ruamel", "msgspec", "anyio", "numpy", "polars", "sqlalchemy"}
    assert not heavy & {name.partition(".")[0] for name in loaded}
    assert "thirdparty_commands" not in loaded


def test_commands_of_plugins_are_listed_and_run(arb: Run, offered: Path) -> None:
    _, out, _ = arb("--help")
    assert re.search(r"leave +\(from thirdparty-commands\)", out)
    assert arb("leave", "0")[0] == 0


@pytest.mark.parametrize("code", [1, 3, 4, 5, 6])
def test_a_command_ends_with_its_own_exit_code(arb: Run, offered: Path, code: int) -> None:
    assert arb("leave", str(code))[0] == code


def test_the_kernels_names_can_not_be_taken(arb: Run, offered: Path) -> None:
    _, out, _ = arb("--help")
    assert COMMANDS["backtest"][1] in out
    assert "by design" not in arb("backtest", "--help")[2]


def test_an_unknown_command_is_a_usage_error_with_the_nearest_name(arb: Run) -> None:
    code, out, err = arb("conifg")
    assert code == 2
    assert out == ""
    assert "No such command 'conifg'" in err
    assert "config" in err


def test_an_unknown_option_is_a_usage_error(arb: Run) -> None:
    code, _, err = arb("--jsno")
    assert code == 2
    assert "No such option" in err


def test_an_unexpected_error_is_a_line_and_a_traceback_only_where_asked(
    arb: Run, offered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ARB_DEBUG", raising=False)
    code, out, err = arb("boom")
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "error: unexpected RuntimeError: by design",
        "  this is a defect: run again with `arb --debug ...` and report the traceback",
    ]
    code, _, err = arb("--debug", "boom")
    assert code == 1
    assert "Traceback" in err
    monkeypatch.setenv("ARB_DEBUG", "1")
    assert "Traceback" in arb("boom")[2]


def test_an_error_of_ours_has_its_own_code_and_remedy(arb: Run, offered: Path) -> None:
    assert arb("unsafe") == (6, "", "error: too big\n  fix: make it smaller\n")


def test_a_broken_command_of_a_plugin_is_named(arb: Run, offered: Path) -> None:
    code, _, err = arb("gone")
    assert code == 3
    assert "command:gone from thirdparty-commands 1.0 could not be imported" in err
    code, _, err = arb("thing")
    assert code == 3
    assert "command:thing is str, not a click command" in err


def test_an_interrupt_is_no_error(arb: Run, offered: Path) -> None:
    code, out, err = arb("interrupt")
    assert (code, out, err.strip()) == (130, "", "interrupted")


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_a_signal_ends_the_process_cleanly(offered: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(offered)}
    arguments = [sys.executable, "-m", "arbcore", "wait"]
    with subprocess.Popen(arguments, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.strip() == "interrupted"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes close otherwise there")
def test_a_closed_pipe_is_quiet(offered: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(offered)}
    arguments = [sys.executable, "-m", "arbcore", "flood"]
    with subprocess.Popen(arguments, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "0\n"
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 1
    assert err == ""
