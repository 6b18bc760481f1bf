"""What the calls send and tell at moments that a simulator can't be brought to: answers are scripted."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from arbcore.errors import ExchangeRefused, OutcomeUnknown
from arbcore.model.order import Amendment, OrderRef, OrderRequest, OrderState, Side, TimeInForce
from arbcore.net.http import HttpClient
from arbcore.net.request import Reply, Request
from arbcore_exchange_upbit.access import open_rest
from arbcore_exchange_upbit.addresses import addresses
from arbcore_exchange_upbit.inquiry import Inquiry
from arbcore_exchange_upbit.ordering import Ordering
from arbcore_exchange_upbit.protocol.private.order_replies import read_order
from arbcore_exchange_upbit.protocol.requests import markets
from plugins.exchanges.upbit.tests.live import MARKET, context, settings_at
from plugins.exchanges.upbit.tests.private_samples import BATCH, UUID, order_row, trade_row
from plugins.exchanges.upbit.tests.samples import reply
from plugins.exchanges.upbit.tests.test_desk import frame, plain_frame

pytestmark = pytest.mark.anyio

D = Decimal
REFUSED = {"error": {"name": "order_not_found", "message": ""}}
NOW = 1_795_161_240 * 10**9
NEW = {"uuid": UUID, "new_order_uuid": "u-new"}


class Script:
    """Answers requests by path; several answers of one path come in turn, and the last one stays."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {f"/{name.replace('__', '/')}": answer for name, answer in answers.items()}
        self.asked: list[Request] = []

    async def send(self, request: Request) -> Reply:
        self.asked.append(request)
        found = self.answers[request.path]
        if isinstance(found, tuple):
            found, rest = found[0], found[1:]
            self.answers[request.path] = rest if len(rest) > 1 else rest[0]
        if callable(found):
            found = found(request)
        return reply(found, 404 if isinstance(found, dict) and "error" in found else 200)

    def bodies(self, path: str) -> list[dict[str, str]]:
        return [msgspec.json.decode(one.body) for one in self.asked if one.path == path]


class Still:
    """A clock that stands."""

    def now(self) -> int:
        return NOW


class Calls(Ordering):
    """The calls on scripted answers."""

    def __init__(self, script: Script) -> None:
        super().__init__(settings_at("http://127.0.0.1:1"), context())
        self.desk = self._desk
        self._http = script  # type: ignore[assignment]  # it answers as the client does
        self._inquiry = Inquiry(self._http, self._desk, "upbit", Still())


def limit(life: TimeInForce = TimeInForce.GTC) -> OrderRequest:
    return OrderRequest(
        client_order_id="ae-1",
        instrument=MARKET,
        side=Side.BUY,
        quantity=D(1),
        price=D(1000),
        time_in_force=life,
    )


def change(name: str = "ae-2", quantity: str = "1") -> Amendment:
    return Amendment(side=Side.BUY, quantity=D(quantity), price=D(999), new_client_order_id=name)


OLD = OrderRef(client_order_id="ae-1", instrument=MARKET)
ROW = {"market": "KRW-XRP", "volume": "1", "price": "1000", "identifier": "ae-1"}


async def test_a_price_changed_before_the_stream_told_of_the_order_carries_over_what_is_left() -> None:
    script = Script(orders=order_row(**ROW), orders__cancel_and_new=NEW)
    calls = Calls(script)
    await calls.submit(limit())
    await calls.amend(OLD, change())
    assert script.bodies("/orders/cancel_and_new")[0]["new_volume"] == "remain_only"


async def test_an_amended_post_only_order_stays_one_before_the_stream_told_of_it() -> None:
    script = Script(orders=order_row(**ROW), orders__cancel_and_new=NEW)
    calls = Calls(script)
    await calls.submit(limit(TimeInForce.POST_ONLY))
    await calls.amend(OLD, change(quantity="0.5"))
    (body,) = script.bodies("/orders/cancel_and_new")
    assert body["new_time_in_force"] == "post_only"
    await calls.amend(OrderRef(client_order_id="ae-2", instrument=MARKET), change("ae-3"))
    assert script.bodies("/orders/cancel_and_new")[1]["new_time_in_force"] == "post_only"


async def test_an_order_whose_volume_nobody_told_is_asked_for_before_it_is_amended() -> None:
    second = order_row(**{**ROW, "uuid": "u-new", "identifier": "ae-2", "volume": "0.6", "executed_volume": "0.1"})
    script = Script(orders=order_row(**ROW), orders__cancel_and_new=NEW, order=second)
    calls = Calls(script)
    await calls.submit(limit())
    await calls.amend(OLD, change())
    await calls.amend(OrderRef(client_order_id="ae-2", instrument=MARKET), change("ae-3", "0.6"))
    assert script.bodies("/orders/cancel_and_new")[1]["new_volume"] == "remain_only"


async def test_a_refusal_of_an_order_that_the_stream_knows_is_no_refusal() -> None:
    calls: Calls

    def refuse(request: Request) -> Any:
        calls.desk.on_frame(plain_frame("wait", executed_volume=0), 1)
        return {"error": {"name": "validation_error", "message": ""}}

    calls = Calls(Script(orders=refuse))
    with pytest.raises(OutcomeUnknown, match="validation_error"):
        await calls.submit(limit())
    (known,) = calls.desk.open()
    assert known.uuid == UUID


