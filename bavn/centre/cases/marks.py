"""Questions by topic whose answers are others when cases and what belongs to them changed, for an open page.

Each is answered from an index or a small table; ``+table`` stands for whether rows came to a table that may be long.
"""

from typing import Final

MARKS: Final[dict[str, tuple[str, ...]]] = {
    "cases": (
        "SELECT seq FROM case_audit_head",
        "SELECT count(*), sum(order_no), sum(done_no) FROM case_case",
        "+case_question",
        "+case_question_to",
        "+case_answer",
        "+case_words",
        "+case_evidence",
        "+case_task",
    ),
    "indicators": (
        "SELECT seq FROM case_audit_head",
        "+case_indicator",
    ),
    "proposals": (
        "SELECT name, state, synced_us, taken FROM intel_source ORDER BY name",
        "+intel_proposal",
    ),
    "warnings": (
        "SELECT state, count(*), sum(version), max(changed_us) FROM case_warning GROUP BY state ORDER BY state",
        "SELECT count(told_us), max(told_us), max(answered_us) FROM case_warning_to",
        "+case_warning_answer",
    ),
    "audit": ("SELECT seq FROM case_audit_head",),
}
