"""Has Python compile the workspace and all that it imports, once, so that no process of a test does it again.

Tests start hundreds of processes, most of which may not write compiled modules: they run plugins that change within the
second whose sources Python tells apart, under limits of files, and in environments that forbid it. They read what lies
there, and without it each compiles some 800 modules, which takes longer than most of what they are started for.
"""

import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module, metadata
from importlib.util import cache_from_source
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
_HEADER: Final = 16  # magic number, flags, then time and size of the source in four bytes each


def packages() -> list[Path]:
    """Return the folders of the workspace's packages."""
    return [ROOT / "arbcore", *sorted(path.parent for path in ROOT.glob("plugins/*/*/src/*/__init__.py"))]


def sources() -> Iterator[Path]:
    """Yield the modules of those that compile: templates among them are text."""
    for folder in packages():
        yield from (path for path in folder.rglob("*.py") if (path.parent / "__init__.py").exists())


def is_compiled(source: Path) -> bool:
    """Whether the compiled module of a source is there and no older."""
    told = source.stat()
    expected = (int(told.st_mtime) & 0xFFFFFFFF).to_bytes(4, "little") + (told.st_size & 0xFFFFFFFF).to_bytes(
        4, "little"
    )
    try:
        with Path(cache_from_source(str(source))).open("rb") as file:
            return file.read(_HEADER)[8:] == expected
    except OSError:
        return False


def ensure() -> None:
    """Compile what is not compiled; where that can't be written, everything runs as before, only slower."""
    if all(map(is_compiled, sources())):
        return
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(
        [sys.executable, "-m", "tools.compiled"], cwd=ROOT, env=environment, capture_output=True, check=False
    )


def main() -> None:
    """Import every module of the workspace and what its distributions require, then all that is imported on the way."""
    ours = [one for one in metadata.distributions() if one.name.partition("-")[0] == "arbcore"]
    required = {_name(text) for one in ours for text in one.requires or ()}
    for name, owners in metadata.packages_distributions().items():
        if required.intersection(map(_name, owners)):
            _import(name)
    for folder in packages():
        for found in pkgutil.walk_packages([str(folder)], f"{folder.name}.", onerror=lambda _: None):
            _import(found.name)
    _use()


def _use() -> None:
    """Have a session run and be read."""
    from arbcore.cli import main as arb

    with TemporaryDirectory() as scratch:
        session = f"{scratch}/sessions/demo"
        arb(["demo", "--dir", scratch, "--for", "2s"])
        for words in (["status", session], ["trades", session], ["replay", session]):
            arb(words)


def _import(name: str) -> object:
    with suppress(Exception):  # an extra that is not installed, or a system that a module is not for
        return import_module(name)
    return None


def _name(requirement: str) -> str:
    """Return the distribution that a requirement names, in the form that compares."""
    end = next((at for at, char in enumerate(requirement) if not (char.isalnum() or char in "-_.")), len(requirement))
    return requirement[:end].lower().replace("_", "-").replace(".", "-")


if __name__ == "__main__":
    main()
