"""Words that several sentences of a review share: what a detector saw, at what pace, what an element is, what to ask.

One phrase a detector; a test holds that none is missing. Refuses to count.
"""

from collections.abc import Collection, Sequence
from types import MappingProxyType
from typing import Final

from bavn.model.observable import Observable, ObservableType
from bavn.model.sector.lead import Sign
from bavn.model.sector.tally import technique_name
from bavn.model.text import Text

NAMED_MAX: Final = 6
VALUE_CHARS: Final = 24
INBOUND: Final = "inbound"

PARTS: Final = MappingProxyType(
    {
        "evidence": Text("What speaks for it, the strongest first"),
        "against": Text("What speaks against it, the strongest first"),
        "todo": Text("What to do first"),
        "claim": Text("What is claimed"),
        "rhythm": Text("Pace and client at each actor"),
        "known": Text("What is known of it, and what is not"),
        "changes": Text("What would change it"),
        "matters": Text("What it touches"),
    }
)
"""The parts of a review, in the order in which they are read, with their headings."""

HAPPENED: Final = MappingProxyType(
    {
        "ioc": Text("a machine met {what}, which somebody has warned of"),
        "beacon": Text("a machine calls {what} again and again"),
        "dns_tunnel": Text("a machine carries data in DNS names under {what}"),
        "scan": Text("a machine tries many doors at {what}"),
        INBOUND: Text("{what} tries doors from outside"),
        "rarity": Text("a machine speaks with {what}, which hardly any other machine there does"),
        "exfil": Text("a machine sends much data to {what}"),
        "dga": Text("a machine asks for made-up names, {what} among them"),
        "long": Text("a connection with {what} stays open"),
        "lateral": Text("somebody moves from machine to machine, with {what}"),
        "bruteforce": Text("passwords are guessed, with {what}"),
        "signature": Text("a rule of the sensor strikes on {what}"),
        "ward": Text("a medical device leaves its habits, with {what}"),
        "tunnel": Text("a conversation with {what} carries another one inside"),
    }
)
_OTHERWISE: Final = Text("something odd was seen with {what}")

INNOCENT: Final = MappingProxyType(
    {
        "ioc": Text("Lists of warnings age: an address may belong to somebody else by now."),
        "beacon": Text("Update checks, telemetry and monitoring call as regularly."),
        "dns_tunnel": Text("Virus scanners and content networks put data into DNS names too."),
        "scan": Text("Inventories and health checks try many doors too."),
        INBOUND: Text("Scanners for research and for search engines try everybody's doors."),
        "rarity": Text("Every new supplier and every rare task is a rare peer at first."),
        "exfil": Text("Backups, video meetings and images sent to a specialist are large too."),
        "dga": Text("Content networks and advertisements use made-up names too."),
        "long": Text("Remote support, chat and push messages stay connected too."),
        "lateral": Text("Administrators and software distribution move from machine to machine too."),
        "bruteforce": Text("A password that was changed is tried again and again by whatever still has the old one."),
        "signature": Text("Rules strike on harmless traffic too, the broad ones often."),
        "ward": Text("Service by the maker, or a new version, changes a device's habits too."),
        "tunnel": Text("VPNs and remote support carry other conversations inside too."),
    }
)
_MAY_BE: Final = Text("What is odd is not yet an attack.")

ASK: Final = MappingProxyType(
    {
        "ioc": Text("which program met it, and who warned of it and when"),
        "beacon": Text("which program calls it and since when, and whether anybody there knows it"),
        "dns_tunnel": Text("which program asks for those names, and whose the domain is"),
        "scan": Text("whose the machine is, and whether an inventory or a test was planned"),
        INBOUND: Text("whether any door opened, and what was done behind it"),
        "rarity": Text("which program speaks with it, and which supplier or task it belongs to"),
        "exfil": Text("what was sent, by whom, and whether a backup or a transfer was planned"),
        "dga": Text("which program asks for those names"),
        "long": Text("which program holds the connection, and whether remote support was ordered"),
        "lateral": Text("whose account was used, and whether an administrator was at work"),
        "bruteforce": Text("whether any password was right in the end, and whose account it is"),
        "signature": Text("what the rule saw in the packets that were kept"),
        "ward": Text("whether the maker or the medical engineers worked on the device"),
        "tunnel": Text("which program opened it, and whether it is a VPN that is known there"),
    }
)
_ASK_ANY: Final = Text("what was behind it, and whether anybody there knows it")

