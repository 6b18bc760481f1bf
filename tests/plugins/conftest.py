"""Throwaway distributions on disk, found by the real importlib.metadata and imported by the real importer."""

import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from arbcore.context import Context
from arbcore.testing.session import make_context

STRATEGY: Final = """
from arbcore.hooks import hookimpl

class Flat:
    def plan(self, instruments): return []
    def trigger(self, route): return None
    def on_signal(self, signal, trades): return []
    def on_trade(self, trade): pass
    def state(self): return b""
    def restore(self, state): pass

class Plugin:
    api_version: int = 1

    @hookimpl
    def build_strategy(self, settings, context):
        return Flat()

plugin = Plugin()
"""


class Site:
    """A folder on the path that distributions are put into.

    Attributes:
        folder: The folder.
        source: Source of a whole strategy plugin, to be changed by tests.
    """

    source = STRATEGY

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.modules: set[str] = set()

    def add(
        self,
        distribution: str,
        entry_points: str,
        modules: Mapping[str, str] | None = None,
        *,
        version: str = "1.0",
        requires: Sequence[str] = ("arbcore>=0.1,<1",),
        record: bool = True,
    ) -> None:
        """Install a distribution: its metadata, its entry points as text, and its modules by file name."""
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        lines = ["Metadata-Version: 2.1", f"Name: {distribution}", f"Version: {version}"]
        lines += [f"Requires-Dist: {requirement}" for requirement in requires]
        (info / "METADATA").write_text("\n".join(lines) + "\n")
        (info / "entry_points.txt").write_text(entry_points)
        for name, source in (modules or {}).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
            self.modules.add(name.partition("/")[0].removesuffix(".py"))
        if record:
            listed = [*(modules or {}), f"{info.name}/METADATA", f"{info.name}/RECORD"]
            (info / "RECORD").write_text("".join(f"{name},,\n" for name in listed))
        importlib.invalidate_caches()

    def strategy(self, name: str, source: str = STRATEGY, *, distribution: str = "", module: str = "") -> None:
        """Install a distribution with one strategy in one module."""
        module = module or f"zz_{name}"
        self.add(
            distribution or f"acme-{name}",
            f"[arbcore.strategies]\n{name} = {module}:plugin\n",
            {f"{module}.py": source},
        )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An empty site at the front of the path."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    made = Site(folder)
    yield made
    for name in [name for name in sys.modules if name.partition(".")[0] in made.modules]:
        del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """The context of an instance."""
    return make_context("one", data_dir=tmp_path / "data")
