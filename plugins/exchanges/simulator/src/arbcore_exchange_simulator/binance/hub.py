"""Binance's market data to its subscribers: every message is encoded once, however many listen."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from arbcore_exchange_simulator.binance import rows
from arbcore_exchange_simulator.binance.info import NEVER
from arbcore_exchange_simulator.binance.streams import Stream
from arbcore_exchange_simulator.market.market import Market, Trade
from arbcore_exchange_simulator.market.world import World
from arbcore_exchange_simulator.wire import Socket, encode

_NOISE: Final = "BTCUSD_PERP"


class Channel:
    """A stream with who listens to it.

    Attributes:
        sockets: Listeners; the value tells whether they want the name around each message.
        log: Prices of bids and asks that changed since the last difference.
        last: Id of the last change that was told.
        window: Number of the last window of time that was told.
    """

    __slots__ = ("last", "log", "sockets", "stream", "window")

    def __init__(self, stream: Stream) -> None:
        self.stream: Final = stream
        self.sockets: dict[Socket, bool] = {}
        self.log: tuple[set[int], set[int]] = (set(), set())
        self.last: Any = None
        self.window = -1

    def send(self, row: Any, symbol: str) -> None:
        """Send a message to all."""
        data = encode(row)
        wrapped = b""
        for socket, wrap in self.sockets.items():
            if wrap and not wrapped:
                wrapped = b'{"stream":"' + self.stream.name.encode() + b'","data":' + data + b"}"
            socket.push(wrapped if wrap else data, self.stream.label, symbol)


class BinanceHub:
    """Streams of one product.

    Args:
        venue: ``usdm`` or ``spot``.
        world: The markets.
        lost: Whether a difference of a stream and symbol is to be lost now, so that ids have a gap.
        noise: Whether all-market arrays carry a coin-margined symbol too.
    """

    def __init__(self, venue: str, world: World, lost: Callable[[str, str], bool], *, noise: bool) -> None:
        self.venue: Final = venue
        self._world = world
        self._lost = lost
        self._noise = noise and venue == "usdm"
        self._markets = {symbol.lower(): market for symbol, market in world.markets[venue].items()}
        self._channels: dict[str, Channel] = {}
        self._touch: dict[str, Channel] = {}
        self._trades: dict[str, list[Channel]] = {}
        self._timed: dict[int, list[Channel]] = {}
        self._delisted: dict[str, int] = {}
        world.listeners.append(self)

    def join(self, stream: Stream, socket: Socket, *, wrap: bool) -> None:
        """Let a socket listen; an unknown symbol is served in silence, as on the venue."""
        channel = self._channels.get(stream.name)
        if channel is None:
            channel = self._channels[stream.name] = Channel(stream)
            self._index(channel)
        channel.sockets[socket] = wrap

    def leave(self, name: str, socket: Socket) -> None:
        """Let a socket listen no longer."""
        channel = self._channels.get(name)
        if channel is None:
            return
        channel.sockets.pop(socket, None)
        if not channel.sockets:
            del self._channels[name]
            self._forget(channel)

    def _index(self, channel: Channel) -> None:
        stream = channel.stream
        market = self._markets.get(stream.symbol)
        if stream.every:
            self._timed.setdefault(stream.every, []).append(channel)
            channel.window = self._world.time_ms // stream.every
        if market is None:
            return
        if stream.kind == "depth":
            channel.last = market.book.update_id
            market.book.logs.append(channel.log)
        elif stream.kind == "bookTicker":
            self._touch[stream.symbol.upper()] = channel
        elif stream.kind in {"aggTrade", "trade"}:
            self._trades.setdefault(stream.symbol.upper(), []).append(channel)

    def _forget(self, channel: Channel) -> None:
        stream = channel.stream
        if stream.every:
            self._timed[stream.every].remove(channel)
        if stream.symbol not in self._markets:
            return
        if stream.kind == "depth":
            logs = self._markets[stream.symbol].book.logs
            logs[:] = [log for log in logs if log is not channel.log]
        elif stream.kind == "bookTicker":
            del self._touch[stream.symbol.upper()]
        elif stream.kind in {"aggTrade", "trade"}:
            self._trades[stream.symbol.upper()].remove(channel)

    def announce(self, kind: str, symbol: str, row: rows.Row) -> None:
        """Send an event to those who listen to a symbol's stream of a kind, or to all symbols'."""
        for name in (f"{symbol.lower()}@{kind}", f"!{kind}@arr"):
            channel = self._channels.get(name)
            if channel is not None:
                channel.send(row, symbol)

    def on_book(self, market: Market) -> None:
        """Tell the touch where it changed; a frozen market tells the same again."""
        if market.listing.venue != self.venue:
            return
        channel = self._touch.get(market.listing.symbol)
        if channel is None:
            return
        touch = market.book.touch
        if touch != channel.last or market.frozen:
            channel.last = touch
            channel.send(self._touch_row(market), market.listing.symbol)

    def on_trade(self, market: Market, trade: Trade) -> None:
        """Tell a trade."""
        if market.listing.venue != self.venue:
            return
        for channel in self._trades.get(market.listing.symbol, ()):
            row = rows.stream_agg_trade(market, trade, self._world.time_ms)
            if channel.stream.kind == "trade":
                row = {**row, "e": "trade", "t": row.pop("a")}
                del row["f"], row["l"]
            channel.send(row, market.listing.symbol)

    def on_time(self, now: int) -> None:
        """Tell what comes in windows of time, and delistings."""
        ms = now // 1_000_000
        for every, channels in self._timed.items():
            window = ms // every
            for channel in channels:
                if window != channel.window:
                    channel.window = window
                    self._window(channel, ms)
        self._announce(ms)

    def _window(self, channel: Channel, ms: int) -> None:
        stream = channel.stream
        market = self._markets.get(stream.symbol)
        if not stream.symbol:
            self._array(channel, ms)
        elif market is None:
            return
        elif stream.kind == "depth":
            self._difference(channel, market, ms)
        else:
            row = self._regular(channel, market, ms)
            if row is not None:
                channel.send(row, market.listing.symbol)

    def _difference(self, channel: Channel, market: Market, ms: int) -> None:
        book, (bids, asks), before = market.book, channel.log, channel.last
        if book.update_id == before:
            return
        row = {
            **self._head("depthUpdate", market, ms),
            "U": before + 1,
            "u": book.update_id,
            **({"pu": before} if self.venue == "usdm" else {}),
            "b": rows.levels(market, book.bids, sorted(bids, reverse=True)),
            "a": rows.levels(market, book.asks, sorted(asks)),
        }
        bids.clear()
        asks.clear()
        channel.last = book.update_id
        if not self._lost(channel.stream.label, market.listing.symbol):
            channel.send(rows.marked(row, market), market.listing.symbol)

    def _regular(self, channel: Channel, market: Market, ms: int) -> rows.Row | None:
        """Return what a market's timed stream tells; None where nothing has changed."""
        stream = channel.stream
        if stream.kind == "markPrice":
            return rows.mark(market, ms)
        mark = market.book.update_id if stream.kind == "partial" else market.trades[-1].number
        if mark == channel.last and not market.frozen:
            return None
        channel.last = mark
        if stream.kind == "partial":
            return self._partial(market, stream.option, ms)
        if stream.kind == "kline":
            (one,) = market.candles.of(stream.option, 1)
            return rows.stream_kline(market, one, stream.option, stream.interval, ms)
        return rows.stream_ticker(market, ms, mini=stream.kind == "miniTicker")

    def _partial(self, market: Market, count: int, ms: int) -> rows.Row:
        bids, asks = rows.best(market, count)
        book_id = market.book.update_id
        if self.venue == "spot":
            return {"lastUpdateId": book_id, "bids": bids, "asks": asks}
        ids = {"U": book_id, "u": book_id, "pu": book_id - 1}
        return rows.marked({**self._head("depthUpdate", market, ms), **ids, "b": bids, "a": asks}, market)

    def _head(self, event: str, market: Market, ms: int) -> rows.Row:
        head = {"e": event, "E": ms, "s": market.listing.symbol}
        return {**head, "T": market.time // 1_000_000} if self.venue == "usdm" else head

    def _touch_row(self, market: Market) -> rows.Row:
        bid, bought, ask, sold = rows.touch(market)
        touch = {"s": market.listing.symbol, "b": bid, "B": bought, "a": ask, "A": sold}
        if self.venue == "spot":
            return {"u": market.book.update_id, **touch}
        head = {"e": "bookTicker", "u": market.book.update_id, "E": self._world.time_ms, "T": market.time // 1_000_000}
        return rows.marked({**head, **touch}, market)

    def _array(self, channel: Channel, ms: int) -> None:
        """Tell all markets: as an array, or one by one for ``!bookTicker``."""
        kind = channel.stream.kind
        found = list(self._rows_of(kind, ms))
        if self._noise and found:
            noise = {**found[0], "s": _NOISE, "st": 2}
            found.append({**noise, "ps": "BTCUSD"} if "ps" in noise else noise)
        if kind != "bookTicker":
            channel.send(found, "")
            return
        for row in found:
            channel.send(row, row["s"])

    def _rows_of(self, kind: str, ms: int) -> Iterable[rows.Row]:
        for market in self._markets.values():
            if kind == "markPrice":
                yield rows.mark(market, ms)
            elif kind == "bookTicker":
                yield self._touch_row(market)
            else:
                yield rows.stream_ticker(market, ms, mini=kind == "miniTicker")

    def _announce(self, ms: int) -> None:
        """Tell a new delivery date on ``!contractInfo``."""
        channel = self._channels.get("!contractInfo")
        for symbol, market in self._markets.items() if channel else ():
            if self._delisted.get(symbol, 0) == market.delisting:
                continue
            self._delisted[symbol] = market.delisting
            row = {"e": "contractInfo", "E": ms, "s": market.listing.symbol, "ps": market.listing.symbol, "st": 1}
            row |= {"ct": "PERPETUAL", "dt": market.delisting // 1_000_000 or NEVER, "ot": 0, "cs": "TRADING"}
            if channel is not None:
                channel.send(row, market.listing.symbol)
