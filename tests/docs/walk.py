"""Does what a page tells its reader to do, in a folder of its own."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from arbcore.config.sections import INSTANCE_SECTIONS, KERNEL_SECTIONS
from arbcore.templates import FOLDER
from tests.docs.snippets import ROOT, Block, Command, commands, shows
from tests.warm import warm

BIN = Path(sys.executable).parent
RECORDINGS = "ARBCORE_TEST_DATA"
_SECTIONS = {*KERNEL_SECTIONS, *INSTANCE_SECTIONS}
_TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
_SECONDS = 100


class Walk:
    """One reader: a folder with a copy of the cookbook, the environment's programs, and plugins installed on the way.

    Args:
        scratch: An empty folder.
        cold: Whether `arb` is the program that is installed; else a fork of what has imported all of it.

    Attributes:
        folder: Where the reader is.
        left_out: Places of what was not done, for lack of recorded data.
    """

    def __init__(self, scratch: Path, *, cold: bool = False) -> None:
        self._site = scratch / "site"
        self._wheels = scratch / "wheels"
        self._home = scratch / "home"
        self.folder = scratch / "reader"
        self.left_out: list[str] = []
        self._exported: dict[str, str] = {}
        self._home.mkdir()
        self._bin = scratch / "bin"
        if not cold:
            self._bin.mkdir()
            arb = self._bin / "arb"
            arb.write_text(f'#!/bin/sh\nexec {shlex.join(warm().command())} "$@"\n', "utf-8")
            arb.chmod(0o755)
        shutil.copytree(ROOT / "cookbook", self.folder / "cookbook")

    def do(self, block: Block) -> None:
        """Do what a block asks for."""
        if block.title:
            path = self.folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, "utf-8")
        match block.language:
            case "console":
                self._console(commands(block))
            case "python" if block.title:
                compile(block.text, block.place, "exec", dont_inherit=True)
            case "python":
                self._succeed(block.place, [sys.executable, "-W", "error", "-c", block.text])
            case "yaml":
                self._yaml(block)
            case "toml":
                tomllib.loads(block.text)
            case "json":
                json.loads(block.text)

    def _console(self, lines: list[Command]) -> None:
        """Do the lines in order, up to the first that needs recorded data where there is none."""
        for command in lines:
            if RECORDINGS in command.line and not os.environ.get(RECORDINGS):
                self.left_out.append(command.place)
                return
            self._line(command)

    def _line(self, command: Command) -> None:
        words = shlex.split(command.line, comments=True)
        if words[0] == "make":
            assert set(words[1:]) <= _TARGETS, f"{command.place}: the Makefile has no such target: {command.line}"
        elif words[0] == "cd":
            self.folder = (self.folder / words[1]).resolve(strict=True)
        elif words[0] == "export":
            self._exported |= dict(word.split("=", 1) for word in words[1:])
        elif words[:2] == ["pip", "install"]:
            self._install(command.place, words[2:])
        else:
            self._run(command)

    def _run(self, command: Command) -> None:
        done = self._start(command.line, shell=True)
        fails = any(line.startswith("error:") for line in command.shown)
        told = f"{command.place}: $ {command.line}\nexit code {done.returncode}\n{done.stdout}"
        assert (done.returncode != 0) == fails, told
        assert not command.shown or shows(command.shown, done.stdout), told

    def _install(self, place: str, words: list[str]) -> None:
        """Install folders and distributions as the reader would; what lies in a folder is built without an index.

        The distributions of this repository are installed already. Without `--target` it goes into a folder that
        stands for the environment, so that the one that runs the tests stays as it is.
        """
        target = words[words.index("--target") + 1] if "--target" in words else ""
        for word in (word for word in words if not word.startswith("-") and word != target):
            if not (self.folder / word).is_dir():
                assert re.fullmatch(r"arbcore(-[a-z]+)*(\[[a-z,]+\])?", word), f"{place}: who offers {word}?"
                continue
            uv = shutil.which("uv", path=str(BIN))
            if uv is None:
                pytest.skip(f"{place}: building {word} without an index needs uv in {BIN}")
            out = self._wheels / str(len(list(self._wheels.glob("*"))))
            self._succeed(place, [uv, "build", "--wheel", "--offline", "-q", "--out-dir", str(out), word])
            options = ["--no-index", "--no-deps", "--quiet", "--target", target or str(self._site)]
            wheels = [str(path) for path in out.glob("*.whl")]
            self._succeed(place, [sys.executable, "-m", "pip", "install", *options, *wheels])

    def _yaml(self, block: Block) -> None:
        tree = YAML(typ="safe").load(block.text)
        whole = block.text.startswith("schema_version")
        if whole and "imports" in tree:
            self._recipe(block)
        elif whole or (isinstance(tree, dict) and set(tree) <= _SECTIONS):
            path = self._home / "part.yaml"
            path.write_text(block.text, "utf-8")
            files = [path] if whole else [FOLDER / "arb.yaml", path]
            arguments = [str(file) for file in files]
            self._succeed(block.place, ["arb", "config", "validate", *arguments])

    def _recipe(self, block: Block) -> None:
        """A recipe is read to its end before a source is looked for, so a missing source is the only fault it has."""
        path = self._home / "recipe.yaml"
        path.write_text(block.text, "utf-8")
        done = self._start(["arb", "data", "import", str(path), "no-such-folder"])
        assert "no-such-folder" in done.stdout, f"{block.place}\n{done.stdout}"

    def _succeed(self, place: str, arguments: list[str]) -> None:
        done = self._start(arguments)
        assert done.returncode == 0, f"{place}: {' '.join(arguments)}\n{done.stdout}"

    def _start(self, arguments: str | list[str], *, shell: bool = False) -> subprocess.CompletedProcess[str]:
        environment = self._environment()
        if not shell:  # programs are looked for on our path otherwise
            arguments = [shutil.which(arguments[0], path=environment["PATH"]) or arguments[0], *arguments[1:]]
        return subprocess.run(
            arguments,
            shell=shell,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=_SECONDS,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        """The reader's environment: nothing that steers arbcore, no index, one stream for both outputs in order."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARB_", "PYTEST", "COV_"))}
        return kept | {
            "PATH": os.pathsep.join([str(self._bin), str(BIN), os.environ.get("PATH", os.defpath)]),
            "HOME": str(self._home),
            **self._exported,
            "PYTHONPATH": os.pathsep.join([str(self._site), self._exported.get("PYTHONPATH", "")]).strip(os.pathsep),
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
