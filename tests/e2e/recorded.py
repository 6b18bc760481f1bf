"""The recordings that some tests need, and the cookbook that is tried on them."""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("ARBCORE_TEST_DATA", ""))
COOKBOOK = Path(__file__).parents[2] / "cookbook"
KIMCHI = COOKBOOK / "kimchi-2025"

needs_recordings = pytest.mark.skipif(
    not os.environ.get("ARBCORE_TEST_DATA"), reason="ARBCORE_TEST_DATA names no folder of recorded data"
)
