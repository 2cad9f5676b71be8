"""Rows of an actor's network told again as EVE lines of a network that does not exist, for training.

Built up from nothing: each table says which columns go in and how each is told. Own addresses get others, the same one
always the same; names of own hosts, users, shares and files become own-1, user-1, share-1, file-1; CPR numbers, mail
addresses, paths and queries of URLs go; times move by whole weeks. Names and addresses outside stay: they are what the
case is about. Refuses a column that nobody listed.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final

from bavn.actor.evidence import redact
from bavn.actor.evidence import retell_words as w
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.observable import is_internal_name
from bavn.model.record import address_text

WEEK_US: Final = 7 * DAY_US
MONDAY_US: Final = 1_704_067_200 * SECOND_US
"""2024-01-01, a Monday: the week in which every case begins."""
HOMES: Final = ("10.0.0.0/8", "fd00:77::/32")
"""Where the hosts of a case live."""
_V4_FIRST: Final = int(IPv4Address("10.77.0.0"))
_V6_FIRST: Final = int(IPv6Address("fd00:77::"))
_TOKEN: Final = re.compile(r"[0-9A-Za-z_:][0-9A-Za-z:._-]{1,252}")
_NAME: Final = re.compile(r"[a-z0-9_]([a-z0-9._-]{0,251}[a-z0-9_])?")
_BRACKETS: Final = re.compile(r"\[(cpr|email|user|query)\]")
_ADMIN: Final = re.compile(r"(?i)(ADMIN|IPC|[A-Z])\$|SYSVOL|NETLOGON")
_SUFFIX: Final = re.compile(r"\.[A-Za-z0-9]{1,5}$")


class Rewording:
    """One case's words for what is the actor's own. ``homes``: its networks (CIDR), ``own_domains``: its names."""

    def __init__(self, homes: Sequence[str], own_domains: Iterable[str] = ()) -> None:
        self._networks = [ip_network(home) for home in homes]
        self._own_domains = tuple(name.lower().strip(".") for name in own_domains)
        self._nets: dict[int, int] = {}
        self._hosts: dict[str, str] = {}
        self._in_net: dict[int, int] = {}
        self._words: dict[tuple[str, str], str] = {}
        self._flows: dict[int, int] = {0: 0}
        self._shift_us: int | None = None

    # --- what is told of one value -----------------------------------------------------------------------------

    def address(self, text: str) -> str:
        """An own address as another one; any other as it is. ValueError for no address."""
        given = ip_address(text)
        inner = getattr(given, "ipv4_mapped", None) or given
        if not self._is_own(inner):
            return str(inner)
        known = self._hosts.get(str(inner))
        if known is None:
            known = self._hosts[str(inner)] = self._fresh(inner)
        return known

    def name(self, text: str) -> str:
        """A host name: an own one as ``own-1.internal``, an address as ``address`` tells it, any other redacted."""
        lower = text.strip().lower().rstrip(".")
        try:
            return self.address(lower.strip("[]"))
        except ValueError:
            pass
        if lower.endswith(".arpa"):
            return self._reverse(lower)
        if self.is_own_name(lower):
            return self._word("own", lower) + ".internal"
        said = _BRACKETS.sub(r"\1", redact.text(lower))
        return said if _NAME.fullmatch(said) else self._word("name", lower) + ".internal"

    def words(self, text: str) -> str:
        """Free text: redacted, own addresses and names in it told as above."""
        return _TOKEN.sub(lambda found: self._token(found[0]), redact.text(text))

    def is_own_name(self, name: str) -> bool:
        """Inside, without a dot, or below one of the actor's own domains."""
        own = any(name == one or name.endswith("." + one) for one in self._own_domains)
        return own or "." not in name or is_internal_name(name)

    def moment(self, at: dt.datetime) -> str:
        """As EVE writes it, moved so that the case's first moment lies in the week of MONDAY_US."""
        return self._shifted(at).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")

    def _shifted(self, at: dt.datetime) -> dt.datetime:
        at_us = int(at.replace(tzinfo=dt.UTC).timestamp() * 1_000_000)
        if self._shift_us is None:
            self._shift_us = (at_us - MONDAY_US) // WEEK_US * WEEK_US
        try:
            return at.replace(tzinfo=dt.UTC) - dt.timedelta(microseconds=self._shift_us)
        except OverflowError:
            return dt.datetime.fromtimestamp(MONDAY_US / SECOND_US, dt.UTC)

    def _is_own(self, given: IPv4Address | IPv6Address) -> bool:
        if given.is_multicast or given.is_unspecified or given.is_loopback or str(given) == "255.255.255.255":
            return False
        homes = any(given.version == net.version and given in net for net in self._networks)
        return homes or not given.is_global

    def _fresh(self, given: IPv4Address | IPv6Address) -> str:
        """The next free place in the network that stands for its own: neighbours stay neighbours."""
        bits = 8 if given.version == 4 else 64
        block = (given.version << 128) | (int(given) >> bits)
        net = self._nets.setdefault(block, len(self._nets))
        place = self._in_net[block] = self._in_net.get(block, 0) + 1
        if given.version == 4:
            return str(IPv4Address(_V4_FIRST + (net % 0xB000) * 256 + place % 256))
        return str(IPv6Address(_V6_FIRST + (net << 64) + place))

    def _reverse(self, name: str) -> str:
        labels = name.removesuffix(".in-addr.arpa").split(".")
        try:
            address = self.address(".".join(reversed(labels)))
        except ValueError:
            return self._word("own", name) + ".internal"
        return ".".join(reversed(address.split("."))) + ".in-addr.arpa"

    def _word(self, kind: str, text: str) -> str:
        key = kind, text.lower()
        if key not in self._words:
            self._words[key] = f"{kind}-{1 + sum(1 for one, _ in self._words if one == kind)}"
        return self._words[key]

    def _token(self, token: str) -> str:
        bare = token.rstrip(".:-_")
        rest = token[len(bare) :]
        try:
            return self.address(bare) + rest
        except ValueError:
            pass
        parts = [self._part(part) for part in bare.split(":")]
        return ":".join(parts) + rest

    def _part(self, part: str) -> str:
        try:
            return self.address(part)
        except ValueError:
            own = "." in part and self.is_own_name(part.lower())
            return self._word("own", part) + ".internal" if own else part

    def user(self, text: str) -> str:
        """Somebody: the same one always the same."""
        return self._word("user", text)

    def share(self, text: str) -> str:
        """A share: of which kind, and nothing of its name."""
        last = text.rsplit("\\", 1)[-1]
        server = text.removeprefix("\\\\").split("\\", 1)[0]
        return f"\\\\{self._word('own', server)}\\{last if _ADMIN.fullmatch(last) else self._word('share', text)}"

    def file(self, text: str) -> str:
        """A file: what it ends in, and nothing of its name."""
        ending = _SUFFIX.search(text)
        return self._word("file", text) + (ending[0].lower() if ending else "")

    def service(self, text: str) -> str:
        """A Kerberos service: its class, at an own host."""
        kind, slash, host = text.partition("/")
        kind = kind if re.fullmatch(r"[A-Za-z]{2,12}", kind) and slash else "service"
        return f"{kind}/{self._word('own', host or text)}.internal"

    def subject(self, text: str) -> str:
        """Who a certificate is for, or from: its common name, and nothing else of it."""
        found = re.search(r"(?i)\bCN\s*=\s*([^,/+]{1,253})", text)
        name = found[1].strip().lower() if found else ""
        host = _NAME.fullmatch(name.removeprefix("*.")) and "." in name
        return f"CN={self.name(name.removeprefix('*.')) if host else self._word('ca', text)}"

    def agent(self, text: str) -> str:
        """A program: whether it says that it is a browser, and nothing else of it."""
        return ("Mozilla/5.0 " if text.startswith("Mozilla/5.0") else "") + self._word("agent", text)

    def software(self, text: str) -> str:
        """An SSH program: a known one as it is."""
        return text if w.SSH.fullmatch(text) else self._word("agent", text)

    def pipe(self, text: str) -> str:
        """A named pipe: a well-known one as it is, a tool's by its beginning."""
        tool = w.TOOL.match(text)
        return text if w.PIPE.fullmatch(text) else tool[0] if tool else self._word("pipe", text)

    def flow(self, number: int) -> int:
        """A flow's number: counted from 1, 0 where the source has none."""
        return self._flows.setdefault(number, len(self._flows))

    # --- rows --------------------------------------------------------------------------------------------------

    def line(self, table: str, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """A row as an EVE event, or None for a table that is not told. ``row``: as the store gives it."""
        rewordings = _TABLES.get(table)
        if rewordings is None:
            return None
        return self._common(table, row) | rewordings(self, row)

    def _common(self, table: str, row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "timestamp": self.moment(row["ts"]),
            "event_type": table,
            "flow_id": self.flow(int(row["flow_id"] or 0)),
            "src_ip": self.address(address_text(row["src"])),
            "src_port": row["src_port"],
            "dest_ip": self.address(address_text(row["dst"])),
            "dest_port": row["dst_port"],
            "proto": w.one_of(w.PROTO, str(row["proto"] or "").upper()) or "TCP",
        }


def _reworded(tell: Callable[[str], str], value: Any) -> str | None:
    return tell(value) if isinstance(value, str) and value else None


def _some(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None and value != {}}


def _flow(case: Rewording, row: Mapping[str, Any]) -> dict[str, Any]:
    fields = {
        "flow": _some(
            {
                "start": case.moment(row["ts"]),
                "end": case.moment(row["ts_end"] or row["ts"]),
                "state": w.one_of(w.STATE, row["state"]),
                "reason": w.one_of(w.REASON, row["reason"]),
                "pkts_toserver": row["pkts_toserver"],
                "pkts_toclient": row["pkts_toclient"],
                "bytes_toserver": row["bytes_toserver"],
                "bytes_toclient": row["bytes_toclient"],
            }
        ),
        "app_proto": w.one_of(w.APP, row["app_proto"]),
        "icmp_type": row["icmp_type"],
        "icmp_code": row["icmp_code"],
        "tcp": _some(
            {
                f"tcp_flags_{side}": None if row[f"tcp_flags_{side}"] is None else f"{row[f'tcp_flags_{side}']:02x}"
                for side in ("ts", "tc")
            }
        ),
    }
    return _some(fields)


def _dns(case: Rewording, row: Mapping[str, Any]) -> dict[str, Any]:
    name = case.name(row["rrname"]) if row["rrname"] else None
    kind = w.one_of(w.RRTYPE, row["rrtype"])
    if not row["answered"]:
        return {"dns": _some({"version": 2, "type": "query", "rrname": name, "rrtype": kind})}
    answers = [
        _some({"rrname": name, "rrtype": kind, "ttl": row["ttl_s"], "rdata": _rdata(case, one)})
        for one in row["answers"] or ()
    ]
    said = {"version": 2, "type": "answer", "rrname": name, "rrtype": kind, "rcode": w.one_of(w.RCODE, row["rcode"])}
    return {"dns": _some({**said, "answers": answers or None})}


def _rdata(case: Rewording, text: str) -> str:
    """An address or a name as such; what else an answer says, as so many letters."""
    try:
        return case.address(text)
    except ValueError:
        lower = text.lower().rstrip(".")
        return case.name(text) if _NAME.fullmatch(lower) and "." in lower else "k" * min(len(text), 4096)


def _tls(case: Rewording, row: Mapping[str, Any]) -> dict[str, Any]:
    own = case.address(address_text(row["dst"])) != address_text(row["dst"])
    fingerprints = {
        "ja3": _some({"hash": w.one_of(w.HEX, row["ja3"])}),
        "ja3s": _some({"hash": w.one_of(w.HEX, row["ja3s"])}),
        "ja4": w.one_of(w.JA4, row["ja4"]),
    }
    sni = _reworded(case.name, row["sni"])
    version = w.one_of(w.TLS, row["version"]) or w.one_of(w.QUIC, row["version"])
    if version is not None and version.startswith("QUIC"):
        quic = _some({"version": version.removeprefix("QUIC").strip(), "sni": sni, **fingerprints})
        return {"event_type": "quic", "quic": quic}
    certificate = (
        {}
        if own
        else {
            "subject": _reworded(case.subject, row["subject"]),
            "issuerdn": _reworded(case.subject, row["issuerdn"]),
            "fingerprint": w.one_of(w.HEX, row["cert"]),
        }
    )
    return {
        "tls": _some(
            {
                "sni": sni,
                "version": version,
                **certificate,
                **fingerprints,
                "session_resumed": row["resumed"] or None,
            }
        )
    }


def _http(case: Rewording, row: Mapping[str, Any]) -> dict[str, Any]:
    url = row["url"]
    wsman = isinstance(url, str) and re.match(r"(?i)/wsman(/subscription)?", url)
    return {
        "http": _some(
            {
                "hostname": _reworded(case.name, row["host"]),
                "url": wsman[0] if wsman else "/" if url else None,
                "http_method": w.one_of(w.METHOD, row["method"]),
                "http_user_agent": _reworded(case.agent, row["user_agent"]),
                "status": row["status"],
                "length": row["response_bytes"],
                "http_content_type": w.one_of(w.CONTENT, row["content_type"]),
            }
        )
    }


def _smb(case: Rewording, row: Mapping[str, Any]) -> dict[str, Any]:
    user = _reworded(case.user, row["ntlm_user"])
    return {
        "smb": _some(
            {
                "command": w.one_of(w.SMB_COMMAND, row["command"]),
                "status": w.one_of(w.SMB_STATUS, row["status"]),
                "share": _reworded(case.share, row["share"]),
                "filename": _reworded(case.file, row["filename"]),
                "disposition": w.one_of(w.DISPOSITION, row["disposition"]),
                "named_pipe": _reworded(case.pipe, row["named_pipe"]),
                "ntlmssp": _some({"user": user}),
            }
        )
    }


def _dcerpc(_: Rewording, row: Mapping[str, Any]) -> dict[str, Any]:
    interface = w.one_of(w.UUID, row["interface"])
    return {
        "dcerpc": _some(
            {
                "req": _some({"opnum": row["opnum"]}),
                "interfaces": [{"uuid": interface}] if interface else None,
            }
        )
    }


def _ssh(case: Rewording, row: Mapping[str, Any]) -> dict[str, Any]:
    def side(name: str, hassh: str) -> dict[str, Any]:
        software = _reworded(case.software, row[f"{name}_software"])
        return _some({"software_version": software, "hassh": _some({"hash": w.one_of(w.HEX, row[hassh])})})

    return {"ssh": _some({"client": side("client", "hassh"), "server": side("server", "hassh_server")})}


def _rdp(case: Rewording, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "rdp": _some(
            {
                "event_type": w.one_of(w.RDP_EVENT, row["event_type"]),
                "cookie": _reworded(case.user, row["cookie"]),
                "protocol": w.one_of(w.RDP_PROTOCOL, row["protocol"]),
                "reason": w.one_of(w.RDP_RESULT, row["result"]),
            }
        )
    }


def _krb5(case: Rewording, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "krb5": _some(
            {
                "msg_type": w.one_of(w.KRB_MESSAGE, row["msg_type"]),
                "cname": _reworded(case.user, row["cname"]),
                "realm": "OWN.INTERNAL" if row["realm"] else None,
                "sname": _reworded(case.service, row["sname"]),
                "encryption": w.one_of(w.KRB_CIPHER, row["encryption"]),
                "error_code": w.one_of(w.KRB_ERROR, row["error_code"]),
            }
        )
    }


def _alert(case: Rewording, row: Mapping[str, Any]) -> dict[str, Any]:
    known = w.by_vendor(row["signature_id"])
    return {
        "alert": _some(
            {
                "gid": row["gid"],
                "signature_id": row["signature_id"],
                "rev": row["rev"],
                "signature": _reworded(case.words, row["signature"]) if known else "a rule of the actor's own",
                "category": _reworded(case.words, row["category"]) if known else "Misc Attack",
                "severity": row["severity"],
                "action": w.one_of(w.ACTION, row["action"]),
            }
        ),
        "app_proto": w.one_of(w.APP, row["app_proto"]),
    }


_TABLES: Final[dict[str, Callable[[Rewording, Mapping[str, Any]], dict[str, Any]]]] = {
    "flow": _flow,
    "dns": _dns,
    "tls": _tls,
    "http": _http,
    "smb": _smb,
    "dcerpc": _dcerpc,
    "ssh": _ssh,
    "rdp": _rdp,
    "krb5": _krb5,
    "alert": _alert,
}
TOLD: Final = tuple(_TABLES)
"""Tables that a case may hold; files, leases, statistics and key exchanges are not told."""


def eve(case: Rewording, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> bytes:
    """An EVE file of rows (table, row), in order of time."""
    ordered = sorted(rows, key=lambda one: (one[1]["ts"], one[0]))
    made = [json.dumps(line, ensure_ascii=True) for line in (case.line(table, row) for table, row in ordered) if line]
    return "".join(f"{line}\n" for line in made).encode()
