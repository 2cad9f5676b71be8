"""What is read line by line: EVE, Zeek, the logs of other programs, syslog's frames, a file of unknown kind."""

import bz2
import contextlib
import gzip
import io
import json
import lzma
import tarfile
import tomllib
import zipfile
from functools import partial

import pyarrow as pa

from bavn.actor.sense.base import Batch, SourceBroken
from bavn.actor.sense.logs.files import FollowedLog
from bavn.actor.sense.logs.records import FORMATS
from bavn.actor.sense.open_path import open_path
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.recognise import recognise
from bavn.actor.sense.suricata.eve_file import EveFile
from bavn.actor.sense.syslog.frames import Framer
from bavn.actor.sense.zeek.fields import FIELDS
from bavn.actor.sense.zeek.folder import ZeekFolder
from fuzz.mutate_binary import unpacked
from fuzz.mutate_json import JSON_LINES
from fuzz.mutate_text import LINES, MANY_JSON, MANY_LINES
from fuzz.seed import HERE, put, real, scratch, split_lines
from fuzz.target import Broken, Run, Target

NOW_US = 1_795_600_000_000_000
_ENDS = {
    "ts": 1795566859.441203,
    "uid": "CKIIJQfWoU8M05Fr2",
    "id.orig_h": "10.0.0.1",
    "id.orig_p": 40000,
    "id.resp_h": "192.0.2.7",
    "id.resp_p": 443,
}
_VALUES = {
    "proto": "tcp",
    "duration": 1.5,
    "conn_state": "SF",
    "query": "www.x.dk",
    "qtype_name": "A",
    "answers": ["192.0.2.1"],
    "method": "GET",
    "host": "x.dk",
    "uri": "/",
    "status_code": 200,
    "version": "TLSv12",
    "server_name": "x.dk",
    "subject": "CN=x.dk",
    "user_agent": "x",
}


def every(batches: "object") -> int:
    """All batches; how many rows."""
    rows = 0
    for batch in batches:  # type: ignore[attr-defined]
        assert isinstance(batch, Batch)
        rows += batch.rows
    return rows


def zeek_json(kind: str) -> bytes:
    names = [name.removesuffix("[]") for name in FIELDS[kind]]
    row = _ENDS | {
        name: _VALUES.get(name, 7 if name.endswith(("bytes", "pkts", "_p", "port")) else "x")
        for name in names
        if name not in _ENDS
    }
    return json.dumps(row).encode() + b"\n"


def zeek_tsv(kind: str) -> bytes:
    row = json.loads(zeek_json(kind))
    cells = [",".join(value) if isinstance(value, list) else str(value) for value in row.values()]
    head = [
        "#separator \\x09",
        "#set_separator\t,",
        "#empty_field\t(empty)",
        "#unset_field\t-",
        f"#path\t{kind}",
        "#open\t2026-01-01-00-00-00",
        "#fields\t" + "\t".join(row),
        "#types\t" + "\t".join("string" for _ in row),
    ]
    return "\n".join([*head, "\t".join(cells), "#close\t2026-01-01-00-00-01", ""]).encode()


def log_seeds(name: str) -> list[bytes]:
    given = tomllib.loads((HERE / "log_lines.toml").read_text(encoding="utf-8"))[name]
    return ["\n".join([*given["good"], *given.get("passed", []), ""]).encode()]


def _eve() -> Run:
    engine, honest = prepared(512), eve_seeds()[0]

    def run(data: bytes) -> None:
        source = EveFile(name="eve", sensor="s", path=put("eve/eve.json", data), engine=engine)
        with contextlib.closing(source), contextlib.suppress(SourceBroken):
            rows = every(source.poll())
            source.losses(), source.counts(), source.lag_bytes()
            if data == honest and not rows:
                raise Broken("an honest file of EVE became no row")

    return run


