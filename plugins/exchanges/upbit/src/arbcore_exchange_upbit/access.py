"""Opening the REST interface: the one client that feeds and rate sources share the rules of."""

from typing import TYPE_CHECKING

from arbcore_exchange_upbit.addresses import Addresses
from arbcore_exchange_upbit.settings import Access

if TYPE_CHECKING:
    from arbcore.context import Context
    from arbcore.net.http import HttpClient


def open_rest(settings: Access, where: Addresses, context: "Context") -> "HttpClient":
    """Build a client of the quotation interface, not entered.

    The venue counts quotation requests by address, so every instance in the process draws on the same limits. No
    request carries an Origin: with one, the venue allows one request in ten seconds.
    """
    from arbcore.net.http import HttpClient
    from arbcore.net.limits import shared_limits
    from arbcore_exchange_upbit.protocol.limits import COUNTERS, penalties, read_usage

    return HttpClient(
        where.rest,
        venue=context.instance,
        clock=context.clock,
        limits=shared_limits(f"upbit {where.rest}", COUNTERS),
        read_usage=read_usage,
        penalty=penalties(settings.block_wait),
        deliver=None,
        settings=settings.network,
    )
