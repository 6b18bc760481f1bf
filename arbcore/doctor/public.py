"""The public side of the doctor's round: listings, and market data until every planned instrument has a price."""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import anyio
from anyio.abc import TaskGroup

from arbcore.doctor.rows import FAIL, OK, Row, Trouble, attempt, trouble
from arbcore.doctor.seen import Seen
from arbcore.errors import ExchangeUnavailable
from arbcore.model.input import ConnectionChanged
from arbcore.model.instrument import Instrument
from arbcore.model.market import Book, FxRate, Quote
from arbcore.model.state import ConnectionState
from arbcore.opening import in_time
from arbcore.pipeline import Pipeline
from arbcore.ports.rate import RateSource
from arbcore.ports.venue import Deliver, Feed, FeedItem, RequestMeasured


@dataclass(slots=True)
class _Venue:
    """What one exchange's feed told. Mutable."""

    listed: tuple[Instrument, ...] | Trouble | None = None
    told: anyio.Event = field(default_factory=anyio.Event)


class PublicSide:
    """Feeds and rate sources of a config, for as long as it takes to know every price.

    Args:
        pipeline: Builds them.
        patience_s: Time for a listing.
        data_s: Time for prices.

    Attributes:
        prices: Newest quote or rate by instrument key or rate name.
    """

    def __init__(self, pipeline: Pipeline, patience_s: float, data_s: float) -> None:
        self.prices: Final[dict[str, Quote | FxRate]] = {}
        self._pipeline: Final = pipeline
        self._patience_s: Final = patience_s
        self._data_s: Final = data_s
        self._venues: Final = {name: _Venue() for name in pipeline.config.exchanges}
        self._wanted: dict[str, tuple[str, ...]] = {}
        self._known: Final = anyio.Event()
        self._rates: dict[str, RateSource] = {}
        self._rate_trouble: dict[str, str] = {}
        self._fixes: dict[str, str] = {}
        self._waiting: Final[dict[str, tuple[set[str], anyio.Event]]] = {}
        self._reasons: Final[dict[str, str]] = {}
        self._down: Final[dict[str, set[str]]] = {}

    async def start(self, group: TaskGroup, seen: Mapping[str, Seen]) -> None:
        """Start everything in a task group."""
        for name in self._venues:
            group.start_soon(self._follow, name, seen.get(name))
        try:
            self._rates = self._pipeline.rate_sources()
        except Exception as error:  # noqa: BLE001 - a row of its own
            met = trouble(error)
            self._rate_trouble["rates"], self._fixes["rates"] = met.what, met.fix
        for name, source in self._rates.items():
            group.start_soon(self._rate, name, source)

    async def listed(self) -> tuple[tuple[Instrument, ...], list[str]]:
        """Return what all venues list, once each has told or failed to, and those that failed to."""
        found: list[Instrument] = []
        for venue in self._venues.values():
            await venue.told.wait()
            found += venue.listed if isinstance(venue.listed, tuple) else ()
        return tuple(found), [name for name, venue in self._venues.items() if isinstance(venue.listed, Trouble)]

    def want(self, instruments: Iterable[Instrument]) -> None:
        """Say which instruments need a price."""
        for item in instruments:
            self._wanted[item.venue] = (*self._wanted.get(item.venue, ()), item.key)
        self._known.set()

    def rate_rows(self) -> list[Row]:
        """Return a row per rate."""
        rows = [
            Row(of="session", check="rates", status=FAIL, seen=what, fix=self._fixes.get(name, ""))
            for name, what in self._rate_trouble.items()
        ]
        for name in self._rates:
            rate = self.prices.get(name)
            if isinstance(rate, FxRate):
                rows.append(Row(of="session", check=f"rate {name}", status=OK, seen=f"{rate.bid:g} to {rate.ask:g}"))
            elif name not in self._rate_trouble:
                why = self._reasons.get(name) or f"nothing came within {self._data_s:g} s"
                fix = "check the network and the addresses"
                rows.append(Row(of="session", check=f"rate {name}", status=FAIL, seen=why, fix=fix))
        return rows

    async def _follow(self, name: str, seen: Seen | None) -> None:
        """Learn an exchange's listing, then its prices."""
        venue = self._venues[name]
        try:
            if not self._pipeline.capabilities(name).market_data:
                return
            feed = self._pipeline.feed(name)
            asked = self._pipeline.clock.now()
            async with in_time(f"exchanges.{name}", feed, self._patience_s):
                venue.listed = await attempt(partial(_listing, feed), self._patience_s)
                if seen is not None:
                    seen.listing_ms = (self._pipeline.clock.now() - asked) / 1e6
                    seen.listed = self._explained(venue.listed)
                venue.told.set()
                await self._known.wait()
                if keys := self._wanted.get(name, ()):
                    await self._gather(name, partial(feed.run, keys), keys)
                    self._tell(name, seen, keys)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other exchanges go on
            venue.listed = self._explained(trouble(error)) if venue.listed is None else venue.listed
            if seen is not None:
                seen.listed = seen.listed or venue.listed
                seen.missing_data = trouble(error).what
        finally:
            venue.told.set()

    def _explained(self, told: tuple[Instrument, ...] | Trouble) -> tuple[Instrument, ...] | Trouble:
        local = self._pipeline.config.session.environment == "simulator"
        if local and isinstance(told, Trouble) and isinstance(told.error, ExchangeUnavailable):
            return Trouble(told.what, "start `arb simulator` in another terminal", told.error)
        return told

    async def _rate(self, name: str, source: RateSource) -> None:
        try:
            async with in_time(f"rates.{name}", source, self._patience_s):
                await self._gather(name, source.run, (name,))
        except Exception as error:  # noqa: BLE001 - a row of its own
            self._reasons[name] = trouble(error).what

    async def _gather(
        self, name: str, run: Callable[[Deliver], Coroutine[Any, Any, None]], keys: Sequence[str]
    ) -> None:
        """Run a source until each of its keys has a price, or the time is over."""
        done = anyio.Event()
        self._waiting[name] = (set(keys), done)
        async with anyio.create_task_group() as group:
            group.start_soon(run, partial(self._take, name))
            with anyio.move_on_after(self._data_s):
                await done.wait()
            # What a closing source says of its connections is no reason.
            del self._waiting[name]
            group.cancel_scope.cancel()

    def _take(self, name: str, item: FeedItem) -> None:
        if name not in self._waiting:
            return
        waiting, done = self._waiting[name]
        match item:
            case Quote():
                self._price(item.instrument, item, waiting)
            case Book() if item.bids and item.asks:
                (bid, bid_size), (ask, ask_size) = item.bids[0], item.asks[0]
                quote = Quote(item.instrument, item.ts, item.recv_ts, bid, ask, bid_size, ask_size)
                self._price(item.instrument, quote, waiting)
            case FxRate():
                self._price(item.name, item, waiting)
            case ConnectionChanged():
                self._connection(name, item)
            case RequestMeasured() if item.reason:
                self._reasons[name] = item.reason
        # Prices may come by requests while the stream is down; without a stream nothing can be traded.
        if not waiting and self._down.get(name) == set():
            done.set()

    def _tell(self, name: str, seen: Seen | None, keys: Sequence[str]) -> None:
        if seen is None:
            return
        seen.quoted = sum(key in self.prices for key in keys)
        missing = [key for key in keys if key not in self.prices]
        down = sorted(self._down.get(name, {"every connection"}))
        reason = f" ({self._reasons[name]})" if name in self._reasons else ""
        if missing:
            seen.missing_data = f"no quote of {', '.join(missing[:3])}{reason}"
        elif down:
            seen.missing_data = f"not connected within {self._data_s:g} s: {', '.join(down)}{reason}"

    def _connection(self, name: str, change: ConnectionChanged) -> None:
        down = self._down.setdefault(name, set())
        if change.state is ConnectionState.CONNECTED:
            down.discard(change.connection)
            return
        down.add(change.connection)
        if change.reason:
            self._reasons[name] = f"{change.connection}: {change.reason}"

    def _price(self, key: str, price: Quote | FxRate, waiting: set[str]) -> None:
        self.prices[key] = price
        waiting.discard(key)


async def _listing(feed: Feed) -> tuple[Instrument, ...]:
    return tuple(await feed.instruments())