def eve_seeds() -> list[bytes]:
    head = {
        "timestamp": "2026-11-25T00:34:19.123456+0000",
        "flow_id": 1,
        "src_ip": "10.0.0.5",
        "src_port": 40000,
        "dest_ip": "192.0.2.1",
        "dest_port": 443,
        "proto": "TCP",
    }
    more = (
        {
            "event_type": "flow",
            "flow": {
                "start": "2026-11-25T00:34:18.0+0000",
                "end": "2026-11-25T00:34:19.0+0000",
                "bytes_toserver": 10,
                "bytes_toclient": 20,
                "pkts_toserver": 1,
                "pkts_toclient": 2,
                "state": "closed",
            },
            "tcp": {"tcp_flags": "1b"},
        },
        {
            "event_type": "dns",
            "dns": {
                "type": "query",
                "rrname": "x.dk",
                "rrtype": "A",
                "id": 7,
                "answers": [{"rrname": "x.dk", "rrtype": "A", "ttl": 3, "rdata": "192.0.2.1"}],
            },
        },
        {
            "event_type": "tls",
            "tls": {
                "sni": "x.dk",
                "version": "TLS 1.3",
                "ja3": {"hash": "a" * 32},
                "subject": "CN=x",
                "notbefore": "2026-01-01T00:00:00",
            },
        },
        {
            "event_type": "http",
            "http": {"hostname": "x.dk", "url": "/", "http_method": "GET", "status": 200, "length": 5},
        },
        {
            "event_type": "alert",
            "alert": {"signature_id": 1, "gid": 1, "rev": 1, "signature": "x", "category": "y", "severity": 1},
        },
        {"event_type": "stats", "stats": {"uptime": 1, "capture": {"kernel_packets": 5, "kernel_drops": 1}}},
        {"event_type": "fileinfo", "fileinfo": {"filename": "/x", "size": 3, "sha256": "a" * 64}},
        {"event_type": "smb", "smb": {"command": "SMB2_COMMAND_CREATE", "filename": "x"}},
        {"event_type": "krb5", "krb5": {"msg_type": "KRB_AS_REQ", "cname": "x"}},
        {"event_type": "dcerpc", "dcerpc": {"request": "REQUEST", "interfaces": [{"uuid": "a", "version": "1.0"}]}},
        {"event_type": "ssh", "ssh": {"client": {"software_version": "x"}}},
        {
            "event_type": "dhcp",
            "dhcp": {"type": "reply", "client_mac": "00:11:22:33:44:55", "assigned_ip": "10.0.0.7", "hostname": "x"},
        },
    )
    own = b"".join(json.dumps(head | one).encode() + b"\n" for one in more)
    return [own, *split_lines(real("captures*/eve/*"))]


def _zeek() -> Run:
    engine = prepared(512)

    def run(data: bytes) -> None:
        """The first byte chooses the log, so that each is reached; the rest is the file."""
        kind = list(FIELDS)[data[0] % len(FIELDS)] if data else "conn"
        folder = put(f"zeek/{kind}.log", data[1:]).parent
        source = ZeekFolder(name="zeek", sensor="s", folder=folder, engine=engine)
        try:
            with contextlib.suppress(SourceBroken):
                rows = every(source.poll())
                if data == zeek_seeds()[0] and not rows:
                    raise Broken("an honest log of Zeek became no row")
        finally:
            source.close()
            (folder / f"{kind}.log").unlink(missing_ok=True)

    return run


def zeek_seeds() -> list[bytes]:
    own = [bytes([number]) + make(kind) for number, kind in enumerate(FIELDS) for make in (zeek_tsv, zeek_json)]
    real_ = [
        bytes([number]) + data
        for number, kind in enumerate(FIELDS)
        for data in split_lines(real(f"captures*/zeek/*/*{kind}*.gz", files_max=2), 14)
    ]
    return own + real_


def _log(form: str) -> Run:
    engine = prepared(512)
    honest = log_seeds(form)[0] if form != "auto" else log_seeds("squid")[0]

    def run(data: bytes) -> None:
        source = FollowedLog(
            name="log x",
            sensor="s",
            path=put("logs/x.log", data),
            now_us=lambda: NOW_US,
            form=form,
            engine=engine,
            gather_s=0.0,
        )
        with contextlib.closing(source), contextlib.suppress(SourceBroken):
            rows = every(source.poll())
            if data == honest and not rows:
                raise Broken("an honest log became no row")

    return run


def _framer() -> Run:
    def run(data: bytes) -> None:
        """In pieces and at once: the same messages, and no more held than a message may be."""
        whole = Framer(2048)
        said = [*whole.feed(data), *whole.end()]
        parts, apart, at, step = Framer(2048), [], 0, 1
        while at < len(data):
            apart += parts.feed(data[at : at + step])
            at, step = at + step, step % 97 * 2 + 1
        apart += parts.end()
        if said != apart and not (whole.broken or parts.broken):
            raise Broken("syslog's messages depend on how their bytes were cut")
        if any(len(message) > 2048 for message in said):
            raise Broken("a message longer than it may be")

    return run


def _any() -> Run:
    engine = prepared(512)

    def run(data: bytes) -> None:
        path = put("any/file", data)
        with contextlib.suppress(SourceBroken):
            kind = recognise(path)
            if kind.kind not in ("pcap", "pcapng"):  # Suricata itself is fuzzed by those who write it
                every(open_path(path, sensor="s", work=scratch() / "work", homes=("10.0.0.0/8",), engine=engine))

    return run


