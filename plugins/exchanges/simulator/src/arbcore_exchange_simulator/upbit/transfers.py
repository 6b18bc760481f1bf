"""Upbit's private REST of moved money: withdrawals, deposits, pockets (Upbit developer centre, 2026-11).

An account's options name the addresses that are registered for it: ``options: {addresses: [{currency: XRP, net_type:
XRP, address: r..., secondary_address: "1", pays: ACCOUNT}]}``; what is withdrawn to one that ``pays`` an account of the
simulator arrives there. Names of the ends of a transfer between pockets are unconfirmed: ``from`` and ``to``.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.accounts import Accounts
from arbcore_exchange_simulator.trading.money import exact_atoms, minus, plain, plus, whole
from arbcore_exchange_simulator.upbit.asked import Asked
from arbcore_exchange_simulator.upbit.ids import make_uuid
from arbcore_exchange_simulator.upbit.later import Later
from arbcore_exchange_simulator.upbit.problems import problem, wrong
from arbcore_exchange_simulator.upbit.wallet import at

if TYPE_CHECKING:
    from arbcore_exchange_simulator.market.world import World
    from arbcore_exchange_simulator.settings import Rules
    from arbcore_exchange_simulator.upbit.private_hub import PrivateHub

Row = dict[str, Any]

KEPT: Final = 1000
"""Transfers of a kind that an account remembers."""

_FEES: Final = {"KRW": Decimal(1000)}
_FEE: Final = Decimal("0.001")
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class UpbitTransfers:
    """Moves money, and shows what was moved.

    Args:
        world: The markets.
        accounts: All accounts.
        rules: The venue's rules.
        later: What happens a little later.
        hub: The private stream.
    """

    def __init__(self, world: "World", accounts: Accounts, rules: "Rules", later: Later, hub: "PrivateHub") -> None:
        self._world = world
        self._accounts = accounts
        self._rules = rules
        self._later = later
        self._hub = hub
        self._numbers = count(1)

    def routes(self) -> dict[tuple[str, str], tuple[str, Callable[[Asked], Any]]]:
        """Return what is answered here: scope and handler by method and path."""
        return {
            ("GET", "withdraws"): ("withdraw-view", self._withdrawals),
            ("GET", "withdraw"): ("withdraw-view", self._withdrawal),
            ("GET", "withdraws/chance"): ("withdraw-view", self._chance),
            ("GET", "withdraws/coin_addresses"): ("withdraw-view", self._addresses),
            ("POST", "withdraws/coin"): ("withdraw", self._withdraw),
            ("DELETE", "withdraws/coin"): ("withdraw", self._stop),
            ("GET", "deposits"): ("deposit-view", self._deposits),
            ("GET", "deposit"): ("deposit-view", self._deposit),
            ("GET", "deposits/coin_address"): ("deposit-view", self._own_address),
            ("GET", "deposits/coin_addresses"): ("deposit-view", self._own_addresses),
            ("GET", "pockets"): ("pocket-mgmt", self._pockets),
            ("POST", "pockets/universal_transfers"): ("pocket-mgmt", self._transfer),
            ("GET", "pockets/universal_transfers"): ("pocket-mgmt", self._transfers),
        }

    def deposit(self, account: Account, currency: str, amount: Decimal, txid: str = "") -> Row:
        """Let money arrive from outside."""
        number = next(self._numbers)
        row = {
            "type": "deposit",
            "uuid": make_uuid("deposit", number),
            "currency": currency,
            "net_type": None if currency == "KRW" else currency,
            "txid": txid or f"sim-{number}",
            "state": "ACCEPTED",
            "created_at": at(self._world.now),
            "done_at": at(self._world.now),
            "amount": plain(amount),
            "fee": "0",
            "transaction_type": "default",
        }
        account.deposit(currency, amount)
        self._note(account, "deposits", row)
        self._hub.on_cash(account, (currency,), "deposit")
        return row

    def _withdraw(self, asked: Asked) -> Row:
        account, currency = asked.account, asked.need("currency")
        if self._accounts.of("upbit", account.owner)[0] is not account:
            raise problem("bad_request", "Withdrawals go out of the main pocket only.")
        net, told = asked.need("net_type"), exact_atoms(asked.need("amount"))
        known = [
            one
            for one in account.extra.get("addresses", ())
            if (one["currency"], one["net_type"], one["address"]) == (currency, net, asked.need("address"))
            and str(one.get("secondary_address") or "") == asked.text("secondary_address")
        ]
        if not known:
            raise problem("withdraw_address_not_registered")
        if not told:
            raise wrong("amount")
        kind = asked.one_of("transaction_type", ("default", "internal"), "default")
        amount, fee = whole(told), Decimal(0) if kind == "internal" else _FEES.get(currency, _FEE)
        cash, spent = account.of(currency), plus(amount, fee)
        if spent > cash.free:
            raise problem("insufficient_funds_withdraw", "출금 가능한 금액이 부족합니다.")
        cash.free, cash.locked = minus(cash.free, spent), plus(cash.locked, spent)
        number = next(self._numbers)
        row = {
            "type": "withdraw",
            "uuid": make_uuid("withdraw", number),
            "currency": currency,
            "net_type": net,
            "txid": None,
            "state": "WAITING",
            "created_at": at(self._world.now),
            "done_at": None,
            "amount": plain(amount),
            "fee": plain(fee),
            "transaction_type": kind,
            "is_cancelable": True,
        }
        self._note(account, "withdraws", row)
        self._hub.on_cash(account, (currency,), "withdraw")
        half = self._rules.upbit_withdrawal // 2
        self._later.at(self._world.now + half, lambda: self._send(row))
        self._later.at(self._world.now + 2 * half, lambda: self._arrive(account, row, spent, amount, known[0], number))
        return dict(row)

    @staticmethod
    def _send(row: Row) -> None:
        if row["state"] == "WAITING":
            row |= {"state": "PROCESSING", "is_cancelable": False}

    def _arrive(self, account: Account, row: Row, spent: Decimal, amount: Decimal, to: Row, number: int) -> None:
        if row["state"] != "PROCESSING":
            return
        cash = account.of(row["currency"])
        cash.locked = minus(cash.locked, spent)
        row |= {"state": "DONE", "txid": f"sim-{number}", "done_at": at(self._world.now)}
        self._hub.on_cash(account, (row["currency"],), "withdraw")
        paid = self._accounts.named(str(to.get("pays", "")))
        if paid is not None and paid.venue == "upbit":
            self.deposit(paid, row["currency"], amount, row["txid"])
        elif paid is not None:
            self._accounts.pay(paid, row["currency"], amount)

    def _stop(self, asked: Asked) -> Row:
        row = self._one(asked, "withdraws")
        if row["state"] != "WAITING":
            raise problem("bad_request", "The withdrawal can't be cancelled any more.")
        spent = plus(Decimal(row["amount"]), Decimal(row["fee"]))
        cash = asked.account.of(row["currency"])
        cash.free, cash.locked = plus(cash.free, spent), minus(cash.locked, spent)
        row |= {"state": "CANCELLED", "is_cancelable": False, "done_at": at(self._world.now)}
        self._hub.on_cash(asked.account, (row["currency"],), "withdraw")
        return dict(row)

    def _chance(self, asked: Asked) -> Row:
        currency = asked.need("currency")
        cash = asked.account.of(currency)
        return {
            "member_level": {"security_level": 4, "fee_level": 0, "wallet_locked": False},
            "currency": {
                "code": currency,
                "withdraw_fee": plain(_FEES.get(currency, _FEE)),
                "is_coin": currency != "KRW",
                "wallet_state": "working",
            },
            "account": {"currency": currency, "balance": plain(cash.free), "locked": plain(cash.locked)},
            "withdraw_limit": {
                "currency": currency,
                "minimum": plain(_FEES.get(currency, _FEE)),
                "fixed": 8,
                "can_withdraw": True,
            },
        }

    def _addresses(self, asked: Asked) -> list[Row]:
        return [
            {
                "currency": one["currency"],
                "net_type": one["net_type"],
                "network_name": one["net_type"],
                "withdraw_address": one["address"],
                "secondary_address": one.get("secondary_address") or None,
            }
            for one in asked.account.extra.get("addresses", ())
        ]

    def _own_address(self, asked: Asked) -> Row:
        currency = asked.need("currency")
        net = asked.text("net_type", currency)
        address = make_uuid(f"{asked.account.name}:{net}", 0).replace("-", "")
        return {"currency": currency, "net_type": net, "deposit_address": address, "secondary_address": None}

    def _own_addresses(self, asked: Asked) -> list[Row]:
        coins = dict.fromkeys(one.listing.base for one in self._world.markets["upbit"].values())
        plain_names = [name for name in coins if asked.account.of(name).total]
        return [
            {
                "currency": name,
                "net_type": name,
                "deposit_address": make_uuid(f"{asked.account.name}:{name}", 0).replace("-", ""),
                "secondary_address": None,
            }
            for name in plain_names
        ]

    def _withdrawals(self, asked: Asked) -> list[Row]:
        return self._listed(asked, "withdraws")

    def _withdrawal(self, asked: Asked) -> Row:
        return dict(self._one(asked, "withdraws"))

    def _deposits(self, asked: Asked) -> list[Row]:
        return self._listed(asked, "deposits")

    def _deposit(self, asked: Asked) -> Row:
        return dict(self._one(asked, "deposits"))

    @staticmethod
    def _rows(account: Account, kind: str) -> list[Row]:
        found: list[Row] = account.extra.setdefault(kind, [])
        return found

    def _note(self, account: Account, kind: str, row: Row) -> None:
        rows = self._rows(account, kind)
        rows.append(row)
        del rows[:-KEPT]

    def _one(self, asked: Asked, kind: str) -> Row:
        uuid, txid = asked.text("uuid"), asked.text("txid")
        for row in self._rows(asked.account, kind):
            if row["uuid"] == uuid or (txid and row["txid"] == txid):
                return row
        raise problem("order_not_found" if kind == "withdraws" else "deposit_not_found")

    def _listed(self, asked: Asked, kind: str) -> list[Row]:
        """Return the latest first, by currency, state, UUIDs and transactions."""
        uuids, txids = asked.list("uuids", 100), asked.list("txids", 100)
        currency, state = asked.text("currency"), asked.text("state").upper()
        found = [
            row
            for row in reversed(self._rows(asked.account, kind))
            if (not currency or row["currency"] == currency)
            and (not state or row["state"] == state)
            and (not uuids or row["uuid"] in uuids)
            and (not txids or row["txid"] in txids)
        ]
        found = found[::-1] if asked.one_of("order_by", ("desc", "asc"), "desc") == "asc" else found
        limit, page = asked.count("limit", 100, 100), asked.count("page", 1, 10**6)
        return [dict(row) for row in found[(page - 1) * limit : page * limit]]

    def _pocket(self, account: Account) -> str:
        return make_uuid(f"pocket:{account.name}", 0)

    def _pockets(self, asked: Asked) -> list[Row]:
        owned = self._accounts.of("upbit", asked.account.owner)
        return [
            {"uuid": self._pocket(one), "name": one.name, "type": "sub" if number else "main"}
            for number, one in enumerate(owned)
        ]

    def _transfer(self, asked: Asked) -> Row:
        owned = {self._pocket(one): one for one in self._accounts.of("upbit", asked.account.owner)}
        first, second = owned.get(asked.need("from")), owned.get(asked.need("to"))
        if first is None or second is None or first is second:
            raise problem("pocket_not_found")
        if next(iter(owned.values())) is not asked.account:
            raise problem("out_of_scope", "Only a key of the main pocket may do this.")
        name, currency, told = asked.text("identifier"), asked.need("currency"), exact_atoms(asked.need("amount"))
        if name and not _NAME.fullmatch(name):
            raise wrong("identifier")
        if any(row["identifier"] == name for row in self._rows(asked.account, "transfers") if name):
            raise problem("duplicated_identifier")
        if not told:
            raise wrong("amount")
        amount = whole(told)
        if first.of(currency).free < amount:
            raise problem("insufficient_funds", "There is not that much in the pocket.")
        first.deposit(currency, minus(Decimal(0), amount))
        second.deposit(currency, amount)
        row = {
            "uuid": make_uuid("transfer", next(self._numbers)),
            "from": self._pocket(first),
            "to": self._pocket(second),
            "currency": currency,
            "amount": plain(amount),
            "identifier": name or None,
            "state": "done",
            "created_at": at(self._world.now),
        }
        self._note(asked.account, "transfers", row)
        for one in (first, second):
            self._hub.on_cash(one, (currency,), "transfer")
        return row

    def _transfers(self, asked: Asked) -> list[Row]:
        return [dict(row) for row in reversed(self._rows(asked.account, "transfers"))]
