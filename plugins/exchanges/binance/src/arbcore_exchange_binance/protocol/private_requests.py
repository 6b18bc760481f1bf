"""What all private requests have in common, whatever product they are about: signed when sent, changes never repeated.

Source: Binance developer documentation, request security, 2026-11.
"""

from arbcore.net.request import Request
from arbcore_exchange_binance.protocol.requests import REQUEST_WEIGHT
from arbcore_exchange_binance.protocol.signing import Params, encoded


def question(path: str, params: Params, weight: int, counter: str = REQUEST_WEIGHT) -> Request:
    """Return a request that changes nothing and may be repeated.

    Args:
        path: Path.
        params: Parameters without time and signature.
        weight: What it draws on the counter.
        counter: Name of the counter.
    """
    query = encoded(params)
    return Request(path=path, query=query, counter=counter, weight=weight, repeatable=True, signed=True)


def change(
    method: str,
    path: str,
    params: Params,
    counter: str = REQUEST_WEIGHT,
    *,
    weight: int = 1,
    urgent: bool = False,
    expires_at: int = 0,
) -> Request:
    """Return a request that changes something: never repeated, and shielded once it is on its way.

    Args:
        method: HTTP method.
        path: Path.
        params: Parameters without time and signature.
        counter: Name of the counter.
        weight: What it draws on it.
        urgent: Whether it closes risk.
        expires_at: UTC nanoseconds after which it must not be sent; 0 for none.
    """
    return Request(
        method=method,
        path=path,
        query=encoded(params),
        counter=counter,
        weight=weight,
        urgent=urgent,
        signed=True,
        shielded=True,
        expires_at=expires_at,
    )
