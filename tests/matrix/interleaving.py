"""One session to which anything may happen in any order, and what must be true of it all the same."""

from collections import Counter
from random import Random
from typing import Final

from msgspec.structs import replace

from arbcore.engine.execution_settings import ExecutionSettings, LegOrder
from arbcore.journal.memory import MemoryJournal
from arbcore.model.command import ClosePosition, ResumeEngine, RunReconcile, StopEntry
from arbcore.model.events import IntentApproved, TradeExecuted, TradeFrozen, TradeOpened
from arbcore.model.order import OrderOrigin
from arbcore.testing.faulty.plan import SECOND, Fault, Trouble
from arbcore.testing.faulty.rig import Touch
from arbcore.testing.scripted import enter, leave
from tests.matrix.aims import AIMS, FAULTS, LIES, SPOILING, Aim
from tests.matrix.field import DUST, PERP, SEOUL, SWAP, WON, Field
from tests.matrix.policies import POLICIES
from tests.matrix.truths import quiet, violations

_LIMIT_NS: Final = 300 * SECOND
_ATTEMPTS: Final = 40
"""Repairs before a trade is frozen: more than faults can use up, so that none may freeze."""

CALM: Final = (Touch(130_000.0, 130_010.0), Touch(100.0, 100.1))
TOUCHES: Final = [
    (Touch(bid, bid + 10.0, size, size), Touch(price, round(price + 0.1, 1), size, size))
    for bid, price in ((130_000.0, 100.0), (130_100.0, 99.5), (129_900.0, 100.5), (131_000.0, 101.0))
    for size in (1.0, 20.0)
]
"""Touches of both markets: near and far, deep and thin."""

