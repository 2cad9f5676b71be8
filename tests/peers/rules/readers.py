"""Reads JSON lines {name, form, text} and says what others' programs make of each: Elastic's own reader of EQL, and
pySigma's checks and its backends for Splunk and Elasticsearch."""

import json
import sys

import eql.parser
from sigma.backends.elasticsearch import EqlBackend
from sigma.backends.splunk import SplunkBackend
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
    if given["form"] == "eql":
        with eql.parser.elasticsearch_syntax:
            said = {"read": str(eql.parser.parse_query(given["text"]))}
    else:
        rules = SigmaCollection.from_yaml(given["text"])
        issues = [type(issue).__name__ for issue in SigmaValidator(CHECKS).validate_rules(iter(rules))]
        said = {"issues": issues, "splunk": SplunkBackend().convert(rules), "eql": EqlBackend().convert(rules)}
    print(json.dumps({"name": given["name"], "form": given["form"]} | said))
