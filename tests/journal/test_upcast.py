"""Upcasting: steps in order, commands within events, and versions that nobody here knows."""

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.errors import JournalError
from arbcore.journal import upcast
from arbcore.journal.codec import decode, encode
from arbcore.journal.requests import decode_request, encode_request
from arbcore.journal.upcast import Upcast, lift, lift_command, tag
from arbcore.model.command import ClosePosition, Command, CommandRequest, Withdraw
from arbcore.model.events import CommandAccepted, Envelope, TradeHedged

WITHDRAW = Withdraw(withdraw_id="w1", venue="cash", currency="USDT", network="TRX", amount=Decimal("5.10"), address="T")
REQUEST = CommandRequest(id="c1", command=WITHDRAW, issued_by="ann", recv_ts=5)
BODY = encode_request(REQUEST)
ACCEPTED = Envelope(3, 5, 0, "c1", CommandAccepted(command_id="c1", command=WITHDRAW, issued_by="ann"))

OLDER = BODY.replace(b'"Withdraw"', b'"Withdraw@0"').replace(b'"amount":"5.10"', b'"cents":510')


def from_cents(fields: dict[str, Any]) -> dict[str, Any]:
    """Lift a version that never was: amounts in cents."""
    cents = fields.pop("cents")
    return fields | {"amount": f"{cents // 100}.{cents % 100:02}"}


STEPS: dict[tuple[str, int], Upcast] = {("Withdraw", 0): from_cents}


def test_a_command_is_lifted_where_a_control_store_holds_it() -> None:
    assert decode_request(BODY) == REQUEST
    assert decode_request(OLDER, STEPS) == REQUEST
    assert encode_request(decode_request(OLDER, STEPS)) == BODY


def test_a_command_is_lifted_within_the_events_that_tell_of_it() -> None:
    body = encode(ACCEPTED).replace(b'"Withdraw"', b'"Withdraw@0"').replace(b'"amount":"5.10"', b'"cents":510')
    assert decode(body, STEPS) == ACCEPTED


def test_steps_follow_each_other_and_leave_what_they_were_given() -> None:
    fields = {"type": "TradeHedged", "trade": "T1", "s": 5}
    steps: dict[tuple[str, int], Upcast] = {
        ("TradeHedged", -1): lambda old: {"trade": old["trade"], "ms": old.pop("s") * 1000},
        ("TradeHedged", 0): lambda old: {"trade": old["trade"], "unhedged_ns": old["ms"] * 10**6},
    }
    lifted = lift(TradeHedged, -1, fields, steps)
    assert lifted == {"type": "TradeHedged", "trade": "T1", "unhedged_ns": 5 * 10**9}
    assert fields == {"type": "TradeHedged", "trade": "T1", "s": 5}


def test_a_newer_version_is_named_with_what_to_do() -> None:
    newer = encode(Envelope(1, 2, 0, "", TradeHedged(trade="T1", unhedged_ns=5))).replace(
        b'"version":1', b'"version":3'
    )
    with pytest.raises(JournalError, match=r"TradeHedged of version 3.*up to version 1") as caught:
        decode(newer)
    assert "at least as new as the one that wrote it" in caught.value.fix
    with pytest.raises(JournalError, match=r"Withdraw of version 2.*up to version 1"):
        decode_request(BODY.replace(b'"Withdraw"', b'"Withdraw@2"'))
    with pytest.raises(JournalError, match=r"Withdraw of version 2.*up to version 1"):
        decode(encode(ACCEPTED).replace(b'"Withdraw"', b'"Withdraw@2"'))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (BODY.replace(b'"Withdraw"', b'"Conjure"'), "no command 'Conjure'"),
        (BODY.replace(b'"Withdraw"', b'"Withdraw@x"'), "no command 'Withdraw@x'"),
        (BODY.replace(b'"Withdraw"', b'"Withdraw@' + b"9" * 9000 + b'"'), "no command 'Withdraw@9"),
        (BODY.replace(b'"Withdraw"', b'"Withdraw@0"'), "version 0 can't be lifted to version 1"),
        (BODY.replace(b'"5.10"', b'"much"'), "command.amount"),
        (BODY.replace(b'"c1"', b"1"), "id"),
        (BODY.replace(b"ann", b"\xff"), "can't read the command"),
        (BODY[:-3], "truncated"),
        (b"[]", "can't read the command"),
        (b'{"id":"c","issued_by":"a","recv_ts":1,"command":[]}', "command"),
    ],
)
def test_what_is_no_command_is_one_clear_error(body: bytes, message: str) -> None:
    with pytest.raises(JournalError, match=message):
        decode_request(body)


@given(st.integers(0, len(BODY)), st.integers(0, 20), st.binary(max_size=8))
def test_any_bytes_are_a_command_or_the_one_error(place: int, gone: int, put: bytes) -> None:
    with suppress(JournalError):
        assert isinstance(decode_request(BODY[:place] + put + BODY[place + gone :]), CommandRequest)


def test_from_version_two_on_a_command_carries_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    class Later(Command, frozen=True, tag="ClosePosition@2"):
        """A command whose version was raised."""

        VERSION: ClassVar[int] = 2
        trade: str

    Later.__name__ = "ClosePosition"
    monkeypatch.setattr(upcast, "COMMAND_TYPES", {"ClosePosition": Later})
    assert tag(ClosePosition) == "ClosePosition"
    assert tag(Later) == "ClosePosition@2"
    steps: dict[tuple[str, int], Upcast] = {("ClosePosition", 1): lambda old: {"trade": old["trade"] + "!"}}
    lifted = lift_command({"type": "ClosePosition", "trade": "7"}, steps)
    assert lifted == {"type": "ClosePosition@2", "trade": "7!"}
    assert lift_command(json.loads('{"type":"ClosePosition@2","trade":"7"}'), steps)["trade"] == "7"
