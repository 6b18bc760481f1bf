"""The user stream of spot over the WebSocket API, as a `StreamProtocol`. Pure.

``userDataStream.subscribe.signature`` takes any kind of key and no log-on; listen keys were switched off on
2026-02-20. The venue pings every 20 s, which the shell answers. A socket that is open proves nothing of the
subscription, so orders that are not settled are compared with answers to requests now and then.
Source: Binance developer documentation, WebSocket API of spot, 2026-11.
"""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from arbcore.errors import ExchangeError, ExchangeRefused
from arbcore.model.market import MarketInput
from arbcore.net.calls import Call
from arbcore.net.offset import ClockOffset
from arbcore.net.protocol import Fetch, Heard, Reconnect, Send
from arbcore.net.request import Reply
from arbcore.ports.trading import OrderNews
from arbcore_exchange_binance.protocol.calls import call_frame
from arbcore_exchange_binance.protocol.desk import Desk
from arbcore_exchange_binance.protocol.private_failures import CLOCK_CODES, refusal
from arbcore_exchange_binance.protocol.product import SPOT
from arbcore_exchange_binance.protocol.replies import read_time
from arbcore_exchange_binance.protocol.requests import server_time
from arbcore_exchange_binance.protocol.spot_events import (
    Answer,
    Balances,
    Ended,
    Execution,
    Message,
    Moved,
    balances_update,
    execution_fill,
    execution_report,
    read_user_frame,
)
from arbcore_exchange_binance.protocol.spot_lookups import Lookups
from arbcore_exchange_binance.protocol.spot_past import Backfill, Past
from arbcore_exchange_binance.protocol.spot_replies import account_snapshot, read_account
from arbcore_exchange_binance.protocol.spot_requests import account

SUBSCRIBE: Final = "userDataStream.subscribe.signature"
"""Method that begins the stream."""

_OK: Final = 200
_ACCOUNT: Final = "account"
_TIME: Final = "time"
_PINGS: Final = 3
"""So many pings are sent within the time after which silence counts as mute."""

_AT_ONCE: Final = 5
"""Orders that are asked about at once while the connection is down."""

_COMPARED: Final = 25
"""Orders that are compared at once while it is up."""

_MUTE: Final = Reconnect("the stream did not tell what a request told", mute=True)

_MARGIN_NS: Final = 60 * 10**9
"""So much of the past is asked for twice: clocks differ, and events may be late."""


class Pace(Struct, frozen=True, kw_only=True):
    """Times of a user stream, in nanoseconds.

    Attributes:
        mute_after: Silence after which the connection is mute; pings keep a quiet one from it.
        poll_interval: Time between questions while the connection is down, and before one is asked again.
        reconcile: Time between comparisons of orders with answers to requests.
        grace: How long the stream may lag behind those.
    """

    mute_after: int
    poll_interval: int
    reconcile: int
    grace: int


