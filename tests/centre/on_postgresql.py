"""Which tests of a whole sector (tests/centre/node) run on PostgreSQL in each run: few that together put every
statement that all of them put.

What these tests are about, who is told what and when, is the same on either database; what a database could do
otherwise is a statement. The tests of each book, in the other folders, all run on both, and script/test --world tries
everything on both. Chosen by what SQLAlchemy was asked to execute in each test.
"""

RUN_ON_POSTGRESQL = {
    "test_benchmarking.py": frozenset(
        {
            "test_a_release_that_was_tampered_with_is_neither_shown_nor_drawn_again",
            "test_actors_of_one_operator_count_once_and_few_groups_are_told_nothing",
            "test_canary_days_coverage_and_noisy_counts",
            "test_deadlines_of_tasks_warnings_and_questions_that_passed_in_the_month",
            "test_what_cannot_be_asked",
        }
    ),
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
            "test_members_show_how_their_nodes_are",
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
            "test_its_uploads_are_fixed_in_the_centres_log_as_every_rounds_are",
            "test_liars_add_one_each_and_nothing_is_named_for_it",
            "test_the_centre_keeps_nothing_of_a_round_but_who_took_part",
        }
    ),
    "test_counts.py": frozenset(),
    "test_echo.py": frozenset(
        {
            "test_after_its_end_it_is_evidence_again",
        }
    ),
    "test_exercises.py": frozenset(
        {
            "test_no_lead_where_too_few_let_it_out_and_it_ends_by_itself",
            "test_the_whole_chain_is_played_apart_and_leaves_nothing_real",
        }
    ),
    "test_gathering.py": frozenset(
        {
            "test_a_draft_of_the_centres_own_is_kept",
            "test_a_source_without_a_partner_counts_as_a_list",
            "test_cases_with_marking_sort_remarks_and_clock",
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
            "test_a_days_quota_and_a_syncs_bound_put_off_and_lose_nothing",
            "test_our_own_word_that_comes_back_is_no_evidence",
        }
    ),
    "test_intel_news.py": frozenset(),
    "test_intel_proposals.py": frozenset(
        {
            "test_a_source_that_ended_claims_nothing_and_is_asked_no_more",
            "test_what_is_not_on_the_list_any_more_is_withdrawn_and_may_come_back",
        }
    ),
    "test_intel_usefulness.py": frozenset(
        {
            "test_a_source_is_worth_its_hits_its_lead_and_what_only_it_has",
            "test_new_indicators_are_hunted_for_within_budgets_when_two_people_agreed",
            "test_noise_is_suspended_with_a_reason_and_counts_no_more_until_a_person_takes_it_up",
            "test_what_must_stay_at_the_centre_is_not_asked_of_actors",
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
    "test_learned_versions.py": frozenset(
        {
            "test_what_was_taken_back_before_anybody_approved_it_never_counts",
        }
    ),
    "test_log_of_a_sector.py": frozenset(
        {
            "test_a_list_of_leads_is_there_once_an_hour",
            "test_a_member_finds_the_round_that_it_was_told_of",
            "test_a_round_and_a_release_are_in_the_log_each_once",
            "test_the_hits_that_the_log_sealed_are_those_that_the_centre_works_with",
            "test_the_uploads_are_fixed_before_the_hits_and_each_is_among_them",
        }
    ),
}
"""The file, and those of its tests; a file that is not named runs whole, a test with ``each_on_postgresql`` always."""
