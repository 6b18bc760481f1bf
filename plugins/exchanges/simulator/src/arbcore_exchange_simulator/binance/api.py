"""Binance's WebSocket API: requests and replies on a socket, with the endpoints, limits and faults of REST.

Source: Binance developer documentation, 2026-11.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from arbcore_exchange_simulator.binance.asked import Asked
from arbcore_exchange_simulator.binance.desk import Call, Desk, Endpoint, Silence
from arbcore_exchange_simulator.binance.hub import BinanceHub
from arbcore_exchange_simulator.binance.refusals import refused
from arbcore_exchange_simulator.binance.session import BinanceSession
from arbcore_exchange_simulator.binance.signatures import is_ed25519
from arbcore_exchange_simulator.trading.account import Account, ApiKey
from arbcore_exchange_simulator.wire import Answer, Query, Refused, Socket, encode

if TYPE_CHECKING:
    from arbcore_exchange_simulator.settings import Rules

Public = Callable[[str, str, Query], Answer]
"""Answers a public request by method, path and parameters."""

Special = Callable[["ApiSession", Mapping[str, str]], Any]
"""Answers a method that is about the socket itself."""

_DECODER: Final = msgspec.json.Decoder(float_hook=str)
_CONNECT: Final = {"usdm": 5, "spot": 2}


class Methods(Struct, frozen=True):
    """Methods of a product's WebSocket API, by name.

    Attributes:
        endpoints: Method and path of the endpoint that does it.
        public: Path of a public request that answers it.
        special: Those that are about the socket itself.
    """

    endpoints: Mapping[str, tuple[str, str]]
    public: Mapping[str, str]
    special: Mapping[str, Special] = {}


def _texts(params: Any) -> dict[str, str]:
    """Return parameters as text, numbers as they were written."""
    if not isinstance(params, dict):
        raise refused(-1102, "Mandatory parameter 'params' was not sent, was empty/null, or malformed.")
    words = {True: "true", False: "false"}
    return {
        name: words[value] if isinstance(value, bool) else str(value)
        for name, value in params.items()
        if value is not None
    }


class ApiSession(BinanceSession):
    """A client on the WebSocket API.

    Attributes:
        desk: The endpoints.
        user: Account and key that are logged on; None before.
        ended: Called when the socket is gone.
    """

    def __init__(self, desk: Desk, hub: BinanceHub, socket: Socket, rules: "Rules", methods: Methods, ip: str,
                 public: Public, *, now: int) -> None:  # fmt: skip
        super().__init__(hub, socket, rules, "", wrap=False, now=now)
        self.desk: Final = desk
        self.user: tuple[Account, ApiKey] | None = None
        self.ended: list[Callable[[], None]] = []
        self._methods = methods
        self._ip = ip
        self._public = public
        self._since = now
        desk.limits.spend(_CONNECT[desk.venue], now)

    @property
    def socket(self) -> Socket:
        """The client's socket, for events that it subscribes to."""
        return self._socket

    def receive(self, text: bytes, now: int) -> None:
        """Take a request at a time in ns."""
        try:
            asked = _DECODER.decode(text)
        except msgspec.DecodeError:
            asked = None
        if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
            self._answer(None, refused(-1135, "Invalid JSON Request").answer, None)
            return
        number, account = asked.get("id"), None
        try:
            params = _texts(asked.get("params") or {})
            account, content = self._result(asked["method"], params)
            answer = content if isinstance(content, Answer) else Answer(200, encode(content))
        except Silence:
            return
        except Refused as refusal:
            answer = refusal.answer
        self._answer(number, answer, account)

    def closed(self) -> None:
        """Forget the client."""
        for end in self.ended:
            end()

    def _result(self, method: str, params: Mapping[str, str]) -> tuple[Account | None, Any]:
        """Do what is asked for; return whose orders it counted, and the reply's content."""
        if method.startswith("session."):
            return None, self._session(method, params)
        special = self._methods.special.get(method)
        if special is not None:
            return None, special(self, params)
        path = self._methods.public.get(method)
        if path is not None:
            return None, self._public("GET", path, params)
        route = self._methods.endpoints.get(method)
        if route is None:
            raise refused(-1000, f"Unknown method {method}.")
        endpoint = self.desk.endpoints[route]
        now = self.desk.clock()
        asked = Asked({name: value for name, value in params.items() if name not in {"apiKey", "signature"}})
        self.desk.limits.spend(endpoint.weight if isinstance(endpoint.weight, int) else endpoint.weight(asked), now)
        account = self.admit(params, endpoint)
        return account if endpoint.act else None, self.desk.run(endpoint, Call(account, asked, now))

    def admit(self, params: Mapping[str, str], endpoint: Endpoint | None = None) -> Account:
        """Return whose request this is: its signer's, or who is logged on where it is not signed.

        Raises:
            Refused: It is not let in.
        """
        permission = endpoint.permission if endpoint is not None else ""
        gate = self.desk.gate
        if endpoint is not None and not endpoint.signed:
            told = params.get("apiKey") or (self.user[1].key if self.user else "")
            return gate.key(told, self._ip, permission)[0]
        if "apiKey" not in params and "signature" not in params and self.user is not None:
            account, _ = gate.key(self.user[1].key, self._ip, permission)
            gate.time(params)
            return account
        return gate.message(params, self._ip, permission)[0]

    def _session(self, method: str, params: Mapping[str, str]) -> Any:
        now = self.desk.time() // 1_000_000
        if method == "session.logon":
            account, key = self.desk.gate.message(params, self._ip)
            if not is_ed25519(key.public_key):
                raise refused(-4056, "HMAC_SHA256 API key is not supported.")
            self.user = (account, key)
        elif method == "session.logout":
            self.user = None
        elif method != "session.status":
            raise refused(-1000, f"Unknown method {method}.")
        key_text = self.user[1].key if self.user else None
        since = now if self.user else None
        return {"apiKey": key_text, "authorizedSince": since, "connectedSince": self._since // 1_000_000,
                "returnRateLimits": True, "serverTime": now}  # fmt: skip

    def _answer(self, number: Any, answer: Answer, account: Account | None) -> None:
        now = self.desk.clock()
        weight = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1,
                  "limit": self.desk.limits.limit, "count": self.desk.limits.used(now)}  # fmt: skip
        counted = self.desk.counts(account).rows(now) if account is not None else []
        body = msgspec.Raw(answer.body)
        content = {"result": body} if answer.status == 200 else {"error": body}
        self._socket.reply(encode({"id": number, "status": answer.status, **content, "rateLimits": [weight, *counted]}))
