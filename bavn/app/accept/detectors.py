"""Does each detector find what it is for? Harmless labelled traffic goes through the real sensor with
this node's own configuration into a throwaway store, and all detectors look at it.

Nothing of it reaches the node's own store, book or door. A node without a packet sensor gets the records of the same
traffic that its kind of source gives; what it lacks for a detector is said.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bavn.actor.detect.run import DETECTORS, survey
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.suricata.captures import CaptureFolder
from bavn.actor.sense.suricata.config import SuricataConfig
from bavn.actor.sense.suricata.process import program
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits
from bavn.app.accept.capture import NO_SOURCE
from bavn.app.accept.check import (
    BOTH,
    AcceptanceTerms,
    Reading,
    Site,
    must,
    not_applicable,
    not_tested,
    sentence_of,
    shown,
    value,
    yes,
)
from bavn.app.config.load import NodeConfig
from bavn.app.config.sense import reads_logs
from bavn.app.node.own_indicators import OwnIndicators
from bavn.app.node.sigma_files import sigma_rules
from bavn.app.node.sources import rule_folder
from bavn.model.sector.acceptance_protocol import Measure
from bavn.model.suspicion import Suspicion
from bavn.model.text import Number, Text
from bavn.traffic.records import tables
from bavn.traffic.replay import FAMILIES, LISTED, RULE, SIGMA, Label, NoRoom, planned, replay

P_MAX: Final = 0.05
"""From here on a suspicion counts as weak evidence, and joins the sector's (docs/reference/policy.md)."""
SEED: Final = 1
LIMITS: Final = StoreLimits(age_days_max=None, threads=2)
ROLL_UPS: Final = frozenset({"pair_hour", "name_hour"})
_PACKETS: Final = frozenset({"flow", "dns", "tls", "http", "smb", "dcerpc", "krb5", "ssh", "rdp", "fileinfo", "alert"})
_CLINICAL: Final = frozenset({"clinical"})
"""Read out of captures beside Suricata, while key exchanges are."""
_ZEEK: Final = _PACKETS - {"alert"}
_LOGS: Final = frozenset({"flow", "dns", "http"})
_FLOWS: Final = frozenset({"flow"})
_NOTHING: Final = Text("the detector said nothing of it")
_ACTS: Final[Mapping[str, Text]] = {
    "": Text("The node's operator looks at the sensor and [detect] in node.toml; else Bavn's maintainers"),
}


class DetectorCheck:
    """See the module's text."""

    name = "detectors"
    title = Text("Detectors, by a harmless replay")
    kinds = BOTH
    acts = _ACTS

    def measures(self, _: AcceptanceTerms, /) -> Mapping[str, Measure]:
        made = {name: must(Text("{name} finds its own", name=name)) for name in FAMILIES}
        return made | {
            "through": shown(Text("way of the traffic")),
            "rows": shown(Text("rows in the throwaway store")),
            "others": shown(Text("suspicions beside those planted")),
        }

    def run(self, site: Site) -> Iterable[Reading]:
        given = reads(site.config)
        if not given:
            return [not_applicable(key, NO_SOURCE) for key in self.measures(site.terms)]
        try:
            played = through_sensor(site) if sees_packets(site.config) else as_records(site, given)
        except NoRoom as error:
            return [not_tested(name, sentence_of(error)) for name in FAMILIES]
        except SourceBroken as error:
            return [not_tested(name, sentence_of(error)) for name in FAMILIES]
        return [*family_readings(played, given), value("through", played.way), value("rows", played.rows)]


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a replay."""

    labels: tuple[Label, ...]
    suspicions: tuple[Suspicion, ...]
    rows: int
    way: str


def sees_packets(config: NodeConfig) -> bool:
    """Whether a Suricata is among this node's sources."""
    given = config.sense
    return bool(given.suricata_interface or given.captures_folder or given.eve_file)


def reads(config: NodeConfig) -> frozenset[str]:
    """The tables that this node's sources can fill; none where it has no source."""
    given = config.sense
    tables: frozenset[str] = frozenset()
    if sees_packets(config):
        tables |= _PACKETS
    if given.key_exchanges and (given.suricata_interface or given.captures_folder):
        tables |= _CLINICAL
    if given.zeek_folder:
        tables |= _ZEEK
    if reads_logs(given):
        tables |= _LOGS
    if given.netflow_listen or given.sflow_listen:
        tables |= _FLOWS
    return tables


