"""A restored engine goes on as the one that was left, byte for byte."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from arbcore.engine.state import FORMAT, Kept, decode, encode
from arbcore.errors import JournalError
from arbcore.journal.chain import Anchor
from arbcore.journal.codec import encode as canonical
from tests.engine.recovering import HAPPENINGS, Taped, outputs, restored


@given(st.lists(HAPPENINGS, min_size=10, max_size=60))
def test_a_restored_engine_goes_on_byte_for_byte(happenings: Sequence[tuple[str, object]]) -> None:
    """Warm restart with open positions (NT#4736), deterministic ids (NT#3878)."""
    taped = Taped([*happenings, ("learn", 0), *happenings[::-1]])
    for start in taped.learned:
        stored = encode(Kept(taped.states[start - 1]), b"chain")
        engine = restored(decode(stored, Anchor(stored.sequence, b"chain")).engine)
        again = [(item, engine.step(item)) for item, _ in taped.tape[start:]]
        for (item, first), (_, second) in zip(taped.tape[start:], again, strict=True):
            assert [canonical(one) for one in second.events] == [canonical(one) for one in first.events], item
            assert second.effects == first.effects, item
        assert outputs(again)[0] == outputs(taped.tape[start:])[0]
        assert engine.state() == taped.states[-1]


def test_taking_a_state_changes_nothing_and_neither_does_storing_it() -> None:
    taped = Taped([("price", 1000), ("price", 1001), ("wait", 10**9), ("learn", 0)])
    state = taped.states[-1]
    stored = encode(Kept(state), b"chain")
    assert decode(stored, Anchor(stored.sequence, b"chain")).engine == state
    assert state.execution.open, "the session should have an open trade"


@pytest.mark.parametrize("damage", ["body", "chain", "format", "content"])
def test_a_snapshot_that_is_not_sound_is_refused(damage: str) -> None:
    stored = encode(Kept(Taped([("price", 1000)]).states[-1]), b"chain")
    place = Anchor(stored.sequence, b"chain")
    match damage:
        case "body":
            stored = replace(stored, body=stored.body[:-1] + b"x")
        case "chain":
            place = Anchor(stored.sequence, b"other")
        case "format":
            body = stored.body.replace(b"engine %d" % FORMAT, b"engine 0", 1)
            stored = replace(stored, body=body, digest=sha256(body).digest())
        case _:
            body = stored.body[:-1]
            stored = replace(stored, body=body, digest=sha256(body).digest())
    with pytest.raises(JournalError, match=f"snapshot of event {stored.sequence}"):
        decode(stored, place)
