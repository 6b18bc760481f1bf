"""Damage to messages: to their bytes, and to the JSON that they hold."""

import json
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

LITERALS = (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1" + b"0" * 400, b"0", b"-0.0", b"-1", b"1e308")
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    "",
    "NaN",
    "148961000.0",
    "\ud7ff\x00",
    "KRW-ETH",
    0,
    -1,
    0.5,
    1e308,
    5e-324,
    2**63,
    10**30,
    9_000_000_000_000,
    [],
    {},
    [[]],
    {"error": {"name": [], "message": {}}},
)
CODECS = ("utf-16", "utf-32", "utf-8-sig", "cp037")


def mutate(random: Random, message: Any) -> bytes:
    """Return a message with one to three faults in it."""
    if random.random() < 0.5:
        message = json.loads(json.dumps(message))
        for _ in range(random.randint(1, 3)):
            message = _change(random, message)
        data = json.dumps(message).encode()
        if random.random() < 0.8:
            return data
    else:
        data = json.dumps(message).encode()
    for _ in range(random.randint(1, 3)):
        data = random.choice(BYTES)(random, data)
    return data


def _change(random: Random, node: Any) -> Any:
    """Return a node with a change at a random place below it."""
    if isinstance(node, dict) and node and random.random() < 0.9:
        key = random.choice(list(node))
        match random.randrange(5):
            case 0:
                del node[key]
            case 1:
                node[random.choice(("type", "code", "error", "status", "market", "x"))] = _value(random)
            case 2:
                other = random.choice(list(node))
                node[key], node[other] = deepcopy(node[other]), node[key]
            case _:
                node[key] = _change(random, node[key])
        return node
    if isinstance(node, list) and node and random.random() < 0.9:
        place = random.randrange(len(node))
        match random.randrange(4):
            case 0:
                node.insert(place, deepcopy(node[random.randrange(len(node))]))
            case 1:
                node.reverse()
            case _:
                node[place] = _change(random, node[place])
        return node
    if isinstance(node, int | float) and not isinstance(node, bool) and random.random() < 0.5:
        return node * random.choice((-1, 0, 0.5, 2, 1e-300, 1e6))
    return _value(random)


def _value(random: Random) -> Any:
    return deepcopy(random.choice(VALUES))


def _flip(random: Random, data: bytes) -> bytes:
    changed = bytearray(data or b" ")
    changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _cut(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _take_out(random: Random, data: bytes) -> bytes:
    start = random.randrange(len(data) + 1)
    return data[:start] + data[start + random.randrange(20) :]


def _put_in(random: Random, data: bytes) -> bytes:
    start = random.randrange(len(data) + 1)
    return data[:start] + random.randbytes(random.randrange(1, 8)) + data[start:]


def _repeat(random: Random, data: bytes) -> bytes:
    start = random.randrange(len(data) + 1)
    return data[:start] + data[start : start + random.randrange(40)] * 2 + data[start:]


def _number(random: Random, data: bytes) -> bytes:
    start = random.randrange(len(data) + 1)
    digits = [n for n in range(start, len(data)) if data[n : n + 1].isdigit()]
    if not digits:
        return data
    end = digits[0]
    while end < len(data) and data[end : end + 1] in b"0123456789.":
        end += 1
    return data[: digits[0]] + random.choice(LITERALS) + data[end:]


def _encode(random: Random, data: bytes) -> bytes:
    return data.decode("latin-1").encode(random.choice(CODECS), "replace")


def _nest(random: Random, data: bytes) -> bytes:
    opening = random.choice((b"[", b'{"a":'))
    start = data.find(b":", random.randrange(len(data) + 1)) + 1
    return data[:start] + opening * random.choice((1, 10, 20_000)) + data[start:]


BYTES: tuple[Callable[[Random, bytes], bytes], ...] = (
    _flip,
    _flip,
    _cut,
    _take_out,
    _put_in,
    _repeat,
    _number,
    _number,
    _encode,
    _nest,
)
