"""The treasury of an account, against the simulator over real sockets, and its answers by themselves."""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any

import pytest

from arbcore.errors import ConfigurationError, ExchangeError, ExchangeRefused, OutcomeUnknown, SafetyError
from arbcore.model.treasury import MovementState, TransferRequest, WithdrawalRequest
from arbcore.ports.treasury import Treasury
from arbcore.ports.venue import Capabilities
from arbcore.testing.trading import Faults, Operation
from arbcore.testing.treasury import Moves, OpenTreasury, TreasurySuite
from arbcore_exchange_binance import plugin
from arbcore_exchange_binance.protocol import sapi_replies, sapi_requests
from arbcore_exchange_binance.protocol.limits import SAPI_IP, SAPI_UID
from arbcore_exchange_simulator import Simulator
from arbcore_exchange_simulator.binance.desk import Call, Endpoint, Silence
from arbcore_exchange_simulator.trading.given import Control
from plugins.exchanges.binance.tests.samples import START, S, reply
from plugins.exchanges.binance.tests.spot_bench import API_KEY, SECRET, context_of, settings_of, simulating

DAY = 86_400 * S
TO_FUTURES = TransferRequest(
    transfer_id="t-1", source="MAIN", target="UMFUTURE", currency="USDT", amount=Decimal("12.50")
)
AWAY = WithdrawalRequest(
    withdraw_id="w-1", currency="XRP", network="XRP", amount=Decimal(25), address="rSomewhere12345", tag="7"
)

COIN: dict[str, Any] = {
    "coin": "BTC", "depositAllEnable": True, "withdrawAllEnable": False, "free": "1", "name": "Bitcoin",
    "networkList": [
        {"network": "BTC", "coin": "BTC", "withdrawIntegerMultiple": "0.00000001", "isDefault": True,
         "depositEnable": True, "withdrawEnable": False, "depositDesc": "", "withdrawDesc": "Wallet Maintenance",
         "withdrawFee": "0.00003", "withdrawMin": "0.0001", "minConfirm": 1},
        {"network": "LIGHTNING", "withdrawIntegerMultiple": "0", "depositEnable": False, "withdrawEnable": True,
         "depositDesc": None, "withdrawFee": "0.000001"},
    ],
}  # fmt: skip
DEPOSIT: dict[str, Any] = {
    "id": "769800519366885376", "amount": "0.12345678901234567890", "coin": "BNB", "network": "BNB", "status": 1,
    "address": "bnb1", "addressTag": "101", "txId": "98A3EA", "insertTime": 1661493146000, "transferType": 0,
    "confirmTimes": "1/1", "completeTime": 1661493166000, "walletType": 0,
}  # fmt: skip
WITHDRAWAL: dict[str, Any] = {
    "id": "b6ae22b3aa844210a7041aee7589627c", "amount": "8.91000000", "transactionFee": "0.004", "coin": "USDT",
    "status": 6, "address": "0x94df", "txId": "0xb5ef", "applyTime": "2019-10-12 11:12:02", "network": "ETH",
    "transferType": 0, "withdrawOrderId": "WITHDRAWtest123", "info": "", "confirmNo": 3, "walletType": 1,
    "completeTime": "2019-10-12 11:14:02",
}  # fmt: skip
TRANSFER: dict[str, Any] = {
    "asset": "USDT", "amount": "1.5", "type": "MAIN_UMFUTURE", "status": "CONFIRMED", "tranId": 11415955596,
    "timestamp": 1544433328000,
}  # fmt: skip


@pytest.fixture
async def simulator(anyio_backend: Any) -> AsyncIterator[Simulator]:
    """A simulator whose key may move money, with coins that arrived."""
    balances = {"spot": {"USDT": "5000", "XRP": "1000"}, "usdm": {"USDT": "1000"}}
    key = {"key": API_KEY, "secret": SECRET}
    accounts = [
        {"name": name, "venue": name, "owner": "binance", "keys": [key], "balances": owned}
        for name, owned in balances.items()
    ]
    async with simulating(accounts=accounts) as opened:
        opened.control(Control.model_validate({"deposit": [{"account": "spot", "currency": "XRP", "amount": "7"}]}))
        yield opened


