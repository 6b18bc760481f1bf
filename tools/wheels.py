"""Build every distribution, install them all in a clean environment elsewhere, and run the demo's way there.

It shows what the checkout hides: a file that the wheel lacks, a dependency that is not declared, a path that
only exists in the repository.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from tools.setup import binary, plugin_files, runs

ROOT = Path(__file__).resolve().parents[1]

# What a newcomer does first, with every plugin in use; each runs in an empty folder.
STEPS = (
    ("--help",),
    ("plugins", "list"),
    ("init", "."),
    ("config", "validate"),
    ("data", "generate", "--quotes", "20000", "--seed", "7", "--out", "data"),
    ("backtest", "--journal", "--sink", "jsonl", "--sink", "console", "--out", "run", "--json"),
    ("journal", "verify", "run"),
    ("demo", "--for", "5s", "--plain"),
    ("replay", "demo/sessions/demo"),
)


class WheelError(Exception):
    """A distribution is not fit to ship; the message says which and why."""


def build(root: Path, out: Path) -> list[Path]:
    """Build source distributions, and the wheels from those.

    Args:
        root: The workspace.
        out: The folder for them; emptied first.

    Returns:
        The wheels.

    Raises:
        WheelError: A build failed, or the number of wheels is not that of the projects.
    """
    shutil.rmtree(out, ignore_errors=True)
    uv = binary(Path(sys.prefix), "uv")
    if runs([uv, "--version"]):
        run([uv, "build", "--all-packages", "--out-dir", out, "--quiet"], root)
    else:
        folders = [root, *(path.parent for path in plugin_files(root))]
        run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", out, *folders], root)
    wheels = sorted(out.glob("*.whl"))
    if len(wheels) != 1 + len(plugin_files(root)):
        raise WheelError(f"{len(wheels)} wheels for {1 + len(plugin_files(root))} projects in {out}")
    return wheels


def foreign(names: Iterable[str], module: str) -> list[str]:
    """The members of a wheel that belong neither to its module nor to its metadata."""
    return [name for name in names if name.split("/")[0] != module and ".dist-info/" not in name]


def sources(root: Path, module: str) -> set[str]:
    """Every file of a module in the checkout, templates and tables included, as its wheel should name it."""
    folder = next(root.glob(f"plugins/*/*/src/{module}"), root / module)
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder.parent).as_posix() for path in files}


def check_wheel(root: Path, wheel: Path) -> None:
    """Refuse a wheel that holds something besides its module, or lacks a file of it.

    Raises:
        WheelError: With the members in question.
    """
    module = wheel.name.split("-")[0]
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    if strangers := foreign(names, module):
        raise WheelError(f"{wheel.name} holds more than {module}/: {', '.join(strangers[:5])}")
    if missing := sorted(sources(root, module) - set(names)):
        raise WheelError(f"{wheel.name} lacks {', '.join(missing[:5])}")


def check_sdist(sdist: Path) -> None:
    """Refuse a kernel's source distribution that swallowed other parts of the repository.

    Raises:
        WheelError: With the folders in question.
    """
    with tarfile.open(sdist) as archive:
        parts = {name.split("/")[1] for name in archive.getnames() if name.count("/") > 1}
    if strangers := parts - {"arbcore"}:
        raise WheelError(f"{sdist.name} holds more than arbcore/: {', '.join(sorted(strangers))}")


def install(root: Path, venv: Path, wheels: Sequence[Path]) -> None:
    """Install all wheels, the kernel with its `data` extra, into a new environment.

    Raises:
        WheelError: Neither uv nor pip could.
    """
    run([sys.executable, "-m", "venv", venv], root)
    kernel = next(wheel for wheel in wheels if wheel.name.startswith("arbcore-"))
    wanted = ["-c", str(root / "constraints.txt"), f"arbcore[data] @ {kernel.as_uri()}"]
    wanted += [str(wheel) for wheel in wheels if wheel != kernel]
    uv, python = binary(Path(sys.prefix), "uv"), binary(venv, "python")
    if runs([uv, "pip", "install", "--quiet", "--python", python, *wanted]):
        return
    run([python, "-m", "pip", "install", "--quiet", *wanted], root)


def run(command: Sequence[str | Path], folder: Path) -> None:
    """Run a command in a folder with nothing of the checkout on its path.

    Raises:
        WheelError: It failed.
    """
    if subprocess.run(command, cwd=folder, env=outside(), check=False).returncode != 0:
        raise WheelError(f"failed in {folder}: {shown(command)}")


def outside() -> dict[str, str]:
    """The environment's variables without those that lead Python elsewhere."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}


def shown(command: Sequence[str | Path]) -> str:
    """A command as a user would type it."""
    return " ".join(str(part) for part in command)


def rehearse(arb: Path, folder: Path) -> str:
    """Do what a newcomer does first, in an empty folder.

    Returns:
        What came of the backtest.

    Raises:
        WheelError: A step failed, or nothing was traded, or the parts of the profit miss its total.
    """
    said: dict[str, str] = {}
    for step in STEPS:
        print("== arb", shown(step), flush=True)
        done = subprocess.run([arb, *step], cwd=folder, env=outside(), check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise WheelError(f"arb {shown(step)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        said[step[0]] = done.stdout
    return traded(json.loads(said["backtest"]))


def traded(result: Mapping[str, Any]) -> str:
    """Sum a backtest up.

    Raises:
        WheelError: Nothing was traded, or the parts of the profit miss its total.
    """
    summary = f"{result['trades']} trades, remainder {result['pnl']['remainder']}"
    if not result["trades"] or Decimal(result["pnl"]["remainder"]):
        raise WheelError(f"the backtest of the wheels: {summary}")
    return summary


def main() -> int:
    """Run from `make wheels`."""
    try:
        wheels = build(ROOT, ROOT / "dist")
        for wheel in wheels:
            check_wheel(ROOT, wheel)
        for sdist in (ROOT / "dist").glob("arbcore-*.tar.gz"):
            check_sdist(sdist)
        print(f"built {len(wheels)} distributions in dist/", flush=True)
        with tempfile.TemporaryDirectory(prefix="arbcore-wheels-") as scratch:
            install(ROOT, Path(scratch) / "venv", wheels)
            (Path(scratch) / "project").mkdir()
            print(rehearse(binary(Path(scratch) / "venv", "arb"), Path(scratch) / "project"))
    except WheelError as error:
        print(f"wheels: {error}", file=sys.stderr)
        return 1
    print("every distribution works from its wheel")
    return 0


if __name__ == "__main__":
    sys.exit(main())
