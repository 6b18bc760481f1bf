"""The conformance suite of treasuries: wallets and movements as they are told, and money that moves only when let."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import pytest

from arbcore.errors import ExchangeError, OutcomeUnknown, SafetyError
from arbcore.model.treasury import Movement, MovementState, TransferRequest, WithdrawalRequest
from arbcore.ports.treasury import Treasury
from arbcore.ports.venue import Capabilities
from arbcore.testing._suite import Suite
from arbcore.testing._trading_news import shown_secret
from arbcore.testing.trading_bench import Faults

__all__ = ["Moves", "OpenTreasury", "TreasurySuite"]

OpenTreasury = Callable[[bool], Treasury]
"""Makes a treasury, not entered, given whether its setting ``move_money`` is on; all of them on one account."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moves:
    """Movements that the account could make, had it the switch. What is None skips the tests that need it.

    Attributes:
        withdrawal: A withdrawal that the venue would take.
        transfer: A transfer between two wallets that the venue would take.
        count: How many movements the venue itself knows, asked past the plugin.
    """

    withdrawal: WithdrawalRequest | None = None
    transfer: TransferRequest | None = None
    count: Callable[[], Awaitable[int]] | None = None


class TreasurySuite(Suite):
    """Standard tests of `arbcore.ports.treasury.Treasury`.

    They find what loses coins: money that moves although it was switched off, a withdrawal sent twice, a wallet told
    as open that is not.

    Fixtures that the author gives:
        open_treasury: Makes a treasury, given whether money may move.
        capabilities: The plugin's capabilities with the same settings.

    Fixtures that may stay; without them the tests that need them are skipped, by name:
        moves: Movements to try.
        faults: Faults that can be put in; ``lose_reply`` is used.
        secrets: Texts that nothing may ever show.
    """

    @pytest.fixture
    def open_treasury(self) -> OpenTreasury:
        """How to make the treasury, not entered."""
        raise AssertionError("give the fixture `open_treasury`: a function of whether money may move")

    @pytest.fixture
    def capabilities(self) -> Capabilities:
        """The plugin's capabilities with the same settings."""
        raise AssertionError("give the fixture `capabilities`: the plugin's record")

    @pytest.fixture
    def moves(self) -> Moves:
        """Nothing to move."""
        return Moves()

    @pytest.fixture
    def faults(self) -> Faults:
        """No faults can be put in."""
        return Faults()

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        """Texts that nothing may ever show."""
        return ()

    @pytest.mark.anyio
    async def test_is_a_treasury(
        self, open_treasury: OpenTreasury, capabilities: Capabilities, secrets: Sequence[str]
    ) -> None:
        """It has every method of the port, is declared, does no I/O when it is built, and shows no secret."""
        treasury = open_treasury(False)
        assert isinstance(treasury, Treasury)
        assert capabilities.treasury
        assert not shown_secret(f"{treasury!r} {treasury!s}", tuple(secrets)), "the treasury's repr shows a secret"

    @pytest.mark.anyio
    async def test_wallets_are_sound(self, open_treasury: OpenTreasury) -> None:
        """Each coin on each network once, limits positive; asked for one coin it tells that one alone."""
        async with open_treasury(False) as treasury:
            told = await treasury.wallets()
            assert told, "an account to test with has wallets"
            names = [(one.currency, one.network) for one in told]
            assert len(names) == len(set(names))
            for one in told:
                assert one.currency
                assert all(amount is None or amount >= 0 for amount in (one.fee, one.minimum, one.step))
            coin = told[0].currency
            assert {one.currency for one in await treasury.wallets(coin)} == {coin}

    @pytest.mark.parametrize("what", ["deposits", "withdrawals", "transfers"])
    @pytest.mark.anyio
    async def test_movements_are_told_in_order(self, open_treasury: OpenTreasury, what: str) -> None:
        """The oldest first, each once, amounts positive, and none from before the time that was asked for."""
        async with open_treasury(False) as treasury:
            ask: Callable[[int], Awaitable[Sequence[Movement]]] = getattr(treasury, what)
            told = await ask(0)
            times = [one.ts for one in told]
            assert times == sorted(times)
            assert len({one.movement_id for one in told}) == len(told)
            for one in told:
                assert one.movement_id
                assert one.currency
                assert one.amount > 0
                assert one.fee >= 0
                assert not one.done_ts or one.state is not MovementState.PENDING
            if told:
                assert all(one.ts >= times[-1] for one in await ask(times[-1]))

    @pytest.mark.parametrize("what", ["withdraw", "transfer"])
    @pytest.mark.anyio
    async def test_nothing_moves_while_it_is_switched_off(
        self, open_treasury: OpenTreasury, moves: Moves, what: str
    ) -> None:
        """It is refused as unsafe before anything is sent, whatever the venue would do."""
        request = _asked(moves, what)
        before = await moves.count() if moves.count is not None else 0
        async with open_treasury(False) as treasury:
            with pytest.raises(SafetyError) as caught:
                await getattr(treasury, what)(request)
        assert "move_money" in str(caught.value), "the error names the switch"
        if moves.count is not None:
            assert await moves.count() == before

    @pytest.mark.parametrize("what", ["withdraw", "transfer"])
    @pytest.mark.anyio
    async def test_money_moves_once(self, open_treasury: OpenTreasury, moves: Moves, what: str) -> None:
        """Switched on, a movement is made once, under our id, and listed afterwards."""
        request = _asked(moves, what)
        before = await moves.count() if moves.count is not None else 0
        async with open_treasury(True) as treasury:
            made = await getattr(treasury, what)(request)
            assert isinstance(made, Movement)
            assert (made.currency, made.amount) == (request.currency, request.amount)
            listed = await (treasury.withdrawals(0) if what == "withdraw" else treasury.transfers(0))
            assert sum(one.movement_id == made.movement_id for one in listed) == 1
        if moves.count is not None:
            assert await moves.count() == before + 1

    @pytest.mark.parametrize("what", ["withdraw", "transfer"])
    @pytest.mark.anyio
    async def test_a_lost_answer_is_unknown_and_never_repeated(
        self, open_treasury: OpenTreasury, moves: Moves, faults: Faults, secrets: Sequence[str], what: str
    ) -> None:
        """The money may have moved: the caller is told so, and nothing is sent again."""
        request = _asked(moves, what)
        if faults.lose_reply is None or moves.count is None:
            pytest.skip("the author gave no `faults.lose_reply` or no `moves.count`")
        before = await moves.count()
        async with open_treasury(True) as treasury:
            await faults.lose_reply("withdraw" if what == "withdraw" else "transfer")
            with pytest.raises(ExchangeError) as caught:
                await getattr(treasury, what)(request)
            assert isinstance(caught.value, OutcomeUnknown), f"{caught.value!r}: nothing settles what became of it"
            assert not shown_secret(f"{caught.value!s} {caught.value!r}", tuple(secrets)), "an error shows a secret"
            await treasury.wallets()
        assert await moves.count() == before + 1


def _asked(moves: Moves, what: str) -> WithdrawalRequest | TransferRequest:
    request = moves.withdrawal if what == "withdraw" else moves.transfer
    if request is None:
        pytest.skip(f"the author gave no `moves.{'withdrawal' if what == 'withdraw' else 'transfer'}`")
    return request