@pytest.fixture
def on_simulator(simulator: Simulator) -> OpenTreasury:
    """The treasury of the simulator's account, seen from either product."""

    def opened(move_money: bool, product: str = "usdm") -> Treasury:
        settings = settings_of(simulator, move_money=move_money, product=product)
        return plugin.open_treasury(settings, context_of())

    return opened


class TestTreasury(TreasurySuite):
    @pytest.fixture
    def capabilities(self, simulator: Simulator) -> Capabilities:
        return plugin.capabilities(settings_of(simulator))

    @pytest.fixture
    def moves(self, simulator: Simulator) -> Moves:
        async def count() -> int:
            moved = simulator.venues.spot.wallet._moved.get("binance")
            return len(moved.transfers) + len(moved.withdrawals) if moved is not None else 0

        return Moves(withdrawal=AWAY, transfer=TO_FUTURES, count=count)

    @pytest.fixture
    def open_treasury(self, on_simulator: OpenTreasury) -> OpenTreasury:
        return on_simulator

    @pytest.fixture
    def faults(self, simulator: Simulator) -> Faults:
        desk = simulator.venues.spot.desk
        run, lost = desk.run, list[Operation]()
        wallet = simulator.venues.spot.wallet
        calls: dict[Operation, Any] = {"transfer": wallet.transfer, "withdraw": wallet.withdraw}

        def hooked(endpoint: Endpoint, call: Call) -> Any:
            content = run(endpoint, call)
            if lost and endpoint.reply == calls[lost[0]]:
                raise Silence
            return content

        async def lose_reply(operation: Operation) -> None:
            lost.append(operation)

        desk.run = hooked  # type: ignore[method-assign]  # a tap on the venue's side of the wire
        return Faults(lose_reply=lose_reply)

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return (SECRET, "signature=")


del TreasurySuite


@pytest.mark.anyio
async def test_a_transfer_arrives_in_the_other_wallet(on_simulator: OpenTreasury, simulator: Simulator) -> None:
    async with on_simulator(True) as treasury:
        made = await treasury.transfer(TO_FUTURES)
        assert made.state is MovementState.PENDING
        (told,) = await treasury.transfers(made.ts - DAY)
        assert (told.movement_id, told.amount, told.state) == (made.movement_id, Decimal("12.5"), MovementState.DONE)
        assert (told.source, told.target) == ("MAIN", "UMFUTURE")
        assert list(await treasury.transfers(told.ts + S)) == []
    cash = simulator.venues.accounts.known("usdm").cash["USDT"]
    assert cash.total == Decimal("1012.5")


@pytest.mark.anyio
async def test_a_withdrawal_keeps_our_id(on_simulator: OpenTreasury) -> None:
    async with on_simulator(True) as treasury:
        made = await treasury.withdraw(AWAY)
        (told,) = await treasury.withdrawals(made.ts - DAY)
        assert (told.movement_id, told.client_id) == (made.movement_id, "w-1")
        assert told.amount + told.fee == AWAY.amount
        assert told.state is MovementState.PENDING
        with pytest.raises(ExchangeRefused):
            await treasury.withdraw(AWAY)


@pytest.mark.anyio
async def test_a_deposit_is_told(on_simulator: OpenTreasury) -> None:
    async with on_simulator(False) as treasury:
        (told,) = await treasury.deposits(0)
        assert (told.currency, told.amount, told.state) == ("XRP", Decimal(7), MovementState.DONE)
        assert told.done_ts >= told.ts > 0


@pytest.mark.anyio
async def test_nothing_moves_while_it_is_off(on_simulator: OpenTreasury) -> None:
    async with on_simulator(False) as treasury:
        for call in (treasury.transfer(TO_FUTURES), treasury.withdraw(AWAY)):
            with pytest.raises(SafetyError, match="move_money: true"):
                await call
        assert list(await treasury.transfers(0)) == []


