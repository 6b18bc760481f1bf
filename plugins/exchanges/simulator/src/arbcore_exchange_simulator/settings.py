"""What a simulator may be told: its markets, its clock, the venues' rules that it enforces, and its faults."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from arbcore.settings import Duration
from arbcore_exchange_simulator.faults.fault import Fault
from arbcore_exchange_simulator.market.coins import DEFAULT_COINS
from arbcore_exchange_simulator.trading.given import DEFAULT_ACCOUNTS, AccountSettings, WalletState

SECOND = 1_000_000_000
"""Nanoseconds in a second."""

HOUR = 3600 * SECOND
"""Nanoseconds in an hour."""


def _symbols(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the coins in capitals, each once.

    Raises:
        ValueError: There is none, or one is USDT, which is no coin here but the currency of the other venue.
    """
    found = tuple(dict.fromkeys(name.strip().upper() for name in names if name.strip()))
    if not found or not all(name.isalnum() and name.isascii() for name in found):
        raise ValueError("name at least one coin by its ticker: BTC, ETH")
    if "USDT" in found or "KRW" in found:
        raise ValueError("USDT and KRW are the currencies that coins trade in; KRW-USDT is always listed")
    return found


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Premium(_Part):
    """How far the KRW market stands from the perpetual, each coin by itself.

    A slow level with a quick mean-reverting part on top, and kicks: sudden premiums that die away. A share of the
    kicks does not: it shifts the level, so that what looked like a chance is none.

    Attributes:
        level_bps: Level to which everything returns in the end.
        volatility_bps: Standard deviation of the quick part.
        half_life: Of the quick part and of kicks.
        kick_every: Mean time between two kicks of a coin; 0 for none.
        kick_bps: Smallest and largest size of a kick; the sign is drawn.
        shift_share: Share of the kicks that shift the level by half their size.
        level_half_life: Of a shifted level's way back.
    """

    level_bps: float = 0.0
    volatility_bps: float = Field(12.0, ge=0)
    half_life: Duration = 1_500_000_000
    kick_every: Duration = 3 * SECOND
    kick_bps: tuple[float, float] = (70.0, 160.0)
    shift_share: float = Field(0.15, ge=0, le=1)
    level_half_life: Duration = 20 * SECOND


class Rules(_Part):
    """Limits of the venues that the simulator enforces; the values are the venues' own (2026-11).

    Attributes:
        enforce: False switches every limit on requests and messages off.
        upbit_quotation: Requests a second in each quotation group.
        upbit_connects: Handshakes a second.
        upbit_default: Private requests a second and pocket that have no group of their own.
        upbit_order: Orders a second and pocket; 8 before 2026-08-21.
        upbit_order_test: Test orders a second and pocket.
        upbit_fee: Share of the value, for maker and taker; that of the KRW market.
        upbit_cancel_delay: Time from the reply to a cancel request to the cancelling; 0 for at once.
        upbit_report_delay: Time from an event to its report on the private socket.
        upbit_smp_default: What an order without ``smp_type`` gets; ``none`` before the change announced for 2026-11-09.
        upbit_bodies: Whether every request may carry its parameters in its body, also as a URL-encoded form, as old
            clients send them. The venue announced the end of forms for 2022-03-01 and refuses a DELETE's body.
        upbit_withdrawal: Time that a withdrawal takes.
        upbit_messages: Messages a second on a socket.
        upbit_messages_minute: Messages a minute on a socket.
        upbit_idle: A socket without traffic in either direction is closed after this time.
        upbit_status: Time between two ``{"status":"UP"}`` after a client's ``PING``.
        usdm_weight: Weight a minute on Binance futures.
        spot_weight: Weight a minute on Binance spot.
        usdm_messages: Messages a second on a futures socket.
        spot_messages: Messages a second on a spot socket.
        streams: Streams on one Binance socket.
        usdm_ping: Time between two pings of the futures' server.
        spot_ping: Time between two pings of the spot server.
        pong_within: Pings unanswered for this time close a futures socket; spot takes a tenth of it.
        connection_age: A Binance socket is closed at this age.
        shutdown_notice: Time before that at which spot announces ``serverShutdown``.
        tolerance: Refused requests after which a 429 becomes a 418.
        ban: First length of a 418; it doubles each time.
    """

    enforce: bool = True
    upbit_quotation: int = 10
    upbit_connects: int = 5
    upbit_default: int = 30
    upbit_order: int = 12
    upbit_order_test: int = 8
    upbit_fee: Decimal = Decimal("0.0005")
    upbit_cancel_delay: Duration = 10_000_000
    upbit_report_delay: Duration = 0
    upbit_smp_default: Literal["cancel_maker", "none"] = "cancel_maker"
    upbit_bodies: bool = False
    upbit_withdrawal: Duration = 10 * SECOND
    upbit_messages: int = 5
    upbit_messages_minute: int = 100
    upbit_idle: Duration = 120 * SECOND
    upbit_status: Duration = 10 * SECOND
    usdm_weight: int = 2400
    spot_weight: int = 6000
    usdm_messages: int = 10
    spot_messages: int = 5
    streams: int = 1024
    usdm_ping: Duration = 180 * SECOND
    spot_ping: Duration = 20 * SECOND
    pong_within: Duration = 600 * SECOND
    connection_age: Duration = 24 * HOUR
    shutdown_notice: Duration = 60 * SECOND
    tolerance: int = 10
    ban: Duration = 120 * SECOND


