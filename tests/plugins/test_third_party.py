"""A third party's plugin, built and installed outside the repository, is found and works; the kernel is untouched."""

import json
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

from tests.plugins.third_party import pulse

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that pip installed the plugin into, outside the repository."""
    folder = pulse.install(tmp_path_factory.mktemp("third_party"))
    assert ROOT not in folder.parents
    return folder


def test_it_is_listed_from_its_metadata(installed: Path) -> None:
    run = pulse.arb(installed, "plugins", "list", "--json")
    assert (run.returncode, run.stderr) == (0, "")
    entries = {f"{entry['kind']}:{entry['name']}": entry for entry in json.loads(run.stdout)["plugins"]}
    assert entries["strategy:pulse"] == {
        "kind": "strategy",
        "name": "pulse",
        "distribution": "acme-pulse",
        "version": "3.1.4",
        "requires": ">=0.1,<1",
        "verdict": "ok",
        "duplicate": False,
    }


def test_it_passes_the_check_and_shows_its_settings(installed: Path) -> None:
    run = pulse.arb(installed, "plugins", "check", "strategy:pulse", "--json")
    assert (run.returncode, run.stderr) == (0, "")
    assert json.loads(run.stdout)["ok"] is True
    (shown,) = json.loads(pulse.arb(installed, "plugins", "show", "pulse", "--json").stdout)["plugins"]
    assert shown["hooks"] == ["build_strategy", "settings_model"]
    assert {"buy", "sell", "symbol", "hold"} < set(shown["settings"]["properties"])


def test_elsewhere_it_is_not_there(tmp_path: Path) -> None:
    run = pulse.arb(tmp_path, "plugins", "show", "pulse")
    assert run.returncode == 3
    assert "no plugin 'pulse' is installed" in run.stderr
    assert "acme-pulse" not in {item.name for item in distributions(path=sys.path)}
