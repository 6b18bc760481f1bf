"""Loading imports what is named, in order, once, and turns every failure into an error that names the plugin."""

import sys
from typing import TYPE_CHECKING

import pytest

from arbcore.errors import PluginBroken, PluginIncompatible, PluginNotFound
from arbcore.plugins import load, load_command

if TYPE_CHECKING:
    from tests.plugins.conftest import Site

LOUD = "import sys; sys.stderr.write('[' + __name__ + ']')\n"


def _exchange(site: "Site", strategy: str) -> None:
    source = strategy.replace("build_strategy(self, settings, context)", "capabilities(self, settings)")
    site.add("acme-venue", "[arbcore.exchanges]\nzzvenue = zz_venue:plugin\n", {"zz_venue.py": source})


def test_what_is_loaded_is_described(site: "Site") -> None:
    site.strategy("zzone")
    plugins = load([("strategy", "zzone", "here")])
    loaded = plugins.get("strategy", "zzone")
    assert (loaded.distribution, loaded.version, loaded.hooks) == ("acme-zzone", "1.0", ("build_strategy",))
    assert plugins.versions() == {"strategy:zzone": ("acme-zzone", "1.0", loaded.files)}
    assert loaded.plugin is sys.modules["zz_zzone"].plugin
    with pytest.raises(PluginNotFound, match="loaded are: strategy:zzone"):
        plugins.get("strategy", "other")


def test_order_is_the_configs_also_across_kinds(site: "Site", capfd: pytest.CaptureFixture[str]) -> None:
    site.strategy("zzb", LOUD + site.source)
    site.strategy("zza", LOUD + site.source)
    _exchange(site, LOUD + site.source)
    wanted = [("strategy", "zzb"), ("exchange", "zzvenue"), ("strategy", "zza"), ("strategy", "zzb")]
    plugins = load([(kind, name, "here") for kind, name in wanted])
    assert [item.name for item in plugins] == ["zzb", "zzvenue", "zza"]
    assert capfd.readouterr().err == "[zz_zzb][zz_venue][zz_zza]"


def test_only_what_is_named_is_imported(site: "Site") -> None:
    site.strategy("zzone")
    site.strategy("zztwo")
    load([("strategy", "zzone", "here")])
    assert "zz_zzone" in sys.modules
    assert "zz_zztwo" not in sys.modules


def test_the_trace_prints_every_load_on_stderr(
    site: "Site", capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    site.strategy("zzone")
    site.strategy("zztwo")
    load([("strategy", "zzone", "here")])
    assert capfd.readouterr().err == ""
    monkeypatch.setenv("ARB_PLUGINS_TRACE", "1")
    load([("strategy", "zztwo", "here"), ("strategy", "zzone", "here")])
    out, err = capfd.readouterr()
    assert out == ""
    assert err == (
        "arbcore loads strategy:zztwo from acme-zztwo 1.0 (zz_zztwo:plugin)\n"
        "arbcore loads strategy:zzone from acme-zzone 1.0 (zz_zzone:plugin)\n"
    )


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("import absent_dependency", ModuleNotFoundError),
        ("plugin = ", SyntaxError),
        ("raise RuntimeError('no')", RuntimeError),
        ("raise SystemExit(0)", SystemExit),
        ("assert False", AssertionError),
        ("class Odd(BaseException): pass\nraise Odd", BaseException),
        ("from arbcore.errors import ConfigurationError\nraise ConfigurationError('no')", Exception),
        ("other = 1", AttributeError),
    ],
    ids=["dependency", "syntax", "error", "exit", "assert", "base exception", "own error", "no such object"],
)
def test_a_broken_import_is_chained_and_names_the_distribution(
    site: "Site", source: str, cause: type[BaseException]
) -> None:
    site.strategy("zzbad", source)
    with pytest.raises(PluginBroken, match=r"strategy:zzbad from acme-zzbad 1\.0 could not be imported") as caught:
        load([("strategy", "zzbad", "here")])
    assert isinstance(caught.value.__cause__, cause)


def test_an_interrupt_by_the_user_is_no_broken_plugin(site: "Site") -> None:
    site.strategy("zzbad", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load([("strategy", "zzbad", "here")])


def test_one_object_may_serve_several_kinds_and_names(site: "Site") -> None:
    source = """
from arbcore.hooks import hookimpl
class Plugin:
    api_version: int = 1
    @hookimpl
    def capabilities(self, settings): ...
    @hookimpl
    def open_rate_source(self, settings, context): ...
plugin = Plugin()
"""
    groups = (
        "[arbcore.exchanges]\nzzspot = zz_both:plugin\nzzperp = zz_both:plugin\n"
        "[arbcore.rates]\nzzspot = zz_both:plugin\n"
    )
    site.add("acme", groups, {"zz_both.py": source})
    wanted = [("exchange", "zzspot", "a"), ("exchange", "zzperp", "b"), ("rate", "zzspot", "c")]
    loaded = list(load(wanted))
    assert len(loaded) == 3
    assert len({id(item.plugin) for item in loaded}) == 1
    assert {item.hooks for item in loaded} == {("capabilities", "open_rate_source")}


def test_a_command_is_imported_by_the_command_line_only(site: "Site") -> None:
    site.add("acme", "[arbcore.commands]\nzzui = zz_ui:command\n", {"zz_ui.py": "command = 'a command'"})
    with pytest.raises(PluginIncompatible, match="is a command"):
        load([("command", "zzui", "here")])
    assert load_command("zzui") == "a command"
    with pytest.raises(PluginNotFound, match="no command plugin 'zzuj'"):
        load_command("zzuj")
