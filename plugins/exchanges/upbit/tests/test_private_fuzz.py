"""Damaged private replies and frames, through the decoders, the desk and the user stream.

What comes out is a report, a fill, balances, a question, or an `ExchangeError`: never anything else.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from arbcore.errors import ExchangeError
from arbcore.model.account import AccountUpdate
from arbcore.model.input import AccountSnapshot
from arbcore.model.order import Fill, OrderReport
from arbcore.model.reason import Reason
from arbcore.model.treasury import Movement, WalletStatus
from arbcore.net.protocol import Fetch, Reconnect, Send
from arbcore.net.request import Reply
from arbcore_exchange_upbit.access import date_of
from arbcore_exchange_upbit.protocol.private import account_replies, money_replies, order_replies
from arbcore_exchange_upbit.protocol.private.desk import OrderDesk
from arbcore_exchange_upbit.protocol.private.frames import read_frame
from arbcore_exchange_upbit.protocol.private.purse import Purse
from arbcore_exchange_upbit.protocol.private.user_stream import UpbitUserStream
from plugins.exchanges.upbit.tests import private_samples as samples
from plugins.exchanges.upbit.tests.mutations import mutate
from plugins.exchanges.upbit.tests.samples import MS, NOW, S, raw, reply
from plugins.exchanges.upbit.tests.test_user_stream import DETAIL, Rest, watching, whole

FRAMES: dict[str, Any] = {
    "fill": samples.order_frame(),
    "wait": samples.order_frame(state="wait", trade_uuid=None, trade_fee=None, executed_volume=0),
    "end": samples.order_frame(state="cancel", trade_uuid=None, order_type="price", price=600_000, volume=None),
    "prevented": samples.order_frame(state="prevented", trade_uuid=None, prevented_volume=0.001),
    "assets": samples.asset_frame(),
    "error": {"error": {"name": "INVALID_AUTH", "message": "words"}},
    "status": {"status": "UP"},
}
KEY = {"access_key": "a-key", "expire_at": "2027-01-01T00:00:00+09:00"}
WITHDRAWABLE = {
    "currency": {"code": "XRP", "withdraw_fee": "0.4"},
    "withdraw_limit": {"minimum": "1", "fixed": 6, "can_withdraw": True},
}
REPLACED = {**samples.order_row(), "new_order_uuid": "u-2", "new_order_identifier": "ae-2"}
REPLIES: dict[str, tuple[Any, Callable[[Reply], Any]]] = {
    "order": (samples.order_row(**DETAIL), order_replies.read_order),
    "market buy": (samples.market_buy(), order_replies.read_order),
    "orders": ([samples.order_row(), samples.market_buy(trades=None)], order_replies.read_orders),
    "placed": (samples.order_row(), lambda one: order_replies.read_placed(one, "ae-1")),
    "cancelled": (samples.order_row(), lambda one: order_replies.read_cancelled(one, frozenset())),
    "batch": (samples.BATCH, order_replies.read_batch),
    "replaced": (REPLACED, order_replies.read_replacement),
    "chance": (samples.CHANCE, order_replies.read_chance),
    "accounts": ([samples.account_row(), samples.account_row("BTC", "0.5")], account_replies.read_accounts),
    "keys": ([KEY], account_replies.read_keys),
    "pockets": ([{"uuid": "p-1", "name": "main", "type": "main"}], account_replies.read_pockets),
    "wallets": ([samples.WALLET], lambda one: [row.status() for row in money_replies.read_wallets(one)]),
    "withdrawal chance": (WITHDRAWABLE, money_replies.read_withdrawal_chance),
    "movements": (
        [samples.WITHDRAWAL],
        lambda one: [row.movement(pocket="") for row in money_replies.read_movements(one)],
    ),
    "withdrawal": (samples.WITHDRAWAL, lambda one: money_replies.read_withdrawal(one).movement(pocket="main")),
    "transfers": ([samples.TRANSFER], lambda one: [row.movement() for row in money_replies.read_transfers(one)]),
    "transfer": (samples.TRANSFER, lambda one: money_replies.read_transfer(one).movement()),
    "refusal": ({"error": {"name": "order_not_found", "message": "no such order"}}, order_replies.read_orders),
}
STATUSES = (200, 200, 200, 200, 201, 400, 401, 404, 418, 429, 500)
CASES = 200_000 if os.environ.get("ARBCORE_COUNTS") == "full" else 5_000
EACH = CASES // (2 * len(FRAMES) + 2 * len(REPLIES))


def outcome(counts: Counter[str], attempt: Callable[..., Any], *args: Any) -> Any:
    """What an attempt returns; None after an `ExchangeError`. Any other exception fails the test."""
    try:
        found = attempt(*args)
    except ExchangeError as error:
        counts["refused"] += 1
        counts["longest"] = max(counts["longest"], len(error.what))
        counts["odd"] += getattr(error, "reason", "") not in {"", *Reason}
        return None
    counts["taken"] += 1
    return found


def check(items: Sequence[Any], now: int) -> None:
    for item in items:
        if isinstance(item, Fetch | Send | Reconnect):
            continue
        assert isinstance(item, OrderReport | Fill | AccountUpdate | AccountSnapshot)
        assert item.recv_ts == now
        assert 0 <= item.ts < 2**63
        if isinstance(item, OrderReport | Fill):
            assert item.instrument.startswith("upbit:")
            assert item.venue_order_id
        if isinstance(item, Fill):
            assert all(type(one) is Decimal and one.is_finite() for one in (item.quantity, item.price, item.fee))
            assert item.quantity > 0
            assert item.price > 0
            assert item.fee >= 0
        elif isinstance(item, OrderReport):
            assert item.filled.is_finite()
            assert item.filled >= 0
            assert item.reason in {"", *Reason}
        else:
            assert all(one.total.is_finite() and one.total >= (one.locked or 0) >= 0 for one in item.balances)


def check_counts(counts: Counter[str], *, taken: bool = True) -> None:
    """Both outcomes were met often, and no error carries a whole message of the venue into a log."""
    assert counts["refused"] > EACH // 20
    assert not taken or counts["taken"] > 0
    assert counts["longest"] < 1_000
    assert not counts["odd"]


@pytest.mark.parametrize("kind", FRAMES)
def test_decoder_of_frames(kind: str) -> None:
    random, counts = Random(f"private frames {kind}"), Counter[str]()
    for _ in range(EACH):
        outcome(counts, read_frame, mutate(random, FRAMES[kind]))
    check_counts(counts, taken=kind != "error")


@pytest.mark.parametrize("kind", FRAMES)
def test_stream(kind: str) -> None:
    random, counts, now, told = Random(f"private stream {kind}"), Counter[str](), NOW, 0
    for n in range(EACH):
        if n % 50 == 0:
            watch = watching(settled_at=now)
            stream = whole(watch, Rest(), now)
        now += 10 * MS
        fresh = {"uuid": f"u-{n}", "trade_uuid": f"t-{n}" if kind == "fill" else None} if "uuid" in FRAMES[kind] else {}
        data = mutate(random, {**FRAMES[kind], **fresh})
        heard = outcome(counts, stream.received, data, now) or ()
        check(heard, now)
        told += len(heard)
        check(stream.tick(now, connected=True), now)
    check_counts(counts, taken=kind != "error")
    assert told > 0 or kind in {"error", "status", "prevented"}


@pytest.mark.parametrize("kind", REPLIES)
def test_decoder_of_replies(kind: str) -> None:
    random, counts = Random(f"private replies {kind}"), Counter[str]()
    message, read = REPLIES[kind]
    for _ in range(EACH):
        answer = reply(mutate(random, message), random.choice(STATUSES), {"date": odd_date(random)})
        found = outcome(counts, read, answer)
        check_read(found)
        assert 0 <= date_of(answer) < 2**63
    check_counts(counts, taken=kind != "refusal")


def check_read(found: Any) -> None:
    """What was read is sound: desk and purse take it, and movements are amounts."""
    for item in found if isinstance(found, list) else [found]:
        if isinstance(item, order_replies.OrderRow):
            desk = OrderDesk("upbit", "ae")
            check(desk.view(item, NOW), NOW)
            check(desk.on_row(item, NOW), NOW)
            assert desk.on_row(item, NOW) == []
        elif isinstance(item, Movement):
            assert item.amount >= 0
            assert item.fee >= 0
            assert item.ts >= 0
        elif isinstance(item, account_replies.KeyRow):
            assert item.ends_at is None or 0 < item.ends_at < 2**63
        elif isinstance(item, WalletStatus):
            assert item.ts >= 0
    if isinstance(found, list) and found and isinstance(found[0], account_replies.AccountRow):
        purse = Purse("upbit")
        update = purse.on_reply(found, NOW, NOW)
        check([] if update is None else [update], NOW)
        check([purse.snapshot(NOW)], NOW)


def odd_date(random: Random) -> str:
    date = list("Fri, 20 Nov 2026 07:52:49 GMT")
    for _ in range(random.randrange(3)):
        date[random.randrange(len(date))] = random.choice("0 9:,;=g\x00é-+")
    return "".join(date)


@pytest.mark.parametrize("kind", REPLIES)
def test_answers_to_a_stream(kind: str) -> None:
    random, now, ended = Random(f"private answers {kind}"), NOW, Counter[str]()
    for _ in range(EACH):
        now += S
        stream = UpbitUserStream(watching(settled_at=now), "t")
        stream.received(raw(samples.order_frame(state="done", trade_uuid=None)), now)
        rest = Rest(order=lambda _: damaged(random, kind), **{random.choice(PATHS): lambda _: damaged(random, kind)})
        outcome(
            ended, lambda stream, rest, now: check(rest.serve(stream, stream.opened(now), now), now), stream, rest, now
        )
        check(stream.tick(now, connected=True), now)
        assert stream.closed(now) == ()
    assert ended["longest"] < 1_000


PATHS = ("orders__uuids", "orders__open", "orders__closed", "accounts")


def damaged(random: Random, kind: str) -> Reply:
    return reply(mutate(random, REPLIES[kind][0]), random.choice(STATUSES))
