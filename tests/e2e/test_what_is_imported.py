"""Looking costs nothing: help and lists import no plugin, whatever is installed."""

from pathlib import Path

import pytest

from arbcore.plugins import find
from tests.e2e.commands import arb
from tests.e2e.offer import offer


@pytest.mark.parametrize("command", [("--help",), ("plugins", "list"), ("plugins", "list", "--json")])
def test_no_plugin_is_imported(tmp_path: Path, command: tuple[str, ...]) -> None:
    site = offer(tmp_path, "zz", "raise SystemExit('imported')")
    count = "import atexit, sys; atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))"
    ran = arb(*command, cwd=tmp_path, path=site, prelude=count, cold=True)
    assert ran.code == 0
    assert ("acme-zz" in ran.out) is ("list" in command)
    loaded = {name.partition(".")[0] for name in ran.err.split()}
    assert "arbcore" in loaded
    plugins = {item.entry_point.module.partition(".")[0] for item in find()} | {"throwaway_acme_zz_zz"}
    assert len(plugins) >= 9
    assert loaded & plugins == set()
    assert loaded & {"numpy", "polars", "sqlmodel", "sqlalchemy"} == set()
