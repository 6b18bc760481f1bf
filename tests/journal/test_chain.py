"""The hash chain: whatever is changed, dropped, added or moved is found at its place."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from arbcore.errors import JournalError
from arbcore.journal.chain import GENESIS, START, Anchor, require_continuation, seal, verify
from arbcore.journal.codec import decode, encode
from arbcore.model.events import EnginePaused, Envelope
from arbcore.ports.journal import StoredEvent
from arbcore.testing.events import journals, numbered


def chain(length: int, first: int = 1, previous: bytes = GENESIS) -> list[StoredEvent]:
    contents = [(number, f"k{number}", EnginePaused(reason=f"r{number}")) for number in range(length)]
    return seal(previous, numbered(list(contents), first))


@given(journals())
def test_what_is_sealed_verifies(envelopes: list[Envelope]) -> None:
    events = seal(GENESIS, envelopes)
    report = verify(events)
    assert report.ok
    assert report.events == len(envelopes)
    assert report.last == (Anchor(events[-1].sequence, events[-1].hash) if events else START)
    assert [decode(event.body) for event in events] == envelopes


@given(journals(), st.data())
def test_sealing_in_pieces_gives_the_same_chain(envelopes: list[Envelope], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(envelopes)))
    front = seal(GENESIS, envelopes[:cut])
    back = seal(front[-1].hash if front else GENESIS, envelopes[cut:])
    assert front + back == seal(GENESIS, envelopes)
    anchor = Anchor(front[-1].sequence, front[-1].hash) if front else START
    assert verify(back, anchor).ok


def test_the_hash_is_what_the_documentation_says() -> None:
    first, second = chain(2)
    assert first.hash == sha256(bytes(32) + first.body).digest()
    assert second.hash == sha256(first.hash + second.body).digest()


CHANGES = {
    "body": lambda event: replace(event, body=event.body.replace(b'"r', b'"R')),
    "hash": lambda event: replace(event, hash=sha256(event.hash).digest()),
    "time": lambda event: replace(event, time=event.time + 1),
    "type": lambda event: replace(event, type="EngineResumed"),
    "key": lambda event: replace(event, key="other"),
    "sequence": lambda event: replace(event, sequence=event.sequence + 100),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("place", range(6))
def test_one_changed_field_is_found_where_it_is(change: str, place: int) -> None:
    events = chain(6)
    events[place] = CHANGES[change](events[place])
    report = verify(events)
    assert not report.ok
    assert report.bad == place + 1
    assert report.events == place
    assert report.problem


@given(st.integers(0, 5))
def test_a_dropped_event_is_missed(place: int) -> None:
    events = chain(7)
    del events[place]
    report = verify(events)
    assert (report.bad, report.torn) == (place + 1, place == 5)
    assert f"event {place + 1} is missing" in report.problem


@given(st.lists(st.integers(0, 5), min_size=6, max_size=6, unique=True))
def test_another_order_is_found(order: list[int]) -> None:
    events = chain(6)
    shuffled = [events[place] for place in order]
    assert verify(shuffled).ok is (order == sorted(order))


def test_a_forged_event_needs_all_hashes_behind_it() -> None:
    events = chain(5)
    forged = replace(events[2], body=events[2].body.replace(b'"r2"', b'"xx"'))
    forged = replace(forged, hash=sha256(events[1].hash + forged.body).digest())
    report = verify([*events[:2], forged, *events[3:]])
    assert report.bad == 4


def test_a_break_at_the_end_is_torn_and_one_in_the_middle_is_not() -> None:
    events = chain(5)
    broken = [replace(event, body=event.body[:-5]) for event in events]
    assert verify([*events[:4], broken[4]]).torn
    assert verify([*events[:3], broken[3], broken[4]]).torn
    middle = verify([*events[:2], broken[2], *events[3:]])
    assert (middle.bad, middle.torn) == (3, False)


def test_an_anchor_shows_a_cut_at_the_front() -> None:
    events = chain(4)
    assert verify(events[2:], Anchor(2, events[1].hash)).ok
    assert verify(events[2:]).bad == 1
    assert verify(events[2:], Anchor(2, events[0].hash)).bad == 3


def test_bytes_that_are_no_event_are_a_fault_even_with_the_right_hash() -> None:
    events = chain(1)
    report = verify([replace(events[0], body=b"{}", hash=sha256(GENESIS + b"{}").digest())])
    assert report.bad == 1
    assert "can't read" in report.problem


def test_columns_are_held_to_the_body() -> None:
    other = encode(Envelope(9, 0, 0, "k0", EnginePaused(reason="r0")))
    event = replace(chain(1)[0], body=other, hash=sha256(GENESIS + other).digest())
    assert "columns" in verify([event]).problem


def test_only_a_continuation_may_be_stored() -> None:
    events = chain(4)
    require_continuation(START, events)
    require_continuation(Anchor(2, events[1].hash), events[2:])
    require_continuation(START, [])
    for last, wrong in (
        (START, events[1:]),
        (Anchor(2, events[1].hash), events[1:]),
        (Anchor(2, events[0].hash), events[2:]),
        (START, [events[0], events[2]]),
    ):
        with pytest.raises(JournalError):
            require_continuation(last, wrong)
