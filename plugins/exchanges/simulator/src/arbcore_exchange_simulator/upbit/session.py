"""One client on Upbit's public socket (Upbit developer centre, 2026-11)."""

from typing import TYPE_CHECKING, Any

import msgspec

from arbcore_exchange_simulator.upbit.conversation import Conversation, Wrong
from arbcore_exchange_simulator.upbit.hub import KINDS, UpbitHub, Variant
from arbcore_exchange_simulator.upbit.rows import UNITS, levels
from arbcore_exchange_simulator.wire import Socket, encode

if TYPE_CHECKING:
    from arbcore_exchange_simulator.settings import Rules


class UpbitSession(Conversation):
    """Reads a client's requests and keeps its subscriptions; a later request replaces them all."""

    def __init__(self, hub: UpbitHub, socket: Socket, rules: "Rules", now: int) -> None:
        super().__init__(socket, rules, now)
        self._hub = hub
        self._joined: list[tuple[str, Variant]] = []

    def closed(self) -> None:
        """Leave all subscriptions."""
        for code, variant in self._joined:
            self._hub.leave(code, variant, self._socket)
        self._joined = []

    def _request(self, parts: list[dict[str, Any]]) -> None:
        form = self._format(parts)
        if any(part.get("method") == "LIST_SUBSCRIPTIONS" for part in parts):
            self._list(parts[0]["ticket"], form)
            return
        wanted = [part for part in parts[1:] if "type" in part]
        if not wanted:
            raise Wrong("NO_TYPE")
        variants = [self._variants(part, form or "DEFAULT") for part in wanted]
        self._asked, self._form = wanted, form or "DEFAULT"
        self.closed()
        for part, found in zip(wanted, variants, strict=True):
            self._subscribe(part, found)

    def _list(self, ticket: str, form: str | None) -> None:
        """Answer what is subscribed; a format in the request changes that of the stream."""
        if form is not None and form != self._form:
            self._form = form
            joined = self._joined
            self.closed()
            self._joined = [(code, msgspec.structs.replace(variant, form=form)) for code, variant in joined]
            for code, variant in self._joined:
                self._hub.join(code, variant, self._socket)
        hidden = {"is_only_snapshot", "is_only_realtime", "isOnlySnapshot", "isOnlyRealtime"}
        result = [{key: value for key, value in part.items() if key not in hidden} for part in self._asked]
        for part in result:
            if part["type"] == "orderbook":
                part.setdefault("level", 0)
        self._socket.reply(encode({"method": "LIST_SUBSCRIPTIONS", "result": result, "ticket": ticket}))

    def _variants(self, part: dict[str, Any], form: str) -> list[tuple[str, Variant]]:
        kind, codes = part["type"], part.get("codes")
        if kind not in KINDS:
            raise Wrong("INVALID_PARAM")
        if not isinstance(codes, list) or not codes or not all(isinstance(code, str) for code in codes):
            raise Wrong("NO_CODES")
        found = [self._variant(kind, code, part.get("level", 0), form) for code in codes]
        return [one for one in found if one is not None]

    def _variant(self, kind: str, code: str, level: Any, form: str) -> tuple[str, Variant] | None:
        """Return the code with what is wanted of it; None for an unknown code, about which the venue is silent."""
        name, _, units = code.partition(".")
        market = self._hub.market(name)
        if market is None:
            return None
        if kind != "orderbook":
            return name, Variant(kind, 0, 0, form)
        if units and units not in map(str, UNITS):
            raise Wrong("INVALID_PARAM")
        if isinstance(level, bool) or not isinstance(level, int | float) or f"{level:.0f}" not in levels(market):
            raise Wrong("INVALID_PARAM")
        return name, Variant(kind, int(units or 30), int(level), form)

    def _subscribe(self, part: dict[str, Any], variants: list[tuple[str, Variant]]) -> None:
        only_now = part.get("is_only_snapshot", part.get("isOnlySnapshot")) is True
        only_later = part.get("is_only_realtime", part.get("isOnlyRealtime")) is True
        for code, variant in variants:
            first = None if only_later else self._hub.snapshot(code, variant)
            if first is not None:
                self._socket.push(first, variant.kind, code)
            if not only_now:
                self._hub.join(code, variant, self._socket)
                self._joined.append((code, variant))