def test_the_testnet_has_no_wallets(simulator: Simulator) -> None:
    with pytest.raises(ConfigurationError, match="testnet has no wallets"):
        plugin.open_treasury(settings_of(simulator), context_of("testnet"))


def test_requests_that_move_money() -> None:
    request = sapi_requests.withdraw(AWAY)
    assert request.query.split("&") == [
        "coin=XRP", "network=XRP", "address=rSomewhere12345", "addressTag=7", "amount=25", "withdrawOrderId=w-1",
        "walletType=0",
    ]  # fmt: skip
    assert (
        "addressTag"
        not in sapi_requests.withdraw(
            WithdrawalRequest(withdraw_id="w", currency="BTC", network="BTC", amount=Decimal(1), address="a")
        ).query
    )
    for one in (request, sapi_requests.transfer(TO_FUTURES)):
        assert (one.method, one.counter) == ("POST", SAPI_UID)
        assert one.signed
        assert one.shielded
        assert not one.repeatable
    assert sapi_requests.wallet_config().counter == SAPI_IP


def test_wallets() -> None:
    btc, lightning = sapi_replies.read_wallets(reply([COIN, {"coin": "ETH", "networkList": []}]), "BTC")
    assert (btc.deposits, btc.withdrawals, btc.detail) == (True, False, "Wallet Maintenance")
    assert (btc.fee, btc.minimum, btc.step) == (Decimal("0.00003"), Decimal("0.0001"), Decimal("1e-8"))
    assert (lightning.deposits, lightning.withdrawals, lightning.step) == (False, True, None)


def test_a_deposit_keeps_every_digit() -> None:
    (told,) = sapi_replies.read_deposits(reply([DEPOSIT]))
    assert told.amount == Decimal("0.12345678901234567890")
    assert (told.ts, told.done_ts) == (1661493146 * S, 1661493166 * S)


@pytest.mark.parametrize(
    ("status", "state"),
    [(0, "pending"), (1, "done"), (2, "failed"), (6, "done"), (7, "failed"), (8, "held"), (99, "pending")],
)
def test_states_of_deposits(status: int, state: str) -> None:
    (told,) = sapi_replies.read_deposits(reply([{**DEPOSIT, "status": status}]))
    assert told.state == state
    assert bool(told.done_ts) == (state == "done")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (0, "held"),
        (1, "failed"),
        (2, "held"),
        (3, "failed"),
        (4, "pending"),
        (5, "failed"),
        (6, "done"),
        (9, "pending"),
    ],
)
def test_states_of_withdrawals(status: int, state: str) -> None:
    (told,) = sapi_replies.read_withdrawals(reply([{**WITHDRAWAL, "status": status}]))
    assert told.state == state
    assert told.ts == 1570878722 * S
    assert told.done_ts == (1570878842 * S if state == "done" else 0)
    assert (told.client_id, told.fee) == ("WITHDRAWtest123", Decimal("0.004"))


def test_a_transfer() -> None:
    (told,) = sapi_replies.read_transfers(reply({"total": 1, "rows": [TRANSFER]}))
    assert (told.movement_id, told.source, told.target) == ("11415955596", "MAIN", "UMFUTURE")
    assert list(sapi_replies.read_transfers(reply({"total": 0}))) == []


def test_a_time_that_is_none() -> None:
    with pytest.raises(ExchangeError, match="is no time"):
        sapi_replies.read_withdrawals(reply([{**WITHDRAWAL, "applyTime": "yesterday"}]))


@pytest.mark.anyio
async def test_an_unreadable_answer_leaves_it_unknown(
    on_simulator: OpenTreasury, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with on_simulator(True) as treasury:

        async def ask(*_: object) -> Any:
            return reply(b"{]", now=START)

        monkeypatch.setattr(treasury._access, "ask", ask)  # type: ignore[attr-defined]  # what it goes through
        for call in (treasury.transfer(TO_FUTURES), treasury.withdraw(AWAY)):
            with pytest.raises(OutcomeUnknown):
                await call
