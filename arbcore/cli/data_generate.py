"""`arb data generate`: a market of the config's exchanges, made from a seed."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arbcore.cli._data_infos import show_infos
from arbcore.cli._frame_config import Selection, config_options, open_config
from arbcore.cli._frame_output import note
from arbcore.errors import ConfigurationError

if TYPE_CHECKING:
    from arbcore.config import Config
    from arbcore.data.dataset import DatasetInfo
    from arbcore.data.generate.parameters import MarketParameters
    from arbcore.model.instrument import Instrument
    from arbcore.plugins import Plugins

_PROCESS = {
    "start": "Time of the first quotes, such as 2025-01-06T00:00Z.",
    "spacing": "Time between two quotes of one instrument, such as 500ms.",
    "premium_mean_bps": "Mean premium of venues of another currency, in basis points.",
    "premium_sd_bps": "Its standard deviation.",
    "premium_half_life": "Time in which half of a deviation is gone, such as 23s.",
}
_DEFAULT_COINS = ("BTC",)


def _process(command: Any) -> Any:
    """Give a command one option per parameter of the premium; the others are reached by ``--param``."""
    for name, text in reversed(_PROCESS.items()):
        command = click.option(f"--{name.replace('_', '-')}", name, help=text)(command)
    return command


@click.command("generate")
@click.option("--quotes", type=click.IntRange(min=1), required=True, help="Quotes of all instruments together.")
@click.option("--seed", type=click.IntRange(min=0), required=True, help="The same seed gives the same data.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("data"), show_default=True, help="Data folder.")
@click.option("--symbols", help="Coins, such as BTC,ETH; else those that the strategies name, else BTC.")
@_process
@click.option("-p", "--param", "parameters", multiple=True, metavar="NAME=VALUE", help="Any other parameter.")
@click.option("--replace", is_flag=True, help="Replace recorded rows too; generated ones always are.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@config_options(positional=False)
def command(
    *,
    selection: Selection,
    quotes: int,
    seed: int,
    out: Path,
    symbols: str | None,
    parameters: tuple[str, ...],
    replace: bool,
    as_json: bool,
    **process: str | None,
) -> None:
    """Make correlated markets with a mean-reverting premium from a seed.

    Instruments are those of the config's exchanges, rates those of its section rates. Without a config the one that
    `arb init` writes is taken.
    """
    from arbcore.data.generate.prices import Rate
    from arbcore.data.generate.write import write_market

    given = _parameters(parameters, process)
    config, plugins = open_config(selection.load(default=_config_file()), say=False)
    coins = [coin.strip().upper() for coin in symbols.split(",")] if symbols else _coins(config)
    instruments = list(_instruments(config, plugins, coins))
    rates = [Rate.named(name) for name in config.rates]
    before = _present(out)
    with _progress(quotes) as bar:
        infos = write_market(
            out, instruments, rates, given, quotes=quotes, seed=seed, replace=replace, progress=bar.update
        )
    show_infos(infos, as_json)
    _say_replaced(before, infos)


def _present(folder: Path) -> "dict[str, DatasetInfo]":
    from arbcore.data.dataset import find_datasets

    return {info.folder: info for info in find_datasets(folder)} if folder.is_dir() else {}


def _say_replaced(before: "Mapping[str, DatasetInfo]", now: "Sequence[DatasetInfo]") -> None:
    """Name data sets that hold something else than they did: unlike recordings, generated rows are replaced unasked."""
    old = [before[info.folder] for info in now if info.folder in before and before[info.folder].hash != info.hash]
    for source in dict.fromkeys(info.source for info in old):
        note(f"{', '.join(info.key for info in old if info.source == source)}: replaced what was {source}")


def _config_file() -> Path:
    """Return the config that is used where none is named: that of the folder, else what `arb init` would write."""
    from importlib.resources import as_file, files

    from arbcore.cli._frame_config import DEFAULT_FILE

    if DEFAULT_FILE.exists():
        return DEFAULT_FILE
    with as_file(files("arbcore.templates") / DEFAULT_FILE.name) as path:
        return path


def _parameters(texts: tuple[str, ...], process: dict[str, str | None]) -> "MarketParameters":
    from arbcore.data.generate.parameters import MarketParameters

    values = {name: text for name, text in process.items() if text is not None}
    for text in texts:
        name, found, value = text.partition("=")
        if not found:
            raise click.BadParameter(f"'{text}' is not of the form NAME=VALUE")
        values[name.strip()] = value.strip()
    return MarketParameters.from_texts(values)


def _coins(config: "Config") -> list[str]:
    """Return the coins that the strategies name: whatever stands under a key ``symbols``, as strategies call them."""
    found = [str(coin) for each in config.strategies.values() for coin in _named(each.settings.model_dump())]
    return list(dict.fromkeys(found)) or list(_DEFAULT_COINS)


def _named(tree: object) -> Iterator[object]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == "symbols" and isinstance(value, list | tuple):
                yield from value
            else:
                yield from _named(value)
    elif isinstance(tree, list | tuple):
        for item in tree:
            yield from _named(item)


def _instruments(config: "Config", plugins: "Plugins", coins: list[str]) -> "Iterator[Instrument]":
    from arbcore.hooks import ExchangeHooks
    from arbcore.plugins import hooks_of, implements

    for identity, exchange in config.exchanges.items():
        loaded = plugins.get("exchange", exchange.use)
        if not implements(loaded, "reference_instruments"):
            note(f"exchanges.{identity}: {loaded} knows no instruments without a network, so it gets no data")
            continue
        hooks = hooks_of(loaded, ExchangeHooks)
        known = hooks.reference_instruments(settings=exchange.settings, venue=identity, bases=coins)
        missing = set(coins) - {item.base for item in known}
        if missing:
            raise ConfigurationError(
                f"exchanges.{identity}: {loaded} knows no reference instrument of {', '.join(sorted(missing))}",
                "name other coins with --symbols",
            )
        yield from known


def _progress(quotes: int) -> Any:
    """Return a progress bar on stderr, which prints its label only where that is no terminal."""
    return click.progressbar(length=quotes, label="generating quotes", file=sys.stderr)
