"""Which markets a coin has, and their rules."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from arbcore_exchange_simulator.market.coins import Coin
from arbcore_exchange_simulator.market.market import Listing
from arbcore_exchange_simulator.market.numbers import ATOMS, atoms
from arbcore_exchange_simulator.market.ticks import KRW, flat

if TYPE_CHECKING:
    from arbcore_exchange_simulator.settings import SimulatorSettings

VENUES: Final = ("upbit", "usdm", "spot")
"""The venues that are simulated."""

RATE_SYMBOL: Final = "KRW-USDT"
"""The market of USDT in won, always listed."""

_HOUR: Final = 3600 * 1_000_000_000


def listings(coin: Coin, settings: "SimulatorSettings") -> Iterator[Listing]:
    """Yield a coin's markets: won on Upbit, the perpetual, and spot on Binance."""
    yield krw(coin.name, coin.price * settings.usdt_krw)
    unit = str(coin.multiplier) if coin.multiplier > 1 else ""
    yield Listing(
        "usdm",
        f"{unit}{coin.name}USDT",
        f"{unit}{coin.name}",
        "USDT",
        flat(coin.usdm_tick),
        coin.usdm_tick,
        coin.usdm_lot,
        coin.usdm_notional,
        coin.multiplier,
        settings.funding_interval or coin.funding_hours * _HOUR,
    )
    yield Listing("spot", f"{coin.name}USDT", coin.name, "USDT", flat(coin.spot_tick), coin.spot_tick, coin.spot_lot, 5)


def krw(base: str, price: float, tick: float | None = None) -> Listing:
    """Return a market in won.

    Args:
        base: Coin.
        price: Price at the start, for the tick that is shown.
        tick: A flat tick in place of the table.
    """
    grid = KRW if tick is None else flat(atoms(tick))
    return Listing("upbit", f"KRW-{base}", base, "KRW", grid, grid.tick(atoms(price)), 1, 5000)


def typical(listing: Listing, price: float, usdt_krw: float) -> int:
    """Return the quantity of a usual level in atoms: worth some thousand USDT."""
    value = 6000.0 * (usdt_krw if listing.quote == "KRW" else 1.0)
    if listing.symbol == RATE_SYMBOL:
        value *= 10
    lots = max(round(value / price * ATOMS / listing.lot), 1)
    return lots * listing.lot
