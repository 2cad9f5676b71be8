"""How a node is: what it last said of itself, its problems with who must act, and when its certificates end.

As `bavn node health` and `bavn node watch-centre`. Right: soc:read. Reads files beside the node and asks it nothing.
"""

import json
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter

from bavn.app.acts.act import WhoActs
from bavn.app.config.load import CENTRE_KEYS, NodeConfig
from bavn.app.config.policy_mark import mark_of_policy
from bavn.app.node.book_queries import book_of
from bavn.app.node.health.files import HEALTH_FILE
from bavn.app.node.health.promises import promise_of
from bavn.app.node.health.words import UNITS, loss
from bavn.app.web.frame import TextShape
from bavn.app.web.soc.context import Context, Node
from bavn.app.web.soc.parties import KeyHoldersShown, LogWatched, key_holders, log_watched
from bavn.app.web.soc.shapes import REFUSALS, Frozen, NodeName, Reads
from bavn.model.counted import days as counted_days
from bavn.model.health import ACTS, ends_soon, file_old
from bavn.model.health import STATES as PROMISE_STATES
from bavn.model.malformed import UNREADABLE
from bavn.model.moment import DAY_US, iso
from bavn.model.sector.canary import LINKS, STATES, TOOK, WHYS
from bavn.model.text import Text
from bavn.wire.enrol import RENEW_BEFORE_END_US, ends_us
from bavn.wire.safe import Safe

NEVER: Final = Text("This node has not run yet: start it with `bavn node run`.")
SILENT: Final = Text(
    "The node does not run, or hangs: look at its log and start it again. What is shown here is what it said last."
)
STOPPED: Final = Text("The node was stopped.")
UNCHECKED: Final = Text("Nothing is known to be wrong, but not all is checked yet.")
_WAITS: Final = frozenset({"lag", "centre_silent", "keyholder_silent", "holder_silent", "queue_grows"})


class ProblemShown(Frozen):
    """Something that is wrong now."""

    code: str
    source: str
    says: TextShape
    act: WhoActs


class PromiseShown(Frozen):
    """A promise of the node's. ``state``: kept, broken or unknown (not checked yet, or not heard of any more), since
    when; ``affected``: what is, or why nobody knows."""

    code: str
    says: TextShape
    state: str
    state_said: TextShape
    since_us: int | None
    affected: TextShape | None
    who: TextShape
    first: TextShape


class LossShown(Frozen):
    """What a source lost: ``count`` of ``of`` (None: nobody knows), ``recent`` of late."""

    says: TextShape
    unit: TextShape
    count: int
    of: int | None
    recent: int


class RefusedLines(Frozen):
    """Why lines were refused, and how many."""

    says: TextShape
    count: int


class SourceShown(Frozen):
    """A source of records."""

    name: str
    rows: int
    passed: int
    refused: int
    lag_bytes: int
    lag_s: int
    broken: TextShape | None
    past_support: TextShape | None
    clock_offset_s: int | None
    losses: list[LossShown]
    reasons: list[RefusedLines]


class CertificateShown(Frozen):
    """A certificate of this node's, for the centre or a key holder (``number`` where there are several). It renews
    itself while the other side answers."""

    at: str
    number: int | None
    ends_us: int
    renews_us: int


class StoreShown(Frozen):
    """What the node remembers."""

    rows: int
    bytes: int
    oldest: str | None
    newest: str | None
    refused: dict[str, int]
    damaged: int


class RulesShown(Frozen):
    """Rules of the sensor, and Sigma rules that are watched; None: there are none."""

    loaded: int | None
    failed: int | None
    failed_named: list[str]
    sigma: int | None
    sigma_refused: list[str]


class CanaryLink(Frozen):
    """A link of the latest canary's way."""

    link: str
    says: TextShape
    state: str
    state_said: TextShape
    why: TextShape | None
    took: TextShape | None
    began_us: int


class Health(Frozen):
    """What a node last said of itself. ``state``: well, ill, unchecked (nothing is known to be wrong, and not all of it
    was checked yet), stopped, silent (it does not run, or hangs) or never."""

    state: str
    says: TextShape
    at_us: int | None
    up_s: int
    version: str
    problems: list[ProblemShown]
    promises: list[PromiseShown]
    sensor: str
    capture_loss_permille: int | None
    disk_free_mb: int | None
    memory_mb: int | None
    queue_messages: int | None
    centre_skew_s: int | None
    detect_last: str | None
    detect_took_s: float | None
    sources: list[SourceShown]
    store: StoreShown | None
    rules: RulesShown
    certificates: list[CertificateShown]
    key_holders: KeyHoldersShown | None
    centre_log: LogWatched | None
    canary: list[CanaryLink]


class NodeShort(Frozen):
    """A node of the console. ``state`` as in its health; ``problems``: how many."""

    name: str
    state: str
    problems: int
    at_us: int | None
    in_sector: bool


