"""Make the virtual environment and install one profile of the workspace into it, unless it is there already.

Standard library only: it runs before anything is installed. uv does the work where it can; where it cannot
resolve (it does not read pip's settings, so an index that only pip knows is hidden from it) pip does.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# What the config of `make demo` names, and nothing else.
DEMO_PLUGINS = (
    "exchanges/binance",
    "exchanges/paper",
    "exchanges/simulator",
    "exchanges/upbit",
    "fills/top",
    "risk/portfolio",
    "sinks/sqlite",
    "strategies/spread",
)


class SetupError(Exception):
    """Something the user has to do before the environment can be made; the message says what."""


@dataclass(frozen=True)
class Profile:
    """What to install: extras of the kernel, folders under `plugins/`, dependency groups of the root."""

    extras: tuple[str, ...]
    plugins: tuple[str, ...]
    groups: tuple[str, ...] = ()


def profiles(root: Path) -> dict[str, Profile]:
    """The profiles by name; a later one holds all that an earlier one does."""
    every = tuple(sorted(path.parent.relative_to(root / "plugins").as_posix() for path in plugin_files(root)))
    extras = ("data", "net", "sql", "testing")
    return {
        "demo": Profile(("data", "net"), DEMO_PLUGINS),
        "test": Profile(extras, every, ("dev",)),
        "docs": Profile(extras, every, ("dev", "docs")),
    }


def plugin_files(root: Path) -> list[Path]:
    """Every plugin's pyproject.toml."""
    return sorted(root.glob("plugins/*/*/pyproject.toml"))


def digest(root: Path, profile: Profile, version: str) -> str:
    """A fingerprint of all that decides what gets installed, the checkout's place included.

    Args:
        root: The workspace.
        profile: What is installed.
        version: The environment's Python version.

    Returns:
        A hexadecimal SHA-256.
    """
    files = [root / "pyproject.toml", root / "constraints.txt", *plugin_files(root)]
    seen = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in files if path.exists()}
    text = json.dumps([str(root), version, repr(profile), seen], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def requirements(root: Path, profile: Profile) -> list[str]:
    """The arguments that uv and pip both take: editable folders, then the groups' requirements."""
    arguments = ["-e", f".[{','.join(profile.extras)}]"]
    for plugin in profile.plugins:
        arguments += ["-e", f"./plugins/{plugin}"]
    groups = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    return arguments + [requirement for group in profile.groups for requirement in groups[group]]


def binary(venv: Path, name: str) -> Path:
    """A program inside the environment."""
    return venv / ("Scripts" if os.name == "nt" else "bin") / name


def runs(command: Sequence[str | Path]) -> bool:
    """Whether the command can be started and succeeds; its output is dropped."""
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def make_venv(venv: Path, *, strict: bool) -> None:
    """Make the environment where it is missing or broken.

    Args:
        venv: Its folder.
        strict: Refuse an environment that has another Python version than the running one.

    Raises:
        SetupError: The running Python cannot make environments, `strict` finds another version, or the folder
            holds something else.
    """
    python = binary(venv, "python")
    if runs([python, "-c", "import pip"]):
        have, want = version_of(python), "{}.{}".format(*sys.version_info)
        if strict and have != want:
            raise SetupError(f"{venv} has Python {have}, PYTHON asks for {want}: run `make clean-venv` first")
        return
    check_venv_modules()
    print(f"making {venv} with Python {sys.version.split()[0]} ({sys.executable})", flush=True)
    if (venv / "pyvenv.cfg").exists():
        shutil.rmtree(venv)
    elif venv.exists() and any(venv.iterdir()):
        raise SetupError(f"{venv} exists and is not a virtual environment: move it, or set VENV=")
    call([sys.executable, "-m", "venv", str(venv)], f"could not make {venv}; the lines above say why")


def check_venv_modules() -> None:
    """Refuse a Python that Linux distributions have split up, naming the one package that is missing.

    Raises:
        SetupError: `venv` or `ensurepip` is missing.
    """
    if runs([sys.executable, "-c", "import venv, ensurepip"]):
        return
    package = "python{}.{}-venv".format(*sys.version_info)
    raise SetupError(
        f"{sys.executable} cannot make virtual environments (ensurepip or venv is missing). "
        f"Install one package, then try again: apt install {package}"
    )


def version_of(python: Path) -> str:
    """The version of a Python, as in `3.12`."""
    code = "import sys; print('{}.{}'.format(*sys.version_info))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def call(command: list[str], failure: str) -> None:
    """Run a command whose output the user sees.

    Raises:
        SetupError: It failed; the message is `failure`.
    """
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        raise SetupError(failure)


def install(root: Path, venv: Path, profile: Profile) -> None:
    """Install the profile with uv, or with pip where uv is not to be had or cannot resolve.

    Raises:
        SetupError: Neither could.
    """
    python, uv = str(binary(venv, "python")), binary(venv, "uv")
    constraints = ["-c", "constraints.txt"] if (root / "constraints.txt").exists() else []
    wanted = [*constraints, *requirements(root, profile)]
    if runs([uv, "--version"]) or runs([python, "-m", "pip", "install", *constraints, "uv"]):
        done = subprocess.run([uv, "pip", "install", "--python", python, *wanted], cwd=root, check=False)
        if done.returncode == 0:
            return
        print("uv could not install this; trying pip, which has settings of its own (slower)", flush=True)
    else:
        print("pip found no uv; installing with pip (slower)", flush=True)
    call([python, "-m", "pip", "install", *wanted], "neither uv nor pip could install; the lines above say why")


def ensure(root: Path, venv: Path, name: str, *, strict: bool = False) -> bool:
    """Bring the environment to a profile, or to a larger one that is already there and current.

    Args:
        root: The workspace.
        venv: The environment's folder.
        name: A key of `profiles`.
        strict: As for `make_venv`.

    Returns:
        Whether anything had to be installed.

    Raises:
        SetupError: With what the user has to do.
    """
    make_venv(venv, strict=strict)
    version, stamp, known = version_of(binary(venv, "python")), venv / "arbcore-setup.json", profiles(root)
    held = json.loads(stamp.read_text(encoding="utf-8")) if stamp.exists() else None
    larger = list(known)[list(known).index(name) :]
    if held in [[key, digest(root, known[key], version)] for key in larger]:
        return False
    print(f"installing the profile `{name}` into {venv}", flush=True)
    stamp.unlink(missing_ok=True)
    install(root, venv, known[name])
    stamp.write_text(json.dumps([name, digest(root, known[name], version)]), encoding="utf-8")
    return True


def main(arguments: list[str] | None = None) -> int:
    """Run from the Makefile: `setup.py [--venv FOLDER] [--strict] demo|test|docs`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("profile", choices=list(profiles(ROOT)))
    parser.add_argument("--venv", type=Path, default=Path(".venv"))
    parser.add_argument("--strict", action="store_true", help="refuse an environment with another Python")
    options = parser.parse_args(arguments)
    try:
        ensure(ROOT, options.venv.absolute(), options.profile, strict=options.strict)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
