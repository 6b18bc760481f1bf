"""The coins that can be listed, with a price to start from and the trading rules of Binance.

Ticks and steps are reference values as commonly listed; what is not known is derived from the price, by name. Upbit's
rules need no table of coins. State: 2026-11-20.
"""

from collections.abc import Sequence
from math import floor, log10
from typing import Final

from msgspec import Struct

from arbcore_exchange_simulator.market.numbers import ATOMS, atoms


class Coin(Struct, frozen=True):
    """A coin.

    Attributes:
        name: Ticker.
        price: USDT for one coin at the start.
        usdm_tick: Tick of the perpetual, in atoms, for one quoted unit.
        usdm_lot: Step of its quantities, in atoms.
        usdm_notional: Its smallest order value in USDT.
        multiplier: Coins in one quoted unit of the perpetual; above 1 it stands before the name.
        spot_tick: Tick of the spot market, in atoms.
        spot_lot: Step of its quantities, in atoms.
        funding_hours: Time between two settlements of funding.
    """

    name: str
    price: float
    usdm_tick: int
    usdm_lot: int
    usdm_notional: int
    spot_tick: int
    spot_lot: int
    multiplier: int = 1
    funding_hours: int = 8


# name, price, perpetual's tick, lot and smallest value, spot's tick and lot, multiplier, hours between settlements
_RULES: Final = """
BTC  100000   0.1       0.001 100 0.01       0.00001 1    8
ETH  3500     0.01      0.001 20  0.01       0.0001  1    8
XRP  2.2      0.0001    0.1   5   0.0001     0.1     1    8
SOL  160      0.01      0.01  5   0.01       0.001   1    8
BNB  900      0.01      0.01  5   0.01       0.001   1    8
DOGE 0.17     0.00001   1     5   0.00001    1       1    8
ADA  0.5      0.0001    1     5   0.0001     0.1     1    8
TRX  0.28     0.00001   1     5   0.0001     0.1     1    8
LINK 15       0.001     0.01  20  0.01       0.01    1    8
AVAX 17       0.001     1     5   0.01       0.01    1    4
DOT  2.8      0.001     0.1   5   0.001      0.01    1    4
SUI  1.9      0.0001    0.1   5   0.0001     0.1     1    4
SHIB 0.0000095 0.000001 1     5   0.00000001 1       1000 8
PEPE 0.000005 0.0000001 1     5   0.00000001 1       1000 4
"""

_PRICES: Final = """
LTC 90 BCH 480 ETC 16 ATOM 3 NEAR 2.4 APT 3.1 ARB 0.27 OP 0.4 FIL 1.7 UNI 7 AAVE 180 XLM 0.27 HBAR 0.16 ALGO 0.16
VET 0.016 ICP 4.6 TON 1.9 SEI 0.16 INJ 6.4 TIA 0.95 STX 0.37 IMX 0.37 GRT 0.057 SAND 0.19 MANA 0.2 AXS 1.2 THETA 0.44
FLOW 0.24 XTZ 0.53 EOS 0.5 NEO 4.4 QTUM 1.7 KAVA 0.14 ZIL 0.007 IOTA 0.12 BAT 0.24 ENJ 0.04 CHZ 0.031 GAS 2.3
KNC 0.26 MASK 0.75 BLUR 0.043 WLD 0.7 PYTH 0.09 JUP 0.27 ENA 0.29 ONDO 0.55 PENDLE 2.6 CRV 0.45 SNX 0.6
"""


def _atoms_of(decimals: int) -> int:
    return ATOMS // int(10 ** min(max(decimals, 0), 8))


def derived(name: str, price: float) -> Coin:
    """Return a coin whose rules follow from its price: five digits, and lots worth about a tenth of a USDT."""
    digits = 4 - floor(log10(price))
    lot = _atoms_of(max(0, min(3, 1 + floor(log10(price)))))
    hours = 4 if sum(map(ord, name)) % 5 < 3 else 8  # most perpetuals settle every four hours
    return Coin(name, price, _atoms_of(digits), lot, 5, _atoms_of(digits), lot, funding_hours=hours)


def _known() -> dict[str, Coin]:
    found = {}
    for line in _RULES.split("\n"):
        if not line:
            continue
        name, price, tick, lot, least, spot_tick, spot_lot, multiplier, hours = line.split()
        found[name] = Coin(
            name,
            float(price),
            atoms(tick),
            atoms(lot),
            int(least),
            atoms(spot_tick),
            atoms(spot_lot),
            int(multiplier),
            int(hours),
        )
    words = _PRICES.split()
    return {**found, **{n: derived(n, float(p)) for n, p in zip(words[::2], words[1::2], strict=True)}}


COINS: Final = _known()
"""Coins with a price of their own."""

DEFAULT_COINS: Final = ("BTC", "ETH", "XRP", "SOL", "DOGE")
"""Coins that are listed where none is named."""


def coin(name: str) -> Coin:
    """Return a coin by its ticker; an unknown one costs between 0.1 and 100 USDT, always the same."""
    known = COINS.get(name)
    if known is not None:
        return known
    place = sum(ord(letter) * 31**index for index, letter in enumerate(name)) % 3000
    return derived(name, float(f"{10 ** (place / 1000 - 1):.4g}"))


def coins(count: int) -> Sequence[str]:
    """Return that many tickers: the known ones first, then SIM001 and on."""
    names = list(COINS)[:count]
    return [*names, *(f"SIM{number:03d}" for number in range(1, count - len(names) + 1))]
