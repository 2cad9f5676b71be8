"""Reads JSON lines {name, text} and says what the checks of SigmaHQ find in each."""

import json
import sys

from sigma.collection import SigmaCollection
from sigma.validation import SigmaValidator
from sigma.validators.sigmahq import validators

FETCHES = "it fetches lists from elsewhere"
LEFT_OUT = {
    "sigmahq_tags_tlp": "what is published is TLP:CLEAR",
    "sigmahq_title_case": "a value is no word",
    "sigmahq_category_event_id": FETCHES,
    "sigmahq_category_windows_provider_name": FETCHES,
    "sigmahq_fieldname_cast": FETCHES,
    "sigmahq_invalid_fieldname": FETCHES,
    "sigmahq_logsource_unknown": FETCHES,
    "sigmahq_redundant_field": FETCHES,
    "sigmahq_tags_techniques_without_tactics": FETCHES,
}
CHECKS = [check for name, check in validators.items() if name not in LEFT_OUT]

for line in sys.stdin:
    given = json.loads(line)
    rules = SigmaCollection.from_yaml(given["text"])
    issues = [type(issue).__name__ for issue in SigmaValidator(CHECKS).validate_rules(iter(rules))]
    print(json.dumps({"name": given["name"], "issues": issues}))
