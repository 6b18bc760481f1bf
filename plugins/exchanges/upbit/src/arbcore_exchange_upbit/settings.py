"""Settings of the plugin."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from arbcore.settings import PluginSettings, Secret

Rate = Annotated[Decimal, Field(ge=0, lt=1, allow_inf_nan=False)]
Tick = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]


class UpbitSettings(PluginSettings):
    """One account on Upbit Korea.

    Attributes:
        api_key: Access key of one pocket.
        api_secret: Its secret key.
        rest: Base address of the REST interface.
        public_stream: Address of the public WebSocket.
        private_stream: Address of the private WebSocket.
        quote: Quote currency of the markets that are traded.
        fee: Fee rate, the same for maker and taker; left out, the general rate of the quote currency's markets.
        ticks: Flat tick by market, for markets that the venue excepts from its table.
    """

    api_key: Secret | None = Field(default=None, description="Access key, as {env: NAME}.")
    api_secret: Secret | None = Field(default=None, description="Secret key, as {env: NAME}.")
    rest: str = "https://api.upbit.com/v1"
    public_stream: str = "wss://api.upbit.com/websocket/v1"
    private_stream: str = "wss://api.upbit.com/websocket/v1/private"
    quote: Literal["KRW", "BTC", "USDT"] = "KRW"
    fee: Rate | None = None
    ticks: dict[str, Tick] = Field(default_factory=dict)