class SpotUserStream:
    """One connection of the user stream.

    Args:
        url: Address of the WebSocket API.
        subscribe: Makes the call that begins the stream, with an id of its own.
        desk: The orders of the account; it outlives this connection.
        past: Since when something may have been missed; it outlives this connection.
        offset: How far the venue's clock is from ours.
        venue: Exchange instance id.
        symbols: The venue's names of the markets that are back-filled.
        pace: Times.
    """

    def __init__(
        self,
        url: str,
        subscribe: Callable[[], Call],
        *,
        desk: Desk,
        past: Past,
        offset: ClockOffset,
        venue: str,
        symbols: Sequence[str],
        pace: Pace,
    ) -> None:
        self._url: Final = url
        self._subscribe: Final = subscribe
        self._desk: Final = desk
        self._past: Final = past
        self._offset: Final = offset
        self._venue: Final = venue
        self._pace: Final = pace
        self._lookups: Final = Lookups(desk, venue)
        self._backfill: Final = Backfill(desk, venue, symbols, past.since, self._lookups)
        self._subscription = ""
        self._subscribed_at = 0
        self._whole = False
        self._account_due = False
        self._pinged_at = 0
        self._asked_at = 0
        self._account_asked_at = 0
        self._turn = 0
        self._doubted_at = 0

    @property
    def url(self) -> str:
        """Where to connect to."""
        return self._url

    def opened(self, now: int) -> Sequence[Heard]:
        """Subscribe."""
        call = self._subscribe()
        self._subscription, self._pinged_at = call.id, now
        return [Send(call.frame(now))]

    def received(self, frame: bytes, now: int) -> Sequence[Heard]:
        """Take one frame.

        Raises:
            ExchangeError: The frame is nothing that the venue may send, or it refuses the subscription.
        """
        return self._heard(read_user_frame(frame), now)

    def fetched(self, tag: str, reply: Reply | None, now: int) -> Sequence[Heard]:
        """Take the answer to a request; None where none came.

        Raises:
            ExchangeError: The answer is nothing that the venue may send.
        """
        if tag == _TIME:
            return self._clock_told(reply)
        if tag == _ACCOUNT:
            return self._account_told(reply, now)
        heard: list[Heard] = []
        if self._backfill.is_of(tag):
            heard += self._backfill.fetched(tag, reply, now)
        elif self._lookups.is_of(tag):
            news = self._lookups.fetched(tag, reply, now)
            heard += [*news, *self._mute(news, reply)]
        if self._subscribed_at and not self._whole:
            heard += self._backfill.go_on()
        return [*heard, *self._completed(now)]

    def tick(self, now: int, *, connected: bool) -> Sequence[Heard]:
        """Ask what is due: again what was not answered, orders while nothing is heard, or whether all was heard."""
        if not connected:
            return self._ask_orders(now, self._pace.poll_interval, _AT_ONCE)
        if self._doubted_at and now - self._doubted_at > self._pace.grace:
            return [_MUTE]
        heard: list[Heard] = []
        if now - self._pinged_at >= self._pace.mute_after // _PINGS:
            self._pinged_at = now
            heard.append(Send(call_frame(f"ping-{now}", "ping", {})))
        if self._whole:
            heard += self._ask_orders(now, self._pace.reconcile, _COMPARED)
        elif self._subscribed_at and now - self._asked_at >= self._pace.poll_interval:
            self._asked_at = now
            heard += [one for ref in self._lookups.take_failed() for one in self._lookups.ask(ref)]
            heard += self._backfill.again()
        if self._account_due and self._whole and now - self._account_asked_at >= self._pace.poll_interval:
            heard += self._ask_account(now)
        return heard

    def closed(self, now: int) -> Sequence[MarketInput]:
        """Return nothing: what was told of orders and balances still holds."""
        return ()

    def delivering(self) -> bool:
        """Tell whether the stream is subscribed and what was missed before was told."""
        return self._whole

    def _heard(self, message: Message, now: int) -> Sequence[Heard]:
        if isinstance(message, Execution):
            return self._executed(message, now)
        if isinstance(message, Balances):
            self._listened(now)
            update = self._desk.balances(balances_update(message, self._venue, now))
            return [update] if update is not None else []
        if isinstance(message, Answer):
            return self._answered(message, now)
        if isinstance(message, Moved):
            self._account_due = True
            return self._ask_account(now) if self._whole else []
        return [Reconnect(f"the venue ended the stream: {message.name}")] if isinstance(message, Ended) else []

    def _executed(self, event: Execution, now: int) -> Sequence[Heard]:
        """Tell a fill before the report that counts it."""
        self._listened(now)
        origin = self._desk.origin(event.client_id)
        report = execution_report(event, self._venue, origin, now)
        fill = execution_fill(event, self._venue, origin, now)
        heard: list[Heard] = []
        if fill is not None and (told := self._desk.fill(fill)) is not None:
            heard.append(told)
        if (changed := self._desk.report(report)) is not None:
            heard.append(changed)
        return heard

    def _answered(self, answer: Answer, now: int) -> Sequence[Heard]:
        if answer.id != self._subscription or self._subscribed_at:
            return []
        if answer.status == _OK:
            self._subscribed_at = self._asked_at = now
            return [*self._backfill.begin(now + self._offset.value), *self._completed(now)]
        failure = answer.error
        error = refusal(answer.status, failure.code if failure else 0, failure.msg if failure else "", SUBSCRIBE)
        if isinstance(error, ExchangeRefused) and error.code in CLOCK_CODES:
            self._offset.forget()
            return [Fetch(_TIME, server_time(SPOT))]
        raise error

    def _clock_told(self, reply: Reply | None) -> Sequence[Heard]:
        """Subscribe anew once the venue's clock is known."""
        if reply is not None:
            self._offset.learn(reply.sent_ts, reply.recv_ts, read_time(reply))
        return [Reconnect("the venue's clock was measured anew")]

    def _account_told(self, reply: Reply | None, now: int) -> Sequence[Heard]:
        if reply is None:
            return []
        try:
            found = read_account(reply)
        except ExchangeError:
            if reply.status == _OK:
                raise
            return []
        self._account_due = False
        snapshot = account_snapshot(found, self._venue, now)
        return [self._desk.snapshot(snapshot) if found.update_time else snapshot]

    def _completed(self, now: int) -> Sequence[Heard]:
        """Ask for the whole account once everything that was missed has been told."""
        if self._whole or not self._subscribed_at or not self._lookups.complete or not self._backfill.done:
            return []
        self._whole = self._account_due = True
        self._listened(self._subscribed_at)
        return self._ask_account(now)

    def _ask_account(self, now: int) -> Sequence[Heard]:
        self._account_asked_at = now
        return [Fetch(_ACCOUNT, account())]

    def _listened(self, now: int) -> None:
        """Note that everything up to now was heard: events come in order. Not before the gap is filled."""
        self._doubted_at = 0
        if self._whole:
            self._past.since = max(self._past.since, now + self._offset.value - _MARGIN_NS)

    def _ask_orders(self, now: int, pause: int, most: int) -> Sequence[Heard]:
        """Ask about orders that have not settled, some at once, each in its turn."""
        if now - self._asked_at < pause or self._lookups.busy:
            return []
        self._asked_at = now
        self._lookups.take_failed()
        due = [known.ref for known in self._desk.unsettled() if now - known.sent_at >= self._pace.poll_interval]
        start = self._turn % len(due) if due else 0
        self._turn = start + most
        return [one for ref in [*due[start:], *due[:start]][:most] for one in self._lookups.ask(ref)]

    def _mute(self, news: Sequence[OrderNews | Fetch], reply: Reply | None) -> Sequence[Heard]:
        """Give a connection up that has not told what a request tells, long after it happened.

        What happened before the subscription was not the stream's to tell, such as fills of an earlier process. What
        has only just happened leaves a doubt, which the next event ends.
        """
        since = self._subscribed_at + self._offset.value + self._offset.error
        untold = [one.ts for one in news if not isinstance(one, Fetch) and one.ts > since]
        if not self._whole or reply is None or not untold:
            return []
        if min(untold) < reply.sent_ts + self._offset.value - self._pace.grace:
            return [_MUTE]
        self._doubted_at = self._doubted_at or reply.recv_ts
        return []
