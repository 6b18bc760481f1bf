"""Statements on the tables of the control store."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, insert, select, update

from arbcore.errors import JournalError
from arbcore.journal._sql.tables import CommandRow, DraftRow
from arbcore.journal.requests import decode_request, encode_request
from arbcore.model.command import CommandRequest
from arbcore.model.state import CommandState
from arbcore.ports.journal import StoredCommand

_json: Final = msgspec.json.Encoder(order="deterministic")

logger = logging.getLogger("arbcore.journal.commands")


def add_command(connection: Connection, request: CommandRequest) -> None:
    """Store a new command; an id that was used before violates a constraint."""
    row = {"id": request.id, "body": encode_request(request), "state": CommandState.NEW}
    connection.execute(insert(CommandRow.__table__).values({**row, "claimed_by": "", "reason": "", "events": b"[]"}))


def claim_commands(connection: Connection, claimer: str) -> list[StoredCommand]:
    """Take every new command, oldest first. Two claimers need transactions that exclude each other.

    One that can't be read, such as that of a newer version, is refused with the reason, and holds up no other.
    """
    table = CommandRow.__table__
    new = select(table).where(table.c.state == CommandState.NEW).order_by(table.c.position).with_for_update()
    rows = connection.execute(new).mappings().all()
    claimed = []
    for row in rows:
        mine = update(table).where(table.c.position == row["position"])
        try:
            claimed.append(_command({**row, "state": CommandState.SENT, "claimed_by": claimer}))
        except JournalError as error:
            logger.warning("command %s is refused: %s", row["id"], error.what)
            connection.execute(mine.values(state=CommandState.FAILED, claimed_by=claimer, reason=str(error)))
        else:
            connection.execute(mine.values(state=CommandState.SENT, claimed_by=claimer))
    return claimed


def settle_command(
    connection: Connection, command_id: str, state: CommandState, *, reason: str = "", events: Sequence[int] = ()
) -> bool:
    """End a claimed command; tell whether there was one."""
    table = CommandRow.__table__
    claimed = update(table).where(table.c.id == command_id, table.c.state == CommandState.SENT)
    values = {"state": state, "reason": reason, "events": _json.encode(list(events))}
    return connection.execute(claimed.values(values)).rowcount == 1


def list_commands(connection: Connection) -> list[StoredCommand]:
    """Return all commands that can be read, oldest first."""
    table = CommandRow.__table__
    return list(_readable(connection.execute(select(table).order_by(table.c.position)).mappings()))


def add_draft(connection: Connection, text: str, author: str) -> int:
    """Store a draft of the config and return its version."""
    added = connection.execute(insert(DraftRow.__table__).values(body=text, author=author))
    key = added.inserted_primary_key
    return int(key[0]) if key is not None else 0


def get_draft(connection: Connection, version: int) -> str | None:
    """Return the text of a draft, None where there is none of that version."""
    table = DraftRow.__table__
    return connection.execute(select(table.c.body).where(table.c.version == version)).scalar_one_or_none()


def _readable(rows: Iterable[Mapping[Any, Any]]) -> Iterator[StoredCommand]:
    for row in rows:
        try:
            yield _command(dict(row))
        except JournalError:
            continue  # whoever claims it says so; whoever gave it can read it


def _command(row: dict[str, Any]) -> StoredCommand:
    return StoredCommand(
        request=decode_request(row["body"]),
        state=CommandState(row["state"]),
        claimed_by=row["claimed_by"],
        reason=row["reason"],
        events=tuple(msgspec.json.decode(row["events"], type=list[int])),
    )