PACES: Final = (
    Text("more often than once a minute"),
    Text("every 1 to 5 minutes"),
    Text("every 5 to 15 minutes"),
    Text("every 15 to 30 minutes"),
    Text("every 30 to 60 minutes"),
    Text("every 1 to 2 hours"),
    Text("every 2 to 4 hours"),
    Text("at most every 4 hours"),
)

_KINDS: Final = MappingProxyType(
    {
        ObservableType.DOMAIN: Text("the name {value}"),
        ObservableType.IP4: Text("the address {value}"),
        ObservableType.IP6: Text("the address {value}"),
        ObservableType.JA3: Text("the program with the fingerprint {value}"),
        ObservableType.JA4: Text("the program with the fingerprint {value}"),
        ObservableType.FP_PAIR: Text("the pair of fingerprints {value}"),
        ObservableType.CERT: Text("a server with the certificate {value}"),
        ObservableType.SHA256: Text("the file {value}"),
        ObservableType.CHAIN: Text("the chain of steps {value}"),
    }
)


def element(observable: Observable) -> Text:
    """``the name c2.example.org``; a long fingerprint by its beginning."""
    value = observable.value
    if observable.type is not ObservableType.DOMAIN and len(value) > 2 * VALUE_CHARS:
        value = f"{value[:VALUE_CHARS]}..."
    return _KINDS[observable.type].filled(value=value)


def elements(observables: Sequence[Observable]) -> Text:
    """Several, at most three by name."""
    named = Text.joined(", ", [element(one) for one in observables[:3]])
    more = len(observables) - 3
    return named if more <= 0 else Text("{named} and {more} more", named=named, more=more)


def kind_of(sign: Sign, *, inbound: bool) -> str:
    """Under which word a report's phrases stand."""
    return INBOUND if inbound else sign.detector


def happened(kind: str, what: Text) -> Text:
    """What went on at an actor."""
    return HAPPENED.get(kind, _OTHERWISE).filled(what=what)


def innocent(kind: str) -> Text:
    """What harmless thing looks the same."""
    return INNOCENT.get(kind, _MAY_BE)


def ask(kind: str) -> Text:
    """What a person can find out there."""
    return ASK.get(kind, _ASK_ANY)


def technique(name: str) -> Text:
    """``command channel in web, DNS or mail (T1071)``."""
    known = technique_name(name)
    return Text.plain(name) if known is None else Text.shaped("{known} ({name})", known=known, name=name)


def names(actors: Collection[str]) -> Text:
    """Actors by name, at most six."""
    shown = sorted(actors)[:NAMED_MAX]
    more = len(actors) - len(shown)
    named = Text.plain(", ".join(shown))
    return named if more <= 0 else Text("{named} and {more} more", named=named, more=more)


def independent(count: int) -> Text:
    """``3 independent actors``."""
    return Text.counted("{count:,} independent actor", "{count:,} independent actors", count)


def of_sector(count: int, sector: int) -> Text:
    """``4 of 36 independent actors``; without the whole where that is not known."""
    if not sector:
        return independent(count)
    return Text.counted(
        "{some} of {count:,} independent actor", "{some} of {count:,} independent actors", sector, some=count
    )


def one_in(p_bucket: int) -> Text:
    """``1 in 512``: how rare it is by chance, at most."""
    return Text("1 in {many}", many=Text.number(2**p_bucket))
