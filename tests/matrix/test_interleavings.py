"""Random interleavings of orders and faults: 2,000 sequences from seeds, 100,000 with full counts.

Sequences from seeds cost a fraction of what a state machine costs; that one plays fewer, and cuts down what fails.
"""

import os

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from arbcore.engine.execution_settings import LegOrder
from tests.matrix.interleaving import play
from tests.matrix.machine import Machine

FULL = os.environ.get("ARBCORE_COUNTS") == "full"
SEQUENCES = 100_000 if FULL else 2_000
PARTS = 10


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_happens_in_whatever_order(part: int) -> None:
    styles = list(LegOrder)
    for seed in range(part, SEQUENCES, PARTS):
        play(styles[seed % len(styles)], seed)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_state_machine_finds_nothing_either() -> None:
    run_state_machine_as_test(Machine, settings=settings(max_examples=2_000 if FULL else 50, stateful_step_count=8))
