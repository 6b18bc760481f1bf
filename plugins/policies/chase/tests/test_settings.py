"""Settings: what is refused, and the words for it."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from arbcore_policy_chase.settings import MODELS, CancelSettings, ChaseSettings, HoldSettings


@pytest.mark.parametrize(
    ("use", "options", "said"),
    [
        ("cancel", {"loss_cap_bps": 5}, "Extra inputs are not permitted"),
        ("cancel", {"slippage_bps": 300}, "`slippage_cap_bps` is below `slippage_bps`"),
        ("reverse", {"slippage_cap_bps": 5}, "`slippage_cap_bps` is below `slippage_bps`"),
        ("cancel", {"slippage_bps": -1}, "greater than or equal to 0"),
        ("cancel", {"slippage_cap_bps": 10_000}, "less than 10000"),
        ("chase", {"loss_cap_bps": None}, "chasing without a bound: give `loss_cap_bps` or `loss_cap`"),
        ("chase", {"loss_cap_bps": 9}, "`loss_cap_bps` is below `slippage_bps`"),
        ("chase", {"loss_cap": 0}, "greater than 0"),
        ("chase", {"attempts": 0}, "greater than or equal to 1"),
        ("hold", {"look": "1m"}, "`look` is longer than `deadline`"),
        ("hold", {"deadline": "0s"}, "must be greater than 0"),
        ("hold", {"cheap_bps": 30, "then": "chase"}, "`cheap_bps` is not below `then.loss_cap_bps`"),
        ("hold", {"then": "hold"}, "does not match any of the expected tags"),
        ("hold", {"then": {"use": "cancel", "order": 2}}, "`order` says nothing inside `then`"),
        ("hold", {"then": {"use": "chase", "attemps": 2}}, "Extra inputs are not permitted"),
    ],
)
def test_what_makes_no_sense_is_refused(use: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        MODELS[use].model_validate({"use": use} | options)
    assert said in str(raised.value)


def test_the_second_policy_is_named_or_given_with_its_keys() -> None:
    named = HoldSettings.model_validate({"use": "hold", "then": "chase"})
    assert named.then == ChaseSettings(use="chase")
    given = HoldSettings.model_validate({"use": "hold", "then": {"use": "chase", "loss_cap": "2.5"}})
    assert isinstance(given.then, ChaseSettings)
    assert given.then.loss_cap == Decimal("2.5")
    assert HoldSettings(use="hold").then == CancelSettings(use="cancel")


def test_editors_are_told_both_ways_to_name_the_second_policy() -> None:
    choices = HoldSettings.model_json_schema()["properties"]["then"]["anyOf"]
    assert choices[0]["enum"] == ["cancel", "chase", "reverse"]
    assert [choice["$ref"].rpartition("/")[2] for choice in choices[1:]] == [
        "CancelSettings",
        "ChaseSettings",
        "ReverseSettings",
    ]


@pytest.mark.parametrize("use", MODELS)
def test_a_model_is_its_own_name_only(use: str) -> None:
    assert MODELS[use].model_validate({"use": use}).use == use
    with pytest.raises(ValidationError, match=f"Input should be '{use}'"):
        MODELS[use].model_validate({"use": "another"})