def family_readings(played: Played, given: frozenset[str]) -> list[Reading]:
    """One reading for each family. What a detector could not find because the node lacks a table is not applicable."""
    wants = {detector.name: frozenset(detector.tables) - ROLL_UPS for detector in DETECTORS}
    readings, planted = [], set()
    for label in played.labels:
        mine = [
            suspicion
            for suspicion in played.suspicions
            if suspicion.detector == label.detector and suspicion.host == label.host
        ]
        planted |= {suspicion.id for suspicion in mine}
        best = min(mine, key=lambda suspicion: suspicion.p, default=None)
        lacks = sorted(wants[label.detector] - given)
        if best is not None and best.p <= P_MAX:
            readings.append(yes(label.family, is_so=True, reason=Text.shaped("p {p}", p=Number(best.p, ".4f"))))
        elif lacks:
            named = ", ".join(lacks)
            readings.append(not_applicable(label.family, Text("no source here gives {named}", named=named)))
        else:
            why = _NOTHING if best is None else Text("only p {p}", p=Number(best.p, ".3f"))
            readings.append(yes(label.family, is_so=False, reason=why))
    return [*readings, value("others", sum(suspicion.id not in planted for suspicion in played.suspicions))]


def through_sensor(site: Site) -> Played:
    """Packets, Suricata with this node's rules and networks, its reader, a store, the detectors. Raises NoRoom,
    SourceBroken."""
    program("suricata")
    config, folder = site.config, site.scratch / "replay"
    captures = folder / "captures"
    captures.mkdir(parents=True)
    replayed = replay(config.node.homes, site.clock.now_us(), SEED, captures / "acceptance.pcap")
    own = folder / "acceptance.rules"
    own.write_text(RULE, encoding="utf-8")
    fetched = rule_folder(config)
    rules = [*(config.path(name) for name in config.sense.rule_files), fetched.rules, own]
    source = CaptureFolder(
        name="captures",
        sensor=config.node.actor,
        folder=captures,
        work=folder / "work",
        config=SuricataConfig(
            homes=config.node.homes,
            rule_files=tuple(path for path in rules if path.exists()),
            threshold_file=fetched.threshold if fetched.threshold.exists() else None,
        ),
        engine=prepared(config.sense.memory_mb, config.store.threads),
        key_exchanges=False,
    )
    with ColumnStore.open(folder / "store", LIMITS, homes=config.node.homes) as store:
        try:
            for _ in range(2):  # a capture is read when its size has not changed between two looks
                for batch in source.poll():
                    store.append(batch.source, batch.mark, batch.tables)
                    source.acknowledge(batch.mark)
                    for refusal in batch.refusals:
                        raise SourceBroken(f"{refusal.file}: {refusal.reason}")
        finally:
            source.close()
        return _looked(site, store, replayed.labels, folder, "packets, Suricata")


def as_records(site: Site, given: frozenset[str]) -> Played:
    """The records of the same traffic, of the tables that this node has. Raises NoRoom."""
    folder = site.scratch / "replay"
    folder.mkdir(parents=True)
    batches, labels = planned(site.config.node.homes, site.clock.now_us(), SEED)
    made = {name: rows for name, rows in tables(batches, site.config.node.actor).items() if name in given}
    with ColumnStore.open(folder / "store", LIMITS, homes=site.config.node.homes) as store:
        store.append("acceptance", "1", made)
        return _looked(site, store, labels, folder, "records, no sensor")


def _looked(site: Site, store: ColumnStore, labels: tuple[Label, ...], folder: Path, way: str) -> Played:
    store.tidy()
    stats = store.stats()
    if stats.oldest_us is None or stats.newest_us is None:
        raise SourceBroken("the sensor gave no record of the replay")
    listed, rule = folder / "listed.txt", folder / "acceptance.yml"
    listed.write_text(f"{LISTED}\n", encoding="utf-8")
    rule.write_text(SIGMA, encoding="utf-8")
    seen = survey(
        store.window(stats.oldest_us, stats.newest_us + 1),
        indicators=OwnIndicators([listed]).now(),
        settings=site.config.detect,
        rules=sigma_rules([rule]),
    )
    return Played(labels, seen.suspicions, stats.rows_total, way)
