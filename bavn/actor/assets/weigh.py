"""Facts of one host -> hints, by the rules and by what several facts say together; never one without its evidence."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from bavn.actor.assets.asset import Evidence, Hint, Kind
from bavn.actor.assets.facts import PORT_OFFERED_MAX, HostFacts, HostText
from bavn.actor.assets.rules import CLIENT_PORTS, NAMES, PORTS, TEXTS, PortRule, TextRule
from bavn.model.text import Text

JUMPS_TO_MIN: Final = 3
"""Hosts that a jump host administers."""
SERVER_CLIENTS_MIN: Final = 2
_ADMIN: Final = frozenset({22, 3389, 5985, 5986})
_COMPILED: Final = tuple((rule, re.compile(rule.pattern, re.IGNORECASE)) for rule in TEXTS)
_FIELDS: Final[dict[str, Text]] = {
    "user agent": Text("user agent"),
    "http server": Text("HTTP server header"),
    "ssh server": Text("SSH banner"),
    "ssh client": Text("SSH client"),
    "dhcp vendor": Text("DHCP vendor class"),
    "certificate": Text("certificate"),
    "mac vendor": Text("maker of its network card"),
    "client name": Text("name it gave (RDP)"),
}
_SUFFIXES: Final = {domain: rule for rule in NAMES for domain in rule.domains}


def hints(facts: HostFacts, mac_vendor: Callable[[str], str | None]) -> tuple[Hint, ...]:
    """All hints of a host, one for each rule and value with most rows behind it, in a fixed order."""
    hints = [*_ports(facts), *_together(facts), *_texts(facts, mac_vendor), *_by_names_asked_for(facts)]
    hints += _plain(facts, hints)
    best: dict[tuple[str, str, str], Hint] = {}
    for hint in sorted(hints, key=lambda h: (-h.confidence, -h.evidence.rows, h.evidence.value)):
        # Two rules of one field that say the same thing are one witness.
        best.setdefault((hint.kind, hint.value, hint.evidence.field), hint)
    return tuple(sorted(best.values(), key=lambda h: (h.kind, -h.confidence, h.value, h.rule)))


def _ports(facts: HostFacts) -> Iterator[Hint]:
    for rules, seen, serves in ((PORTS, facts.offers, True), (CLIENT_PORTS, facts.calls, False)):
        for rule in rules:
            for port, proto, app, flows, others, first, last in seen:
                if port in rule.ports and proto == rule.proto and (app is None or app in rule.apps):
                    evidence = Evidence(
                        table="flow", field=f"{proto} port", value=str(port), rows=flows, first_us=first, last_us=last
                    )
                    yield _port_hint(rule, app, others, evidence, serves=serves)


def _port_hint(rule: PortRule, app: str | None, others: int, evidence: Evidence, *, serves: bool) -> Hint:
    spoken = f" ({app})" if app else ""
    spoken_of = f"{evidence.field.split()[0]}/{evidence.value}{spoken}"
    reason = (
        Text.counted(
            "{count:,} client was answered on {said}",
            "{count:,} clients were answered on {said}",
            others,
            said=spoken_of,
        )
        if serves
        else Text.counted(
            "it was answered on {said} by {count:,} host",
            "it was answered on {said} by {count:,} hosts",
            others,
            said=spoken_of,
        )
    )
    return Hint(
        kind="role",
        value=rule.role,
        confidence=rule.sure if app else rule.likely,
        rule=f"{'answers' if serves else 'calls'} {evidence.value}/{rule.proto}",
        reason=reason,
        evidence=evidence,
    )


_Offered = dict[tuple[int, str], tuple[str | None, int, int, int, int]]
"""What a host offers at a port: application, flows, clients, first and last moment."""


def _together(facts: HostFacts) -> Iterator[Hint]:
    """What no single port says: a domain controller, a jump host."""
    offered = {
        (port, proto): (app, flows, clients, first, last)
        for port, proto, app, flows, clients, first, last in facts.offers
    }
    yield from _domain_controller(offered)
    yield from _jump_host(facts, offered)


def _domain_controller(offered: _Offered) -> Iterator[Hint]:
    kerberos = offered.get((88, "tcp")) or offered.get((88, "udp"))
    directory = next(
        (port for port in (389, 636, 3268, 445) for proto in ("tcp", "udp") if (port, proto) in offered), 0
    )
    if kerberos and kerberos[0] in (None, "krb5", "krb5_tcp", "krb5_udp"):
        sure = 0.95 if directory and kerberos[0] else 0.8 if directory else 0.6
        extra = f", {directory}" if directory else ""
        yield Hint(
            kind="role",
            value="domain controller",
            confidence=sure,
            rule="answers Kerberos and a directory",
            reason=Text("Kerberos is answered on 88{extra}", extra=extra),
            evidence=Evidence(
                table="flow",
                field="kerberos port",
                value="88",
                rows=kerberos[1],
                first_us=kerberos[3],
                last_us=kerberos[4],
            ),
        )


def _jump_host(facts: HostFacts, offered: _Offered) -> Iterator[Hint]:
    enters = [port for port in sorted(_ADMIN) if (port, "tcp") in offered]
    leaves = [call for call in facts.calls if call[0] in _ADMIN]
    if enters and leaves and max(call[4] for call in leaves) >= JUMPS_TO_MIN:
        widest = max(leaves, key=lambda call: (call[4], -call[0]))
        yield Hint(
            kind="role",
            value="jump host",
            confidence=0.6,
            rule="is administered and administers",
            reason=Text.counted(
                "it is entered on {enters} and enters {count:,} host on {widest}",
                "it is entered on {enters} and enters {count:,} hosts on {widest}",
                widest[4],
                enters=enters[0],
                widest=widest[0],
            ),
            evidence=Evidence(
                table="flow",
                field="administration port",
                value=str(widest[0]),
                rows=widest[3],
                first_us=widest[5],
                last_us=widest[6],
            ),
        )


def _texts(facts: HostFacts, mac_vendor: Callable[[str], str | None]) -> Iterator[Hint]:
    for host_text in facts.said:
        if host_text.field == "mac":
            vendor = mac_vendor(host_text.text)
            if vendor:
                yield _text_hint(
                    host_text, "vendor", vendor, 0.5, "maker of the card", f"{vendor} ({host_text.text})", "mac vendor"
                )
                for rule in _matching("mac vendor", vendor):
                    yield _text_hint(
                        host_text,
                        rule.kind,
                        rule.value,
                        rule.confidence,
                        rule.name,
                        f"{vendor} ({host_text.text})",
                        "mac vendor",
                    )
            continue
        for rule in _matching(host_text.field, host_text.text):
            yield _text_hint(
                host_text, rule.kind, rule.value, rule.confidence, rule.name, host_text.text, host_text.field
            )


def _text_hint(said: HostText, kind: Kind, value: str, sure: float, rule: str, shown: str, where: str) -> Hint:
    evidence = Evidence(
        table=said.table, field=where, value=shown, rows=said.rows, first_us=said.first_us, last_us=said.last_us
    )
    named = _FIELDS[where]
    reason = Text.shaped("{named}: {shown}", named=named, shown=shown)
    return Hint(kind=kind, value=value, confidence=round(sure, 2), rule=rule, reason=reason, evidence=evidence)


@lru_cache(maxsize=100_000)
def _matching(where: str, text: str) -> tuple[TextRule, ...]:
    return tuple(rule for rule, pattern in _COMPILED if rule.field == where and pattern.search(text))


def _by_names_asked_for(facts: HostFacts) -> Iterator[Hint]:
    for host_text in facts.said:
        rule = _SUFFIXES.get(host_text.text) if host_text.field == "asked name" else None
        if rule:
            evidence = Evidence(
                table=host_text.table,
                field="asked name",
                value=host_text.text,
                rows=host_text.rows,
                first_us=host_text.first_us,
                last_us=host_text.last_us,
            )
            yield Hint(
                kind=rule.kind,
                value=rule.value,
                confidence=rule.confidence,
                rule=rule.name,
                reason=Text("it asked for {text}", text=host_text.text),
                evidence=evidence,
            )


def _plain(facts: HostFacts, made: list[Hint]) -> Iterator[Hint]:
    """A server, where nothing better is known: it answers several and its offer has no role of its own."""
    if any(hint.kind == "role" for hint in made):
        return
    served = [offer for offer in facts.offers if offer[4] >= SERVER_CLIENTS_MIN and offer[0] < PORT_OFFERED_MAX]
    if served:
        port, proto, _, flows, clients, first, last = max(served, key=lambda offer: (offer[4], offer[3], -offer[0]))
        yield Hint(
            kind="role",
            value="server",
            confidence=0.5,
            rule="answers several",
            reason=Text.counted(
                "{count:,} client was answered on {said}",
                "{count:,} clients were answered on {said}",
                clients,
                said=f"{proto}/{port}",
            ),
            evidence=Evidence(
                table="flow", field=f"{proto} port", value=str(port), rows=flows, first_us=first, last_us=last
            ),
        )