router = APIRouter(prefix="/nodes", tags=["health"], responses=REFUSALS)
"""The nodes, and the health of each."""


@router.get("", operation_id="nodes")
def nodes(context: Context, person: Reads) -> list[NodeShort]:
    """The nodes that this person may see, by name."""
    nodes_shown = []
    for here in context.seen_by(person):
        config = here.config()
        health = _health(here, config, None)
        nodes_shown.append(
            NodeShort(
                name=here.name,
                state=health.state,
                problems=len(health.problems),
                at_us=health.at_us,
                in_sector=bool(config.node.centre_url),
            )
        )
    return nodes_shown


@router.get("/{node}/health", operation_id="health")
def health(context: Context, node: NodeName, person: Reads) -> Health:
    """How a node is, with what is wrong and who must act."""
    here = context.node(node, person)
    return _health(here, here.config(), _log(here))


def _log(here: Node) -> LogWatched | None:
    """None also for a node that never ran, which has no book."""
    if not book_of(here.file).exists():
        return None
    with here.asks() as rows:
        return log_watched(rows)


def problems_of(config: NodeConfig, promise: str) -> list[TextShape]:
    """What the node last said is wrong about one promise."""
    written = _health_file(config.folder / HEALTH_FILE) or {"problems": []}
    return [TextShape.kept(p) for p in written["problems"] if promise_of(p["code"]) == promise]


def said_last(here: Node) -> tuple[str, Text, dict[str, Any]]:
    """How the node is (well, unchecked, ill, stopped, silent or never), in words, and what it last wrote of itself."""
    written = _health_file(here.config().folder / HEALTH_FILE)
    if written is None:
        return "never", NEVER, {}
    return (*_state(written, here.clock.now_us(), well=not written["problems"]), written)


def policy_waits(here: Node, config: NodeConfig) -> bool:
    """Whether the running node began with another policy than the one that is written now."""
    written = _health_file(config.folder / HEALTH_FILE)
    if written is None or written["stopped"] or _silent(written, here.clock.now_us()):
        return False
    return written.get("policy", "") not in ("", mark_of_policy(config))


def _silent(written: dict[str, Any], now_us: int) -> bool:
    """Whether it says nothing any more, though nobody stopped it."""
    return file_old(int(written["at_us"]), now_us) or not Path(f"/proc/{int(written['pid'])}").exists()


def _health(here: Node, config: NodeConfig, log: LogWatched | None) -> Health:
    now_us = here.clock.now_us()
    certificates = _certificates(config)
    written = _health_file(config.folder / HEALTH_FILE)
    problems = [
        _about_to_end(certificate, now_us) for certificate in certificates if ends_soon(certificate.ends_us, now_us)
    ]
    if written is None:
        state, says = "never", NEVER
    else:
        problems = [_problem(one) for one in written["problems"]] + problems
        state, says = _state(written, now_us, well=not problems)
    return _health_of(written or {}, config, state, says, problems, certificates, log)


def _problem(problem: dict[str, Any]) -> ProblemShown:
    act: WhoActs = "wait" if problem["code"] in _WAITS else "operator"
    return ProblemShown(code=problem["code"], source=problem["source"], says=TextShape.kept(problem), act=act)


def _state(written: dict[str, Any], now_us: int, *, well: bool) -> tuple[str, Text]:
    """``well``: nothing is known to be wrong."""
    if written["stopped"]:
        return "stopped", STOPPED
    if _silent(written, now_us):
        return "silent", SILENT
    if not well:
        return "ill", Text("Something is not as it should be.")
    if any(promise["state"] != "kept" for promise in written.get("promises", [])):
        return "unchecked", UNCHECKED
    return "well", Text("The node is well.")


def _health_file(file: Path) -> dict[str, Any] | None:
    """What the node last wrote of itself; None where it never ran or the file cannot be read."""
    try:
        written: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        int(written["at_us"]), int(written["pid"]), written["stopped"], written["problems"]
    except UNREADABLE:
        return None
    return written


def _certificates(config: NodeConfig) -> list[CertificateShown]:
    certificates = []
    holders = ((folder, "keyholder", number) for number, (_, folder) in config.node.key_holders.items())
    for folder, at, number in ((CENTRE_KEYS, "centre", None), *holders):
        safe = Safe(config.folder / folder)
        try:
            end_us = ends_us(safe.certificate.read_text()) if safe.enrolled else None
        except (OSError, ValueError):
            end_us = 0
        if end_us is not None:
            certificates.append(
                CertificateShown(at=at, number=number, ends_us=end_us, renews_us=max(0, end_us - RENEW_BEFORE_END_US))
            )
    return certificates