class SimulatorSettings(_Part):
    """Settings of one simulator.

    Attributes:
        host: Address to listen on.
        port: Port; 0 takes a free one.
        seed: Seed of every path, book, trade and fault.
        symbols: Coins, each listed on every venue.
        count: Number of coins, in place of `symbols`.
        speed: How many times faster than time the markets move. Stamps stay those of the clock.
        rate: Changes of a book a second, for each market, before `speed`.
        trade_rate: Trades a second, for each market, before `speed`.
        levels: Levels on each side of a book.
        volatility: Of the coins, a year; 0.6 is 60 %.
        usdt_krw: Won for one USDT at the start.
        krw_usdt_tick: Tick of KRW-USDT; the table's where None. Upbit's since 2025-07-31 is not confirmed.
        premium: The KRW market against the perpetual.
        funding_interval: Time between two settlements, in place of 8 h or 4 h by coin; short ones settle in a run.
        replay: Folder of data sets to serve in place of made markets.
        wait: Whether markets stand still while no client is connected.
        clock: ``wall``, or ``manual``: time moves only by `Simulator.advance`.
        start: UTC nanoseconds at the start, for the manual clock.
        noise: Whether all-market arrays carry coin-margined symbols too, as on the venue.
        rules: Limits that are enforced.
        faults: Faults from the start.
        preset: A named mixture of faults.
        accounts: Accounts from the start.
        wallets: State of a coin's wallet on Upbit, where it is not ``working``.
        queue: Frames that may wait for one client before it is cut off as too slow.
    """

    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65535)
    seed: int = 1
    symbols: Annotated[tuple[str, ...], AfterValidator(_symbols)] = DEFAULT_COINS
    count: int | None = Field(None, ge=1, le=1000)
    speed: float = Field(1.0, gt=0)
    rate: float = Field(10.0, gt=0)
    trade_rate: float = Field(2.0, gt=0)
    levels: int = Field(30, ge=5, le=200)
    volatility: float = Field(0.6, ge=0)
    usdt_krw: float = Field(1400.0, gt=0)
    krw_usdt_tick: float | None = None
    premium: Premium = Premium()
    funding_interval: Duration | None = None
    replay: Path | None = None
    wait: bool = False
    clock: Literal["wall", "manual"] = "wall"
    start: int = 1_795_143_840_000_000_000
    noise: bool = True
    rules: Rules = Rules()
    faults: tuple[Fault, ...] = ()
    preset: Literal["churn", "churn_private"] | None = None
    accounts: tuple[AccountSettings, ...] = DEFAULT_ACCOUNTS
    wallets: dict[str, WalletState] = Field(default_factory=dict)
    queue: int = Field(20_000, ge=100)

    @model_validator(mode="after")
    def _settles(self) -> "SimulatorSettings":
        """Refuse a funding interval that the wire, which counts in milliseconds, can't tell."""
        if self.funding_interval is not None and self.funding_interval < SECOND:
            raise ValueError("funding_interval: at least 1s")
        return self
