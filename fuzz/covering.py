"""What must have a target: every kind of source, log, message, import, service, and every module that takes bytes apart.

Found by looking at the product's own registries and text; what needs none is named here, with the reason.
"""

import importlib
import pkgutil
import re
from functools import cache
from pathlib import Path
from typing import Final, get_args

import bavn
import bavn.actor.sense
from bavn.actor.sense.logs.records import FORMATS
from bavn.actor.sense.zeek.fields import FIELDS
from bavn.model.sector.intel import SourceKind
from bavn.wire.codec import DOWN_KINDS, UP_KINDS
from fuzz.registry import targets

_TAKES_APART: Final = re.compile(
    r"\bjson\.loads?\(|\byaml\.|\btomllib\.loads?\(|\btomlkit\.parse\(|\btable_of\(|\bunpack(?:_from)?\(|\biter_unpack\(|\bload_(?:der|pem)_|"
    r"\bcsv\.(?:reader|DictReader)\(|\bzipfile\.ZipFile\(|\btarfile\.open\(|\bgzip\.open\(|\.decompress\w*\(|\bmessage\.from_wire\(|"
    r"\bb64decode\(|\bwebauthn\.verify|\bjws\.deserialize|\bint\.from_bytes\("
)
SERVICES: Final = {
    "bavn.app.web.console": ("routes:console sac", "routes:console soc"),
    "bavn.app.centre.exchange.taxii_service": ("routes:taxii",),
    "bavn.app.keyholder.server": ("routes:keyholder",),
    "bavn.app.centre.service": ("routes:centre",),
    "bavn.app.node.list_service": ("routes:lists",),
    "bavn.app.node.zone_service": ("module:bavn.actor.protect.enforcers.zone_answers",),
}
"""Modules that serve something, and what covers their routes."""
SOURCES_APART: Final = {
    "CanarySource": "it reads nothing: it makes its own rows",
    "SuricataLive": "it reads the eve.json of EveFile's parser; Suricata is fuzzed by its own people",
    "CaptureFolder": "Suricata's EVE over a capture, and the key exchanges: targets eve and capture",
}
IMPORTS: Final = (
    "TAXII envelope",
    "Sigma",
    "Suricata rules",
    "indicator list",
    "configuration",
    "policy",
    "saved hunt",
    "tuning",
    "answers",
    "protocol",
    "backup",
)
OWN: Final = "reads back what Bavn itself wrote into its own book, database or files"
MADE: Final = "reads what Bavn's own other process or a program beside it says, on this machine"
BELOW: Final = "lies behind a covered target, which reaches it, or takes what a covered module has checked"
APART: Final[dict[str, str]] = {
    **dict.fromkeys(
        [
            "bavn.actor.assets.cbom",
            "bavn.actor.detect.queries.behaviour",
            "bavn.actor.detect.calibrate",
            "bavn.model.intel.grades",
            "bavn.actor.detect.detectors.rarity",
            "bavn.actor.detect.indicators.sigma_alerts",
            "bavn.actor.detect.statistics.surprise",
            "bavn.actor.detect.statistics.timing",
            "bavn.actor.door.conversations.questions",
            "bavn.actor.door.conversations.witness_book",
            "bavn.actor.door.suspicions",
            "bavn.actor.door.round_elements",
            "bavn.actor.door.rounds.commons",
            "bavn.actor.door.table",
            "bavn.actor.protect.enforcers.nft_sets",
            "bavn.actor.protect.rollback",
            "bavn.actor.protect.confirmed",
            "bavn.actor.protect.state",
            "bavn.app.net.party_clock",
            "bavn.actor.sense.suricata.captures",
            "bavn.actor.store.segments.segment",
            "bavn.actor.sense.rules.counts",
            "bavn.model.catalogue",
            "bavn.model.text",
            "bavn.centre.desk.alarms",
            "bavn.centre.correlate.laws.fitted",
            "bavn.app.process.failure_folder",
            "bavn.app.node.health.recorder",
            "bavn.app.centre.backup_keys",
            "bavn.app.process.bill",
            "bavn.app.node.by_hand",
            "bavn.app.cli.ledger",
            "bavn.app.analyst.mail.owed",
            "bavn.app.cli.node.health",
            "bavn.actor.protect.queries",
            "bavn.psi.element",
            "bavn.psi.cover",
            "bavn.model.intel.warning_files",
            "bavn.app.pilot.play",
            "bavn.app.policy.left",
            "bavn.app.process.party_keys",
            "bavn.app.access.sessions",
            "bavn.app.web.soc.field_words",
            "bavn.app.web.soc.health",
            "bavn.app.analyst.asset_book",
            "bavn.app.web.soc.protection",
            "bavn.centre.cases.case.case",
            "bavn.centre.cases.case.cases",
            "bavn.centre.cases.indicators.indicator",
            "bavn.centre.cases.indicators.tables",
            "bavn.centre.cases.policies",
            "bavn.centre.cases.intelligence.proposals",
            "bavn.centre.cases.questions",
            "bavn.centre.cases.radius",
            "bavn.centre.cases.set_apart",
            "bavn.centre.cases.intelligence.sources",
            "bavn.centre.cases.case.notices",
            "bavn.centre.cases.case.people",
            "bavn.centre.cases.warnings.rows",
            "bavn.centre.correlate.lists",
            "bavn.centre.inbox.offers",
            "bavn.centre.members.partner_words",
            "bavn.centre.desk.case.room",
            "bavn.centre.desk.counts",
            "bavn.centre.desk.desk",
            "bavn.centre.desk.gathering",
            "bavn.centre.desk.log_books",
            "bavn.centre.books.draws",
            "bavn.centre.books.leads",
            "bavn.centre.books.rounds",
            "bavn.centre.desk.case.timeline",
            "bavn.centre.books.codec",
            "bavn.centre.publish.codec",
            "bavn.centre.share.deliveries",
            "bavn.centre.share.delivery_pages",
            "bavn.centre.share.handing",
            "bavn.centre.share.misp_out",
            "bavn.centre.share.misp_runs",
            "bavn.centre.share.stage_book",
            "bavn.centre.store.dump",
            "bavn.centre.store.log",
            "bavn.model.sector.intel",
            "bavn.psi.slots",
            "bavn.wire.safe",
            "bavn.app.siem.centre_events",
            "bavn.app.siem.rules.sigma",
            "bavn.model.intel.accidents",
        ],
        OWN,
    ),
    "bavn.app.siem.transports.elastic": (
        "the bounded answer of one's own SIEM behind verified TLS, of which two fields are read; answers that are none of"
        " its API: tests/app/siem/test_handover.py"
    ),
    **dict.fromkeys(
        [
            "bavn.actor.sense.suricata.process",
            "bavn.app.process.service_health",
            "bavn.app.analyst.hunt_child",
        ],
        MADE,
    ),
    **dict.fromkeys(
        [
            "bavn.actor.protect.never",
            "bavn.actor.sense.canary",
            "bavn.actor.sense.rules.copies",
            "bavn.actor.sense.flows.collector",
            "bavn.actor.sense.flows.receiver",
            "bavn.actor.sense.handshakes.capture",
            "bavn.actor.sense.handshakes.folder",
            "bavn.app.acts.node.cases",
            "bavn.app.analyst.rule_paths",
            "bavn.app.cli.node.policy",
            "bavn.app.cli.node.rules",
            "bavn.app.policy.file",
            "bavn.app.centre.signed_parts",
            "bavn.app.web.sac.in_stix",
            "bavn.app.web.soc.asking",
            "bavn.app.node.zone_service",
            "bavn.centre.cases.case.files",
            "bavn.centre.members.partner_credentials",
            "bavn.centre.members.signed",
            "bavn.model.toml",
            "bavn.psi.reconstruct",
            "bavn.tlog.draw",
        ],
        BELOW,
    ),
}
"""Modules that take bytes apart and have no target of their own, and why."""


