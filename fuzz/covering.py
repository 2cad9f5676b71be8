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
from bavn.actor.sense.logs import FORMATS
from bavn.actor.sense.zeek_fields import FIELDS
from bavn.model.intel import SourceKind
from bavn.wire.codec import DOWN_KINDS, UP_KINDS
from fuzz.registry import targets

_TAKES_APART: Final = re.compile(
    r"\bjson\.loads?\(|\byaml\.|\btomllib\.loads?\(|\btomlkit\.parse\(|\btable_of\(|\bunpack(?:_from)?\(|\biter_unpack\(|\bload_(?:der|pem)_|"
    r"\bcsv\.(?:reader|DictReader)\(|\bzipfile\.ZipFile\(|\btarfile\.open\(|\bgzip\.open\(|\.decompress\w*\(|\bmessage\.from_wire\(|"
    r"\bb64decode\(|\bwebauthn\.verify|\bjws\.deserialize|\bint\.from_bytes\("
)
SERVICES: Final = {
    "bavn.app.web.console": ("routes:console sac", "routes:console soc"),
    "bavn.app.taxii_service": ("routes:taxii",),
    "bavn.app.keyholder_server": ("routes:keyholder",),
    "bavn.app.centre_service": ("routes:centre",),
    "bavn.app.list_service": ("routes:lists",),
    "bavn.app.zone_service": ("module:bavn.actor.protect.zone_answers",),
}
"""Modules that serve something, and what covers their routes."""
SOURCES_APART: Final = {
    "CanarySource": "it reads nothing: it makes its own rows",
    "SuricataLive": "it reads the eve.json of EveFile's parser; Suricata is fuzzed by its own people",
    "CaptureFolder": "Suricata's EVE over a capture, and the key exchanges: targets eve and capture",
}
IMPORTS: Final = (
    "TAXII envelope",
    "partner CSV",
    "Sigma",
    "Suricata rules",
    "indicator list",
    "configuration",
    "policy",
    "saved hunt",
    "tuning",
    "answers",
    "register",
    "protocol",
    "backup",
    "moved actor",
)
OWN: Final = "reads back what Bavn itself wrote into its own book, database or files"
MADE: Final = "reads what Bavn's own other process or a program beside it says, on this machine"
BELOW: Final = "lies behind a covered target, which reaches it, or takes what a covered module has checked"
APART: Final[dict[str, str]] = {
    **dict.fromkeys(
        [
            "bavn.actor.assets.cbom",
            "bavn.actor.detect.behaviour",
            "bavn.actor.detect.calibrate",
            "bavn.actor.detect.lists",
            "bavn.actor.detect.sigma_alerts",
            "bavn.actor.detect.surprise",
            "bavn.actor.detect.timing",
            "bavn.actor.door.case_book",
            "bavn.actor.door.exercises",
            "bavn.actor.door.known",
            "bavn.actor.door.told",
            "bavn.actor.door.warnings",
            "bavn.actor.protect.nft_sets",
            "bavn.actor.protect.rollback",
            "bavn.actor.protect.state",
            "bavn.actor.sense.captures",
            "bavn.actor.store.segment",
            "bavn.actor.sense.rule_yield",
            "bavn.centre.node.alarms",
            "bavn.centre.store.migrations.versions.r0017_who_acts_is_proved",
            "bavn.app.failure_folder",
            "bavn.app.recorder",
            "bavn.app.backup_keys",
            "bavn.app.bill",
            "bavn.app.by_hand",
            "bavn.app.cli.health",
            "bavn.app.cli.node",
            "bavn.app.known_lists",
            "bavn.app.noise",
            "bavn.app.operated.confined",
            "bavn.app.operated.look",
            "bavn.app.operated.moving",
            "bavn.app.operated.register",
            "bavn.app.party_keys",
            "bavn.app.web.access.sessions",
            "bavn.app.web.soc.field_words",
            "bavn.app.web.soc.health",
            "bavn.app.web.soc.hosts",
            "bavn.app.web.soc.protection",
            "bavn.centre.cases.calibration",
            "bavn.centre.cases.case",
            "bavn.centre.cases.cases",
            "bavn.centre.cases.exercises",
            "bavn.centre.cases.indicator",
            "bavn.centre.cases.indicator_tables",
            "bavn.centre.cases.policies",
            "bavn.centre.cases.proposals",
            "bavn.centre.cases.questions",
            "bavn.centre.cases.sources",
            "bavn.centre.cases.told",
            "bavn.centre.cases.warning_rows",
            "bavn.centre.correlate.lists",
            "bavn.centre.inbox.offers",
            "bavn.centre.members.partner_words",
            "bavn.centre.members.rollout",
            "bavn.centre.node.benchmarking",
            "bavn.centre.node.counts",
            "bavn.centre.node.desk",
            "bavn.centre.node.gathering",
            "bavn.centre.node.intel_hits",
            "bavn.centre.node.lead_book",
            "bavn.centre.node.measuring",
            "bavn.centre.node.round_book",
            "bavn.centre.node.timeline",
            "bavn.centre.node.written",
            "bavn.centre.publish.benchmarks",
            "bavn.centre.publish.catalogue",
            "bavn.centre.publish.written",
            "bavn.centre.share.deliveries",
            "bavn.centre.share.delivery_pages",
            "bavn.centre.share.handing",
            "bavn.centre.share.misp_out",
            "bavn.centre.share.misp_runs",
            "bavn.centre.share.ring_book",
            "bavn.centre.store.dump",
            "bavn.model.intel",
            "bavn.psi.slots",
            "bavn.wire.safe",
        ],
        OWN,
    ),
    **dict.fromkeys(
        [
            "bavn.actor.sense.suricata_process",
            "bavn.app.service_health",
            "bavn.app.hunt_child",
            "bavn.app.operated.supervise",
        ],
        MADE,
    ),
    **dict.fromkeys(
        [
            "bavn.actor.protect.never",
            "bavn.actor.sense.canary",
            "bavn.actor.sense.rule_copy",
            "bavn.actor.sense.flow_collector",
            "bavn.actor.sense.flow_receiver",
            "bavn.actor.sense.kex_capture",
            "bavn.actor.sense.kex_folder",
            "bavn.app.cli.attach",
            "bavn.app.cli.rules",
            "bavn.app.policy_file",
            "bavn.app.rollout_parts",
            "bavn.app.web.sac.in_stix",
            "bavn.app.web.soc.asking",
            "bavn.app.web.soc.cases",
            "bavn.app.zone_service",
            "bavn.centre.cases.files",
            "bavn.centre.members.partner_credentials",
            "bavn.centre.members.signed",
            "bavn.model.toml",
            "bavn.psi.reconstruct",
            "bavn.wire.links.nats",
        ],
        BELOW,
    ),
}
"""Modules that take bytes apart and have no target of their own, and why."""


@cache
def takes_apart() -> dict[str, Path]:
    """Every module of the product (not of the simulator) that takes bytes or text apart."""
    root = Path(bavn.__file__).parent
    found = {}
    for path in sorted(root.rglob("*.py")):
        name = ".".join(("bavn", *path.relative_to(root).with_suffix("").parts))
        if _TAKES_APART.search(path.read_text(encoding="utf-8")) and not name.startswith(
            ("bavn.sim", "bavn.app.demo", "bavn.app.accept")
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
    for info in pkgutil.iter_modules(bavn.actor.sense.__path__):
        module = importlib.import_module(f"bavn.actor.sense.{info.name}")
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
