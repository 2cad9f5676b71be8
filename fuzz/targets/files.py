"""Files that people and machines hand over: configuration, policies, saved hunts, tuning, registers, protocols, backups,
bundles, recorded answers of other programs, and what a resolver or a browser sends."""

import contextlib
import hashlib
import io
import json
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import dns.message
import dns.tsig
import dns.update

from bavn.actor.evidence.redact import text as redacted
from bavn.actor.evidence.redact import tree
from bavn.actor.hunt.saved import SavedUnclear, read_hunt
from bavn.actor.protect.enforcers.rpz_log import RpzLog
from bavn.actor.protect.enforcers.zone_answers import Asker, answers
from bavn.actor.sense.rules.tuning import TuningWrong, threshold_text, tunings
from bavn.app.config import check as config_check
from bavn.app.config import load as config
from bavn.app.fit import answers as fit_answers
from bavn.app.process.backup_file import BadBackup, reading_from
from bavn.model.sector.protocol_file import read as read_protocol
from bavn.model.settings import SettingsError
from bavn.wire import archive
from fuzz.mutate import BYTES
from fuzz.mutate_binary import ZIP, unpacked
from fuzz.mutate_json import JSON, JSON_LINES
from fuzz.mutate_text import LINES, TOML
from fuzz.seed import put
from fuzz.target import Broken, Run, Target, fine

_NODE = b'[node]\nactor = "north"\nfolder = "data"\nhomes = ["10.0.0.0/8"]\n[sense]\neve_file = "eve.json"\nlog_files = ["squid:a.log"]\nnetflow_listen = "127.0.0.1:2055"\n[store]\n[hunt]\n'
_CENTRE = b'[place]\nfolder = "data"\nhost = "127.0.0.1"\nport = 8443\nnames = ["centre.example.org"]\n[console]\nlisten = "127.0.0.1:8444"\n'
_POLICY = b'[door]\ntlp_max = "TLP:AMBER"\n[protect]\nblock_days_max = 30\n'


def _config() -> Run:
    def run(data: bytes) -> None:
        file = put("config/node.toml", data)
        for role in (None, *config_check.ROLES):
            checked = config_check.check(file, role)
            if role is not None and not any(finding.level == "error" for finding in checked.found):
                config_check.READERS[role](config.read_toml(file), file)  # what passes is what its reader takes
        for reader in (
            config.read_node,
            config.read_centre,
            config.read_keyholder,
            config.read_policy,
        ):
            with contextlib.suppress(SettingsError):
                reader(file)

    return run


def _hunt() -> Run:
    def run(data: bytes) -> None:
        read_hunt("x-hunt", data)

    return fine(run, SavedUnclear)


def _tuning() -> Run:
    import datetime as dt

    def run(data: bytes) -> None:
        try:
            given = tomllib.loads(data.decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, ValueError):
            return
        with contextlib.suppress(TuningWrong):
            entries = tunings(given, "x")
            text = threshold_text(entries, dt.date(2026, 11, 28))
            if text.count("\n") > 2 * len(entries) + 20:
                raise Broken("an entry became more than its line")

    return run


def _fit() -> Run:
    return fine(lambda data: fit_answers.read(put("fit/a.toml", data)) and None, fit_answers.BadAnswers)


def _protocol() -> Run:
    from bavn.model.sector import protocol_file

    return fine(lambda data: read_protocol(data) and None, protocol_file.BadProtocol)


def protocol_seeds() -> list[bytes]:
    """An honest one, if one can be made by hand here; and its skeleton."""
    return [
        b'{"format":"bavn test protocol 1","key":"'
        + b"a" * 64
        + b'","protocol":{"kind":"acceptance","actor":"north","parts":[]},"signature":"'
        + b"b" * 128
        + b'"}',
        b"{}",
    ]


