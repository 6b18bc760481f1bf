"""The suite of treasuries passes on an honest one, and finds each lie where it should."""

from collections.abc import Sequence

import pytest

from arbcore.ports.venue import Capabilities
from arbcore.testing.trading import Faults
from arbcore.testing.treasury import Moves, OpenTreasury, TreasurySuite
from tests.trading.judge import failing_tests
from tests.trading.treasuries import CAPABILITIES, SECRET, Bank, Vault

OFF = "test_nothing_moves_while_it_is_switched_off"
ORDER = "test_movements_are_told_in_order"
UNKNOWN = "test_a_lost_answer_is_unknown_and_never_repeated"

LIES: dict[str, set[str]] = {
    "": set(),
    "secret in repr": {"test_is_a_treasury"},
    "a wallet twice": {"test_wallets_are_sound"},
    "tells every wallet": {"test_wallets_are_sound"},
    "newest first": {ORDER},
    "a movement of nothing": {ORDER},
    "tells the past": {ORDER},
    "moves though it is off": {OFF},
    "asks the venue first": {OFF},
    "forgets what it moved": {"test_money_moves_once"},
    "a timeout is a refusal": {UNKNOWN},
    "a timeout is done": {UNKNOWN},
    "sends a timed-out movement again": {UNKNOWN},
    "secret in an error": {UNKNOWN},
}


class TestHonest(TreasurySuite):
    @pytest.fixture
    def bank(self) -> Bank:
        """The far side."""
        return Bank()

    @pytest.fixture
    def open_treasury(self, bank: Bank) -> OpenTreasury:
        return lambda moves_money: Vault(bank, "", moves_money=moves_money)

    @pytest.fixture
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    @pytest.fixture
    def moves(self, bank: Bank) -> Moves:
        return bank.moves

    @pytest.fixture
    def faults(self, bank: Bank) -> Faults:
        return bank.faults

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return (SECRET,)


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_found_where_it_should(lie: str) -> None:
    def fixtures() -> dict[str, object]:
        bank = Bank()
        return {
            "open_treasury": lambda moves_money: Vault(bank, lie, moves_money=moves_money),
            "capabilities": CAPABILITIES,
            "moves": bank.moves,
            "faults": bank.faults,
            "secrets": (SECRET,),
        }

    assert failing_tests(TreasurySuite, fixtures) == LIES[lie]
