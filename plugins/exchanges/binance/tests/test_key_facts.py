"""A key that may withdraw is refused while no money is to be moved."""

import pytest

from arbcore.errors import ExchangeError, SafetyError
from arbcore_exchange_binance.protocol.key_facts import KeyFacts, api_restrictions, read_key_facts, refuse_withdrawing
from plugins.exchanges.binance.tests.samples import encode, reply

SAMPLE = {
    "ipRestrict": False, "createTime": 1795143845000, "enableReading": True, "enableWithdrawals": True,
    "enableInternalTransfer": True, "enableMargin": False, "enableFutures": True, "permitsUniversalTransfer": True,
    "enableVanillaOptions": False, "enableSpotAndMarginTrading": True,
}  # fmt: skip


def test_permissions_are_read() -> None:
    facts = read_key_facts(reply(encode(SAMPLE)))
    assert (facts.enable_withdrawals, facts.permits_universal_transfer, facts.ip_restrict) == (True, True, False)
    assert facts.trading_authority_expiration_time is None
    request = api_restrictions()
    assert (request.path, request.signed, request.method) == ("/sapi/v1/account/apiRestrictions", True, "GET")


def test_a_key_that_withdraws_is_refused_unless_money_may_move() -> None:
    with pytest.raises(SafetyError, match="the API key may withdraw"):
        refuse_withdrawing(KeyFacts(enable_withdrawals=True), "binance", move_money=False)
    refuse_withdrawing(KeyFacts(enable_withdrawals=True), "binance", move_money=True)
    refuse_withdrawing(KeyFacts(enable_withdrawals=False), "binance", move_money=False)
    refuse_withdrawing(KeyFacts(), "binance", move_money=False)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"ipRestrict": 7}', b"\xff"])
def test_what_can_not_be_read_is_an_exchange_error(body: bytes) -> None:
    with pytest.raises(ExchangeError):
        read_key_facts(reply(body))
