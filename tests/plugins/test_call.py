"""A call reaches one plugin, passes only its arguments, and returns one result of the stated type."""

from collections.abc import Callable
from typing import TYPE_CHECKING, assert_type

import pytest

from arbcore.context import Context
from arbcore.errors import ConfigurationError, PluginBroken, PluginIncompatible
from arbcore.hooks import CommonHooks, ExchangeHooks, StrategyHooks
from arbcore.plugins import (
    LoadedPlugin,
    hooks_of,
    implements,
    load,
    session_started,
    session_stopped,
    settings_model_of,
)
from arbcore.ports.strategy import Strategy
from arbcore.ports.trading import Venue
from arbcore.ports.venue import Capabilities, SimVenue
from arbcore.settings import PluginSettings
from arbcore.testing.scripted_venue import ScriptedVenue

if TYPE_CHECKING:
    from tests.plugins.conftest import Site

SETTINGS = PluginSettings(use="zzone")

EXCHANGE = """
from arbcore.errors import ConfigurationError
from arbcore.hooks import hookimpl
from arbcore.ports.control import DoctorCheck
from arbcore.ports.venue import Capabilities
from arbcore.settings import PluginSettings

class Custom(PluginSettings):
    product: str = "spot"

def made():
    from arbcore.testing.scripted_venue import ScriptedVenue
    return ScriptedVenue("x", (), {})

class Feed:
    async def __aenter__(self): return self
    async def __aexit__(self, *exc): ...
    async def instruments(self): return []

class WholeFeed(Feed):
    def subscribe(self, instruments): ...

class Plugin:
    api_version: int = 1

    @hookimpl
    def capabilities(self): return Capabilities(quotes=True)
"""

Exchange = Callable[[str], LoadedPlugin]


@pytest.fixture
def exchange(site: "Site") -> Exchange:
    """An exchange with further hooks, given as their source."""

    def make(body: str) -> LoadedPlugin:
        indented = "".join(f"    {line}\n" for line in body.strip().splitlines())
        source = f"{EXCHANGE}\n{indented}\nplugin = Plugin()\n"
        site.add("acme", "[arbcore.exchanges]\nzzone = zz_one:plugin\n", {"zz_one.py": source})
        return load([("exchange", "zzone", "here")]).get("exchange", "zzone")

    return make


def test_a_factory_is_called_typed(exchange: Exchange, context: Context) -> None:
    loaded = exchange("@hookimpl\ndef open_venue(self, settings, context): self.got = settings, context; return made()")
    opened = hooks_of(loaded, ExchangeHooks).open_venue(settings=SETTINGS, context=context)
    assert_type(opened, SimVenue | Venue)
    assert isinstance(opened, ScriptedVenue)
    assert getattr(loaded.plugin, "got", None) == (SETTINGS, context)
    assert assert_type(hooks_of(loaded, ExchangeHooks).capabilities(SETTINGS), Capabilities).quotes


def test_a_call_reaches_one_plugin_of_many(site: "Site", context: Context) -> None:
    names = [f"zzmany{number}" for number in range(3)]
    for name in names:
        site.strategy(name, site.source.replace("return Flat()", f"made = Flat(); made.name = '{name}'; return made"))
    plugins = load([("strategy", name, "here") for name in names])
    for name in names:
        built = hooks_of(plugins.get("strategy", name), StrategyHooks).build_strategy(SETTINGS, context)
        assert assert_type(built, Strategy).name == name  # type: ignore[attr-defined]


def test_implements_and_what_is_not_implemented(exchange: Exchange, context: Context) -> None:
    loaded = exchange("")
    assert implements(loaded, "capabilities")
    assert not implements(loaded, "open_feed")
    with pytest.raises(PluginIncompatible, match="does not implement open_feed; it implements capabilities"):
        hooks_of(loaded, ExchangeHooks).open_feed(settings=SETTINGS, context=context)


def test_a_hook_of_another_specification_is_a_mistake_of_the_caller(exchange: Exchange) -> None:
    with pytest.raises(AttributeError, match="StrategyHooks specifies no hook 'capabilities'"):
        hooks_of(exchange(""), StrategyHooks).capabilities  # type: ignore[attr-defined]  # noqa: B018


def test_wrong_arguments_are_a_mistake_of_the_caller(exchange: Exchange) -> None:
    with pytest.raises(TypeError):
        hooks_of(exchange(""), ExchangeHooks).capabilities(setings=SETTINGS)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("return None", "returned NoneType, not Feed"),
        ("return 'feed'", "returned str, not Feed"),
        ("return Feed()", r"returned Feed, not Feed \(it lacks run\)"),
        ("return WholeFeed", "returned the class WholeFeed, not Feed"),
        ("return [WholeFeed()]", "returned list, not Feed"),
    ],
)
def test_a_result_of_the_wrong_type(exchange: Exchange, context: Context, statement: str, shown: str) -> None:
    loaded = exchange(f"@hookimpl\ndef open_feed(self): {statement}")
    with pytest.raises(PluginIncompatible, match=rf"exchange:zzone from acme 1\.0: open_feed {shown}"):
        hooks_of(loaded, ExchangeHooks).open_feed(settings=SETTINGS, context=context)


