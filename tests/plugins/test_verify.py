"""What is imported must be a plugin of its kind, or the error says which rule it breaks and how to mend it."""

from typing import TYPE_CHECKING

import pytest

from arbcore import hooks
from arbcore._deprecated import ArbcoreDeprecationWarning
from arbcore.errors import ArbcoreError, PluginBroken, PluginIncompatible
from arbcore.plugins import _verify, load

if TYPE_CHECKING:
    from tests.plugins.conftest import Site


def _refusal(site: "Site", source: str, expected: type[ArbcoreError] = PluginIncompatible) -> ArbcoreError:
    site.strategy("zzbad", source)
    with pytest.raises(expected) as caught:
        load([("strategy", "zzbad", "here")])
    assert "strategy:zzbad from acme-zzbad 1.0" in caught.value.what
    return caught.value


def _changed(site: "Site", old: str, new: str) -> str:
    assert old in site.source
    return site.source.replace(old, new)


def test_a_class_where_an_instance_is_expected(site: "Site") -> None:
    error = _refusal(site, _changed(site, "plugin = Plugin()", "plugin = Plugin"))
    assert "zz_zzbad:plugin is a class" in error.what
    assert "plugin = Plugin()" in error.fix


def test_a_module_where_an_instance_is_expected(site: "Site") -> None:
    assert "is a module" in _refusal(site, site.source + "import sys; plugin = sys.modules[__name__]").what


def test_equality_of_its_own(site: "Site") -> None:
    source = _changed(site, "class Plugin:", "import dataclasses\n@dataclasses.dataclass\nclass Plugin:")
    error = _refusal(site, source)
    assert "defines equality" in error.what
    assert "eq=False" in error.fix


@pytest.mark.parametrize("declared", ["", "api_version = '1'", "api_version = True", "api_version = None"])
def test_an_undeclared_contract(site: "Site", declared: str) -> None:
    error = _refusal(site, _changed(site, "api_version: int = 1", f"x = 0; {declared}"))
    assert "does not declare which contract" in error.what
    assert "api_version: int = 1" in error.fix


def test_a_contract_that_is_computed_is_not_run(site: "Site") -> None:
    source = _changed(site, "api_version: int = 1", "@property\n    def api_version(self): raise SystemExit")
    assert "does not declare" in _refusal(site, source).what


def test_a_contract_that_is_too_new(site: "Site") -> None:
    error = _refusal(site, _changed(site, "api_version: int = 1", "api_version: int = 2"))
    assert "too new: it speaks api_version 2, this kernel 1 to 1" in error.what
    assert "--upgrade arbcore" in error.fix


def test_a_contract_that_is_too_old(site: "Site") -> None:
    error = _refusal(site, _changed(site, "api_version: int = 1", "api_version: int = 0"))
    assert "too old: it speaks api_version 0" in error.what
    assert "--upgrade acme-zzbad" in error.fix


def test_an_older_contract_that_is_still_accepted_warns(site: "Site", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_verify, "API_VERSION", hooks.API_VERSION + 1)
    site.strategy("zzold")
    with pytest.warns(ArbcoreDeprecationWarning, match=r"acme-zzold 1\.0 is written for api_version 1"):
        load([("strategy", "zzold", "here")])


def test_a_misspelt_hook_comes_with_the_nearest_one(site: "Site") -> None:
    error = _refusal(site, _changed(site, "build_strategy", "build_stratgey"))
    assert "implements 'build_stratgey', and there is no such hook" in error.what
    assert error.fix == "did you mean 'build_strategy'?"


def test_a_misspelt_hook_beside_a_good_one(site: "Site") -> None:
    source = _changed(site, "plugin = ", "    @hookimpl\n    def session_strated(self): pass\n\nplugin = ")
    assert _refusal(site, source).fix == "did you mean 'session_started'?"


def test_a_forgotten_marker(site: "Site") -> None:
    error = _refusal(site, _changed(site, "@hookimpl", ""))
    assert "has 'build_strategy', the name of a hook, without the marker" in error.what
    assert "@hookimpl" in error.fix


def test_a_forgotten_marker_beside_a_good_hook(site: "Site") -> None:
    source = _changed(site, "plugin = ", "    def session_started(self, context): pass\n\nplugin = ")
    assert "'session_started'" in _refusal(site, source).what


def test_another_projects_marker_is_no_marker(site: "Site") -> None:
    source = _changed(
        site, "from arbcore.hooks import hookimpl", "import pluggy\nhookimpl = pluggy.HookimplMarker('x')"
    )
    assert "without the marker" in _refusal(site, source).what


def test_an_argument_that_the_hook_does_not_have(site: "Site") -> None:
    error = _refusal(site, _changed(site, "self, settings, context", "self, settings, contxt"))
    assert "contxt" in error.what
    assert "docs/plugins/hooks.md" in error.fix


def test_fewer_arguments_are_welcome(site: "Site") -> None:
    site.strategy("zzfew", _changed(site, "self, settings, context", "self"))
    assert load([("strategy", "zzfew", "here")]).get("strategy", "zzfew").hooks == ("build_strategy",)


def test_the_wrong_kind_comes_with_the_right_group(site: "Site") -> None:
    site.add("acme", "[arbcore.sinks]\nzzbad = zz_bad:plugin\n", {"zz_bad.py": site.source})
    with pytest.raises(PluginIncompatible) as caught:
        load([("sink", "zzbad", "here")])
    assert "needs open_journal or open_control_store or open_sink" in caught.value.what
    assert caught.value.fix.endswith("belongs in arbcore.strategies (kind strategy)")


def test_a_missing_required_hook(site: "Site") -> None:
    source = _changed(site, "build_strategy(self, settings, context)", "session_started(self, context)")
    error = _refusal(site, source)
    assert "implements session_started" in error.what
    assert error.fix == "implement build_strategy"


def test_nothing_implemented(site: "Site") -> None:
    source = "class Plugin:\n    api_version: int = 1\nplugin = Plugin()"
    assert "implements no hook" in _refusal(site, source).what


@pytest.mark.parametrize("value", ["None", "42", "print"])
def test_something_else_altogether(site: "Site", value: str) -> None:
    assert "does not declare" in _refusal(site, f"plugin = {value}").what


def test_an_object_that_cannot_be_looked_at(site: "Site") -> None:
    source = _changed(site, "api_version: int = 1", "api_version: int = 1\n    def __dir__(self): raise OSError('no')")
    error = _refusal(site, source, PluginBroken)
    assert "could not be registered" in error.what
    assert isinstance(error.__cause__, OSError)
