"""The classes and types of the Reference Security Incident Taxonomy, version 1003: codes, and words in two languages.

A case carries at most one ``class/type``. The taxonomy is the CSIRTs' own (ENISA, TF-CSIRT); the words here are ours.
Refuses to guess: a person chooses.
"""

from types import MappingProxyType
from typing import Final

from bavn.model.text import Text

VERSION: Final = 1003

CLASSES: Final = MappingProxyType(
    {
        "abusive-content": Text("abusive content"),
        "malicious-code": Text("malicious code"),
        "information-gathering": Text("information gathering"),
        "intrusion-attempts": Text("intrusion attempts"),
        "intrusions": Text("intrusions"),
        "availability": Text("availability"),
        "information-content-security": Text("information content security"),
        "fraud": Text("fraud"),
        "vulnerable": Text("vulnerable"),
        "other": Text("other"),
        "test": Text("test"),
    }
)

TYPES: Final = MappingProxyType(
    {
        "abusive-content/spam": Text("spam"),
        "abusive-content/harmful-speech": Text("harmful speech"),
        "abusive-content/violence": Text("sexual or violent content"),
        "malicious-code/infected-system": Text("infected system"),
        "malicious-code/c2-server": Text("command and control server"),
        "malicious-code/malware-distribution": Text("malware handed out"),
        "malicious-code/malware-configuration": Text("malware configuration"),
        "information-gathering/scanner": Text("scanning"),
        "information-gathering/sniffing": Text("sniffing"),
        "information-gathering/social-engineering": Text("social engineering"),
        "intrusion-attempts/ids-alert": Text("known vulnerability tried"),
        "intrusion-attempts/brute-force": Text("log-on attempts"),
        "intrusion-attempts/exploit": Text("unknown exploit tried"),
        "intrusions/privileged-account-compromise": Text("privileged account taken"),
        "intrusions/unprivileged-account-compromise": Text("ordinary account taken"),
        "intrusions/application-compromise": Text("application taken"),
        "intrusions/system-compromise": Text("system taken"),
        "intrusions/burglary": Text("burglary"),
        "availability/dos": Text("denial of service"),
        "availability/ddos": Text("distributed denial of service"),
        "availability/misconfiguration": Text("misconfiguration"),
        "availability/sabotage": Text("sabotage"),
        "availability/outage": Text("outage"),
        "information-content-security/unauthorised-information-access": Text("unauthorised access to information"),
        "information-content-security/unauthorised-information-modification": Text(
            "unauthorised change of information"
        ),
        "information-content-security/data-loss": Text("data loss"),
        "information-content-security/data-leak": Text("data leak"),
        "fraud/unauthorised-use-of-resources": Text("unauthorised use of resources"),
        "fraud/copyright": Text("copyright"),
        "fraud/masquerade": Text("masquerade"),
        "fraud/phishing": Text("phishing"),
        "vulnerable/weak-crypto": Text("weak cryptography"),
        "vulnerable/ddos-amplifier": Text("amplifier for floods"),
        "vulnerable/potentially-unwanted-accessible": Text("service that need not be open"),
        "vulnerable/information-disclosure": Text("information disclosed"),
        "vulnerable/vulnerable-system": Text("vulnerable system"),
        "other/other": Text("not in any class"),
        "other/undetermined": Text("not determined yet"),
        "test/test": Text("a test"),
    }
)


def known(code: str) -> bool:
    """Whether it is a ``class/type`` of this version."""
    return code in TYPES


def words(code: str) -> Text:
    """A type in words with its class. KeyError for one that is not known."""
    kind = TYPES[code]
    group = CLASSES[code.partition("/")[0]]
    return Text.shaped("{group}: {kind}", group=group, kind=kind)
