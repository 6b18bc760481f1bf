"""What the doctor learned of one exchange. Every part is a value, or the trouble that kept it from being known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from arbcore.doctor.rows import Trouble
from arbcore.model.account import AccountFacts, OpenOrder, TradingTerms
from arbcore.model.input import AccountSnapshot
from arbcore.model.instrument import Instrument
from arbcore.model.treasury import WalletStatus


@dataclass(slots=True)
class Seen:
    """One exchange as it was found. Mutable: it is filled while questions are answered; None is "not asked".

    Attributes:
        name: Exchange instance id.
        plugin: Name of its plugin.
        environment: The session's environment.
        live: Whether the session is to send real orders: what only warns on paper fails then.
        stated: What the config's ``keys.withdraw`` says.
        moves_money: Whether the exchange's ``move_money`` is on.
        leverage: The setting ``leverage`` of the exchange, 0 where it has none.
        allot: What the session may use there, by currency.
        now: When it was looked at, UTC nanoseconds.
        listed: What the venue lists.
        listing_ms: How long the listing took.
        missing_data: Why market data does not come, empty where it comes.
        quoted: How many planned instruments had a quote.
        has_perpetuals: Whether it lists perpetuals, whose accounts have modes.
        trades: Whether its plugin opens accounts at all.
        needs_key: Why the account was not opened: no key, or secrets that are not there; empty where it was.
        names_key: Whether the config names a key.
        opened: The trouble of opening the account, if any.
        facts: What the venue tells of account and key.
        orders: Open orders.
        snapshot: Balances and positions.
        terms: Trading terms by instrument key.
        wallets: Wallets by coin.
        instruments: Those that routes trade here.
        values: Largest position value by instrument key, in its quote currency, that the strategies may hold.
    """

    name: str
    plugin: str
    environment: str
    live: bool
    stated: str = "unknown"
    moves_money: bool = False
    leverage: int = 0
    allot: Mapping[str, Decimal] = field(default_factory=dict)
    now: int = 0
    listed: tuple[Instrument, ...] | Trouble | None = None
    listing_ms: float = 0.0
    missing_data: str = ""
    quoted: int = 0
    has_perpetuals: bool = False
    trades: bool = True
    needs_key: str = ""
    names_key: bool = False
    opened: Trouble | None = None
    facts: AccountFacts | Trouble | None = None
    orders: Sequence[OpenOrder] | Trouble | None = None
    snapshot: AccountSnapshot | Trouble | None = None
    terms: dict[str, TradingTerms | Trouble] = field(default_factory=dict)
    wallets: dict[str, Sequence[WalletStatus] | Trouble] = field(default_factory=dict)
    instruments: tuple[Instrument, ...] = ()
    values: dict[str, float] = field(default_factory=dict)
