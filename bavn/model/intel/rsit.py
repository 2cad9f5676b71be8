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
        "abusive-content": Text("abusive content", "krænkende indhold"),
        "malicious-code": Text("malicious code", "skadelig kode"),
        "information-gathering": Text("information gathering", "indsamling af oplysninger"),
        "intrusion-attempts": Text("intrusion attempts", "forsøg på indtrængen"),
        "intrusions": Text("intrusions", "indtrængen"),
        "availability": Text("availability", "tilgængelighed"),
        "information-content-security": Text("information content security", "sikkerhed for oplysningers indhold"),
        "fraud": Text("fraud", "svindel"),
        "vulnerable": Text("vulnerable", "sårbar"),
        "other": Text("other", "andet"),
        "test": Text("test", "prøve"),
    }
)

TYPES: Final = MappingProxyType(
    {
        "abusive-content/spam": Text("spam", "spam"),
        "abusive-content/harmful-speech": Text("harmful speech", "skadelige ytringer"),
        "abusive-content/violence": Text("sexual or violent content", "seksuelt eller voldeligt indhold"),
        "malicious-code/infected-system": Text("infected system", "inficeret system"),
        "malicious-code/c2-server": Text("command and control server", "styreserver"),
        "malicious-code/malware-distribution": Text("malware handed out", "spredning af skadelig kode"),
        "malicious-code/malware-configuration": Text("malware configuration", "opsætning til skadelig kode"),
        "information-gathering/scanner": Text("scanning", "skanning"),
        "information-gathering/sniffing": Text("sniffing", "aflytning"),
        "information-gathering/social-engineering": Text("social engineering", "social manipulation"),
        "intrusion-attempts/ids-alert": Text("known vulnerability tried", "forsøg mod kendt sårbarhed"),
        "intrusion-attempts/brute-force": Text("log-on attempts", "forsøg på logon"),
        "intrusion-attempts/exploit": Text("unknown exploit tried", "forsøg med ukendt angrebskode"),
        "intrusions/privileged-account-compromise": Text("privileged account taken", "privilegeret konto overtaget"),
        "intrusions/unprivileged-account-compromise": Text("ordinary account taken", "almindelig konto overtaget"),
        "intrusions/application-compromise": Text("application taken", "applikation overtaget"),
        "intrusions/system-compromise": Text("system taken", "system overtaget"),
        "intrusions/burglary": Text("burglary", "indbrud"),
        "availability/dos": Text("denial of service", "overbelastning"),
        "availability/ddos": Text("distributed denial of service", "distribueret overbelastning"),
        "availability/misconfiguration": Text("misconfiguration", "fejlopsætning"),
        "availability/sabotage": Text("sabotage", "sabotage"),
        "availability/outage": Text("outage", "nedbrud"),
        "information-content-security/unauthorised-information-access": Text(
            "unauthorised access to information", "uberettiget adgang til oplysninger"
        ),
        "information-content-security/unauthorised-information-modification": Text(
            "unauthorised change of information", "uberettiget ændring af oplysninger"
        ),
        "information-content-security/data-loss": Text("data loss", "tab af data"),
        "information-content-security/data-leak": Text("data leak", "læk af data"),
        "fraud/unauthorised-use-of-resources": Text("unauthorised use of resources", "uberettiget brug af ressourcer"),
        "fraud/copyright": Text("copyright", "ophavsret"),
        "fraud/masquerade": Text("masquerade", "udgiver sig for en anden"),
        "fraud/phishing": Text("phishing", "phishing"),
        "vulnerable/weak-crypto": Text("weak cryptography", "svag kryptografi"),
        "vulnerable/ddos-amplifier": Text("amplifier for floods", "forstærker til overbelastning"),
        "vulnerable/potentially-unwanted-accessible": Text("service that need not be open", "unødigt åben tjeneste"),
        "vulnerable/information-disclosure": Text("information disclosed", "oplysninger lagt åbent frem"),
        "vulnerable/vulnerable-system": Text("vulnerable system", "sårbart system"),
        "other/other": Text("not in any class", "passer i ingen klasse"),
        "other/undetermined": Text("not determined yet", "endnu ikke bestemt"),
        "test/test": Text("a test", "en prøve"),
    }
)


def known(code: str) -> bool:
    """Whether it is a ``class/type`` of this version."""
    return code in TYPES


def words(code: str) -> Text:
    """A type in words with its class. KeyError for one that is not known."""
    kind = TYPES[code]
    group = CLASSES[code.partition("/")[0]]
    return Text(f"{group.en}: {kind.en}", f"{group.da}: {kind.da}")