async def test_what_a_batch_did_not_cancel_is_cancelled_one_by_one() -> None:
    batch = {**BATCH, "failed": {"count": 1, "orders": [{"uuid": "u-1", "market": "KRW-XRP"}]}}
    watch = order_row(uuid="u-2", state="watch", identifier=None)
    script = Script(orders__open=(batch, [watch]), order=(REFUSED, order_row(uuid="u-2")))
    await Calls(script).cancel_all(MARKET)
    single = [(one.method, one.query) for one in script.asked if one.path == "/order"]
    assert single == [("DELETE", "uuid=u-1"), ("DELETE", "uuid=u-2")]


async def test_a_reserved_order_that_can_not_be_cancelled_is_told() -> None:
    rows = [order_row(uuid=f"u-{n}", state="watch", identifier=None) for n in range(2)]
    scope = {"error": {"name": "out_of_scope", "message": ""}}
    script = Script(orders__open=(BATCH, rows), order=(scope, order_row()))
    with pytest.raises(ExchangeRefused, match="out_of_scope"):
        await Calls(script).cancel_all(MARKET)
    assert len([one for one in script.asked if one.path == "/order"]) == 2


async def test_a_refused_cancel_of_all_is_no_reason_of_a_later_end() -> None:
    calls = Calls(Script(orders__open={"error": {"name": "out_of_scope", "message": ""}}))
    calls.desk.on_frame(plain_frame("wait", executed_volume=0, code="KRW-XRP"), 1)
    with pytest.raises(ExchangeRefused):
        await calls.cancel_all(MARKET)
    assert not calls.desk.open()[0].asked


def page(rows: Sequence[str]) -> list[dict[str, Any]]:
    return [order_row(uuid=name, identifier=None) for name in rows]


async def test_an_order_that_slid_to_an_earlier_page_is_found() -> None:
    names = [f"u-{n}" for n in range(130)]
    # One of the first page ends before the second one is read, so that u-100 slides onto the first.
    shown = (page(names[:100]), page(names[101:]), page(names[1:101]), page(names[101:]), page(names[1:101]))
    script = Script(orders__open=(*shown, page(names[101:])))
    found = await Calls(script)._inquiry.open_rows("")
    assert {row.uuid for row in found} >= set(names)


async def test_an_order_that_ends_while_what_is_open_is_read_is_news() -> None:
    ended = order_row(state="done", executed_volume="0.0001")
    script = Script(orders__open=[order_row()], orders__closed=[ended])
    calls = Calls(script)
    await calls._inquiry.begin(NOW)
    assert [known.uuid for known in calls.desk.open()] == [UUID]


async def test_all_that_ended_before_the_beginning_is_learnt_however_much_it_is() -> None:
    def closed(request: Request) -> Any:
        late = "start_time=1795161169000" in request.query
        return [
            order_row(uuid=f"u-{n}{late}", identifier=None, state="cancel", created_at="2026-11-20T16:52:49+09:00")
            for n in range(5 if late else 1000)
        ]

    calls = Calls(Script(orders__open=[], orders__closed=closed))
    await calls._inquiry.begin(NOW - 240 * 10**9)
    assert len(calls.desk) == 1005


def test_a_volume_that_a_double_rounded_is_looked_up_until_a_reply_knows_as_much() -> None:
    desk = Calls(Script()).desk
    large: dict[str, Any] = {"volume": 2e7, "executed_volume": 4e7, "price": 0.01}
    assert desk.on_frame(frame(**large), 10) == []
    desk.open()[0].looked(10)
    # The reply was made before the second fill, or comes from a copy that lags behind.

    def row(fills: int) -> Any:
        trades = [trade_row(uuid=f"t-{n}", price="0.01", volume="20000000", funds="200000") for n in range(fills)]
        done = {"executed_volume": str(20_000_000 * fills), "paid_fee": str(100 * fills)}
        return read_order(reply(order_row(volume="90000000", trades=trades, **done)))

    desk.on_row(row(1), 20)
    assert desk.missing(10**12)
    desk.on_row(row(2), 30)
    assert not desk.missing(10**12)


def test_an_end_that_a_double_told_is_looked_up_until_a_reply_knows_it() -> None:
    desk = Calls(Script()).desk
    desk.on_frame(plain_frame("cancel", executed_volume=None), 10)
    for state, missing in (("wait", True), ("cancel", False)):
        found = read_order(reply(order_row(state=state)))
        assert found is not None
        news = desk.on_row(found, 20)
        assert bool(desk.missing(10**12)) is missing
    assert [item.state for item in news if not hasattr(item, "fill_id")] == [OrderState.CANCELLED]


async def test_a_public_request_waits_for_its_answer_as_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    made = settings_at("http://127.0.0.1:1", network={"request_timeout": "3s"})
    asked: list[Request] = []

    async def send(_: HttpClient, request: Request) -> Reply:
        asked.append(request)
        return reply([])

    monkeypatch.setattr(HttpClient, "send", send)
    await open_rest(made, addresses(made, "simulator"), context()).send(markets())
    assert [one.timeout_ns for one in asked] == [3 * 10**9]
