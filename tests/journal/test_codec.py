"""Canonical bytes: every event of the catalogue comes back exactly, and equal events give equal bytes."""

import json
import math
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.errors import JournalError
from arbcore.journal.codec import EVENT_TYPES, decode, encode
from arbcore.model.events import (
    AlertRaised,
    BalanceChanged,
    ConfigChanged,
    EnginePaused,
    Envelope,
    Event,
    FundingApplied,
    OpportunitySkipped,
    TradeHedged,
)
from arbcore.model.state import Severity
from arbcore.testing.events import envelopes, events

HEDGED = Envelope(7, 1_700_000_000_000_000_000, 6, "k", TradeHedged(trade="T1", unhedged_ns=5))
HEDGED_TEXT = (
    b'{"sequence":7,"time":1700000000000000000,"cause":6,"key":"k","version":1,'
    b'"event":{"type":"TradeHedged","trade":"T1","unhedged_ns":5}}'
)


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_every_event_round_trips(name: str) -> None:
    @given(envelopes(EVENT_TYPES[name]))
    def check(envelope: Envelope) -> None:
        body = encode(envelope)
        again = decode(body)
        assert again == envelope
        assert type(again.event) is type(envelope.event)
        assert encode(again) == body
        assert b"\n" not in body

    check()


WITH_FLOATS = [name for name, kind in EVENT_TYPES.items() if "FloatType" in repr(msgspec.inspect.type_info(kind))]


@pytest.mark.parametrize("name", sorted(WITH_FLOATS))
def test_no_float_keeps_an_event_out(name: str) -> None:
    @given(envelopes(EVENT_TYPES[name], floats=st.sampled_from([math.nan, math.inf, -math.inf, 0.5])))
    def check(envelope: Envelope) -> None:
        body = encode(envelope)
        assert encode(decode(body)) == body

    check()


def test_the_catalogue_is_complete() -> None:
    subclasses = {kind for kind in Event.__subclasses__() if kind.__module__.startswith("arbcore.model.events")}
    assert set(EVENT_TYPES.values()) == subclasses


def test_the_bytes_are_these_and_the_documentation_shows_them() -> None:
    assert encode(HEDGED) == HEDGED_TEXT
    page = Path(__file__).parents[2] / "docs" / "journal.md"
    assert HEDGED_TEXT.decode() in page.read_text(encoding="utf-8")
    assert decode(HEDGED_TEXT) == HEDGED


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5)))
def test_the_order_of_mappings_leaves_no_trace(changes: dict[str, str]) -> None:
    turned = dict(reversed(changes.items()))
    one, other = (encode(Envelope(1, 2, 0, "", ConfigChanged(version=1, changes=each))) for each in (changes, turned))
    assert one == other


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_amounts_keep_every_digit(amount: Decimal) -> None:
    event = BalanceChanged(venue="v", currency="C", change=amount, after=amount, reason="fill")
    again = decode(encode(Envelope(1, 2, 0, "", event))).event
    assert isinstance(again, BalanceChanged)
    assert str(again.change) == str(amount)
    shares = FundingApplied(
        payment_id="p", instrument="v:S", amount=amount, currency="C", value=amount, rate=amount, quantity=amount,
        shares={"T": amount},
    )  # fmt: skip
    back = decode(encode(Envelope(1, 2, 0, "", shares))).event
    assert isinstance(back, FundingApplied)
    assert str(back.shares["T"]) == str(amount)


def test_a_float_gone_wrong_reads_as_nan() -> None:
    event = OpportunitySkipped(
        strategy="s", route="r", reason="EDGE_GONE", first=1, last=2, count=3, best_edge_bps=math.inf
    )
    body = encode(Envelope(1, 2, 0, "", event))
    assert json.loads(body)["event"]["best_edge_bps"] is None
    again = decode(body).event
    assert isinstance(again, OpportunitySkipped)
    assert math.isnan(again.best_edge_bps)
    assert again.count == 3


def test_half_a_surrogate_pair_is_escaped() -> None:
    event = AlertRaised(rule="r", severity=Severity.P1, source="v\udfff", text="bad \ud800 text")
    again = decode(encode(Envelope(1, 2, 0, "k\ud800", event)))
    assert again.key == "k\\ud800"
    assert again.event == AlertRaised(rule="r", severity=Severity.P1, source="v\\udfff", text="bad \\ud800 text")


@given(events())
def test_plain_json_reads_it(event: Event) -> None:
    read = json.loads(encode(Envelope(1, 2, 0, "", event)))
    assert read["event"]["type"] == type(event).__name__
    assert read["version"] == 1


def test_an_older_version_is_lifted_step_by_step() -> None:
    old = HEDGED_TEXT.replace(b'"version":1', b'"version":-1').replace(b'"unhedged_ns":5', b'"unhedged_ms":5')
    lifted = decode(
        old,
        {
            ("TradeHedged", -1): lambda fields: {"trade": fields["trade"], "unhedged_us": fields["unhedged_ms"] * 1000},
            ("TradeHedged", 0): lambda fields: {"trade": fields["trade"], "unhedged_ns": fields["unhedged_us"] * 1000},
        },
    )
    assert lifted.event == TradeHedged(trade="T1", unhedged_ns=5_000_000)


def test_an_older_version_with_the_same_fields_is_lifted_too() -> None:
    old = HEDGED_TEXT.replace(b'"version":1', b'"version":0')
    lifted = decode(old, {("TradeHedged", 0): lambda fields: fields | {"unhedged_ns": fields["unhedged_ns"] * 10}})
    assert lifted.event == TradeHedged(trade="T1", unhedged_ns=50)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (HEDGED_TEXT.replace(b'"version":1', b'"version":2'), "newer arbcore"),
        (HEDGED_TEXT.replace(b"TradeHedged", b"TradeVanished"), "TradeVanished"),
        (HEDGED_TEXT.replace(b'"unhedged_ns":5', b'"unhedged_ns":"x"'), "unhedged_ns"),
        (HEDGED_TEXT.replace(b'"version":1', b'"version":0'), "TradeHedged"),
        (HEDGED_TEXT[:-9], "truncated"),
        (HEDGED_TEXT.replace(b"T1", b"T\xff"), "TradeHedged"),
        (b"", "truncated"),
        (b"[1]", "object"),
        (b"\x00" * 40, "malformed"),
    ],
)
def test_what_is_no_event_is_one_clear_error(body: bytes, message: str) -> None:
    with pytest.raises(JournalError, match=message):
        decode(body)


@given(st.integers(0, len(HEDGED_TEXT)), st.integers(0, 20), st.binary(max_size=8))
def test_any_bytes_are_an_event_or_the_one_error(place: int, gone: int, put: bytes) -> None:
    body = HEDGED_TEXT[:place] + put + HEDGED_TEXT[place + gone :]
    with suppress(JournalError):
        assert isinstance(decode(body).event, Event)


def test_a_field_that_differs_is_a_difference_in_the_bytes() -> None:
    other = msgspec.structs.replace(HEDGED, event=EnginePaused(reason=""))
    assert encode(other) != encode(HEDGED)
