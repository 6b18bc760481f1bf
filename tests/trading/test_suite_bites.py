"""The suite of real venues finds what is wrong: lies told on purpose, one at a time, each found where it should be."""

import pytest
from msgspec.structs import replace

from arbcore.testing.samples import PERPETUAL, SPOT
from arbcore.testing.trading import Bench
from tests.trading.hostile import SECRET, Hostile
from tests.trading.judge import failing
from tests.trading.test_paper import bench_on

FILLS = {
    "test_a_cancel_of_what_just_filled_is_unknown_to_the_venue",
    "test_a_cut_stream_is_told_and_recovered",
    "test_a_lost_answer_to_a_fill_is_found_whole",
    "test_a_market_order_fills_once",
    "test_a_partial_fill_is_kept_when_the_rest_is_cancelled",
    "test_a_resting_order_fills_as_a_maker",
    "test_an_immediate_order_fills_once",
    "test_balances_follow_from_the_fills",
    "test_events_that_come_twice_are_told_once",
    "test_fill_or_kill",
    "test_history_tells_what_ended",
    "test_rest_of_an_immediate_order_ends",
    "test_updates_lead_to_the_snapshot",
    "test_what_a_cut_hid_is_told_once_before_connected",
}
"""Every test that waits for a fill."""

ENDS = FILLS | {
    "test_a_cancel_of_nothing_is_refused_as_unknown",
    "test_a_lost_answer_to_a_cancel_is_unknown",
    "test_a_lost_answer_to_an_order_is_unknown_and_found",
    "test_a_lost_order_is_nowhere",
    "test_a_resting_order_lives_and_is_cancelled",
    "test_an_id_is_used_up_for_ever",
    "test_an_immediate_order_may_fill_nothing",
    "test_an_order_is_found_by_the_venues_id",
    "test_an_order_outlives_its_caller",
    "test_cancel_all_leaves_none",
    "test_orders_of_an_earlier_run_are_found",
    "test_orders_of_others_are_told_as_theirs",
    "test_post_only_never_takes",
    "test_refuses_a_used_id",
}
"""Every test that waits for the end of an order."""

LOST = {
    "test_a_lost_answer_to_a_fill_is_found_whole",
    "test_a_lost_answer_to_an_order_is_unknown_and_found",
    "test_a_lost_order_is_nowhere",
}
REFUSALS = {
    "test_an_id_is_used_up_for_ever",
    "test_post_only_never_takes",
    "test_refuses_a_used_id",
    "test_refuses_with_a_reason_and_changes_nothing",
}
CUT = {"test_what_a_cut_hid_is_told_once_before_connected"}
EARLIER = {"test_orders_of_an_earlier_run_are_found"}
SECRETS = {"test_secrets_are_never_shown"}

