"""The doctor on the simulator: a healthy account of Upbit, and faults that are seeded one by one."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from arbcore.doctor import DoctorWish
from arbcore_exchange_simulator import Simulator
from arbcore_exchange_simulator.faults.fault import Fault
from arbcore_exchange_simulator.trading.given import AccountSettings, Control, KeySettings
from tests.doctor import project
from tests.doctor.project import one, rows, troubles

pytestmark = pytest.mark.anyio

ONLY = DoctorWish(exchanges=("upbit",), patience_s=10.0, data_s=10.0)
SECRET = SecretStr("another-secret-0123456789abcdef01234567")
DAY = 86_400 * 10**9


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with project.simulator() as running:
        yield running


@pytest.fixture
def files(tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, ...]:
    for name, value in project.KEYS.items():
        monkeypatch.setenv(name, value)
    return project.make(tmp_path / "project", simulator.address)


def other_key(simulator: Simulator, monkeypatch: pytest.MonkeyPatch, **more: object) -> None:
    """Open a further account and use its key."""
    key = KeySettings.model_validate({"key": "other-key", "secret": SECRET, **more})
    account = AccountSettings(name="other", venue="upbit", keys=(key,), balances={"KRW": Decimal(10**9)})
    simulator.control(Control(add=(account,)))
    monkeypatch.setenv("UPBIT_ACCESS_KEY", "other-key")
    monkeypatch.setenv("UPBIT_SECRET_KEY", SECRET.get_secret_value())


async def test_nothing_is_wrong_with_a_healthy_account(files: tuple[Path, ...]) -> None:
    found = await rows(files, wish=ONLY)
    assert troubles(found) == {}
    assert [row.check for row in found if row.of == "upbit"] == [
        "public access",
        "market data",
        "key",
        "clock",
        "permissions",
        "withdrawing",
        "expiry",
        "addresses",
        "fees KRW-BTC",
        "balances",
        "wallet BTC",
        "open orders",
        "size KRW-BTC",
    ]


async def test_nothing_is_changed_on_the_account(files: tuple[Path, ...], simulator: Simulator) -> None:
    async with httpx.AsyncClient() as web:
        before = (await web.get(f"{simulator.address}/control/accounts")).json()
        await rows(files, wish=ONLY)
        assert (await web.get(f"{simulator.address}/control/accounts")).json() == before


async def test_a_missing_key_is_told_and_keeps_the_public_side_going(
    files: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UPBIT_ACCESS_KEY")
    found = await rows(files, wish=ONLY)
    assert troubles(found) == {("upbit", "key"): "warn", ("upbit", "account"): "warn"}
    assert one(found, "upbit", "key").seen == "not to be had: api_key (env UPBIT_ACCESS_KEY)"
    assert one(found, "upbit", "key").fix == "set it where the config says, or name another place"
    assert "permissions, withdrawing" in one(found, "upbit", "account").seen
    assert one(found, "upbit", "market data").status == "ok"


async def test_a_wrong_secret_fails_and_never_shows(files: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPBIT_SECRET_KEY", "wrong-secret-0123456789abcdef0123456789")
    found = await rows(files, wish=ONLY)
    assert troubles(found) == {("upbit", "key"): "fail", ("upbit", "account"): "fail"}
    assert one(found, "upbit", "key").fix
    assert "wrong-secret" not in str(found)
    assert "sim-upbit-key" not in str(found)


async def test_an_expired_key_fails(
    files: tuple[Path, ...], simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_key(simulator, monkeypatch, expires_in=1_000_000)
    found = await rows(files, wish=ONLY)
    assert troubles(found) == {("upbit", "key"): "fail", ("upbit", "account"): "fail"}
    assert "expired" in one(found, "upbit", "key").seen


async def test_a_key_that_ends_soon_is_warned_of(
    files: tuple[Path, ...], simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_key(simulator, monkeypatch, expires_in=10 * DAY)
    found = await rows(files, wish=ONLY)
    assert one(found, "upbit", "expiry").status == "warn"
    assert "9 days" in one(found, "upbit", "expiry").seen


async def test_a_refused_address_is_told_in_words(files: tuple[Path, ...], simulator: Simulator) -> None:
    simulator.add_fault(Fault(kind="ip_refused", venue="upbit"))
    found = await rows(files, wish=ONLY)
    assert one(found, "upbit", "key").status == "fail"
    assert "address" in (row := one(found, "upbit", "key")).seen + row.fix


@pytest.mark.parametrize(("seconds", "status"), [(0, "ok"), (4, "fail")])
async def test_a_skewed_clock(files: tuple[Path, ...], simulator: Simulator, seconds: int, status: str) -> None:
    """The venue tells whole seconds only, so that what lies between is not certain."""
    simulator.add_fault(Fault(kind="clock_skew", venue="upbit", amount=seconds * 10**9))
    assert one(await rows(files, wish=ONLY), "upbit", "clock").status == status


async def test_a_paused_wallet_is_warned_of(files: tuple[Path, ...], simulator: Simulator) -> None:
    simulator.control(Control(wallets={"BTC": "paused"}))
    found = await rows(files, wish=ONLY)
    assert troubles(found) == {("upbit", "wallet BTC"): "warn"}
    assert one(found, "upbit", "wallet BTC").seen.startswith("deposits closed; withdrawals closed")


@pytest.mark.parametrize(("stated", "status"), [("unknown", "warn"), ("none", "ok"), ("allowed", "fail")])
async def test_what_is_stated_of_withdrawing_counts_where_the_venue_does_not_tell(
    files: tuple[Path, ...], stated: str, status: str
) -> None:
    found = await rows(files, f"keys.withdraw={stated}", wish=ONLY)
    assert one(found, "upbit", "withdrawing").status == status


async def test_a_size_below_the_minimum_fails_on_both_legs_that_it_is_too_small_for(files: tuple[Path, ...]) -> None:
    found = await rows(files, "strategies.premium.notional=50")
    assert one(found, "binance", "size BTCUSDT").status == "fail"
    assert one(found, "binance", "size BTCUSDT").fix.startswith("raise strategies.premium.notional")
    found = await rows(files, "strategies.premium.notional=3")
    assert {one(found, *leg).status for leg in (("binance", "size BTCUSDT"), ("upbit", "size KRW-BTC"))} == {"fail"}


async def test_more_allotted_than_there_is(files: tuple[Path, ...]) -> None:
    much = ("exchanges.upbit.allot={KRW: 9000000000000}", "paper.balances.upbit={KRW: 9000000000000}")
    found = await rows(files, *much, wish=ONLY)
    assert troubles(found) == {("upbit", "balances"): "warn"}


async def test_a_fee_above_the_configured_one_is_warned_of(files: tuple[Path, ...]) -> None:
    found = await rows(files, "exchanges.upbit.fee=0.0001", wish=ONLY)
    assert troubles(found) == {("upbit", "fees KRW-BTC"): "warn"}


async def test_an_unreachable_host_is_one_failure_and_the_other_exchange_goes_on(files: tuple[Path, ...]) -> None:
    found = await rows(files, "exchanges.binance.rest=http://127.0.0.1:9")
    assert one(found, "binance", "public access").status == "fail"
    assert one(found, "binance", "public access").fix == "start `arb simulator` in another terminal"
    assert one(found, "session", "routes").status == "fail"
    assert one(found, "upbit", "key").status == "ok"


async def test_a_stream_that_does_not_open(files: tuple[Path, ...]) -> None:
    blocked = "exchanges.upbit.public_stream=ws://127.0.0.1:9"
    found = await rows(files, blocked, wish=DoctorWish(exchanges=("upbit",), patience_s=5.0, data_s=2.0))
    assert one(found, "upbit", "market data").status == "fail"
    assert "can't connect" in one(found, "upbit", "market data").seen


async def test_data_that_never_comes(files: tuple[Path, ...], simulator: Simulator) -> None:
    """Listings are asked before the fault, so that nothing but the data is missing."""
    simulator.add_fault(Fault(kind="drop", venue="upbit", stream="orderbook"))
    simulator.add_fault(Fault(kind="freeze", venue="upbit"))
    blocked = ("exchanges.upbit.network.poll_interval=1h", "rates.usdt_krw.network.poll_interval=1h")
    found = await rows(files, *blocked, wish=DoctorWish(exchanges=("upbit",), patience_s=5.0, data_s=1.0))
    assert one(found, "upbit", "market data").status == "fail"
    assert one(found, "session", "rate usdt_krw").status == "fail"
    assert one(found, "upbit", "size KRW-BTC").status == "warn"


async def test_an_order_of_another_client_is_told(files: tuple[Path, ...]) -> None:
    await project.order(files, "upbit", "somebody-1")
    found = await rows(files, wish=ONLY)
    assert troubles(found) == {("upbit", "open orders"): "warn"}
    assert "of other clients: 1: buy upbit:KRW-BTC (somebody-1)" in one(found, "upbit", "open orders").seen


async def test_an_order_that_a_session_left_is_told_as_ours(files: tuple[Path, ...]) -> None:
    await project.order(files, "upbit", "ae-0-1")
    assert one(await rows(files, wish=ONLY), "upbit", "open orders").seen.startswith("of an arbcore session: 1: buy")
