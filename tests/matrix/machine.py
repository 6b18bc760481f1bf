"""Random interleavings as a state machine: what fails is cut down to the fewest steps."""

from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from arbcore.engine.execution_settings import LegOrder
from arbcore.testing.faulty.plan import Fault
from arbcore.testing.faulty.rig import Touch
from tests.matrix.aims import AIMS, FAULTS, SPOILING, Aim
from tests.matrix.field import SEOUL, SWAP
from tests.matrix.interleaving import CHOICES, NOTIONALS, SHARES, TOUCHES, WAITS, Interleaving

_aimed: Final = st.lists(st.sampled_from(FAULTS).flatmap(lambda fault: st.sampled_from(AIMS[fault])), max_size=3)
_waits: Final = st.sampled_from(WAITS)


class Machine(RuleBasedStateMachine):
    """A session, and everything that can happen to it.

    Attributes:
        session: The session.
    """

    @initialize(style=st.sampled_from(LegOrder), chosen=st.sampled_from(CHOICES), seed=st.integers(0, 2**16))
    def begin(self, style: LegOrder, chosen: tuple[str, bool], seed: int) -> None:
        """Start it."""
        self.session = Interleaving(style, chosen[0], sums=chosen[1], seed=seed)

    @precondition(lambda self: len(self.session.trades()) < 3)
    @rule(notional=st.sampled_from(NOTIONALS), aimed=_aimed, nanoseconds=_waits)
    def enter(self, notional: str, aimed: list[Aim], nanoseconds: int) -> None:
        """The strategy enters."""
        self.session.enter(notional, aimed, nanoseconds)

    @precondition(lambda self: self.session.trades())
    @rule(share=st.sampled_from(SHARES), aimed=_aimed, nanoseconds=_waits)
    def leave(self, share: str, aimed: list[Aim], nanoseconds: int) -> None:
        """The strategy leaves."""
        self.session.leave(share, aimed, nanoseconds)

    @precondition(lambda self: self.session.trades())
    @rule(aimed=_aimed)
    def close(self, aimed: list[Aim]) -> None:
        """An operator closes a trade."""
        self.session.close(aimed)

    @rule(stop=st.booleans(), nanoseconds=_waits)
    def stop(self, *, stop: bool, nanoseconds: int) -> None:
        """An operator stops entries, or lets them in again."""
        self.session.stop(nanoseconds, stop=stop)

    @rule(touches=st.sampled_from(TOUCHES), nanoseconds=_waits)
    def move(self, touches: tuple[Touch, Touch], nanoseconds: int) -> None:
        """The market moves."""
        self.session.move(touches, nanoseconds)

    @rule(venue=st.sampled_from((SEOUL, SWAP)), fault=st.sampled_from(SPOILING))
    def spoil(self, venue: str, fault: Fault) -> None:
        """Something of a venue is out of order for a while."""
        self.session.spoil(venue, fault)

    @invariant()
    def nothing_is_doubled(self) -> None:
        """At any time."""
        self.session.check()

    def teardown(self) -> None:
        """At the end."""
        if hasattr(self, "session"):
            self.session.end()
