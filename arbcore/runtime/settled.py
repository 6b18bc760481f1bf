"""What a running session asks of the interpreter."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_COLLECT: Final = (100_000, 50, 1000)
"""Thresholds of the garbage collector in a session: its rounds would be most of the p99."""

_SWITCH_S: Final = 0.0005
"""Time after which a thread that draws or feeds sinks lets the trading thread go on."""


@contextmanager
def settled() -> Iterator[None]:
    """Keep the garbage collector from what start-up made, and other threads from holding this one for long."""
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(_SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        sys.setswitchinterval(interval)
