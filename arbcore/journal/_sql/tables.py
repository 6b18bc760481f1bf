"""Tables of the journal and of the control store."""

from decimal import Decimal
from typing import Any, ClassVar, Final

from sqlalchemy import BigInteger, Dialect, Integer, Numeric, String, Table
from sqlalchemy.orm import registry
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

from arbcore.model.state import CommandState


class Exact(TypeDecorator[Decimal]):
    """An amount that comes back digit for digit: numeric where the database has exact numbers, else text."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return dialect.type_descriptor(Numeric(asdecimal=True) if dialect.supports_native_decimal else String())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | str | None:
        """Hand an amount to the driver."""
        return value if value is None or dialect.supports_native_decimal else str(value)

    def process_result_value(self, value: Decimal | str | None, dialect: Dialect) -> Decimal | None:
        """Take an amount from the driver."""
        return None if value is None else Decimal(value)


class Whole(TypeDecorator[int]):
    """A whole number of 64 bits. Databases without exact numbers store any integer so, under its plain name."""

    impl = Integer
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return dialect.type_descriptor(BigInteger() if dialect.supports_native_decimal else Integer())


class Row(SQLModel, registry=registry()):
    """Base of all tables, apart from the tables of anything else in the process."""

    __table__: ClassVar[Table]


class EventRow(Row, table=True):
    """The journal: fields and order of `StoredEvent`."""

    __tablename__ = "event_store"
    sequence: int = Field(primary_key=True, sa_type=Whole, sa_column_kwargs={"autoincrement": False})
    time: int = Field(sa_type=Whole)
    type: str
    key: str
    body: bytes
    hash: bytes


class IdentityRow(Row, table=True):
    """Whose journal it is: one row."""

    __tablename__ = "journal_identity"
    session: str = Field(primary_key=True)
    mode: str
    environment: str


class RunRow(Row, table=True):
    """What ran, as JSON of `RunMetadata`."""

    __tablename__ = "run_metadata"
    id: int | None = Field(default=None, primary_key=True)
    body: bytes


class AnchorRow(Row, table=True):
    """Places in the chain that were noted when a session closed."""

    __tablename__ = "journal_anchor"
    sequence: int = Field(primary_key=True, sa_type=Whole, sa_column_kwargs={"autoincrement": False})
    hash: bytes


class CutRow(Row, table=True):
    """Events that an interrupted write left broken: taken out of the journal and kept as evidence."""

    __tablename__ = "cut_event"
    id: int | None = Field(default=None, primary_key=True)
    sequence: int = Field(sa_type=Whole)
    body: bytes
    hash: bytes
    reason: str


class SnapshotRow(Row, table=True):
    """Snapshots, the newest with the highest id: fields of `StoredSnapshot`."""

    __tablename__ = "snapshot_store"
    id: int | None = Field(default=None, primary_key=True)
    sequence: int = Field(sa_type=Whole)
    chain: bytes
    body: bytes
    digest: bytes


class HeadRow(Row, table=True):
    """The newest projected event, the engine's state and the profit by its parts: one row."""

    __tablename__ = "projection_head"
    sequence: int = Field(primary_key=True, sa_type=Whole, sa_column_kwargs={"autoincrement": False})
    state: str
    spread: Decimal = Field(sa_type=Exact)
    slippage: Decimal = Field(sa_type=Exact)
    fees: Decimal = Field(sa_type=Exact)
    funding: Decimal = Field(sa_type=Exact)
    fx: Decimal = Field(sa_type=Exact)
    unrealised: Decimal = Field(sa_type=Exact)


class PositionRow(Row, table=True):
    """Net positions."""

    __tablename__ = "projection_position"
    instrument: str = Field(primary_key=True)
    quantity: Decimal = Field(sa_type=Exact)


class BalanceRow(Row, table=True):
    """Balances."""

    __tablename__ = "projection_balance"
    venue: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    amount: Decimal = Field(sa_type=Exact)


class TradeRow(Row, table=True):
    """Trades with their realised profit in base currency."""

    __tablename__ = "projection_trade"
    id: str = Field(primary_key=True)
    state: str
    pnl: Decimal = Field(sa_type=Exact)


class CommandRow(Row, table=True):
    """Commands and their life; `body` is JSON of `CommandRequest`, `events` a JSON list of sequences."""

    __tablename__ = "command_store"
    position: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    body: bytes
    state: str = CommandState.NEW
    claimed_by: str = ""
    reason: str = ""
    events: bytes = b"[]"


class DraftRow(Row, table=True):
    """Drafts of the config."""

    __tablename__ = "config_store"
    version: int | None = Field(default=None, primary_key=True)
    body: str
    author: str


PROJECTION_ROWS: Final[tuple[type[Row], ...]] = (HeadRow, PositionRow, BalanceRow, TradeRow)
JOURNAL_ROWS: Final[tuple[type[Row], ...]] = (
    EventRow,
    IdentityRow,
    RunRow,
    AnchorRow,
    CutRow,
    SnapshotRow,
    *PROJECTION_ROWS,
)
CONTROL_ROWS: Final[tuple[type[Row], ...]] = (CommandRow, DraftRow)

APPENDED: Final = tuple(row.__table__.name for row in (EventRow, RunRow, AnchorRow))
"""Names of the tables that the engine only ever appends to."""
PROJECTIONS: Final = tuple(row.__table__.name for row in PROJECTION_ROWS)
"""Names of the tables that the engine rewrites."""
SNAPSHOTS: Final = SnapshotRow.__table__.name
"""Name of the table of snapshots, of which the oldest go."""
COMMANDS: Final = CommandRow.__table__.name
DRAFTS: Final = DraftRow.__table__.name