def backup_seed() -> bytes:
    parts = {"tables/x.jsonl": b'{"a":1}\n{"a":2}\n'}
    manifest = {
        "format": _backup_format(),
        "version": "0.1.0",
        "sector": "x",
        "made": "2026-11-28T00:00:00Z",
        "database": "sqlite",
        "revision": "0017",
        "audit": [1, "a" * 64],
        "ledger": [1, "b" * 64],
        "keys": False,
        "left_out": ["x"],
        "parts": {
            name: {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest(), "rows": 1}
            for name, body in parts.items()
        },
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, body in parts.items():
            made.writestr(zipfile.ZipInfo(name), body)
        made.writestr(zipfile.ZipInfo("manifest.json"), json.dumps(manifest))
    return out.getvalue()


def _backup_format() -> str:
    from bavn.app.process import backup_file

    return str(backup_file.FORMAT)


def _backup() -> Run:
    known = backup_seed()

    def run(data: bytes) -> None:
        try:
            with reading_from(put("backup/x.zip", data)) as reader:
                for name in reader.names(""):
                    list(zip(range(1000), reader.lines(name), strict=False))
        except (BadBackup, OSError):
            if data == known:
                raise Broken("an honest backup is refused") from None

    return run


def _rpz_log() -> Run:
    class Nobody:
        def reopen_log(self) -> None:
            """Nothing writes."""

    def run(data: bytes) -> None:
        log = RpzLog(put("rpz/x.log", data), Nobody())
        _, mark = log.read(None)
        log.read(mark)
        log.kept(mark)

    return run


class _Zone:
    serial = 7
    names = ("evil.com", "*.evil.com")

    def since(self, serial: int) -> tuple[()] | None:
        return () if serial == 7 else None


def zone_seeds() -> list[bytes]:
    return [dns.message.make_query("bavn.rpz.", kind).to_wire() for kind in ("SOA", "AXFR", "IXFR")] + [
        dns.message.make_query(_origin(), kind, use_edns=True).to_wire() for kind in ("SOA", "AXFR", "IXFR", "A")
    ]


def _origin() -> str:
    from bavn.actor.protect.enforcers import zone_answers

    return str(zone_answers._ORIGIN)


def _zone() -> Run:
    key = dns.tsig.Key("k.", b"s" * 32, "hmac-sha256.")

    def run(data: bytes) -> None:
        for tsig in (None, key):
            for over_tcp in (False, True):
                list(answers(data, _Zone(), tsig, Asker(may=True, over_tcp=over_tcp)))  # type: ignore[arg-type]

    return run


def _redact() -> Run:
    def run(data: bytes) -> None:
        text = data.decode("utf-8", "surrogateescape").replace("\udc80", "x")
        for url in (False, True):
            redacted(text, url=url)
        with contextlib.suppress(ValueError, RecursionError):
            tree(json.loads(data))

    return run


def _archive() -> Run:
    import gzip

    def run(data: bytes) -> None:
        folder = put("archive/" + archive.name_of(1, 2), data).parent
        for _ in zip(range(5000), archive.read(folder, 1, 2), strict=False):
            pass

    del gzip
    return fine(run, archive.ArchiveBroken)


def _gz(data: bytes) -> bytes:
    import gzip

    return gzip.compress(data, mtime=0)


def _toml(*seeds: bytes) -> Callable[[], list[bytes]]:
    shipped = Path(config.__file__).parents[1]
    return lambda: [*seeds, *(path.read_bytes() for path in sorted(shipped.rglob("*.toml"))[:6])]


TARGETS = (
    Target(
        name="config",
        covers=("import:configuration", "module:bavn.app.config.load", "module:bavn.app.config.check", "import:policy"),
        forms=TOML,
        seeds=_toml(_NODE, _CENTRE, _POLICY),
        make=_config,
    ),
    Target(
        name="saved-hunt",
        covers=("import:saved hunt", "module:bavn.actor.hunt.saved"),
        forms=TOML,
        seeds=_toml(b'en = "x"\nda = "y"\nsql = "SELECT 1"\nspan = "7d"\ncolumns = ["a"]\n[parameters]\nhost = "x"\n'),
        make=_hunt,
    ),
    Target(
        name="tuning",
        covers=("import:tuning", "module:bavn.app.node.rule_keeper"),
        forms=TOML,
        seeds=_toml(
            b'[[suppress]]\nsid = 1\ncomment = "x"\nwho = "y"\nuntil = 2027-01-01\ntrack = "src"\naddress = "10.0.0.0/8"\n[[disable]]\nsid = 2\ncomment = "x"\nwho = "y"\nreview = 2027-01-01\n[[threshold]]\nsid=3\ncount=1\nseconds=2\ntrack="dst"\n'
        ),
        make=_tuning,
    ),
    Target(
        name="fit",
        covers=("import:answers", "module:bavn.app.fit.answers"),
        forms=TOML,
        seeds=_toml(
            b'hosts = 100\nline_mbit = 10\nsources = ["suricata"]\ncarer = "own"\nhours_week = 2.5\nresolver = true\n'
        ),
        make=_fit,
    ),
    Target(
        name="protocol",
        covers=("import:protocol", "module:bavn.model.sector.protocol_file"),
        forms=JSON,
        seeds=protocol_seeds,
        make=_protocol,
    ),
    Target(
        name="backup",
        covers=("import:backup", "module:bavn.app.process.backup_file"),
        forms=ZIP,
        seeds=lambda: [backup_seed()],
        make=_backup,
    ),
    Target(
        name="rpz-log",
        covers=("module:bavn.actor.protect.enforcers.rpz_log",),
        forms=LINES,
        seeds=lambda: [
            b"[1795566859] unbound[1:0] info: rpz: applied [bavn] evil.com. rpz-nxdomain 10.0.0.9@4321 www.evil.com. A IN\n[1795566859] unbound[1:0] info: rpz: applied [bavn] *.evil.com. rpz-nxdomain fe80::1@4321 www.evil.com. A IN\n"
        ],
        make=_rpz_log,
    ),
    Target(
        name="zone-query",
        covers=("module:bavn.actor.protect.enforcers.zone_answers",),
        forms=(),
        seeds=zone_seeds,
        make=_zone,
    ),
    Target(
        name="redact",
        covers=("module:bavn.actor.evidence.redact",),
        forms=(*JSON, *LINES),
        seeds=lambda: [b'{"a":"cpr 010190-1234 og http://x/?p=010190%2D1234","b":[1,{"c":"0101901234"}]}'],
        make=_redact,
    ),
    Target(
        name="ledger-archive",
        covers=("module:bavn.wire.archive",),
        forms=(unpacked(JSON_LINES), *BYTES),
        seeds=lambda: [_gz(b'{"seq":1,"hash":"x"}\n{"seq":2,"hash":"y"}\n')],
        make=_archive,
    ),
)
