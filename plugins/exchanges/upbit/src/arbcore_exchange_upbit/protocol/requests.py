"""Requests of Upbit's quotation interface. Source: Upbit developer centre, REST, 2026-11."""

from collections.abc import Sequence

from arbcore.net.request import Request


def markets() -> Request:
    """Return the request for every market with its warnings."""
    return Request(path="/market/all", query="is_details=true", counter="market", repeatable=True)


def orderbooks(codes: Sequence[str], units: int) -> Request:
    """Return the request for the books of markets.

    Args:
        codes: Market ids.
        units: Levels per side, 1 to 30.
    """
    query = f"{_listed(codes)}&count={units}"
    return Request(path="/orderbook", query=query, counter="orderbook", repeatable=True)


def orderbook_instruments(codes: Sequence[str]) -> Request:
    """Return the request for the tick sizes of markets at their current prices."""
    return Request(path="/orderbook/instruments", query=_listed(codes), counter="orderbook", repeatable=True)


def tickers(codes: Sequence[str]) -> Request:
    """Return the request for the last prices of markets."""
    return Request(path="/ticker", query=_listed(codes), counter="ticker", repeatable=True)


def _listed(codes: Sequence[str]) -> str:
    # A comma may stand in a query as it is; market ids are letters, digits and hyphens.
    return f"markets={','.join(codes)}"
