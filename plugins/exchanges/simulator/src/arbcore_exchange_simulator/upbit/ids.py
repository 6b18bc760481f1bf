"""UUIDs of orders, trades and the rest: they look random, follow from numbers, and can be read back."""

from hashlib import blake2b
from typing import Final
from uuid import UUID

from arbcore_exchange_simulator.trading.order import Execution, Order

_LOW: Final = (1 << 48) - 1


def make_uuid(kind: str, number: int) -> str:
    """Return the UUID of a number; the number is the last part, covered by what comes before it."""
    digest = int.from_bytes(blake2b(f"{kind}:{number}".encode(), digest_size=10).digest())
    digest = digest & ~(0xF << 28 | 0x3 << 14) | (0x4 << 28 | 0x2 << 14)  # marks of a random UUID
    mask = int.from_bytes(blake2b(f"{kind}:{digest}".encode(), digest_size=6).digest())
    return str(UUID(int=digest << 48 | (number ^ mask) & _LOW))


def number_of(kind: str, told: str) -> int:
    """Return the number of a UUID; -1 where it is none of ours."""
    try:
        value = UUID(told).int
    except ValueError:
        return -1
    mask = int.from_bytes(blake2b(f"{kind}:{value >> 48}".encode(), digest_size=6).digest())
    number = (value & _LOW) ^ mask
    return number if make_uuid(kind, number) == told.lower() else -1


def order_uuid(order: Order) -> str:
    """Return an order's UUID."""
    return make_uuid("order", order.number)


def trade_uuid(order: Order, execution: Execution) -> str:
    """Return a trade's UUID, which is one in its market."""
    return make_uuid(f"trade:{order.symbol}", execution.number)