@cache
def takes_apart() -> dict[str, Path]:
    """Every module of the product (not of made traffic and rehearsals) that takes bytes or text apart."""
    root = Path(bavn.__file__).parent
    found = {}
    for path in sorted(root.rglob("*.py")):
        name = ".".join(("bavn", *path.relative_to(root).with_suffix("").parts))
        if _TAKES_APART.search(path.read_text(encoding="utf-8")) and not name.startswith(
            ("bavn.rehearsal", "bavn.traffic", "bavn.app.accept")
        ):
            found[name] = path
    return found


@cache
def serves() -> frozenset[str]:
    """Every module that makes an application or answers on a socket for others."""
    root = Path(bavn.__file__).parent
    return frozenset(
        ".".join(("bavn", *path.relative_to(root).with_suffix("").parts))
        for path in root.rglob("*.py")
        if re.search(r"= FastAPI\(", path.read_text(encoding="utf-8"))
    )


@cache
def sources() -> frozenset[str]:
    """Every class that fulfils the port of a source."""
    found = set()
    for info in pkgutil.walk_packages(bavn.actor.sense.__path__, "bavn.actor.sense."):
        module = importlib.import_module(info.name)
        for name, made in vars(module).items():
            if (
                isinstance(made, type)
                and made.__module__ == module.__name__
                and all(hasattr(made, each) for each in ("poll", "acknowledge", "lag_bytes"))
            ):
                found.add(name)
    return frozenset(found - {"Source"})


def wanted() -> frozenset[str]:
    """The names that targets must cover between them."""
    made = (
        {f"log:{form}" for form in FORMATS}
        | {f"zeek:{kind}" for kind in FIELDS}
        | {f"message:{kind}" for kind in UP_KINDS | DOWN_KINDS}
    )
    made |= {f"intel:{kind}" for kind in get_args(SourceKind)} | {f"import:{name}" for name in IMPORTS}
    made |= {f"source:{name}" for name in sources() - SOURCES_APART.keys()}
    made |= {f"module:{name}" for name in takes_apart() if name not in APART}
    made |= {cover for name in serves() for cover in SERVICES.get(name, (f"routes:{name}",))}
    return frozenset(made)


def covered() -> frozenset[str]:
    """What they do cover."""
    return frozenset(cover for target in targets() for cover in target.covers)
