"""The purse of balances: told when they change, and never from something older."""

from decimal import Decimal
from typing import Any

from arbcore_exchange_upbit.protocol.private.account_replies import read_accounts
from arbcore_exchange_upbit.protocol.private.frames import AssetFrame, read_frame
from arbcore_exchange_upbit.protocol.private.purse import Purse
from plugins.exchanges.upbit.tests.private_samples import account_row, asset_frame
from plugins.exchanges.upbit.tests.samples import raw, reply

S = 10**9
NOW = 1_795_143_846 * S
D = Decimal


def assets(**changes: Any) -> AssetFrame:
    found = read_frame(raw(asset_frame(**changes)))
    assert isinstance(found, AssetFrame)
    return found


def rows(*given: tuple[str, str, str]) -> Any:
    return read_accounts(reply([account_row(*one) for one in given]))


def held(update: Any) -> dict[str, tuple[Decimal, Decimal]] | None:
    return None if update is None else {one.currency: (one.total, one.locked) for one in update.balances}


def test_balances_are_told_when_they_change() -> None:
    purse = Purse("upbit")
    assert held(purse.on_reply(rows(("KRW", "10.5", "2"), ("BTC", "0", "0")), NOW, NOW)) == {"KRW": (D("12.5"), D(2))}
    assert purse.on_reply(rows(("KRW", "10.50", "2.0")), NOW + 1, NOW + 2) is None
    update = purse.on_frame(assets(assets=[{"currency": "KRW", "balance": 9.5, "locked": 3}]), S, NOW + 5)
    assert held(update) == {"KRW": (D("12.5"), D(3))}
    assert update is not None
    assert (update.venue, update.ts, update.recv_ts) == ("upbit", 1_795_143_845_421_000_000, NOW + 5)
    assert held(purse.on_reply(rows(("ETH", "1", "0")), NOW + 6, NOW + 7)) == {"ETH": (D(1), D(0)), "KRW": (D(0), D(0))}
    (balance,) = purse.snapshot(NOW).balances
    assert (balance.currency, balance.total, balance.free) == ("ETH", D(1), D(1))


def test_a_reply_that_was_asked_for_before_a_frame_came_is_older() -> None:
    purse = Purse("upbit")
    purse.on_frame(assets(), S, NOW + 10)
    assert purse.ask_at == NOW + 10 + S
    assert purse.on_reply(rows(("KRW", "5", "0")), NOW, NOW + 20) is None
    assert held(purse.on_reply(rows(("KRW", "5", "0")), NOW + 11, NOW + 20)) == {"KRW": (D(5), D(0))}


def test_a_late_frame_changes_nothing() -> None:
    purse = Purse("upbit")
    purse.on_frame(assets(asset_timestamp=200), S, NOW)
    assert (
        purse.on_frame(assets(asset_timestamp=100, assets=[{"currency": "KRW", "balance": 1, "locked": 0}]), S, NOW)
        is None
    )
