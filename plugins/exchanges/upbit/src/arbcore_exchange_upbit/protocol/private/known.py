"""One order as the desk knows it: what was told of it, and what is still missing."""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from arbcore.model.money import add
from arbcore.model.order import TERMINAL, OrderOrigin, OrderReport, OrderState, may_become
from arbcore_exchange_upbit.protocol.private.facts import Facts
from arbcore_exchange_upbit.protocol.private.numbers import WIDE, ZERO

_FIRST_LOOK_NS: Final = 500_000_000
_LAST_LOOK: Final = 6  # doublings of the wait between looks
_ROUNDED: Final = Decimal("0.999999999999")
"""Share of a quantity that no double loses."""


class Terms(Struct, frozen=True):
    """What an order that is being sent asks for.

    Attributes:
        volume: Quantity, None for a buy by cost or where it is not known.
        cost: What a buy by cost may spend, None for others.
        life: The venue's word for its life, empty for one that rests.
    """

    volume: Decimal | None = None
    cost: Decimal | None = None
    life: str = ""


UNKNOWN: Final = Terms()
"""Terms of an order of which nothing is known yet."""


class Known:
    """An order of the account.

    Args:
        market: Market id.
        client_id: Its identifier, empty where it has none.
        origin: Who placed it.
        now: When it became known.

    Attributes:
        uuid: The venue's id, empty as long as it is not known.
        state: State that was last told.
        filled: Quantity that was last told.
        reason: Reason code that was last told.
        detail: Words that were last told.
        ts: Venue time of what was last told.
        fees: Fee of every fill that was told, by its id.
        quantity: Sum of the fills that were told.
        funds: Their value.
        volume: Quantity in all, None for a buy by cost or where it is not known.
        cost: What a buy by cost may spend, None for others or where it is not known.
        life: The venue's word for its life.
        asked: Whether we asked for its cancel.
        prevented: Whether a self-match was prevented.
        replaces: The order whose place it is to take, which may have filled first; None once the venue tells of it.
        look_at: When it is to be looked up since something is missing, 0 for never.
        hinted: Quantity that frames told in numbers which a double may have rounded.
        hinted_end: Whether such a frame told its end.
        answered: State, filled quantity and words that the furthest answer to a question stated.
    """

    __slots__ = (
        "_looks",
        "answered",
        "asked",
        "client_id",
        "cost",
        "detail",
        "fees",
        "filled",
        "funds",
        "hinted",
        "hinted_end",
        "known_at",
        "life",
        "look_at",
        "market",
        "origin",
        "prevented",
        "quantity",
        "reason",
        "replaces",
        "state",
        "ts",
        "uuid",
        "volume",
    )

    def __init__(self, market: str, client_id: str, origin: OrderOrigin, now: int) -> None:
        self.market: Final = market
        self.client_id = client_id
        self.origin = origin
        self.known_at = now
        self.uuid = ""
        self.state = OrderState.SUBMITTED
        self.filled = ZERO
        self.reason = ""
        self.detail = ""
        self.ts = 0
        self.fees: Final[dict[str, Decimal]] = {}
        self.quantity = ZERO
        self.funds = ZERO
        self.volume: Decimal | None = None
        self.cost: Decimal | None = None
        self.life = ""
        self.asked = False
        self.prevented = False
        self.replaces: Known | None = None
        self.look_at = 0
        self.hinted = ZERO
        self.hinted_end = False
        self.answered = (OrderState.SUBMITTED, ZERO, ("", ""))
        self._looks = 0

    @property
    def ended(self) -> bool:
        """Whether it is over and every fill that the venue counts was told."""
        return self.state in TERMINAL and self.quantity >= self.filled

    @property
    def behind(self) -> bool:
        """Whether the stream told more than is known: a reply may be older than a frame."""
        ended = self.state in TERMINAL
        return WIDE.multiply(self.hinted, _ROUNDED) > self.filled or (self.hinted_end and not ended)

    @property
    def outdated(self) -> bool:
        """Whether an answer to a question has stated more than is known here: telling this would go back."""
        state, filled, _ = self.answered
        return _further(self.state, state) or self.filled < filled

    def answer(self, report: OrderReport) -> None:
        """Remember what somebody who asked is answered: nothing earlier, and no other end, is told after it."""
        state, filled, _ = self.answered
        if _further(state, report.state):
            self.answered = (report.state, max(filled, report.filled), (report.reason, report.detail))
        elif report.filled > filled:
            self.answered = (state, report.filled, self.answered[2])

    def agreed(self, state: OrderState, words: tuple[str, str]) -> tuple[OrderState, tuple[str, str]]:
        """Return an end as an answer has stated it already, where it has; else as it is given."""
        stated, _, before = self.answered
        return (stated, before) if stated in TERMINAL and not _further(stated, state) else (state, words)

    def hint(self, executed: Decimal, *, end: bool) -> None:
        """Remember what a frame told in numbers that may be rounded."""
        self.hinted = max(self.hinted, executed)
        self.hinted_end = self.hinted_end or end

    def book(self, number: str, quantity: Decimal, funds: Decimal, fee: Decimal) -> None:
        """Remember a fill that is being told."""
        self.fees[number] = fee
        self.quantity = add(self.quantity, quantity)
        self.funds = add(self.funds, funds)

    def note(self, facts: Facts) -> None:
        """Remember what does not change, wherever it is told first."""
        self.uuid = self.uuid or facts.uuid
        self.client_id = self.client_id or facts.client_id
        self.life = self.life or facts.life
        self.volume = facts.volume if self.volume is None else self.volume
        self.cost = facts.cost if self.cost is None else self.cost
        self.prevented = self.prevented or facts.prevented
        self.replaces = None

    def allows(self, state: OrderState) -> bool:
        """Tell whether a state may follow the one that was told."""
        return _further(self.state, state)

    def advance(self, state: OrderState, filled: Decimal, words: tuple[str, str], ts: int) -> bool:
        """Take a state and a filled quantity, neither of which ever goes back; tell whether either moved."""
        moved = filled > self.filled
        self.filled = max(self.filled, filled)
        if self.allows(state):
            self.state, (self.reason, self.detail), moved = state, words, True
        if moved:
            self.ts = max(self.ts, ts)
        return moved

    def miss(self, now: int, *, at_once: bool = False) -> None:
        """Plan to look it up: something about it is missing.

        Args:
            now: Time.
            at_once: Whether nothing else will tell it; else the stream has a moment to.
        """
        self.look_at = self.look_at or now + (0 if at_once else _FIRST_LOOK_NS)

    def looked(self, now: int) -> None:
        """Take that it is being looked up; the next look, if any, comes later each time."""
        self._looks += 1
        self.look_at = now + (_FIRST_LOOK_NS << min(self._looks, _LAST_LOOK))

    def complete(self) -> None:
        """Take that nothing about it is missing."""
        self.look_at = self._looks = 0

    def report(self, venue: str, now: int) -> OrderReport:
        """Return what was last told of it."""
        return OrderReport(
            client_order_id=self.client_id,
            state=OrderState.ACKNOWLEDGED if self.state is OrderState.SUBMITTED else self.state,
            venue_order_id=self.uuid,
            filled=self.filled,
            reason=self.reason,
            detail=self.detail,
            instrument=f"{venue}:{self.market}",
            origin=self.origin,
            ts=self.ts,
            recv_ts=now,
        )


def _further(before: OrderState, after: OrderState) -> bool:
    """Tell whether a state comes after another one, by the framework's table of an order's states."""
    return after is not before and may_become(before, after)


def value(price: Decimal, quantity: Decimal) -> Decimal:
    """Return price times quantity, exactly."""
    return WIDE.multiply(price, quantity)
