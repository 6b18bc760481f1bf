"""A generated market as data sets."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from arbcore.data._frames import Columns
from arbcore.data.dataset import RATES, DatasetInfo
from arbcore.data.existing import refuse_replacing
from arbcore.data.generate.market import Chunk, generate
from arbcore.data.generate.parameters import MarketParameters
from arbcore.data.generate.prices import Rate
from arbcore.data.writer import DatasetWriter
from arbcore.model.instrument import Instrument

_ORIGIN = "generated:"
_NOTE = "generated data: nothing in it was observed"


def write_market(
    root: Path,
    instruments: Sequence[Instrument],
    rates: Sequence[Rate],
    parameters: MarketParameters,
    *,
    quotes: int,
    seed: int,
    replace: bool = False,
    progress: Callable[[int], None] = lambda _rows: None,
) -> list[DatasetInfo]:
    """Generate a market into data sets, with flat memory.

    Args:
        root: Folder of all data sets.
        instruments: The instruments.
        rates: Conversion rates.
        parameters: Parameters of the market.
        quotes: Number of quotes of all instruments together.
        seed: Seed of the market.
        replace: Replace recorded quotes and rates too; generated ones always are.
        progress: Called with the number of quotes just written.

    Returns:
        The descriptions: instruments, then rates.

    Raises:
        DataError: A parameter is out of range, recorded rows are in the way, or the disk refuses. No data set is
            then changed.
    """
    source = _source(parameters, seed)
    markets = {item.key: item for item in instruments}
    if not replace:
        for market in instruments:
            refuse_replacing(root, market.venue, market.symbol, "quotes", _is_generated)
        for rate in rates:
            refuse_replacing(root, RATES, rate.name, "fx", _is_generated)
    writers: dict[str, DatasetWriter] = {}
    with ExitStack() as stack:
        for chunk in generate(instruments, rates, parameters, quotes=quotes, seed=seed):
            for kind, name, columns in _streams(chunk):
                if name not in writers:
                    writer = _writer(root, name, markets.get(name), source)
                    writers[name] = stack.enter_context(writer)
                writers[name].append(kind, columns)
            progress(sum(len(columns["ts"]) for columns in chunk.quotes.values()))
        return [writers[name].close() for name in (*markets, *(rate.name for rate in rates)) if name in writers]


def _streams(chunk: Chunk) -> Iterator[tuple[str, str, Columns]]:
    for kind, streams in (("quotes", chunk.quotes), ("funding", chunk.funding), ("fx", chunk.rates)):
        for name, columns in streams.items():
            if len(columns["ts"]):
                yield kind, name, columns


def _writer(root: Path, name: str, market: Instrument | None, source: str) -> DatasetWriter:
    if market is None:
        return DatasetWriter(root, venue=RATES, rate=name, source=source, notes=[_NOTE])
    return DatasetWriter(
        root, venue=market.venue, symbol=market.symbol, instrument=market, source=source, notes=[_NOTE]
    )


def _is_generated(source: str) -> bool:
    return source.startswith(_ORIGIN)


def _source(parameters: MarketParameters, seed: int) -> str:
    usual = msgspec.structs.asdict(MarketParameters())
    changed = {name: value for name, value in msgspec.structs.asdict(parameters).items() if value != usual[name]}
    return f"{_ORIGIN} seed {seed}" + "".join(f", {name}={value}" for name, value in sorted(changed.items()))
