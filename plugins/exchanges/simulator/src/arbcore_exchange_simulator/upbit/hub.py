"""Upbit's market data to its subscribers: every message is encoded once, however many listen."""

from typing import Any, Final

from msgspec import Struct

from arbcore_exchange_simulator.market.market import Market, Trade
from arbcore_exchange_simulator.market.world import World
from arbcore_exchange_simulator.upbit import rows
from arbcore_exchange_simulator.upbit.keys import short
from arbcore_exchange_simulator.wire import Socket, encode

CANDLES: Final = {f"candle.{name}": ms for name, ms in (
    ("1s", 1000), ("1m", 60_000), ("3m", 180_000), ("5m", 300_000), ("10m", 600_000), ("15m", 900_000),
    ("30m", 1_800_000), ("60m", 3_600_000), ("240m", 14_400_000))}  # fmt: skip
"""Length in ms of the candles that are streamed."""

KINDS: Final = ("ticker", "trade", "orderbook", *CANDLES)
"""Types of messages on the public socket."""


class Variant(Struct, frozen=True):
    """What one subscriber wants of one code: type, levels, price group and format."""

    kind: str
    units: int
    level: int
    form: str

    def encode(self, market: Market, row: dict[str, Any], stream_type: str) -> bytes:
        """Return a message in this variant's format."""
        full = {"type": self.kind, "code": market.listing.symbol, **row, "stream_type": stream_type}
        if self.kind == "orderbook":
            full["level"] = self.level
        if self.form.startswith("SIMPLE"):
            full = short(self.kind, full)
        return encode([full] if self.form.endswith("LIST") else full)


class UpbitHub:
    """Keeps who listens to what, and tells them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._wanted: dict[str, dict[Variant, dict[Socket, None]]] = {}
        world.listeners.append(self)

    def market(self, code: str) -> Market | None:
        """Return a market by its code."""
        return self._world.markets["upbit"].get(code)

    def join(self, code: str, variant: Variant, socket: Socket) -> None:
        """Let a socket listen."""
        self._wanted.setdefault(code, {}).setdefault(variant, {})[socket] = None

    def leave(self, code: str, variant: Variant, socket: Socket) -> None:
        """Let a socket listen no longer."""
        variants = self._wanted.get(code, {})
        variants.get(variant, {}).pop(socket, None)
        if not variants.get(variant, True):
            del variants[variant]

    def snapshot(self, code: str, variant: Variant) -> bytes | None:
        """Return what stands now as a subscriber's first message; None where nothing has happened yet."""
        market = self._world.markets["upbit"][code]
        row = self._row(variant, market, market.trades[-1] if market.trades else None)
        return None if row is None else variant.encode(market, row, "SNAPSHOT")

    def on_book(self, market: Market) -> None:
        """Tell subscribers of books; a frozen market's tells the same book at a new time."""
        self._tell(market, None)

    def on_trade(self, market: Market, trade: Trade) -> None:
        """Tell subscribers of trades, tickers and candles."""
        self._tell(market, trade)

    def on_time(self, now: int) -> None:
        """Nothing comes by time alone."""

    def _tell(self, market: Market, trade: Trade | None) -> None:
        listing = market.listing
        variants = self._wanted.get(listing.symbol) if listing.venue == "upbit" else None
        if not variants:
            return
        for variant, sockets in variants.items():
            if (variant.kind == "orderbook") is not (trade is None):
                continue
            row = self._row(variant, market, trade)
            if row is None:
                continue
            data = variant.encode(market, row, "REALTIME")
            for socket in sockets:
                socket.push(data, variant.kind, listing.symbol)

    def _row(self, variant: Variant, market: Market, trade: Trade | None) -> dict[str, Any] | None:
        if variant.kind == "orderbook":
            return rows.orderbook(market, variant.units, variant.level)
        if trade is None:
            return None
        if variant.kind == "trade":
            return rows.stream_trade(market, trade)
        if variant.kind == "ticker":
            return rows.stream_ticker(market, self._world.time_ms)
        return rows.candle(market.candles.of(CANDLES[variant.kind], 1)[-1])
