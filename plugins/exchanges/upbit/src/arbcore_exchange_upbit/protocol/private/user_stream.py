"""One private WebSocket connection: orders, fills and balances, back-filled and checked by requests.

Source: Upbit developer centre, WebSocket, 2026-11. The stream tells only what happens, has no snapshot of orders and no
sequence number, and may stay silent when an account first subscribes. So a round of questions (`Audit`) goes before
the connection counts as delivering, and another one every poll period: what a reply knows and the stream does not tell
in time shows that the stream is mute.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from arbcore.errors import ExchangeError, ExchangeRefused
from arbcore.model.market import MarketInput
from arbcore.net.offset import ClockOffset
from arbcore.net.protocol import Fetch, Heard, Reconnect, Send
from arbcore.net.request import Reply
from arbcore_exchange_upbit.protocol.private import account_requests, order_requests
from arbcore_exchange_upbit.protocol.private.account_replies import read_accounts
from arbcore_exchange_upbit.protocol.private.audit import Audit
from arbcore_exchange_upbit.protocol.private.desk import OrderDesk
from arbcore_exchange_upbit.protocol.private.frames import AssetFrame, OrderFrame, read_frame
from arbcore_exchange_upbit.protocol.private.order_replies import read_order
from arbcore_exchange_upbit.protocol.private.proof import StreamProof
from arbcore_exchange_upbit.protocol.private.purse import Purse

PING: Final = "PING"
"""Text after which the venue tells ``{"status":"UP"}`` every ten seconds: a socket without it can be found mute."""
MARGIN_NS: Final = 60 * 10**9
"""Ended orders are asked for from so long before they may have been missed: clocks differ."""
_RETRY_NS: Final = 10**9
_CONFIRM_NS: Final = 10**9
_PATIENCE: Final = 3
_BALANCES: Final = "balances"
_ORDER: Final = "order "


class AccountWatch(msgspec.Struct, kw_only=True):
    """What the connections of one account share, the next one beginning where the last one ended.

    Attributes:
        url: Address of the private WebSocket.
        venue: Exchange instance id.
        desk: What is known of orders.
        purse: What is known of balances.
        poll_period: Time between rounds of questions, nanoseconds.
        stream_grace: Time in which the stream must tell what a reply knows.
        ping_after: Silence after which another ping is sent.
        settled_at: Up to when nothing was missed, by our clock.
        offset: How far the venue's clock stands from ours.
    """

    url: str
    venue: str
    desk: OrderDesk
    purse: Purse
    poll_period: int
    stream_grace: int
    ping_after: int
    settled_at: int
    offset: ClockOffset


class UpbitUserStream:
    """The protocol layer of one connection (`StreamProtocol`).

    Args:
        watch: What all connections share.
        ticket: A name of the connection that no other one has.
    """

    def __init__(self, watch: AccountWatch, ticket: str) -> None:
        self._of: Final = watch
        self._ticket: Final = ticket
        self._proof: Final = StreamProof()
        self._audit: Audit | None = None
        self._audit_began = 0
        self._audits = 0
        self._next_audit = 0
        self._heard_at = 0
        self._open = False
        self._whole_at = 0
        self._over = False
        self._untold = False

    @property
    def url(self) -> str:
        """Where to connect to."""
        return self._of.url

    def opened(self, now: int) -> Sequence[Heard]:
        """Return subscriptions, a ping, and the questions of the back-fill; ``myAsset`` takes no codes."""
        self._open, self._heard_at = True, now
        parts = [{"ticket": self._ticket}, {"type": "myOrder"}, {"type": "myAsset"}, {"format": "DEFAULT"}]
        return [Send(msgspec.json.encode(parts).decode()), Send(PING), *self._begin(now)]

    def received(self, frame: bytes, now: int) -> Sequence[Heard]:
        """Take one frame.

        Raises:
            ExchangeError: The frame is nothing that the venue may send, or tells an error.
        """
        if self._over:
            return ()
        self._heard_at = now
        message = read_frame(frame)
        if isinstance(message, OrderFrame):
            self._proof.heard(message)
            return self._of.desk.on_frame(message, now)
        if isinstance(message, AssetFrame):
            update = self._of.purse.on_frame(message, _CONFIRM_NS, now)
            return () if update is None else (update,)
        return ()

    def fetched(self, tag: str, reply: Reply | None, now: int) -> Sequence[Heard]:
        """Take the answer to a question.

        Raises:
            ExchangeRefused: The venue refuses the back-fill: without it the connection is worth nothing.
        """
        if self._over:
            return ()
        if self._audit is not None and self._audit.owns(tag):
            return self._on_audit(self._audit, tag, reply, now)
        try:
            return self._on_single(tag, reply, now)
        except ExchangeError:
            return ()  # the next round asks again

    def tick(self, now: int, *, connected: bool) -> Sequence[Heard]:
        """Begin rounds, look up what is missing, find a stream that is mute."""
        if self._over:
            return ()
        heard: list[Heard] = []
        if self._untold:
            self._untold = False
            heard.append(self._of.purse.snapshot(now))
        heard += self._rounds(now)
        heard += self._look_ups(now)
        if connected and self._open:
            heard += self._liveness(now)
        return heard

    def closed(self, now: int) -> Sequence[MarketInput]:
        """Tell nothing: orders stand as they are, and the next connection asks what became of them."""
        self._over = True
        return ()

    def delivering(self) -> bool:
        """Tell whether the back-fill is complete."""
        return self._whole_at > 0 and not self._over

    def _begin(self, now: int) -> list[Fetch]:
        self._audits += 1
        self._audit_began = now
        self._next_audit = now + self._of.poll_period
        since = self._of.settled_at - MARGIN_NS + self._of.offset.value
        self._audit = Audit(self._of.desk, self._of.purse, since, f"round {self._audits}")
        return self._audit.start(now)

    def _rounds(self, now: int) -> list[Fetch]:
        if not self._next_audit:
            self._next_audit = now + self._of.poll_period  # the socket is about to be opened, with a round of its own
        if now < self._next_audit:
            return []
        # A round that takes longer than the period is left alone for a while.
        under_way = self._audit is not None and not self._audit.done
        if under_way and now - self._audit_began < _PATIENCE * self._of.poll_period:
            return []
        return self._begin(now)

    def _on_audit(self, audit: Audit, tag: str, reply: Reply | None, now: int) -> Sequence[Heard]:
        try:
            news = audit.answered(tag, reply, now)
        except ExchangeError as error:
            self._audit = None  # what else it asked for proves nothing any more
            if isinstance(error, ExchangeRefused) and not self._whole_at:
                raise
            self._next_audit = min(self._next_audit, now + _RETRY_NS)
            return ()
        self._learn(news, reply, now)
        if audit.done:
            self._of.settled_at = max(self._of.settled_at, self._audit_began)
            if self._open and not self._whole_at:
                self._whole_at, self._untold = now, True
        return news

    def _on_single(self, tag: str, reply: Reply | None, now: int) -> Sequence[Heard]:
        if reply is None:
            return ()
        if tag == _BALANCES:
            update = self._of.purse.on_reply(read_accounts(reply), reply.sent_ts, now)
            return () if update is None else (update,)
        row = read_order(reply) if tag.startswith(_ORDER) else None
        if row is None:
            return ()
        news = self._of.desk.on_row(row, now)
        self._learn(news, reply, now)
        return news

    def _learn(self, news: Sequence[Heard], reply: Reply | None, now: int) -> None:
        """Take what a reply told first; the stream owes nothing of what was asked before it was whole."""
        if self._whole_at and reply is not None and reply.sent_ts >= self._whole_at:
            self._proof.learnt(news, now)

    def _look_ups(self, now: int) -> Iterator[Fetch]:
        for known in self._of.desk.missing(now):
            known.looked(now)
            yield Fetch(f"{_ORDER}{known.uuid}", order_requests.order("uuid", known.uuid))
        if self._of.purse.ask_at and self._of.purse.ask_at <= now:
            self._of.purse.ask_at = now + self._of.poll_period
            yield Fetch(_BALANCES, account_requests.accounts())

    def _liveness(self, now: int) -> Iterator[Heard]:
        if now - self._heard_at >= self._of.ping_after:
            self._heard_at = now
            yield Send(PING)
        overdue = self._proof.overdue(now, self._of.stream_grace) if self._whole_at else ""
        if overdue:
            yield Reconnect(overdue, mute=True)
