"""Settings of the exchange and of the rate source."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from arbcore.net.settings import NetworkSettings
from arbcore.settings import ConfigView, Finding, PluginSettings, Secret, Span

_S = 10**9

Rate = Annotated[Decimal, Field(ge=0, lt=1, allow_inf_nan=False)]
Tick = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
Http = Annotated[str, Field(pattern=r"^(https?://[^\s/]+[^\s]*)?$")]
"""Address of a REST interface, or nothing."""
WebSocket = Annotated[str, Field(pattern=r"^(wss?://[^\s/]+[^\s]*)?$")]
"""Address of a WebSocket, or nothing."""


class Access(PluginSettings):
    """How the venue is reached. The addresses follow from the session's environment unless they are given."""

    rest: Http = Field(default="", description="Base address of the REST interface.")
    public_stream: WebSocket = Field(default="", description="Address of the public WebSocket.")
    simulator: Annotated[str, Field(pattern=r"^https?://[^\s/]+[^\s]*$")] = Field(
        default="http://127.0.0.1:8710", description="Base address of the simulator, which is the testnet, too."
    )
    network: NetworkSettings = Field(default_factory=NetworkSettings, description="How connections behave.")
    block_wait: Span = Field(default=60 * _S, description="Wait after a block (418) that states no time.")

    def cross_check(self, view: ConfigView) -> Sequence[Finding]:
        """Warn that the simulator takes the place of the testnet that the venue does not have."""
        if view.environment != "testnet":
            return ()
        text = f"Upbit has no testnet: the simulator at {self.simulator} takes its place"
        return (Finding("warning", "", text, "start `arb simulator`"),)


class UpbitSettings(Access):
    """One account on Upbit Korea.

    Attributes:
        api_key: Access key of one pocket.
        api_secret: Its secret key.
        private_stream: Address of the private WebSocket, where it is not the environment's.
        jwt: Algorithm of the tokens that sign.
        smp_type: What orders say of self-matches.
        post_only_smp: What post-only orders say of them: nothing, or ``none``.
        orders_per_second: Orders in a second that the venue allows the key's pocket.
        poll_period: Time between rounds of questions about orders and balances.
        stream_grace: Time in which the user stream must tell what an answer knows.
        our_ids: Start of the identifiers of orders that are ours.
        ended_errors: Names of errors by which the venue says that an order to cancel has ended.
        transfers_path: Path of transfers between pockets.
        move_money: Whether money may be moved.
        quote: Quote currency of the markets that are traded.
        fee: Fee rate, the same for maker and taker; left out, the general rate of the quote currency's markets.
        ticks: Flat tick by market, for markets that the venue excepts from its table.
        book_units: Levels of each book.
        trades: Whether public trades are delivered.
        refresh: Time between requests for warnings and listings.
        codes_per_connection: Most markets on one connection.
    """

    api_key: Secret | None = Field(default=None, description="Access key, as {env: NAME}.")
    api_secret: Secret | None = Field(default=None, description="Secret key, as {env: NAME}.")
    private_stream: WebSocket = ""
    jwt: Literal["HS512", "HS256"] = "HS512"
    smp_type: Literal["cancel_maker", "cancel_taker", "reduce", "none"] = "cancel_maker"
    post_only_smp: Literal["absent", "none"] = "absent"
    orders_per_second: int = Field(default=12, ge=2, le=1000)
    poll_period: Span = 5 * _S
    stream_grace: Span = 5 * _S
    our_ids: str = Field(default="ae", max_length=36)
    ended_errors: tuple[str, ...] = ("order_not_found",)
    transfers_path: Literal["/pockets/universal_transfers", "/pockets/transfers"] = "/pockets/universal_transfers"
    move_money: bool = Field(default=False, strict=True, description="Whether withdrawals and transfers are made.")
    quote: Literal["KRW", "BTC", "USDT"] = "KRW"
    fee: Rate | None = None
    ticks: dict[str, Tick] = Field(default_factory=dict)
    book_units: Literal[1, 5, 15, 30] = 5
    trades: bool = True
    refresh: Span = 600 * _S
    codes_per_connection: int = Field(default=50, ge=1, le=100)


class UpbitRateSettings(Access):
    """A conversion rate from a market of Upbit Korea.

    Attributes:
        market: The market; the rate ``usdt_krw`` comes from ``KRW-USDT``.
    """

    market: Annotated[str, Field(pattern=r"^[A-Z0-9]+-[A-Z0-9]+$")] = "KRW-USDT"
