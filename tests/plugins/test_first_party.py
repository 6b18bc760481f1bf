"""The installed plugins of this project keep the contract, and hooks are provisional where they must be."""

from collections import Counter
from inspect import getdoc

import pytest

from arbcore.cli import main
from arbcore.hooks import KINDS, AllHooks
from arbcore.plugins import find, first_party, load
from arbcore.plugins._verify import HOOK_NAMES

OURS = [(kind, name) for kind, names in first_party().items() for name in names]
INSTALLED = {(item.kind, item.name) for item in find()}
PRESENT = [pair for pair in OURS if pair in INSTALLED]


@pytest.mark.parametrize(("kind", "name"), PRESENT, ids=[f"{kind}-{name}" for kind, name in PRESENT])
def test_an_installed_plugin_of_ours_passes_its_check(kind: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "check", f"{kind}:{name}"]) == 0, capsys.readouterr().out


def test_a_hook_that_is_not_provisional_has_two_implementations() -> None:
    if PRESENT != OURS:
        pytest.skip("not every plugin of the workspace is installed")
    plugins = load([(kind, name, "the test") for kind, name in OURS if KINDS[kind].hooks is not None])
    times = Counter(hook for item in plugins for hook in item.hooks)
    settled = {hook for hook in HOOK_NAMES if "Provisional:" not in (getdoc(getattr(AllHooks, hook)) or "")}
    assert {hook: times[hook] for hook in settled if times[hook] < 2} == {}
