"""Bytes of commands on their way to a session, as control stores keep them."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from arbcore.errors import JournalError
from arbcore.journal.upcast import UPCASTS, Upcast, lift_command
from arbcore.model.command import CommandRequest

_encoder: Final = msgspec.json.Encoder(order="deterministic")
_decoder: Final = msgspec.json.Decoder(CommandRequest)


def encode_request(request: CommandRequest) -> bytes:
    """Return a command as one line of JSON; amounts are text."""
    return _encoder.encode(request)


def decode_request(body: bytes, upcasts: Mapping[tuple[str, int], Upcast] = UPCASTS) -> CommandRequest:
    """Return the command that bytes hold, lifted to the present version of its type.

    Args:
        body: What `encode_request` returned, perhaps long ago, perhaps in another process with another arbcore.
        upcasts: How to lift older versions.

    Raises:
        JournalError: The bytes are no command, or one that this version of arbcore does not know.
    """
    try:
        return _decoder.decode(body)
    except (msgspec.ValidationError, UnicodeDecodeError):
        return _decode_slowly(body, upcasts)
    except msgspec.DecodeError as error:
        raise _unreadable(body, str(error)) from error


def _decode_slowly(body: bytes, upcasts: Mapping[tuple[str, int], Upcast]) -> CommandRequest:
    try:
        raw: dict[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
        command = raw.get("command")
        lifted = raw | {"command": lift_command(command, upcasts)} if isinstance(command, dict) else raw
        return msgspec.convert(lifted, CommandRequest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _unreadable(body, str(error)) from error


def _unreadable(body: bytes, why: str) -> JournalError:
    return JournalError(
        f"can't read the command {body[:120]!r}: {why}",
        "give it again with `arb` of the version that runs the session",
    )
