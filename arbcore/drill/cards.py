"""The sixteen cards of `arb drill venue`, and the suites that are made of them."""

from collections.abc import Mapping
from typing import Final

from arbcore.drill import access, money, protection, trading, trouble
from arbcore.drill.card import Card

CARDS: Final = (
    Card(
        number=1,
        name="REST",
        action="Ask for facts of the key, terms of the instrument, balances and open orders.",
        expected="Each is answered.",
        passes="All four answers come, the terms are those asked for, and the instrument takes orders.",
        orders=False,
        act=access.rest,
    ),
    Card(
        number=2,
        name="stream",
        action="Open the account's stream.",
        expected="CONNECTED, then a whole snapshot.",
        passes="Both come, and the snapshot's totals are those that a request tells.",
        orders=False,
        act=access.stream,
    ),
    Card(
        number=3,
        name="reconnect",
        action="Break every socket of the account without a word.",
        expected="The loss is told, then CONNECTED, then a whole snapshot.",
        passes="Everything that was lost comes back by itself, and a snapshot follows.",
        skip_when="the venue has no socket open that can be cut",
        orders=False,
        act=access.reconnect,
    ),
    Card(
        number=4,
        name="balance",
        action="Rest the smallest buy 3 % below the market, then cancel it.",
        expected="The free balance falls, then rises.",
        passes="No more is locked than the order is worth with its fee, and in the end all is free again.",
        act=money.balance,
    ),
    Card(
        number=5,
        name="deposit",
        action="Read the coin's wallets and the deposits of 30 days.",
        expected="Both are answered.",
        passes="Deposits come oldest first. Nothing is deposited.",
        skip_when="the plugin opens no treasury",
        orders=False,
        act=money.deposit,
    ),
    Card(
        number=6,
        name="transfer",
        action="Read the transfers of 30 days. With move_money and --transfer, move that amount and move it back.",
        expected="The list; both transfers done, or one refused on our side while move_money is off.",
        passes="Both are done; or nothing was sent while move_money is off (not tried in production).",
        skip_when="the plugin opens no treasury, or move_money is on without --transfer",
        act=money.transfer,
    ),
    Card(
        number=7,
        name="market buy and sell",
        action="Buy the smallest quantity at the market, then sell it.",
        expected="For each: fills, then the end.",
        passes="Fills add up to what the end says, no fill is told twice, and looking the order up tells them too.",
        act=trading.market,
    ),
    Card(
        number=8,
        name="limit",
        action="Rest the smallest buy 3 % below the market.",
        expected="It is listed among the open orders.",
        passes="Side, quantity and price are listed as sent, and nothing filled.",
        act=trading.limit,
    ),
    Card(
        number=9,
        name="cancel",
        action="Rest an order, cancel it, and cancel it again.",
        expected="CANCELLED on the stream; the second cancel is refused as ORDER_UNKNOWN.",
        passes="Stream and look-up agree, and nothing filled.",
        act=trading.cancel,
    ),
    Card(
        number=10,
        name="partial",
        action="Buy the quantity of the best ask and a little more, immediate or cancel, at that price.",
        expected="Fills of a part, then CANCELLED or EXPIRED.",
        passes="A part fills, and the fills add up to it; what was bought is sold again.",
        skip_when="no such orders, the touch offers more than may be spent, or the book moved away five times",
        act=trading.partial,
    ),
    Card(
        number=11,
        name="stop",
        action="Open the smallest long position, and a reduce-only stop 5 % below the market.",
        expected="The stop is listed, and is CANCELLED on request.",
        passes="Type and trigger are listed as sent; the position is closed again.",
        skip_when="the venue takes no stop orders, or it is no perpetual",
        act=protection.stop,
    ),
    Card(
        number=12,
        name="take profit",
        action="Open the smallest long position, and a reduce-only take profit 5 % above the market.",
        expected="It is listed, and is CANCELLED on request.",
        passes="Type and trigger are listed as sent; the position is closed again.",
        skip_when="the venue takes no take-profit orders, or it is no perpetual",
        act=protection.take_profit,
    ),
    Card(
        number=13,
        name="leverage",
        action="Change the leverage by one, state it again, and put it back.",
        expected="The terms tell each change.",
        passes="Stating what is in force is no error, and in the end it is what it was.",
        skip_when="the venue has no leverage",
        act=protection.leverage,
    ),
    Card(
        number=14,
        name="time-out",
        action="Rest an order whose answer is lost.",
        expected="OutcomeUnknown, or the plugin settles it; looking it up finds it.",
        passes="There is exactly one open order of that id, and it can be cancelled.",
        skip_when="the plugin's requests don't pass where answers can be lost",
        act=trouble.timeout,
    ),
    Card(
        number=15,
        name="429",
        action="Answer a read, then an order, with 429 and Retry-After, without sending them.",
        expected="The read is answered later or given up; the order is RateLimited.",
        passes="Nothing is sent before its time, the venue knows no such order, and a later order passes.",
        skip_when="the plugin's requests don't pass where they can be refused",
        act=trouble.too_many,
    ),
    Card(
        number=16,
        name="stream loss",
        action="Rest an order, break every socket, cancel the order meanwhile.",
        expected="The loss, the end of the order, CONNECTED, a snapshot.",
        passes="The end is told exactly once, and a snapshot follows the reconnection.",
        skip_when="the venue has no socket open that can be cut",
        act=trouble.stream_loss,
    ),
)
"""Every card, by number."""

SUITES: Final[Mapping[str, tuple[Card, ...]]] = {
    "standard": CARDS,
    "reading": tuple(card for card in CARDS if not card.orders),
}
"""Suites by name: ``standard`` is all sixteen, ``reading`` those that send no order and move nothing."""
