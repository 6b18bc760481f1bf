"""What exchange plugins know that making data needs: their formats, and their instruments without a network."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from arbcore.errors import ConfigurationError, DataError, PluginError

if TYPE_CHECKING:
    from arbcore.model.instrument import Instrument
    from arbcore.plugins import LoadedPlugin
    from arbcore.ports.control import ImportProfile

_RECIPES = {".yaml", ".yml"}


def installed_profiles(complain: Callable[[str], None]) -> "dict[str, ImportProfile]":
    """Return the profiles of all installed exchange plugins; a plugin that can't be loaded is complained about.

    Args:
        complain: Called with the message of each plugin that can't be used.
    """
    from arbcore.plugins import find

    profiles: dict[str, ImportProfile] = {}
    for name in dict.fromkeys(item.name for item in find() if item.kind == "exchange"):
        try:
            profiles |= _profiles_of(name, "arb data import --list")
        except PluginError as error:
            complain(str(error))
    return profiles


def is_recipe(text: str) -> bool:
    """Tell whether a name means a recipe, and so a file, instead of a profile."""
    return Path(text).suffix in _RECIPES


def profiles_named(text: str) -> "list[ImportProfile]":
    """Return the profiles that a name or a recipe means. Only the plugins that it names are loaded.

    Raises:
        DataError: There is no such profile, or the recipe can't be read.
        PluginError: A plugin is missing or can't be used.
    """
    from arbcore.data.imports.recipe import profile_names, read_recipe, unknown_profile

    if is_recipe(text):
        path = Path(text)
        return list(read_recipe(path, _named(profile_names(path), text)))
    profiles = _named([text], "the command line")
    if text not in profiles:
        raise unknown_profile("the command line", text, profiles)
    return [profiles[text]]


def instrument_of(profile: "ImportProfile") -> "Instrument | None":
    """Return the instrument that a profile's files describe: its own, or one that an exchange plugin knows.

    A venue label that is the name of an installed exchange plugin stands for that plugin.

    Raises:
        DataError: The plugin does not know the instrument.
        PluginError: The plugin is missing or can't be used.
    """
    from arbcore.data.imports.market import base_candidates, named_market
    from arbcore.plugins import find

    installed = {item.name for item in find() if item.kind == "exchange"}
    exchange = profile.exchange or (profile.venue if profile.venue in installed else "")
    if profile.instrument is not None or not exchange:
        return profile.instrument
    bases = [profile.base] if profile.base else base_candidates(profile.symbol)
    known = _reference(exchange, profile.exchange_settings, profile.venue, bases, f"profile {profile.name}")
    return named_market(known, profile.venue, profile.symbol, exchange)


def _named(names: Iterable[str], where: str) -> "dict[str, ImportProfile]":
    profiles: dict[str, ImportProfile] = {}
    for exchange in dict.fromkeys(name.partition(":")[0] for name in names if ":" in name):
        profiles |= _profiles_of(exchange, where)
    return profiles


def _profiles_of(exchange: str, where: str) -> "dict[str, ImportProfile]":
    from msgspec.structs import replace

    from arbcore.hooks import CommonHooks
    from arbcore.plugins import hooks_of, implements

    loaded = _loaded(exchange, where)
    if not implements(loaded, "import_profiles"):
        return {}
    profiles = hooks_of(loaded, CommonHooks).import_profiles()
    return {f"{exchange}:{each.name}": replace(each, name=f"{exchange}:{each.name}") for each in profiles}


def _reference(
    exchange: str, settings: "Mapping[str, str]", venue: str, bases: Sequence[str], where: str
) -> "Sequence[Instrument]":
    from pydantic import ValidationError

    from arbcore.hooks import ExchangeHooks
    from arbcore.plugins import hooks_of, implements, settings_model_of

    loaded = _loaded(exchange, where)
    if not implements(loaded, "reference_instruments"):
        raise DataError(f"{where}: {loaded} knows no instruments", "write the instrument into a recipe (instrument:)")
    try:
        checked = settings_model_of(loaded).model_validate({"use": exchange, **settings})
    except ValidationError as error:
        what = error.errors()[0]
        key = ".".join(str(part) for part in what["loc"])
        raise ConfigurationError(f"{where}: exchange_settings.{key}: {what['msg']}", "change or remove it") from error
    return hooks_of(loaded, ExchangeHooks).reference_instruments(settings=checked, venue=venue, bases=bases)


def _loaded(exchange: str, where: str) -> "LoadedPlugin":
    from arbcore.plugins import load

    return load([("exchange", exchange, where)]).get("exchange", exchange)
