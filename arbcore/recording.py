"""Recording without a session: what feeds and rate sources deliver, into data sets, nothing decided."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import anyio
from msgspec import Struct
from msgspec.structs import replace

from arbcore.config import Config
from arbcore.data.recorder import Recorder
from arbcore.errors import ConfigurationError, DataError
from arbcore.model.input import ConnectionChanged, InstrumentStatus
from arbcore.model.instrument import Instrument
from arbcore.opening import Market, open_market
from arbcore.pipeline import Pipeline
from arbcore.plugins import Plugins
from arbcore.ports.venue import FeedItem, RequestMeasured
from arbcore.runtime.clock import WallClock
from arbcore.runtime.session import Ending, Source, write_on
from arbcore.settings import did_you_mean

_TOLD_S: Final = 10.0


class Recorded(Struct, frozen=True, kw_only=True):
    """What a recording kept.

    Attributes:
        schema_version: Version of this record.
        folder: Folder of the data sets.
        instruments: Keys of the instruments recorded.
        inputs: Inputs kept.
        skipped: Inputs that could not be kept, by reason.
        reason: Why it ended.
    """

    schema_version: int = 1
    folder: str
    instruments: list[str]
    inputs: int
    skipped: dict[str, int]
    reason: str


@dataclass(slots=True, kw_only=True)
class RecordWish:
    """What is asked of a recording.

    Attributes:
        folder: Folder of the data sets.
        keys: Keys of the instruments; empty for those that the strategies' routes trade.
        seconds: How long it goes on; None until it is stopped.
        say: Takes texts for people.
        ending: Asks it to end.
    """

    folder: Path
    keys: tuple[str, ...] = ()
    seconds: float | None = None
    say: Callable[[str], None]
    ending: Ending = field(default_factory=Ending)


async def record(config: Config, plugins: Plugins, wish: RecordWish) -> Recorded:
    """Record live market data of a config's exchanges and rates.

    Raises:
        ArbcoreError: Config, plugins or venues are wrong, or the folder can't be recorded into.
    """
    clock = WallClock()
    pipeline = Pipeline(config=config, plugins=plugins, mode="monitor", clock=clock, folder=wish.folder, secrets="some")
    async with open_market(pipeline) as market:
        instruments = _wanted(market, pipeline, wish.keys)
        names = ", ".join(config.exchanges)
        with Recorder(wish.folder, instruments=instruments, source=f"recorded from {names}") as recorder:
            kept = _Kept(recorder, wish.say)
            await _go_on(kept, market.sources(instruments), clock, wish)
        return Recorded(
            folder=str(wish.folder),
            instruments=[item.key for item in instruments],
            inputs=recorder.recorded,
            skipped=dict(recorder.skipped),
            reason=wish.ending.reason,
        )


class _Kept:
    """Gives everything that is delivered a receive time of its own and hands it to the recorder."""

    def __init__(self, recorder: Recorder, say: Callable[[str], None]) -> None:
        self.recorder: Final = recorder
        self._say: Final = say
        self._last = 0

    def deliver(self, item: FeedItem) -> None:
        """Take what was received."""
        if isinstance(item, ConnectionChanged):
            why = f": {item.reason}" if item.reason else ""
            self._say(f"{item.venue} {item.connection} {item.state.value.lower()}{why}")
        elif not isinstance(item, InstrumentStatus | RequestMeasured):
            self._last = max(self._last + 1, item.recv_ts)
            self.recorder.put(item if item.recv_ts == self._last else replace(item, recv_ts=self._last))


async def _go_on(kept: _Kept, sources: Sequence[Source], clock: WallClock, wish: RecordWish) -> None:
    async def tell() -> None:
        while True:
            await anyio.sleep(_TOLD_S)
            wish.say(f"{kept.recorder.recorded:,} inputs recorded")

    async with anyio.create_task_group() as group:
        for source in sources:
            group.start_soon(source.run, kept.deliver)
        group.start_soon(write_on, kept.recorder, clock, _give_up)
        group.start_soon(tell)
        with anyio.move_on_after(wish.seconds):
            await wish.ending.asked.wait()
        wish.ending.ask("the time is over")
        group.cancel_scope.cancel()


def _give_up(error: DataError) -> None:
    """End a recording that can't be written: it has no other purpose."""
    raise error


def _wanted(market: Market, pipeline: Pipeline, keys: Sequence[str]) -> tuple[Instrument, ...]:
    if not keys:
        return market.planned(pipeline)
    listed = {item.key: item for item in market.instruments}
    for key in keys:
        if key not in listed:
            raise ConfigurationError(
                f"no venue of the config lists {key!r}{did_you_mean(key, list(listed))}",
                "name instruments as EXCHANGE:SYMBOL, with the exchange's id in the config",
            )
    return tuple(listed[key] for key in dict.fromkeys(keys))
