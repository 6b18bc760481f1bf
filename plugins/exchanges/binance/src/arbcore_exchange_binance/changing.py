"""How what changes an order goes to the venue: by call or by request, one change one way only. For both products."""

from typing import Final

from msgspec.structs import replace

from arbcore.errors import ExchangeError, ExchangeRefused, ExchangeUnavailable, RateLimited
from arbcore.net.calls import Call, SocketCalls
from arbcore.net.request import Reply, Request
from arbcore.ports.trading import TakeItem
from arbcore.ports.venue import Deliver, FeedItem, RequestMeasured
from arbcore_exchange_binance.access import PrivateAccess
from arbcore_exchange_binance.protocol.calls import read_result, read_status
from arbcore_exchange_binance.protocol.signing import Params

NOT_DONE: Final = (ExchangeRefused, RateLimited, ExchangeUnavailable)
"""Errors after which the venue did not do what was asked."""


class Changes:
    """Sends changes of orders.

    Attributes:
        calls: Connection for calls of the WebSocket API; None where changes go by request only.

    Args:
        access: What requests go through.
        only_calls: Whether nothing goes by request, even while the connection is down.
    """

    def __init__(self, access: PrivateAccess, *, only_calls: bool) -> None:
        self.calls: SocketCalls | None = None
        self._access: Final = access
        self._only_calls: Final = only_calls

    async def send(self, method: str, params: Params, request: Request, what: str) -> Reply:
        """Send a change by call where that is open, else by request; never by both.

        Args:
            method: The venue's name of the call.
            params: Parameters of the call.
            request: The same as a request; its counter, weight, urgency and time hold for the call.
            what: What is asked, for messages.

        Returns:
            The answer, its body the JSON text of the result.

        Raises:
            ExchangeError: As `Venue.submit`.
        """
        calls = self.calls
        if calls is None or not (calls.is_open or self._only_calls):
            return await self._access.ask(request, what)
        template = Call(
            id="",
            method=method,
            frame=str,
            counter=request.counter,
            weight=request.weight,
            urgent=request.urgent,
            expires_at=request.expires_at,
        )
        reply = await calls.call(self._access.call(method, params, template))
        try:
            body = read_result(reply, what)
        except ExchangeError as error:
            refused = replace(reply, status=read_status(reply.body))
            await self._access.refused(refused, error, request.counter)
            raise
        return Reply(status=200, headers={}, body=body, sent_ts=reply.sent_ts, recv_ts=reply.recv_ts)


def only_measured(report: TakeItem) -> Deliver:
    """Return a taker of what a client tells: how requests went."""

    def take(item: FeedItem) -> None:
        if isinstance(item, RequestMeasured):
            report(item)

    return take