def _about_to_end(certificate: CertificateShown, now_us: int) -> ProblemShown:
    days = max(0, (certificate.ends_us - now_us) // DAY_US)
    who = {"centre": Text.in_context("whose certificate", "centre"), "keyholder": Text("key holder")}[certificate.at]
    source = certificate.at
    if certificate.number is not None:
        who, source = Text("key holder {number}", number=certificate.number), f"{source}-{certificate.number}"
    if certificate.ends_us <= now_us:
        text = Text("The certificate for the {who} has ended: ask it for a new token and enrol again.", who=who)
        return ProblemShown(code="certificate_ended", source=source, says=TextShape.of(text), act="operator")
    text = Text(
        "The certificate for the {who} ends in {days} and has not been renewed: can it be reached?",
        who=who,
        days=counted_days(days),
    )
    return ProblemShown(code="certificate_ends", source=source, says=TextShape.of(text), act="operator")


def _health_of(
    written: dict[str, Any],
    config: NodeConfig,
    state: str,
    says: Text,
    problems: list[ProblemShown],
    certificates: list[CertificateShown],
    log: LogWatched | None,
) -> Health:
    unheard_us = written["at_us"] if state in ("silent", "stopped") else None
    store, detect, rules, sigma = (written.get(name) or {} for name in ("store", "detect", "rules", "sigma"))
    return Health(
        state=state,
        says=TextShape.of(says),
        at_us=written.get("at_us"),
        up_s=written.get("up_s", 0),
        version=written.get("version", ""),
        problems=problems,
        promises=[_promise(promise, unheard_us) for promise in written.get("promises", [])],
        sensor=written.get("sensor", "none"),
        capture_loss_permille=written.get("capture_loss_permille") if written.get("capture_loss_known") else None,
        disk_free_mb=written.get("disk_free_mb"),
        memory_mb=written.get("memory_mb"),
        queue_messages=written.get("queue_messages"),
        centre_skew_s=written.get("centre_skew_s"),
        detect_last=detect.get("last"),
        detect_took_s=detect.get("took_s"),
        sources=[_source(source) for source in written.get("sources", [])],
        store=_store(store) if store else None,
        rules=RulesShown(
            loaded=rules.get("loaded"),
            failed=rules.get("failed"),
            failed_named=rules.get("failed_named", []),
            sigma=sigma.get("rules"),
            sigma_refused=[f"{rule['title']}: {rule['reason']}" for rule in sigma.get("refused", [])],
        ),
        certificates=certificates,
        key_holders=key_holders(written.get("key_holders"), config),
        centre_log=log,
        canary=[_canary_link(link) for link in written.get("canary", [])],
    )


def _store(store: dict[str, Any]) -> StoreShown:
    return StoreShown(
        rows=store["rows"],
        bytes=store["bytes"],
        oldest=store["oldest"],
        newest=store["newest"],
        refused=store["refused"],
        damaged=len(store["damaged"]),
    )


def _canary_link(link: dict[str, Any]) -> CanaryLink:
    return CanaryLink(
        link=link["link"],
        says=TextShape.of(LINKS[link["link"]]),
        state=link["state"],
        state_said=TextShape.of(STATES[link["state"]]),
        began_us=link["began_us"],
        why=TextShape.of(WHYS[link["why"]]) if link["why"] in WHYS else None,
        took=None if link["took"] is None else TextShape.of(TOOK[link["took"]]),
    )


def _promise(promise: dict[str, Any], unheard_us: int | None) -> PromiseShown:
    """``unheard_us``: when a node that says nothing now was last heard; what it kept then, nobody knows now."""
    state, words, since_us = promise["state"], PROMISE_STATES[promise["state"]], promise["since_us"]
    if unheard_us is not None and state == "kept":
        state, words, since_us = "unknown", Text("not heard since {day}Z", day=iso(unheard_us)[:16]), None
    return PromiseShown(
        code=promise["code"],
        says=TextShape.kept(promise["says"]),
        state=state,
        state_said=TextShape.of(words),
        since_us=since_us,
        affected=None if promise["affected"] is None else TextShape.kept(promise["affected"]),
        who=TextShape.of(ACTS[promise["act"]]),
        first=TextShape.kept(promise["first"]),
    )


def _source(source: dict[str, Any]) -> SourceShown:
    recent = {entry["what"]: entry["count"] for entry in source["recent"]}
    return SourceShown(
        name=source["name"],
        rows=source["rows"],
        passed=source["passed"],
        refused=source["refused"],
        lag_bytes=source["lag_bytes"],
        lag_s=source["lag_s"],
        broken=TextShape.kept(source["broken_says"]) if source["broken"] else None,
        past_support=TextShape.kept(source["past_support"]) if source.get("past_support") else None,
        clock_offset_s=source.get("clock_offset_s"),
        losses=[
            LossShown(
                says=TextShape.of(loss(lost["what"])),
                unit=TextShape.of(UNITS.get(lost["unit"], Text.plain(lost["unit"]))),
                count=lost["count"],
                of=lost["of"],
                recent=recent.get(lost["what"], 0),
            )
            for lost in source["losses"]
        ],
        reasons=[RefusedLines(says=TextShape.kept(says), count=count) for _, count, _, says in source["reasons"]],
    )