def test_an_async_hook_is_told_so_and_leaves_no_warning(exchange: Exchange, context: Context) -> None:
    loaded = exchange("@hookimpl\nasync def open_feed(self): return WholeFeed()")
    with pytest.raises(PluginIncompatible, match="open_feed is async, and hooks are synchronous"):
        hooks_of(loaded, ExchangeHooks).open_feed(settings=SETTINGS, context=context)


@pytest.mark.parametrize("result", ["[1]", "'text'", "DoctorCheck('a', print)", "{}", "iter(())"])
def test_a_sequence_is_checked_item_by_item(exchange: Exchange, context: Context, result: str) -> None:
    loaded = exchange(f"@hookimpl\ndef doctor_checks(self): return {result}")
    with pytest.raises(PluginIncompatible, match="doctor_checks returned"):
        hooks_of(loaded, CommonHooks).doctor_checks(settings=SETTINGS, context=context)


@pytest.mark.parametrize("result", ["[]", "(DoctorCheck('a', print),)"])
def test_a_sequence_that_fits(exchange: Exchange, context: Context, result: str) -> None:
    loaded = exchange(f"@hookimpl\ndef doctor_checks(self): return {result}")
    checks = hooks_of(loaded, CommonHooks).doctor_checks(settings=SETTINGS, context=context)
    assert [check.name for check in checks] == ["a"] * len(checks)


def test_the_settings_model(exchange: Exchange) -> None:
    loaded = exchange("@hookimpl\ndef settings_model(self): return Custom")
    assert list(settings_model_of(loaded).model_fields) == ["use", "order", "product"]


def test_no_settings_model_means_no_settings(exchange: Exchange) -> None:
    assert settings_model_of(exchange("")) is PluginSettings


@pytest.mark.parametrize("result", ["Plugin", "Custom(use='a')", "dict"])
def test_a_settings_model_that_is_none(exchange: Exchange, result: str) -> None:
    loaded = exchange(f"@hookimpl\ndef settings_model(self): return {result}")
    with pytest.raises(PluginIncompatible, match=r"settings_model returned .*, not type\[.*PluginSettings\]"):
        settings_model_of(loaded)


@pytest.mark.parametrize("raised", ["RuntimeError('no')", "SystemExit(0)", "AssertionError", "BaseException"])
def test_an_exception_is_chained_and_names_the_plugin(exchange: Exchange, context: Context, raised: str) -> None:
    loaded = exchange(f"@hookimpl\ndef open_feed(self): raise {raised}")
    with pytest.raises(PluginBroken, match=r"exchange:zzone from acme 1\.0 failed in open_feed") as caught:
        hooks_of(loaded, ExchangeHooks).open_feed(settings=SETTINGS, context=context)
    assert type(caught.value.__cause__).__name__ == raised.partition("(")[0]


def test_our_own_errors_pass_unchanged(exchange: Exchange, context: Context) -> None:
    loaded = exchange("@hookimpl\ndef open_feed(self): raise ConfigurationError('no testnet')")
    with pytest.raises(ConfigurationError, match=r"^no testnet$"):
        hooks_of(loaded, ExchangeHooks).open_feed(settings=SETTINGS, context=context)


def test_an_interrupt_by_the_user_passes(exchange: Exchange, context: Context) -> None:
    loaded = exchange("@hookimpl\ndef open_feed(self): raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        hooks_of(loaded, ExchangeHooks).open_feed(settings=SETTINGS, context=context)


LIFE = """
    calls = []

    @hookimpl
    def session_started(self, context):
        import zz_life0
        zz_life0.Plugin.calls.append(('started', '{name}'))
        {end}

    @hookimpl
    def session_stopped(self, context):
        import zz_life0
        zz_life0.Plugin.calls.append(('stopped', '{name}'))
        {end}

plugin = """


def test_lifecycle_goes_plugin_by_plugin_and_collects_errors(site: "Site", context: Context) -> None:
    ends = ("pass", "raise RuntimeError('no')", "return 1", "raise ConfigurationError('own')", "pass")
    names = [f"life{number}" for number in range(len(ends))]
    for name, end in zip(names, ends, strict=True):
        source = site.source.replace("plugin = ", LIFE.format(name=name, end=end))
        site.strategy(name, "from arbcore.errors import ConfigurationError\n" + source)
    site.strategy("zzquiet")
    plugins = load([("strategy", name, "here") for name in [*names, "zzquiet"]])
    instances = [(loaded, context) for loaded in plugins]
    started = session_started(instances)
    stopped = session_stopped(instances)
    calls = plugins.get("strategy", "life0").plugin.calls  # type: ignore[attr-defined]
    assert calls == [("started", name) for name in names] + [("stopped", name) for name in reversed(names)]
    assert [type(error) for error in started] == [PluginBroken, PluginIncompatible, ConfigurationError]
    assert [type(error) for error in stopped] == [ConfigurationError, PluginIncompatible, PluginBroken]
    assert "strategy:life1 from acme-life1 1.0 failed in session_started" in str(started[0])
