"""The treasury on the simulator, in process and over real sockets."""

from decimal import Decimal

import pytest

from arbcore.errors import ExchangeRefused, SafetyError
from arbcore.model.treasury import MovementState, TransferRequest, WithdrawalRequest
from arbcore.net import limits
from arbcore.net.offset import ClockOffset
from arbcore.ports.treasury import Treasury
from arbcore_exchange_simulator.trading.given import AccountSettings, Control, Deposit
from arbcore_exchange_upbit import plugin
from arbcore_exchange_upbit.access import open_private_rest, signer_of
from arbcore_exchange_upbit.addresses import addresses
from arbcore_exchange_upbit.treasury import UpbitTreasury
from plugins.exchanges.upbit.tests.live import KEY, context, ledger, settings, settings_at, simulating, structs_replace

pytestmark = pytest.mark.anyio


def withdrawal() -> WithdrawalRequest:
    return WithdrawalRequest(
        withdraw_id="w-1", currency="XRP", network="XRP", amount=Decimal("10.5"), address="rAddress", tag="7"
    )


async def test_the_treasury_reads_and_moves_nothing_unless_told() -> None:
    async with simulating() as simulator, plugin.open_treasury(settings(simulator), context()) as treasury:
        assert isinstance(treasury, Treasury)
        (xrp,) = await treasury.wallets("XRP")
        assert (xrp.deposits, xrp.withdrawals, xrp.network) == (True, True, "XRP")
        assert xrp.fee is not None
        assert xrp.step == Decimal("1e-8")
        assert {one.currency for one in await treasury.wallets()} >= {"XRP", "BTC"}
        assert (await treasury.deposits(0), await treasury.withdrawals(0), await treasury.transfers(0)) == ([], [], [])
        before = ledger(simulator)
        with pytest.raises(SafetyError, match="move_money"):
            await treasury.withdraw(withdrawal())
        with pytest.raises(SafetyError, match="move_money"):
            await treasury.transfer(
                TransferRequest(transfer_id="x", source="a", target="b", currency="KRW", amount=Decimal(1))
            )
        assert ledger(simulator) == before


async def test_money_moves_between_pockets_where_that_is_switched_on() -> None:
    pocket = AccountSettings(name="second", venue="upbit", owner="upbit")
    async with simulating() as simulator:
        simulator.control(Control(add=(pocket,)))
        async with plugin.open_treasury(settings(simulator, move_money=True), context()) as treasury:
            assert isinstance(treasury, UpbitTreasury)
            main, second = await treasury.pockets()
            asked = TransferRequest(
                transfer_id="x-1", source=main.uuid, target=second.uuid, currency="KRW", amount=Decimal("1000.5")
            )
            moved = await treasury.transfer(asked)
            assert (moved.client_id, moved.source, moved.target) == ("x-1", main.uuid, second.uuid)
            assert (moved.amount, moved.state) == (Decimal("1000.5"), MovementState.DONE)
            assert [one.movement_id for one in await treasury.transfers(0)] == [moved.movement_id]
        assert simulator.venues.accounts.known("second").cash["KRW"].free == Decimal("1000.5")


async def test_deposits_are_listed_the_oldest_first() -> None:
    async with simulating() as simulator, plugin.open_treasury(settings(simulator), context()) as treasury:
        for amount in ("1.5", "2.5"):
            simulator.control(Control(deposit=(Deposit(account="upbit", currency="XRP", amount=Decimal(amount)),)))
        found = await treasury.deposits(0)
        assert [(one.amount, one.target, one.source) for one in found] == [
            (Decimal("1.5"), "main", ""),
            (Decimal("2.5"), "main", ""),
        ]
        assert await treasury.deposits(found[-1].ts + 10**18) == []


def test_the_count_of_a_keys_requests_is_not_named_by_the_key() -> None:
    made = settings_at("http://127.0.0.1:1")
    open_private_rest(made, addresses(made, "simulator"), context(), signer_of(made, context()), ClockOffset())
    assert not [name for name in limits._shared if KEY in name]


async def test_the_treasury_withdraws_where_that_is_switched_on() -> None:
    address = {"currency": "XRP", "net_type": "XRP", "address": "rAddress", "secondary_address": "7"}
    async with simulating() as simulator:
        simulator.venues.accounts.known("upbit").extra["addresses"] = [address]
        made = settings(simulator, move_money=True)
        async with plugin.open_treasury(made, context()) as treasury:
            moved = await treasury.withdraw(withdrawal())
            assert (moved.client_id, moved.amount, moved.state) == ("w-1", Decimal("10.5"), MovementState.PENDING)
            (listed,) = await treasury.withdrawals(0)
            assert (listed.movement_id, listed.source, listed.target) == (moved.movement_id, "main", "")
            with pytest.raises(ExchangeRefused) as caught:
                await treasury.withdraw(structs_replace(withdrawal(), address="rOther"))
            assert caught.value.code == "withdraw_address_not_registered"