def document_seeds() -> list[bytes]:
    """Lines of EVE and Zeek as documents: of a search engine, of a shipper that maps to ECS, of flow tools."""
    lines = [json.loads(line) for line in eve_seeds()[0].splitlines()]
    zeek = json.loads(zeek_json("conn").splitlines()[0])
    hits = {"took": 1, "hits": {"hits": [{"_index": "x", "_source": line} for line in lines]}}
    mapped = {
        "@timestamp": "2026-11-25T00:34:19.441Z",
        "event": {"module": "zeek", "dataset": "zeek.connection", "duration": 1_500_000_000},
        "source": {"ip": "10.0.0.1", "port": 40000, "bytes": 100},
        "destination": {"ip": "192.0.2.7", "port": 443, "bytes": 200},
        "network": {"transport": "tcp", "community_id": "1:x"},
        "zeek": {"session_id": "C1", "connection": {"state": "SF"}},
    }
    flow = {"first": "2026-11-24T17:00:00.123", "proto": 6, "src4_addr": "10.0.0.5", "dst4_addr": "192.0.2.7"}
    flow |= {"src_port": 40000, "dst_port": 443, "in_bytes": 60, "tcp_flags": "......S."}
    return [json.dumps(hits).encode(), json.dumps([mapped, {"_source": zeek}, flow]).encode()]


def packed_seeds() -> list[bytes]:
    """A file of EVE in everything that it may be packed in, and an archive of two logs."""
    eve = eve_seeds()[0]
    zipped, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as files:
        files.writestr(zipfile.ZipInfo("a/eve.json"), eve)
        files.writestr(zipfile.ZipInfo("../conn.log"), zeek_tsv("conn"))
    with tarfile.open(fileobj=tarred, mode="w") as members:
        member = tarfile.TarInfo("a/eve.json")
        member.size = len(eve)
        members.addfile(member, io.BytesIO(eve))
    packed = [bz2.compress(eve), lzma.compress(eve), gzip.compress(eve, mtime=0), eve.decode().encode("utf-16")]
    packed += [pa.compress(eve, codec=codec, asbytes=True) for codec in ("zstd", "lz4")]
    return [*packed, zipped.getvalue(), tarred.getvalue()]


def argus_seeds() -> list[bytes]:
    """Flows of Argus as text, with their head."""
    times = "2026-11-24 17:00:00.123,2026-11-24 17:00:05.123"
    head = "StartTime,LastTime,Proto,SrcAddr,Sport,Dir,DstAddr,Dport"
    return [f"{head}\n{times},tcp,10.0.0.5,40000,->,192.0.2.7,443\n".encode()]


TARGETS = (
    Target(
        name="eve",
        covers=("source:EveFile", "module:bavn.actor.sense.suricata.eve", "module:bavn.actor.sense.place"),
        forms=(*MANY_JSON, *LINES),
        seeds=eve_seeds,
        make=_eve,
        honest=eve_seeds()[0],
    ),
    Target(
        name="zeek",
        covers=(
            "source:ZeekFolder",
            "module:bavn.actor.sense.zeek.folder",
            "module:bavn.actor.sense.zeek.header",
            *(f"zeek:{kind}" for kind in FIELDS),
        ),
        forms=(*MANY_LINES, *MANY_JSON),
        seeds=zeek_seeds,
        make=_zeek,
        honest=bytes([0]) + zeek_tsv("files"),
    ),
    *(
        Target(
            name=f"log-{form}",
            covers=(f"log:{form}",),
            forms=MANY_LINES,
            seeds=partial(log_seeds, form),
            make=partial(_log, form),
            honest=log_seeds(form)[0],
        )
        for form in FORMATS
    ),
    Target(
        name="log-auto",
        covers=("log:auto", "source:FollowedLog"),
        forms=MANY_LINES,
        seeds=lambda: [log_seeds(form)[0] for form in FORMATS],
        make=partial(_log, "auto"),
        honest=log_seeds("squid")[0],
    ),
    Target(
        name="syslog-frames",
        covers=("module:bavn.actor.sense.syslog.frames",),
        forms=LINES,
        seeds=lambda: [
            b"<30>Nov 25 00:34:19 h a: b\n<31>x\n",
            b"11 <30>abcdefg7 <1>abc\n",
            b"<30>1 2026-11-25T00:34:19Z h a - - - m\n",
        ],
        make=_framer,
        honest=b"<30>a\n",
    ),
    Target(
        name="any-file",
        covers=(
            "module:bavn.actor.sense.recognise",
            "module:bavn.actor.formats.packed",
            "module:bavn.actor.formats.archive",
            "module:bavn.actor.formats.members",
            "module:bavn.actor.sense.open_path",
        ),
        forms=(*LINES, *JSON_LINES, unpacked(LINES)),
        seeds=lambda: [
            eve_seeds()[0],
            zeek_tsv("conn"),
            zeek_json("dns"),
            *(log_seeds(form)[0] for form in FORMATS),
            *packed_seeds(),
        ],
        make=_any,
    ),
    Target(
        name="documents",
        covers=(
            "module:bavn.actor.sense.documents.declared",
            "module:bavn.actor.sense.documents.records",
            "module:bavn.actor.sense.documents.splitting",
            "module:bavn.actor.sense.documents.unwrapping",
        ),
        forms=(*LINES, *JSON_LINES, unpacked(LINES)),
        seeds=document_seeds,
        make=_any,
    ),
    Target(
        name="argus",
        covers=("module:bavn.actor.sense.flows.argus",),
        forms=MANY_LINES,
        seeds=argus_seeds,
        make=partial(_log, "auto"),
    ),
)
