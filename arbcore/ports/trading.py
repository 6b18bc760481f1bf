"""The port of real venues: orders, what becomes of them, and the account behind them."""

from collections.abc import Callable, Sequence
from typing import Protocol, Self, runtime_checkable

from arbcore.model.account import AccountFacts, AccountUpdate, MarginMode, OpenOrder, TradingTerms
from arbcore.model.input import AccountSnapshot, ConnectionChanged, FundingPayment
from arbcore.model.order import Amendment, Fill, OrderRef, OrderReport, OrderRequest
from arbcore.ports.venue import RequestMeasured

OrderNews = OrderReport | Fill
"""What a venue tells of orders."""

VenueItem = OrderNews | FundingPayment | AccountUpdate | AccountSnapshot | ConnectionChanged | RequestMeasured
"""What a venue may report while it runs."""

TakeItem = Callable[[VenueItem], None]
"""Takes what was received, at once and without waiting. Times are those of receipt, by the context's clock."""


@runtime_checkable
class Venue(Protocol):
    """A real exchange that takes orders. An async context manager: entering opens, leaving closes.

    Every call that changes something ends in one of three ways. It returns: the venue did it. It raises
    `ExchangeRefused`, `RateLimited` or `ExchangeUnavailable`: the venue did not. It raises `OutcomeUnknown`: nothing
    settles what happened, and the caller looks it up before anything else; no call is ever repeated by itself. Once a
    request is on its way it is shielded from cancellation until its deadline, so that a cancelled caller leaves no
    request behind whose answer nobody reads.

    What is learned twice is reported once: a fill has one `fill_id` whichever way it came, and reports of an order
    never go back to an earlier state.
    """

    async def __aenter__(self) -> Self:
        """Open, and measure the venue's clock where requests state the time.

        Raises:
            ExchangeError: The venue can't be reached, or refuses the key.
            SafetyError: The key is known to withdraw while moving money is switched off.
            ConfigurationError: A secret is missing.
        """
        ...

    async def __aexit__(self, *exc: object) -> None:
        """Close."""
        ...

    async def run(self, instruments: Sequence[str], report: TakeItem) -> None:
        """Report orders, fills, balances, positions and funding until cancelled, reconnecting by itself.

        After every reconnection what may have been missed is asked for by requests and reported, orders that this
        object has sent first, before the connection is told as ``CONNECTED``; then a whole `AccountSnapshot`
        follows. Orders that somebody else placed on the account are reported with their origin.

        Args:
            instruments: Keys of the instruments whose orders and fills are back-filled.
            report: Takes what was received.
        """
        ...

    async def submit(self, order: OrderRequest) -> OrderReport:
        """Send an order; return what the venue answered. What becomes of it later is reported by `run`.

        An answer that tells fills by their sum only is no fill: those are reported by `run`, or found by `look_up`.

        Raises:
            ExchangeRefused: The venue refused it, with a reason code.
            RateLimited: The venue, or our own count of its limits, lets nothing pass: it was not accepted.
            ExchangeUnavailable: It was not sent.
            OutcomeUnknown: It was sent and nothing settles the outcome.
        """
        ...

    async def cancel(self, order: OrderRef) -> None:
        """Ask for a cancel. Returning means that the venue took the request; its outcome is reported by `run`.

        Raises:
            ExchangeRefused: With the reason ``ORDER_UNKNOWN``: no such order is open, so look it up; else as `submit`.
            RateLimited, ExchangeUnavailable, OutcomeUnknown: As `submit`.
        """
        ...

    async def amend(self, order: OrderRef, change: Amendment) -> OrderReport:
        """Change price and quantity of a resting limit order; return what the venue answered.

        Raises:
            ExchangeRefused: The venue refused; the order stands as it was. As `submit` otherwise.
            RateLimited, ExchangeUnavailable, OutcomeUnknown: As `submit`.
        """
        ...

    async def cancel_all(self, instrument: str) -> None:
        """Ask for a cancel of every open order of an instrument, triggered ones and other clients' included.

        Raises:
            ExchangeError: As `cancel`.
        """
        ...

    async def look_up(self, order: OrderRef) -> Sequence[OrderNews]:
        """Return what the venue knows of an order: one report, and every fill it tells. Empty where it knows none.

        "Knows none" may be a moment too early for an order that was just sent: the caller asks again.

        Raises:
            ExchangeError: The venue did not tell.
        """
        ...

    async def open_orders(self, instrument: str = "") -> Sequence[OpenOrder]:
        """Return the open orders of the account, whoever placed them, triggered ones included.

        Args:
            instrument: Key of the instrument, empty for all.

        Raises:
            ExchangeError: The venue did not tell.
        """
        ...

    async def history(self, instrument: str, since: int) -> Sequence[OrderNews]:
        """Return reports of ended orders and fills of an instrument since a time, the oldest first.

        Args:
            instrument: Key of the instrument.
            since: UTC nanoseconds; a venue that keeps less returns what it keeps.

        Raises:
            ExchangeError: The venue did not tell.
        """
        ...

    async def snapshot(self) -> AccountSnapshot:
        """Return all balances and net positions.

        Raises:
            ExchangeError: The venue did not tell.
        """
        ...

    async def terms(self, instrument: str) -> TradingTerms:
        """Return on which terms the account trades an instrument.

        Raises:
            ExchangeError: The venue did not tell.
        """
        ...

    async def facts(self) -> AccountFacts:
        """Return what the venue tells of account and key.

        Raises:
            ExchangeError: The venue did not tell.
        """
        ...


@runtime_checkable
class LeveragedVenue(Venue, Protocol):
    """A venue of perpetuals. A setting that is already in force is no error."""

    async def set_leverage(self, instrument: str, leverage: int) -> None:
        """Set the leverage of an instrument.

        Raises:
            ExchangeError: As `Venue.submit`; `ExchangeRefused` where positions or brackets don't allow it.
        """
        ...

    async def set_margin_mode(self, instrument: str, mode: MarginMode) -> None:
        """Set the margin mode of an instrument.

        Raises:
            ExchangeError: As `Venue.submit`.
        """
        ...

    async def set_hedge_mode(self, *, on: bool) -> None:
        """Keep long and short positions apart, or net them.

        Raises:
            ExchangeError: As `Venue.submit`; `ExchangeRefused` while there are positions or orders.
        """
        ...

    async def set_multi_assets(self, *, on: bool) -> None:
        """Let several currencies stand for margin together, or not.

        Raises:
            ExchangeError: As `Venue.submit`.
        """
        ...

    async def funding(self, instrument: str, since: int) -> Sequence[FundingPayment]:
        """Return the funding payments of an instrument since a time, the oldest first.

        Raises:
            ExchangeError: The venue did not tell.
        """
        ...


@runtime_checkable
class DeadMansSwitch(Protocol):
    """A venue that cancels an instrument's open orders when it no longer hears from us. It never closes positions."""

    async def cancel_all_after(self, instrument: str, after_ns: int) -> None:
        """Cancel all open orders of an instrument unless called again within a time; 0 switches it off.

        Raises:
            ExchangeError: As `Venue.submit`.
        """
        ...
