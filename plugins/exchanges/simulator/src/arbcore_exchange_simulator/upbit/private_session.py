"""One client on Upbit's private socket (Upbit developer centre, 2026-11)."""

from typing import TYPE_CHECKING, Any

from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.upbit.conversation import Conversation, Wrong
from arbcore_exchange_simulator.upbit.private_hub import KINDS, PrivateHub, Wish
from arbcore_exchange_simulator.wire import Socket, encode

if TYPE_CHECKING:
    from arbcore_exchange_simulator.settings import Rules


class PrivateSession(Conversation):
    """Reads a client's requests; a later one replaces what was asked for before. There are no snapshots."""

    def __init__(self, hub: PrivateHub, socket: Socket, rules: "Rules", now: int, account: Account) -> None:
        super().__init__(socket, rules, now)
        self._hub = hub
        self._account = account
        self._wish: Wish | None = None

    def closed(self) -> None:
        """Leave all subscriptions."""
        self._hub.leave(self._account, self._socket)

    def _request(self, parts: list[dict[str, Any]]) -> None:
        form = self._format(parts)
        if any(part.get("method") == "LIST_SUBSCRIPTIONS" for part in parts):
            if form is not None and self._wish is not None:
                self._wish.form = form
            row = {"method": "LIST_SUBSCRIPTIONS", "result": self._asked, "ticket": parts[0]["ticket"]}
            self._socket.reply(encode(row))
            return
        wanted = [part for part in parts[1:] if "type" in part]
        if not wanted:
            raise Wrong("NO_TYPE")
        kinds = dict(_kind(part) for part in wanted)
        self._asked = wanted
        self._wish = Wish(kinds, form or "DEFAULT")
        self._hub.join(self._account, self._socket, self._wish)


def _kind(part: dict[str, Any]) -> tuple[str, frozenset[str]]:
    """Return a type with the markets wanted of it; ``myAsset`` takes none."""
    kind, codes = part["type"], part.get("codes")
    if kind not in KINDS:
        raise Wrong("INVALID_PARAM")
    if kind == "myAsset" and codes is not None:
        raise Wrong("WRONG_FORMAT")
    if codes is not None and not (isinstance(codes, list) and all(isinstance(code, str) for code in codes)):
        raise Wrong("WRONG_FORMAT")
    return kind, frozenset(codes or ())
