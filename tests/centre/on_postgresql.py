"""Which tests of a whole sector (tests/centre/node) run on PostgreSQL in each run: few that together put every
statement that all of them put.

What these tests are about, who is told what and when, is the same on either database; what a database could do
otherwise is a statement. The tests of each book, in the other folders, all run on both, and script/test --world tries
everything on both. Chosen by what SQLAlchemy was asked to execute in each test.
"""

RUN_ON_POSTGRESQL = {
    "test_canaries.py": frozenset(
        {
            "test_it_goes_through_the_chain_of_every_actor_and_the_centre_knows_each_link",
        }
    ),
    "test_casework.py": frozenset(
        {
            "test_a_text_that_names_another_actor_goes_to_nobody_it_would_tell",
            "test_answers_and_evidence_come_back_once_and_stand_in_the_timeline",
            "test_who_meets_an_indicator_is_in_its_case_from_then_on_and_counts_for_no_evidence",
        }
    ),
    "test_centre.py": frozenset(
        {
            "test_a_withdrawal_reaches_all_and_a_new_release_has_a_higher_version",
            "test_each_letter_has_one_line_and_members_show_how_their_nodes_are",
            "test_rounds_tell_what_happened_to_each_cell",
            "test_two_actors_of_one_vendor_never_make_a_block",
        }
    ),
    "test_centre_contained.py": frozenset(
        {
            "test_a_message_out_that_cannot_be_read_holds_up_no_other",
        }
    ),
    "test_centre_crash.py": frozenset(),
    "test_commons.py": frozenset(
        {
            "test_a_node_learns_how_many_groups_know_its_elements_and_people_that_nothing_was_named",
            "test_liars_add_one_each_and_nothing_is_named_for_it",
            "test_the_centre_keeps_nothing_of_a_round_and_only_the_node_ties_its_days_together",
        }
    ),
    "test_counts.py": frozenset(),
    "test_echo.py": frozenset(
        {
            "test_after_its_end_it_is_evidence_again",
        }
    ),
    "test_gathering.py": frozenset(
        {
            "test_a_draft_of_the_centres_own_is_kept",
            "test_a_source_without_a_partner_counts_as_a_list",
            "test_levels_marks_and_drafts_rest_on_no_lead",
            "test_the_clock_and_what_was_met",
        }
    ),
    "test_ignored.py": frozenset(
        {
            "test_it_waits_for_nobody_until_its_day_and_is_back_then_by_itself",
        }
    ),
    "test_intel_contained.py": frozenset(),
    "test_intel_gate_two.py": frozenset(
        {
            "test_days_quotas_and_a_full_source_put_off_and_lose_nothing",
            "test_our_own_word_that_comes_back_is_no_evidence",
        }
    ),
    "test_intel_news.py": frozenset(),
    "test_intel_noise.py": frozenset(
        {
            "test_noise_is_suspended_with_a_reason_and_counts_no_more_until_a_person_takes_it_up",
            "test_what_an_actor_met_stands_with_the_proposal",
        }
    ),
    "test_intel_proposals.py": frozenset(
        {
            "test_a_source_that_ended_claims_nothing_and_is_asked_no_more",
            "test_what_is_not_on_the_list_any_more_is_withdrawn_and_may_come_back",
        }
    ),
    "test_intelligence.py": frozenset(
        {
            "test_what_nobody_claims_any_more_is_noted_in_its_case",
        }
    ),
    "test_lead_pages.py": frozenset(
        {
            "test_as_many_are_counted_as_are_shown",
            "test_what_waits_is_worked_on_over_or_aside_is_all_of_it",
        }
    ),
    "test_log_of_a_sector.py": frozenset(
        {
            "test_a_list_of_leads_is_there_once_an_hour",
            "test_hits_and_uploads_of_a_round_are_sealed_in_order_and_found_by_its_members",
            "test_a_round_and_a_release_are_in_the_log_each_once",
        }
    ),
}
"""The file, and those of its tests; a file that is not named runs whole, a test with ``each_on_postgresql`` always."""
