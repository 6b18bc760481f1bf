"""Statements on the tables of the journal, apart from reading and storing events, which stores do themselves."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, insert, select

from arbcore.journal._sql.tables import (
    PROJECTION_ROWS,
    AnchorRow,
    BalanceRow,
    CutRow,
    EventRow,
    HeadRow,
    IdentityRow,
    PositionRow,
    Row,
    RunRow,
    SnapshotRow,
    TradeRow,
)
from arbcore.journal.chain import KEPT_SNAPSHOTS, START, Anchor
from arbcore.journal.projections import Summary
from arbcore.model.state import EngineState
from arbcore.model.trade import Pnl, TradeState
from arbcore.ports.journal import RunMetadata, StoredEvent, StoredSnapshot

_json: Final = msgspec.json.Encoder(order="deterministic")


def claim_identity(connection: Connection, session: str, mode: str, environment: str) -> tuple[str, str, str]:
    """Return whose journal it is: what was noted before, else what is given, which is noted now."""
    table = IdentityRow.__table__
    known = connection.execute(select(table.c.session, table.c.mode, table.c.environment)).first()
    if known is not None:
        return known[0], known[1], known[2]
    connection.execute(insert(table).values(session=session, mode=mode, environment=environment))
    return session, mode, environment


def add_run(connection: Connection, metadata: RunMetadata) -> None:
    """Note what runs."""
    connection.execute(insert(RunRow.__table__).values(body=_json.encode(metadata)))


def list_runs(connection: Connection) -> list[RunMetadata]:
    """Return what ran, oldest first."""
    table = RunRow.__table__
    bodies = connection.execute(select(table.c.body).order_by(table.c.id)).scalars()
    return [msgspec.json.decode(body, type=RunMetadata) for body in bodies]


def add_anchor(connection: Connection, event: StoredEvent) -> None:
    """Note a place in the chain; one that was noted before stays as it was."""
    table = AnchorRow.__table__
    if connection.execute(select(table.c.hash).where(table.c.sequence == event.sequence)).first() is None:
        connection.execute(insert(table).values(sequence=event.sequence, hash=event.hash))


def last_anchor(connection: Connection) -> Anchor:
    """Return the newest place that was noted, the start of the chain where there is none."""
    table = AnchorRow.__table__
    row = connection.execute(select(table.c.sequence, table.c.hash).order_by(table.c.sequence.desc())).first()
    return Anchor(row[0], row[1]) if row else START


def hash_at(connection: Connection, sequence: int) -> bytes | None:
    """Return the hash of a stored event, None where it is missing."""
    table = EventRow.__table__
    return connection.execute(select(table.c.hash).where(table.c.sequence == sequence)).scalar_one_or_none()


def cut(connection: Connection, events: Sequence[StoredEvent], reason: str) -> None:
    """Take broken events out of the journal and keep them beside it."""
    for broken in events:
        kept = {"sequence": broken.sequence, "body": broken.body, "hash": broken.hash, "reason": reason}
        connection.execute(insert(CutRow.__table__).values(kept))
        connection.execute(delete(EventRow.__table__).where(EventRow.__table__.c.sequence == broken.sequence))


def add_snapshot(connection: Connection, snapshot: StoredSnapshot) -> None:
    """Store a snapshot and drop those that are too many."""
    table = SnapshotRow.__table__
    connection.execute(insert(table).values(msgspec.structs.asdict(snapshot)))
    newest = select(table.c.id).order_by(table.c.id.desc()).limit(KEPT_SNAPSHOTS).scalar_subquery()
    connection.execute(delete(table).where(table.c.id.not_in(newest)))


def list_snapshots(connection: Connection) -> list[StoredSnapshot]:
    """Return the snapshots, newest first."""
    table = SnapshotRow.__table__
    columns = (table.c[name] for name in StoredSnapshot.__struct_fields__)
    return [StoredSnapshot(*row) for row in connection.execute(select(*columns).order_by(table.c.id.desc()))]


def put_summary(connection: Connection, summary: Summary) -> None:
    """Replace the stored projections."""
    for table in PROJECTION_ROWS:
        connection.execute(delete(table.__table__))
    head = {"sequence": summary.sequence, "state": summary.state, **msgspec.structs.asdict(summary.pnl)}
    rows: tuple[tuple[type[Row], list[dict[str, Any]]], ...] = (
        (HeadRow, [head]),
        (PositionRow, [{"instrument": key, "quantity": value} for key, value in summary.positions.items()]),
        (
            BalanceRow,
            [{"venue": key[0], "currency": key[1], "amount": value} for key, value in summary.balances.items()],
        ),
        (TradeRow, [{"id": key, "state": state, "pnl": pnl} for key, (state, pnl) in summary.trades.items()]),
    )
    for row, values in rows:
        if values:
            connection.execute(insert(row.__table__), values)


def get_summary(connection: Connection) -> Summary | None:
    """Return the stored projections, None where none were stored."""
    head = connection.execute(select(HeadRow.__table__)).mappings().first()
    if head is None:
        return None
    positions = connection.execute(select(PositionRow.__table__))
    balances = connection.execute(select(BalanceRow.__table__))
    trades = connection.execute(select(TradeRow.__table__))
    return Summary(
        sequence=head["sequence"],
        state=EngineState(head["state"]),
        positions={row.instrument: row.quantity for row in positions},
        balances={(row.venue, row.currency): row.amount for row in balances},
        trades={row.id: (TradeState(row.state), row.pnl) for row in trades},
        pnl=Pnl(**{part: head[part] for part in Pnl.__struct_fields__}),
    )
