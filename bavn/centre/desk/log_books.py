"""The centre's books held against its own log, for an auditor who has its database: `bavn centre log --books`.

Whoever can change the books can change them before the log hears of it: shown is that books and log say the same since.
What the log has forgotten, with its reports, is not looked at. Refuses to judge whether an account is a person.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from bavn.centre.cases import audit
from bavn.centre.desk.desk import Desk
from bavn.centre.store import log
from bavn.centre.store.engine import reading
from bavn.model.moment import HOUR_US, SECOND_US
from bavn.model.principal import two_people
from bavn.model.text import Number, Text
from bavn.tlog.audit import Finding, moment
from bavn.tlog.bad import BadLog
from bavn.tlog.clock import BACK_S_MAX
from bavn.tlog.entries import entry_of, opens
from bavn.tlog.tiles import Read, all_entries

LEAD_WITHIN_US: Final = 2 * HOUR_US
"""What two groups reported stands among the leads, and a list of leads in the log, after so long."""


@dataclass(slots=True)
class _Books:
    """``contents``: by kind, what the entries are sealed over, each with its moment; ``from_us``: of the oldest."""

    desk: Desk
    contents: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    from_us: int = 0


def held_against_log(desk: Desk, read: Read, size: int) -> list[Finding]:
    """What the books say otherwise than the log of so many published entries, one finding for each check."""
    books, findings = _Books(desk), [_published(desk, read, size)]
    findings.append(_sealed(books))
    checks: dict[str, Callable[[_Books], Iterator[Text]]] = {
        "acts": _acts,
        "policies": _policies,
        "leads": _leads,
        "releases": _releases,
    }
    for name, check in checks.items():
        wrong = list(check(books))
        more = Text("{first} (and {more} more)", first=wrong[0], more=Number(len(wrong) - 1)) if wrong[1:] else None
        says = (more or wrong[0]) if wrong else _AGREE[name]
        findings.append(Finding(name, not wrong, says, evidence=bool(wrong)))
    return findings


_AGREE: Final = {
    "acts": Text("Each act in the audit log has its entry, and the audit log holds what each entry was sealed over."),
    "policies": Text("Behind each standing policy are two people, and it is the one that they agreed on."),
    "leads": Text("Each lead of the lists in the log is there, and what two groups reported is among the leads."),
    "releases": Text("Each release has its entry, of the moment that the books name."),
}


def _published(desk: Desk, read: Read, size: int) -> Finding:
    """What the database takes for the log is what was handed out."""
    with reading(desk.engine) as tx:
        here = log.entries(tx, 0, size)
    try:
        same = len(here) == size and all(one == other for one, other in zip(here, all_entries(size, read), strict=True))
    except (BadLog, OSError, LookupError) as error:
        return Finding("published", False, Text("the published log cannot be read: {why}", why=str(error)[:200]))
    good, bad = (
        Text("The database holds the {size} entries that were published.", size=Number(size)),
        Text("The database holds another log than the one that was published."),
    )
    return Finding("published", same, good if same else bad, evidence=not same)


def _sealed(books: _Books) -> Finding:
    """Each entry whose content is kept is sealed over it."""
    with reading(books.desk.engine) as tx:
        rows = log.opened(tx)
    wrong = []
    for row in rows:
        content = json.loads(row.content)
        books.contents.setdefault(row.kind, []).append((int(row.at_us), content))
        if row.entry is None:  # it waits for the next checkpoint
            continue
        try:
            if not opens(entry_of(bytes(row.entry)), content, bytes(row.salt)):
                wrong.append(row.number)
        except BadLog:
            wrong.append(row.number)
    books.from_us = min((int(row.at_us) for row in rows), default=0)
    if wrong:
        says = Text("Entry {number} is sealed over something else than the database says.", number=wrong[0])
        return Finding("sealed", False, says, evidence=True)
    return Finding("sealed", True, Text("{count} seals open to what the database says.", count=Number(len(rows))))


def _acts(books: _Books) -> Iterator[Text]:
    """The audit log and its entries, line by line; its chain of hashes first."""
    broken = books.desk.audit_verify()
    if broken is not None:
        yield Text("line {seq} of the audit log does not fit the one before it", seq=broken.seq)
    told = [content for kind in ("act", "policy") for _, content in books.contents.get(kind, [])]
    entries, lines = {content["line"]: content["hash"] for content in told}, set()
    for line in audit.every(books.desk.engine):
        lines.add(line.seq)
        if entries.get(line.seq, line.hash) != line.hash:
            yield Text("line {seq} of the audit log was changed after the log had it", seq=line.seq)
        elif line.seq not in entries and line.at_us > books.from_us:
            yield Text("line {seq} of the audit log, {act}, has no entry", seq=line.seq, act=line.act)
    for seq in sorted(set(entries) - lines):
        yield Text("line {seq} of the audit log is gone, and the log has its entry", seq=seq)


def _policies(books: _Books) -> Iterator[Text]:
    """Each policy in the books against the lines of who proposed and who approved it."""
    lines = {line.seq: line for line in audit.every(books.desk.engine) if line.act.startswith(audit.POLICY_ACTS)}
    approved = {line.subject: line for line in lines.values() if line.act == "policy-approved"}
    for state in books.desk.cases.policies.every():
        if state.approved_us is None:
            continue
        proposed = lines.get(int(state.id.rpartition("-")[2]))
        second = approved.get(state.id)
        if proposed is None or second is None:
            yield Text("{policy} is approved, and the audit log does not say by whom", policy=state.id)
        elif not two_people((proposed.who, second.who)) or not two_people((state.proposed_by, state.approved_by or "")):
            yield Text("{policy} is approved, and no second person stands behind it", policy=state.id)
        elif _terms(json.loads(proposed.detail)) != _terms(json.loads(json.dumps(state.terms()))):
            yield Text("{policy} is not the one that two people agreed on", policy=state.id)


def _terms(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "proved"}


def _leads(books: _Books) -> Iterator[Text]:
    """Lists of leads against the leads that people are shown, and these against what two groups reported."""
    kept, now_us = books.desk.lead_book.ids(), books.desk.now_us()
    for at_us, content in books.contents.get("leads", []):
        for _, lead_id, _ in content:
            if lead_id not in kept:
                yield Text(
                    "{lead} stood in the list of {when}, and is not among the leads",
                    lead=lead_id,
                    when=moment(at_us // SECOND_US),
                )
    for observable in books.desk.lead_book.in_no_lead(now_us - LEAD_WITHIN_US):
        yield Text("{observable} was reported by two groups, and stands in no lead", observable=str(observable))


def _releases(books: _Books) -> Iterator[Text]:
    """What is in force against the entries of releases."""
    told = {(content["id"], content["version"]): at_us for at_us, content in books.contents.get("release", [])}
    for kept in books.desk.deliveries.every():
        at_us = told.get((kept.indicator.id, kept.indicator.version))
        if at_us is None and kept.live and max(kept.released_us, kept.indicator.version) > books.from_us:
            yield Text("{indicator} is released, and has no entry", indicator=kept.indicator.id)
        elif at_us is not None and abs(at_us - kept.released_us) > BACK_S_MAX * SECOND_US:
            facts = {"when": moment(kept.released_us // SECOND_US), "entry": moment(at_us // SECOND_US)}
            yield Text("{indicator} is said to be released {when}, and its entry is of {entry}").filled(
                indicator=kept.indicator.id, **facts
            )
