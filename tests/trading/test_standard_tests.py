"""The standard tests of venues and treasuries can't be taken away unseen: by an author, or here in the suite."""

import pytest

from arbcore.testing._suite import Suite, SuiteWeakenedError, weaknesses
from arbcore.testing.trading import VenueSuite
from arbcore.testing.treasury import TreasurySuite

SUITES = [VenueSuite, TreasurySuite]

VENUE = """
test_a_best_order_fills_once
test_a_buy_by_cost_spends_no_more
test_a_cancel_of_nothing_is_refused_as_unknown
test_a_cancel_of_what_just_filled_is_unknown_to_the_venue
test_a_cut_stream_is_told_and_recovered
test_a_lost_answer_to_a_cancel_is_unknown
test_a_lost_answer_to_a_fill_is_found_whole
test_a_lost_answer_to_an_amend_is_unknown
test_a_lost_answer_to_an_order_is_unknown_and_found
test_a_lost_order_is_nowhere
test_a_market_order_fills_once
test_a_partial_fill_is_kept_when_the_rest_is_cancelled
test_a_position_is_the_sum_of_its_fills
test_a_resting_order_fills_as_a_maker
test_a_resting_order_lives_and_is_cancelled
test_a_silent_stream_hides_no_fill_from_a_look
test_a_triggered_order_waits
test_a_venue_that_turns_away_has_done_nothing
test_account_modes_may_be_set_again
test_amended_order_has_its_new_terms_only
test_an_ended_order_is_not_amended
test_an_id_is_used_up_for_ever
test_an_immediate_order_fills_once
test_an_immediate_order_may_fill_nothing
test_an_order_is_found_by_the_venues_id
test_an_order_outlives_its_caller
test_an_order_past_its_time_is_not_sent
test_an_unknown_order_is_found_nowhere
test_balances_follow_from_the_fills
test_cancel_all_leaves_none
test_events_that_come_twice_are_told_once
test_facts_are_sound
test_fill_or_kill
test_funding_is_told_in_order
test_history_tells_what_ended
test_is_the_declared_port
test_leverage_beyond_the_brackets_is_refused
test_leverage_is_set_and_may_be_set_again
test_margin_mode_may_be_set_again
test_opens_and_closes
test_orders_of_an_earlier_run_are_found
test_orders_of_others_are_told_as_theirs
test_post_only_never_takes
test_reduce_only_never_turns_a_position
test_reduce_only_opens_nothing
test_refuses_a_used_id
test_refuses_with_a_reason_and_changes_nothing
test_rest_of_an_immediate_order_ends
test_run_lets_itself_be_cancelled
test_secrets_are_never_shown
test_snapshot_equals_the_ledger
test_snapshot_is_sound
test_suite_is_whole
test_tells_connected_after_connecting
test_terms_are_sound
test_the_dead_mans_switch_cancels_orders
test_the_dead_mans_switch_is_set_and_taken_back
test_updates_lead_to_the_snapshot
test_what_a_cut_hid_is_told_once_before_connected
test_what_the_venue_closes_is_told_with_its_origin
"""

TREASURY = """
test_a_lost_answer_is_unknown_and_never_repeated
test_is_a_treasury
test_money_moves_once
test_movements_are_told_in_order
test_nothing_moves_while_it_is_switched_off
test_suite_is_whole
test_wallets_are_sound
"""


@pytest.mark.parametrize(("suite", "frozen"), [(VenueSuite, VENUE), (TreasurySuite, TREASURY)])
def test_no_standard_test_has_gone(suite: type[Suite], frozen: str) -> None:
    """Adding one adds a line here; taking one away needs a reason that a reviewer believes."""
    assert sorted(suite.standard_tests) == frozen.split()


@pytest.mark.parametrize("suite", SUITES)
def test_every_standard_test_says_what_it_wants(suite: type[Suite]) -> None:
    assert all((getattr(suite, name).__doc__ or "").strip() for name in suite.standard_tests)


@pytest.mark.parametrize("suite", SUITES)
def test_none_is_replaced_without_a_reason(suite: type[Suite]) -> None:
    for name in suite.standard_tests:
        with pytest.raises(SuiteWeakenedError, match=name):
            type("TestMine", (suite,), {name: lambda self: None})
        with pytest.raises(SuiteWeakenedError, match=name):
            type("TestMine", (suite,), {name: None})


@pytest.mark.parametrize("suite", SUITES)
def test_none_is_taken_out_of_a_class_later(suite: type[Suite]) -> None:
    mine = type("TestMine", (suite,), {})
    for name in suite.standard_tests:
        setattr(mine, name, None)
    assert len(weaknesses(mine)) == len(suite.standard_tests)


@pytest.mark.parametrize("suite", SUITES)
def test_a_stated_reason_lets_one_fail(suite: type[Suite]) -> None:
    name = next(iter(suite.standard_tests))

    @pytest.mark.xfail(reason="the venue has no such thing")
    def excused(self: Suite) -> None:
        pytest.fail("as stated")

    assert weaknesses(type("TestMine", (suite,), {name: excused})) == []


@pytest.mark.parametrize("suite", SUITES)
def test_a_class_is_not_hidden_from_pytest(suite: type[Suite]) -> None:
    with pytest.raises(SuiteWeakenedError, match="hides"):
        type("TestMine", (suite,), {"__test__": False})