WAITS: Final = (10**7, 5 * 10**7, SECOND // 2, SECOND, 3 * SECOND, 6 * SECOND)
NOTIONALS: Final = ("20", "200", "500")
SHARES: Final = ("1", "0.5")
CHOICES: Final = [(policy, sums) for policy in POLICIES for sums in (False, True)]
"""Policies, and whether venues answer with sums."""


class Interleaving:
    """A session.

    Args:
        style: In which order legs are sent.
        policy: Leg policy.
        sums: Whether venues answer an order with what filled at once.
        seed: Decides the delays of messages.
    """

    def __init__(self, style: LegOrder, policy: str, *, sums: bool, seed: int) -> None:
        chosen, self._kept = POLICIES[policy], seed % 4 == 0
        journal = MemoryJournal() if self._kept else None
        name = "" if chosen is None else "policy"
        settings = ExecutionSettings(
            legs=style,
            lead=SEOUL,
            entry_policy=name,
            exit_policy=name,
            quarantine_ns=15 * SECOND,
            repair_attempts=_ATTEMPTS,
        )
        policies = {} if chosen is None else {"policy": chosen}
        self.field: Final = Field(settings, policies, Random(seed), sums=sums, journal=journal)
        self.rig: Final = self.field.rig
        self._several = style is LegOrder.MAKER
        self._lied = self._called = False
        self.rig.begin()

    def trades(self) -> list[str]:
        """Return the trades that are not closed."""
        return list(self.rig.engine.parts.execution.trades)

    def enter(self, notional: str, aimed: list[Aim], nanoseconds: int) -> None:
        """Let the strategy enter, and something go wrong with it."""
        self._aim(aimed)
        self.field.strategy.leave(enter(notional))
        self._decide(nanoseconds)

    def leave(self, share: str, aimed: list[Aim], nanoseconds: int) -> None:
        """Let the strategy leave every trade, and something go wrong with it."""
        self._aim(aimed)
        for trade in self.trades():
            self.field.strategy.leave(leave(trade, share))
        self._decide(nanoseconds)

    def close(self, aimed: list[Aim]) -> None:
        """Let an operator close a trade, whatever it is doing."""
        self._aim(aimed)
        for trade in self.trades()[:1]:
            self.rig.command(ClosePosition(trade=trade))

    def stop(self, nanoseconds: int, *, stop: bool) -> None:
        """Let an operator stop entries for a while, or let them in again."""
        self.rig.command(StopEntry() if stop else ResumeEngine())
        self.rig.wait(nanoseconds)

    def move(self, touches: tuple[Touch, Touch], nanoseconds: int) -> None:
        """Let the market move."""
        self.rig.touches.update(zip((WON.key, PERP.key), touches, strict=True))
        self.rig.wait(nanoseconds)

    def spoil(self, venue: str, fault: Fault) -> None:
        """Let something of a venue be out of order for a while, whatever is in flight."""
        self.field.venue(venue).strike(Trouble(fault=fault, lasts_ns=3 * SECOND), self.rig.now)
        self.rig.wait(SECOND // 2)

    def check(self) -> None:
        """No id is sent twice, no leg of a trade works at a venue in two orders, no fill is counted twice; ever."""
        trade_of = {one.intent.id: one.intent.trade for one in self.rig.told(IntentApproved)}
        for name in (SEOUL, SWAP):
            sent = Counter(order.client_order_id for order in self.field.venue(name).sent)
            assert not [one for one, times in sent.items() if times > 1]
            resting = [order.request.client_order_id for order in self.field.venue(name).desk.resting()]
            working = Counter(trade_of[order.split("-")[2]] for order in resting)
            assert self._several or not [trade for trade, orders in working.items() if orders > 1]
        counted = Counter(
            (one.instrument, one.fill_id) for one in self.rig.told(TradeExecuted) if one.origin is OrderOrigin.OURS
        )
        assert not [one for one, times in counted.items() if times > 1]

    def end(self) -> None:
        """Faults end: the session comes to rest hedged, exits pass while entries are stopped, and all books agree."""
        for name in (SEOUL, SWAP):
            self.field.venue(name).plan.clear()
        self.rig.deaths.clear()
        self.move(CALM, 8 * SECOND)
        for _ in range(2):  # what a lost word hides comes out where venues are asked for everything, twice in a row
            self.rig.command(RunReconcile())
            self.rig.wait(3 * SECOND)
        self._rest()
        self.rig.command(StopEntry())
        self.leave("1", [], 2 * SECOND)
        self._rest()
        assert self.trades() == [], "an exit was blocked"
        assert not self.rig.told(TradeFrozen)
        self.check()
        found = violations(self.field)
        assert not found, found

    def _rest(self) -> None:
        assert self.rig.wait_until(lambda: quiet(self.field), _LIMIT_NS), "it does not come to rest"
        dust = DUST * (1 + len(self.rig.told(TradeOpened)))
        assert abs(self.rig.net()) <= dust, f"{self.rig.net()} coins are not hedged"

    def _aim(self, aimed: list[Aim]) -> None:
        for venue, trouble in aimed:
            # A leg held the wrong way round, since its venue told a false end, can't be mended where no order may add.
            self._lied |= trouble.fault in LIES
            if (trouble.fault is Fault.MARGIN_CALL and self._lied) or (trouble.fault in LIES and self._called):
                continue
            self._called |= trouble.fault is Fault.MARGIN_CALL
            exchange = self.field.venue(venue)
            aim = replace(trouble, nth=exchange.made(trouble.at) + trouble.nth)
            if aim.fault is not Fault.RESTART:
                exchange.plan.append(aim)
            elif self._kept:
                self.rig.deaths.append((venue, aim))
            self._several |= trouble.fault in LIES

    def _decide(self, nanoseconds: int) -> None:
        """Let the strategy be asked, and some time pass after that."""
        self.rig.wait_for_quotes()
        self.rig.wait(nanoseconds)


def play(style: LegOrder, seed: int, steps: int = 8) -> None:
    """Play a sequence that a seed decides, from its start to its end.

    Raises:
        AssertionError: Something is not as it must be; its notes name the seed and every step.
    """
    random, done = Random(seed), list[str]()
    policy, sums = random.choice(CHOICES)
    session = Interleaving(style, policy, sums=sums, seed=seed)
    try:
        for _ in range(random.randint(1, steps)):
            done.append(_step(session, random))
            session.check()
        session.end()
    except AssertionError as error:
        error.add_note(f"{style}, seed {seed}, policy {policy}, sums {sums}: " + "; ".join(done))
        raise


def _step(session: Interleaving, random: Random) -> str:
    """Let one thing happen; return what."""
    aimed = [random.choice(AIMS[random.choice(FAULTS)]) for _ in range(random.choice((0, 1, 1, 2, 3)))]
    told = [(venue, trouble.fault, trouble.at, trouble.nth, trouble.lasts_ns) for venue, trouble in aimed]
    wait, kind = random.choice(WAITS), random.randrange(10)
    trades = session.trades()
    if kind < 4 and len(trades) < 3:
        notional = random.choice(NOTIONALS)
        session.enter(notional, aimed, wait)
        return f"enter {notional} {told} {wait}"
    if kind < 7 and trades:
        share = random.choice(SHARES)
        session.leave(share, aimed, wait)
        return f"leave {share} {told} {wait}"
    if kind == 7 and trades:
        session.close(aimed)
        return f"close {told}"
    if kind == 8:
        stop = random.random() < 0.5
        session.stop(wait, stop=stop)
        return f"stop {stop} {wait}"
    if kind == 9:
        venue, fault = random.choice((SEOUL, SWAP)), random.choice(SPOILING)
        session.spoil(venue, fault)
        return f"spoil {venue} {fault}"
    touches = random.choice(TOUCHES)
    session.move(touches, wait)
    return f"move {touches} {wait}"
