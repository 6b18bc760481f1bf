"""Tables of SQL stores: amounts come back digit for digit, and the event table is what journals append to."""

import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, LargeBinary, insert, select
from sqlalchemy.dialects import postgresql

from arbcore.journal._sql import records
from arbcore.journal._sql.database import insert_events, open_engine, schema, transaction
from arbcore.journal._sql.tables import CONTROL_ROWS, JOURNAL_ROWS, BalanceRow, EventRow
from arbcore.journal.projections import Summary
from arbcore.model.state import EngineState
from arbcore.model.trade import Pnl, TradeState
from arbcore.ports.journal import StoredEvent
from arbcore.testing.events import DECIMALS, TEXT


def open_tables(path: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    engine = open_engine("sqlite", connect, lambda writes: "BEGIN IMMEDIATE" if writes else "BEGIN")
    with transaction(engine, writes=True) as connection:
        for statement in schema(engine.dialect, JOURNAL_ROWS + CONTROL_ROWS):
            connection.exec_driver_sql(statement)
    return engine


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_tables(tmp_path_factory.mktemp("sql") / "tables.db")
    yield engine
    engine.dispose()


@given(DECIMALS)
def test_an_amount_comes_back_digit_for_digit(engine: Engine, amount: Decimal) -> None:
    table = BalanceRow.__table__
    with transaction(engine, writes=True) as connection:
        connection.execute(table.delete())
        connection.execute(insert(table).values(venue="v", currency="C", amount=amount))
    with transaction(engine, writes=False) as connection:
        read = connection.execute(select(table.c.amount)).scalar_one()
        kept = connection.exec_driver_sql("SELECT typeof(amount) FROM projection_balance").scalar_one()
    assert isinstance(read, Decimal)
    assert str(read) == str(amount)
    assert kept == "text"


SUMMARIES = st.builds(
    Summary,
    sequence=st.integers(0, 2**63 - 1),
    state=st.sampled_from(EngineState),
    positions=st.dictionaries(TEXT, DECIMALS, max_size=3),
    balances=st.dictionaries(st.tuples(TEXT, TEXT), DECIMALS, max_size=3),
    trades=st.dictionaries(TEXT, st.tuples(st.sampled_from(TradeState), DECIMALS), max_size=3),
    pnl=st.builds(Pnl, **dict.fromkeys(Pnl.__struct_fields__, DECIMALS)),
)


@given(SUMMARIES, SUMMARIES)
def test_projections_are_replaced_as_a_whole(engine: Engine, first: Summary, second: Summary) -> None:
    for summary in (first, second):
        with transaction(engine, writes=True) as connection:
            records.put_summary(connection, summary)
    with transaction(engine, writes=False) as connection:
        assert records.get_summary(connection) == second


def test_a_failed_transaction_leaves_nothing(engine: Engine) -> None:
    table = BalanceRow.__table__
    row = {"venue": "twice", "currency": "C", "amount": Decimal(1)}

    def insert_twice() -> None:
        with transaction(engine, writes=True) as connection:
            connection.execute(insert(table).values(row))
            connection.execute(insert(table).values(row))

    with pytest.raises(sqlite3.IntegrityError):
        insert_twice()
    with transaction(engine, writes=False) as connection:
        assert connection.execute(select(table).where(table.c.venue == "twice")).first() is None


def test_the_event_table_is_a_stored_event(engine: Engine) -> None:
    columns = EventRow.__table__.columns
    assert tuple(columns.keys()) == StoredEvent.__struct_fields__
    assert insert_events(engine.dialect).count("?") == len(columns)
    assert isinstance(columns["body"].type, LargeBinary)


def test_a_database_with_exact_numbers_uses_them_and_64_bits() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    dialect.supports_native_decimal = True
    text = "\n".join(schema(dialect, JOURNAL_ROWS))
    assert "amount NUMERIC NOT NULL" in text
    assert "sequence BIGINT NOT NULL" in text
    assert "time BIGINT NOT NULL" in text
