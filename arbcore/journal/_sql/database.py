"""Engines and transactions."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, create_engine, event, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool
from sqlalchemy.schema import CreateTable

from arbcore.journal._sql.tables import EventRow, Row

__all__ = ["Connection", "insert_events", "open_engine", "schema", "transaction"]


def open_engine(
    dialect: str, connect: Callable[[], Any], begin: Callable[[bool], str], *, exact_numbers: bool = False
) -> Engine:
    """Return an engine over connections of the store's own making.

    Args:
        dialect: The database's name in SQLAlchemy.
        connect: Opens a connection of the driver that commits by itself.
        begin: Statement that begins a transaction, for one that writes or one that reads.
        exact_numbers: Whether the database keeps decimals of any length; else amounts are stored as text.
    """
    engine = create_engine(f"{dialect}://", creator=connect, poolclass=QueuePool)
    engine.dialect.supports_native_decimal = exact_numbers

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin(bool(connection.get_execution_options().get("writes"))))

    return engine


@contextmanager
def transaction(engine: Engine, *, writes: bool) -> Iterator[Connection]:
    """Run statements together, all or none; the driver's own error comes out where they fail."""
    try:
        with engine.execution_options(writes=writes).begin() as connection:
            yield connection
    except DBAPIError as error:
        raise (error.orig or error) from error


def schema(dialect: Dialect, rows: Sequence[type[Row]]) -> list[str]:
    """Return the statements that create missing tables."""
    return [str(CreateTable(row.__table__, if_not_exists=True).compile(dialect=dialect)) for row in rows]


def insert_events(dialect: Dialect) -> str:
    """Return the statement that stores an event, with a place for each field of `StoredEvent` in its order."""
    return str(insert(EventRow.__table__).compile(dialect=dialect))
