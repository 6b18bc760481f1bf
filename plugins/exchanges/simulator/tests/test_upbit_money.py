"""Upbit's money in memory: withdrawals, transfers between pockets, deposits."""

from decimal import Decimal

import pytest

from arbcore_exchange_simulator.memory import UpbitTrader, make_venues
from arbcore_exchange_simulator.settings import SECOND
from arbcore_exchange_simulator.venues import Venues


def cash(trader: UpbitTrader, currency: str) -> tuple[str, str]:
    (row,) = [one for one in trader.get("accounts")[1] if one["currency"] == currency]
    return row["balance"], row["locked"]


@pytest.fixture
def pockets() -> tuple[Venues, UpbitTrader, UpbitTrader]:
    """An owner's main pocket and a second one, and a registered address that pays into a third account."""
    address = {"currency": "XRP", "net_type": "XRP", "address": "rX", "secondary_address": "7", "pays": "far"}
    accounts = [
        {"name": "main", "venue": "upbit", "owner": "me", "keys": [{"key": "k1", "secret": "s1"}]}
        | {"balances": {"XRP": "100", "KRW": "50000"}, "options": {"addresses": [address]}},
        {"name": "sub", "venue": "upbit", "owner": "me", "keys": [{"key": "k2", "secret": "s2"}]},
        {"name": "far", "venue": "spot"},
    ]
    venues = make_venues(symbols=("XRP",), accounts=accounts)
    return venues, UpbitTrader(venues, "k1", "s1"), UpbitTrader(venues, "k2", "s2")


def test_a_withdrawal_takes_its_time_and_arrives(pockets: tuple[Venues, UpbitTrader, UpbitTrader]) -> None:
    venues, main, sub = pockets
    told = {"currency": "XRP", "net_type": "XRP", "amount": "40", "address": "rX", "secondary_address": "7"}
    assert main.get("withdraws/coin_addresses")[1][0]["withdraw_address"] == "rX"
    assert main.post("withdraws/coin", **{**told, "address": "rY"})[1]["error"]["name"] == (
        "withdraw_address_not_registered"
    )
    assert main.post("withdraws/coin", **{**told, "amount": "100"})[0] == 400
    assert sub.post("withdraws/coin", **told)[0] == 400
    status, row = main.post("withdraws/coin", **told)
    assert (status, row["state"], row["is_cancelable"]) == (200, "WAITING", True)
    assert cash(main, "XRP") == ("59.999", "40.001")
    venues.step(venues.world.now + 6 * SECOND)
    assert main.get("withdraw", uuid=row["uuid"])[1]["state"] == "PROCESSING"
    venues.step(venues.world.now + 6 * SECOND)
    assert [one["state"] for one in main.get("withdraws", currency="XRP", state="done")[1]] == ["DONE"]
    assert cash(main, "XRP") == ("59.999", "0")
    assert str(venues.accounts.known("far").of("XRP").free) == "40.00000000"
    _, row = main.post("withdraws/coin", **told)
    assert main.delete("withdraws/coin", uuid=row["uuid"])[1]["state"] == "CANCELLED"
    assert cash(main, "XRP") == ("59.999", "0")


def test_money_moves_between_pockets(pockets: tuple[Venues, UpbitTrader, UpbitTrader]) -> None:
    _, main, sub = pockets
    first, second = (one["uuid"] for one in main.get("pockets")[1])
    told = {"from": first, "to": second, "currency": "KRW", "amount": "20000", "identifier": "t-1"}
    assert main.post("pockets/universal_transfers", **told)[1]["state"] == "done"
    assert (cash(main, "KRW"), cash(sub, "KRW")) == (("30000", "0"), ("20000", "0"))
    assert main.post("pockets/universal_transfers", **told)[1]["error"]["name"] == "duplicated_identifier"
    assert sub.post("pockets/universal_transfers", **told)[0] == 403
    assert main.post("pockets/universal_transfers", **{**told, "to": "x"})[1]["error"]["name"] == "pocket_not_found"
    assert len(main.get("pockets/universal_transfers")[1]) == 1


def test_deposits_are_listed_and_told(pockets: tuple[Venues, UpbitTrader, UpbitTrader]) -> None:
    venues, main, _ = pockets
    stream = main.stream({"type": "myAsset"})
    row = venues.upbit.transfers.deposit(venues.accounts.known("main"), "XRP", Decimal(100))
    assert stream.take()[0]["assets"] == [{"currency": "XRP", "balance": 200, "locked": 0}]
    assert main.get("deposits")[1] == [row]
    assert main.get("deposit", uuid=row["uuid"])[1]["state"] == "ACCEPTED"
