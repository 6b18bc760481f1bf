"""Finds the markets of a route among the session's instruments, and says what is missing where there is none."""

from collections.abc import Sequence
from difflib import get_close_matches

from arbcore.errors import ConfigurationError
from arbcore.model.instrument import Instrument
from arbcore_strategy_spread.settings import LegChoice


def find_market(
    choice: LegChoice, symbol: str, instruments: Sequence[Instrument], currencies: Sequence[str], where: str
) -> Instrument:
    """Return the one market that a leg of a route trades.

    Args:
        choice: Exchange and kind of the leg.
        symbol: Coin, after the multiplier.
        instruments: Every instrument of the session.
        currencies: Quote currencies in order of preference, used where the choice names none.
        where: Config key, for errors.

    Raises:
        ConfigurationError: The exchange, the kind or the coin is not there, or several markets fit equally well.
    """
    listed = [entry for entry in instruments if entry.venue == choice.exchange]
    if not listed:
        raise _missing(where, "exchange with instruments", choice.exchange, {entry.venue for entry in instruments})
    same_kind = [entry for entry in listed if entry.kind is choice.kind]
    if not same_kind:
        raise _missing(where, f"{choice.kind} market on {choice.exchange}", "", {entry.symbol for entry in listed})
    of_coin = [entry for entry in same_kind if entry.base == symbol.upper()]
    if not of_coin:
        what = f"{choice.kind} market on {choice.exchange} for"
        raise _missing(where, what, symbol, {entry.base for entry in same_kind})
    return _only(_preferred(choice, of_coin, currencies), of_coin, where)


def quote_preference(rate: str, base_currency: str) -> tuple[str, ...]:
    """Return quote currencies by preference: what the rate converts, then the base currency.

    A rate is named after its two currencies, as ``usdt_krw``.
    """
    foreign = [code for code in rate.upper().split("_") if code != base_currency]
    return (*foreign, base_currency)


def _preferred(choice: LegChoice, markets: Sequence[Instrument], currencies: Sequence[str]) -> Sequence[Instrument]:
    if choice.quote:
        return [market for market in markets if market.quote == choice.quote.upper()]
    for currency in currencies:
        if found := [market for market in markets if market.quote == currency]:
            return found
    return markets


def _only(found: Sequence[Instrument], markets: Sequence[Instrument], where: str) -> Instrument:
    if len(found) == 1:
        return found[0]
    names = ", ".join(sorted(f"{market.key} in {market.quote}" for market in markets))
    raise ConfigurationError(
        f"{where}: {'several markets fit' if found else 'no market has that quote currency'}: {names}",
        "name the leg in full and choose, for example `buy: {exchange: ID, kind: spot, quote: KRW}`",
    )


def _missing(where: str, what: str, name: str, known: set[str]) -> ConfigurationError:
    close = get_close_matches(name.upper(), [entry.upper() for entry in known], n=1) if name else []
    nearest = next((entry for entry in sorted(known) if close and entry.upper() == close[0]), "")
    some = ", ".join(sorted(known)[:12]) or "none"
    return ConfigurationError(
        f"{where}: there is no {what} {name}".rstrip(),
        f"did you mean {nearest}? Known: {some}" if nearest else f"known: {some}",
    )
