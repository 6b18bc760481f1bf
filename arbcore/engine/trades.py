"""Live trades: what execution knows of a trade while it is open, and the record that others see."""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from arbcore.engine.accounts import Accounts
from arbcore.engine.route import Route
from arbcore.errors import ArbcoreError
from arbcore.model.intent import Intent
from arbcore.model.money import ZERO
from arbcore.model.order import Fill, Side
from arbcore.model.reason import Reason
from arbcore.model.trade import TRADE_TRANSITIONS, Trade, TradeLeg, TradeState


class Portion(Struct, frozen=True):
    """A part of an entry that is still to be sent: from when on, and the order quantity of each leg."""

    at: int
    quantities: tuple[Decimal, ...]


class LiveTrade:
    """A trade that is not closed.

    Args:
        intent: The entry intent.
        route: Its route.
        premium: Premium at the decision.
    """

    __slots__ = (
        "_seen",
        "aim",
        "called",
        "closed_at",
        "closes",
        "closing",
        "cut",
        "denied",
        "excused",
        "exit_reason",
        "grows",
        "hedged_at",
        "intent",
        "legs",
        "parted_at",
        "paused",
        "premium",
        "repairs",
        "route",
        "shut_until",
        "slices",
        "state",
        "wanted_edge",
        "was",
        "whole",
    )

    def __init__(self, intent: Intent, route: Route, premium: float) -> None:
        self.intent: Final = intent
        self.aim = intent
        """The entry or exit that was decided last: what repairs bring to an end, or take back."""
        self.grows = True
        """Whether a repair may add to it; what holds late fills, or what a venue took from, only shrinks."""
        self.cut = False
        """Whether a venue closed a part of it since its legs last matched: no policy is asked then."""
        self.route: Final = route
        self.premium: Final = premium
        self.state = TradeState.OPEN
        self.legs = [TradeLeg(instrument=leg.instrument) for leg in intent.legs]
        self.parted_at = 0
        """Time of the first fill since the legs last matched, 0 where there was none."""
        self.called = False
        """Whether people were told that its legs have differed for long, since they last matched."""
        self.hedged_at = 0
        self.closed_at = 0
        self.exit_reason = ""
        self.repairs = 0
        self.excused = 0
        """Repairs in a row that failed because a venue could not take them: they count as no attempt."""
        self.was: tuple[Decimal, ...] = ()
        """Coins that each leg held when the last exit was decided: what may be opened again."""
        self.slices: list[Portion] = []
        """Parts of its entry that are still to be sent."""
        self.whole = intent
        """The entry that was approved, of which the intent may be the first part."""
        self.wanted_edge = 0.0
        """Edge before costs at the decision, which those parts must still find."""
        self.denied: dict[int, int] = {}
        """How often in a row the venue of a leg, by its index, refused a repair on its merits."""
        self.paused = False
        """Whether the pause that a leg policy asked for before its repair is over or runs."""
        self.shut_until: dict[int, int] = {}
        """Engine time until which a leg, by its index, is left alone after such a failure."""
        self.closing = ""
        """Reason code of an order to close the trade, empty where nothing ordered it."""
        self.closes = 0
        """Attempts at that close."""
        self._seen: Trade | None = None

    @property
    def id(self) -> str:
        """Id of the trade."""
        return self.intent.trade

    def move(self, state: TradeState) -> None:
        """Change the state.

        Raises:
            ArbcoreError: The table does not allow the move: a defect of the engine.
        """
        if state not in TRADE_TRANSITIONS[self.state]:
            raise ArbcoreError(f"trade {self.id} cannot go from {self.state} to {state}", "report this as a defect")
        self.state = state
        self._seen = None

    def book(self, index: int, fill: Fill, held: Decimal) -> None:
        """Count a fill of one leg; ``held`` is the leg's quantity after it, net of fees taken in the coin."""
        leg = self.legs[index]
        value = fill.quantity * fill.price
        bought = fill.side is Side.BUY
        self.legs[index] = TradeLeg(
            instrument=leg.instrument,
            quantity=held,
            bought=leg.bought + (fill.quantity if bought else ZERO),
            sold=leg.sold + (ZERO if bought else fill.quantity),
            bought_value=leg.bought_value + (value if bought else ZERO),
            sold_value=leg.sold_value + (ZERO if bought else value),
        )
        self.parted_at = self.parted_at or fill.recv_ts
        self._seen = None

    def hurt(self, *, ends: bool) -> None:
        """Note that a venue closed something of it; ``ends`` where the rest is to be closed too."""
        self.grows, self.cut, self.slices = False, True, []
        if ends and not self.closing:
            self.closing, self.closes = Reason.EXIT_VENUE, 0
            self.exit_reason = self.closing

    def opening_side(self, index: int) -> Side:
        """Return the side that adds to a leg."""
        side = self.route.legs[index].side
        return side if self.intent.forward else side.opposite

    def closing_side(self, index: int) -> Side:
        """Return the side that shrinks what a leg holds."""
        return Side.SELL if self.legs[index].quantity > 0 else Side.BUY

    def coins(self) -> list[Decimal]:
        """Return the coins that each leg holds; less than zero where it holds them the wrong way round."""
        return [
            held.quantity * self.opening_side(index).sign * leg.state.instrument.unit
            for index, (held, leg) in enumerate(zip(self.legs, self.route.legs, strict=True))
        ]

    def view(self, accounts: Accounts) -> Trade:
        """Return the record that strategies, tiers and reports see."""
        if self._seen is None:
            intent = self.intent
            self._seen = Trade(
                id=self.id,
                strategy=intent.strategy,
                route=intent.route,
                symbol=intent.symbol,
                state=self.state,
                forward=intent.forward,
                legs=tuple(self.legs),
                opened_at=intent.decided_at,
                hedged_at=self.hedged_at,
                closed_at=self.closed_at,
                notional=intent.notional,
                entry_edge_bps=intent.edge_bps,
                entry_premium=self.premium,
                entry_reason=intent.reason,
                exit_reason=self.exit_reason,
                pnl=accounts.trade_pnl(self.id),
            )
        return self._seen

    def touched(self) -> None:
        """Drop the cached record after its profit changed."""
        self._seen = None