LIES: dict[str, set[str]] = {
    "a fill twice": FILLS,
    "a fill twice under two ids": FILLS,
    "a lost fill": FILLS,
    "a fill of another size": FILLS,
    "a fill without a currency": FILLS,
    "a fill of the whole order": {
        "test_a_partial_fill_is_kept_when_the_rest_is_cancelled",
        "test_rest_of_an_immediate_order_ends",
    },
    "a fill without its fee": {"test_balances_follow_from_the_fills"},
    "takers told as makers": {"test_a_market_order_fills_once", "test_an_immediate_order_fills_once"},
    "an order goes back": ENDS | SECRETS,
    "an end twice": ENDS | SECRETS,
    "an end untold": ENDS,
    "an end without a reason": {
        "test_an_immediate_order_may_fill_nothing",
        "test_fill_or_kill",
        "test_rest_of_an_immediate_order_ends",
    },
    "events twice": CUT | {"test_events_that_come_twice_are_told_once", "test_a_cut_stream_is_told_and_recovered"},
    "adopts orders of others": {"test_orders_of_others_are_told_as_theirs"},
    "lists orders of others as ours": {"test_orders_of_others_are_told_as_theirs"},
    "a timeout is a refusal": LOST,
    "a timeout is done": LOST,
    "sends a timed-out order again": LOST,
    "a lost cancel is done": {"test_a_lost_answer_to_a_cancel_is_unknown"},
    "busy told as unknown": {
        "test_a_venue_that_turns_away_has_done_nothing",
        "test_an_order_past_its_time_is_not_sent",
    },
    "sends what has expired": {"test_an_order_past_its_time_is_not_sent"},
    "an unshielded order": {"test_an_order_outlives_its_caller"},
    "a refusal is returned": REFUSALS,
    "a refusal is unknown": REFUSALS,
    "another reason": REFUSALS,
    "cuts to the lot": {"test_refuses_with_a_reason_and_changes_nothing"},
    "a refused cancel is done": {"test_a_cancel_of_nothing_is_refused_as_unknown"} | SECRETS,
    "leaves an order": {"test_cancel_all_leaves_none"},
    "connected at once": {"test_tells_connected_after_connecting"},
    "connected before the back-fill": CUT,
    "no back-fill": CUT,
    "no snapshot after a reconnect": CUT,
    "a cut untold": CUT | {"test_a_cut_stream_is_told_and_recovered"},
    "tells everything again after a cut": CUT | {"test_a_cut_stream_is_told_and_recovered"},
    "a look tells no fills": {
        "test_a_market_order_fills_once",
        "test_a_partial_fill_is_kept_when_the_rest_is_cancelled",
        "test_a_silent_stream_hides_no_fill_from_a_look",
    },
    "a look tells other ids": {
        "test_a_market_order_fills_once",
        "test_a_partial_fill_is_kept_when_the_rest_is_cancelled",
    },
    "a look raises": {"test_a_lost_order_is_nowhere", "test_an_unknown_order_is_found_nowhere"},
    "a history without fills": {"test_history_tells_what_ended"},
    "balances through float": {
        "test_balances_follow_from_the_fills",
        "test_snapshot_equals_the_ledger",
        "test_updates_lead_to_the_snapshot",
    },
    "nothing is locked": {"test_snapshot_equals_the_ledger"},
    "locked beyond the total": {"test_snapshot_is_sound", "test_snapshot_equals_the_ledger"},
    "fees in percent": {"test_terms_are_sound"},
    "an offset without its error": {"test_facts_are_sound"},
    "opens once": {"test_opens_and_closes"} | EARLIER,
    "swallows cancellation": {"test_run_lets_itself_be_cancelled"},
    "secret in repr": SECRETS,
    "secret in a log": SECRETS,
    "secret in an error": SECRETS
    | {
        "test_a_lost_answer_to_a_cancel_is_unknown",
        "test_a_lost_answer_to_a_fill_is_found_whole",
        "test_a_lost_answer_to_an_order_is_unknown_and_found",
    },
}
"""Each lie, and exactly the standard tests that it fails."""


def bench(lie: str) -> Bench:
    """Return a bench on a hostile venue with money."""
    simulated = bench_on(PERPETUAL if lie == "ignores reduce-only" else SPOT)
    return Bench(
        open_venue=lambda: Hostile(simulated.exchange, lie),
        market=simulated.market,
        capabilities=simulated.capabilities,
        faults=simulated.faults,
        witness=simulated.witness,
        secrets=(SECRET,),
    )


def test_without_a_lie_it_passes(caplog: pytest.LogCaptureFixture) -> None:
    assert failing(lambda: bench(""), caplog) == set()


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_found_where_it_should(lie: str, caplog: pytest.LogCaptureFixture) -> None:
    assert failing(lambda: bench(lie), caplog) == LIES[lie]


def test_reduce_only_that_is_ignored_is_found(caplog: pytest.LogCaptureFixture) -> None:
    assert failing(lambda: bench("ignores reduce-only"), caplog) == {
        "test_reduce_only_never_turns_a_position",
        "test_reduce_only_opens_nothing",
    }


@pytest.mark.parametrize("lie", ["cancels nothing", "lists no orders", "a foreign answer"])
def test_a_lie_about_every_order_is_found_in_many_places(lie: str, caplog: pytest.LogCaptureFixture) -> None:
    found = failing(lambda: bench(lie), caplog)
    assert {"test_a_resting_order_lives_and_is_cancelled", "test_refuses_a_used_id"} <= found


def test_capabilities_that_the_venue_lacks_are_found(caplog: pytest.LogCaptureFixture) -> None:
    honest = bench("")
    stated = replace(honest.capabilities, leverage=True, dead_mans_switch=True)
    lying = Bench(open_venue=honest.open_venue, market=honest.market, capabilities=stated)
    assert "test_is_the_declared_port" in failing(lambda: lying, caplog)
