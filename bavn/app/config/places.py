"""What a configuration needs of this machine: files and rights, ports, programs, certificates, the clock.

Everything is looked at and nothing is begun: a port is taken and given back at once, a folder is not made. Refuses to
know what is wrong in the file itself: config_check does.
"""

import ctypes
import datetime as dt
import errno
import os
import shutil
import socket
import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from bavn.app.config.check import TABLES, Checked, Finding, place
from bavn.app.config.load import CENTRE_KEYS, KEYHOLDER_KEYS
from bavn.model.counted import days as counted_days
from bavn.model.settings import settings_of
from bavn.model.text import Text
from bavn.wire.enrol import ends_us

READ: Final = frozenset(
    {
        "certificate_file",
        "key_file",
        "ca_file",
        "syslog_certificate_file",
        "syslog_key_file",
        "syslog_client_ca_file",
        "rule_files",
        "indicator_files",
        "sigma_files",
        "client_secret_file",
        "smtp_ca_file",
        "smtp_password_file",
        "webhook_secret_file",
        "webhook_ca_file",
        "client_certificate_file",
        "client_key_file",
        "database_password_file",
        "enable_file",
        "disable_file",
        "modify_file",
        "drop_file",
        "never_block_file",
        "authorization_file",
    }
)
COMES_LATER: Final = frozenset({"eve_file", "zeek_folder", "log_files", "captures_folder", "key_exchange_folder"})
"""What another program writes, and may not have written yet."""

SECRET: Final = frozenset(
    {
        "key_file",
        "syslog_key_file",
        "client_key_file",
        "client_secret_file",
        "smtp_password_file",
        "webhook_secret_file",
        "database_password_file",
        "authorization_file",
    }
)
WRITTEN: Final = frozenset({"folder", "list_folder", "squid_folder", "metrics_file", "events_file"})
PAIRS: Final = (
    ("console", "certificate_file", "key_file"),
    ("exchange", "certificate_file", "key_file"),
    ("sense", "syslog_certificate_file", "syslog_key_file"),
    ("siem", "client_certificate_file", "client_key_file"),
)
WATCHES: Final = (
    "captures_folder",
    "suricata_interface",
    "eve_file",
    "zeek_folder",
    "key_exchange_folder",
    "log_files",
    "netflow_listen",
    "sflow_listen",
    "dnstap_listen",
    "syslog_udp_listen",
    "syslog_tcp_listen",
    "syslog_tls_listen",
)
"""[sense]: what gives a node something to see."""
UDP: Final = frozenset({"syslog_udp_listen", "netflow_listen", "sflow_listen"})
BOTH: Final = frozenset({"resolver_listen", "zone_listen"})
EXPIRES_DAYS: Final = 14
CAP_NET_RAW: Final = 13
_TIME_ERROR: Final = 5
_TIMEX_BYTES: Final = 256


def lacks(file: Path, checked: Checked, now: dt.datetime) -> tuple[Finding, ...]:
    """What this machine lacks for it, errors first. Never raises."""
    if checked.role is None:
        return ()
    seen = _Machine(file, checked, now)
    found = [*seen.files(), *seen.pairs(), *seen.ports(), *seen.programs(), *seen.membership(), *_clock(file)]
    return tuple(sorted(found, key=lambda one: ("error", "missing", "note").index(one.level)))


class _Machine:
    def __init__(self, file: Path, checked: Checked, now: dt.datetime) -> None:
        self._file, self._checked, self._now = file, checked, now
        self._base = file.resolve().parent

    def value(self, table: str, name: str) -> Any:
        """What is set, or the default; None for what is of another type than the default."""
        kind = TABLES[self._checked.role or "node"].get(table)
        default = None if kind is None else getattr(settings_of(kind).get(name), "default", None)
        given = self._checked.tables.get(table, {})
        set_to = given.get(name, default) if isinstance(given, dict) else default
        set_to = tuple(set_to) if isinstance(set_to, list) else set_to
        return set_to if isinstance(set_to, type(default)) else default

    def texts(self, table: str, name: str) -> list[str]:
        given = self.value(table, name)
        return [one for one in (given if isinstance(given, tuple) else (given,)) if isinstance(one, str) and one]

    def say(
        self, table: str, name: str, code: str, text: Text, level: Literal["error", "missing", "note"] = "error"
    ) -> Finding:
        at = place(self._file, table, name, self._checked.lines)
        return Finding(
            level=level,
            code=code,
            place=at,
            text=Text.shaped("[{table}] {name}: {text}", table=table, name=name, text=text),
        )

    def settings(self) -> Iterator[tuple[str, str]]:
        for table, kind in TABLES[self._checked.role or "node"].items():
            for name in settings_of(kind):
                yield table, name

    def files(self) -> Iterator[Finding]:
        for table, name in self.settings():
            for text in self.texts(table, name):
                if name in READ or name in COMES_LATER:
                    yield from self._read(table, name, text)
                elif name in WRITTEN:
                    yield from self._written(table, name, text)

    def _path(self, name: str, text: str) -> Path | None:
        plain = text.split(":", 1)[1] if name == "log_files" and ":" in text and not text.startswith("/") else text
        if "\0" in plain or (name == "rule_files" and "://" in plain):
            return None
        return self._base / plain

    def _read(self, table: str, name: str, text: str) -> Iterator[Finding]:
        path = self._path(name, text)
        if path is None:
            yield self.say(table, name, "path", Text("{text} is no path: write one", text=repr(text)))
            return
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            later = name in COMES_LATER
            words = (
                Text("{path} is not there yet: it is read once it comes", path=path)
                if later
                else Text("{path} is not there: put it there or correct the path", path=path)
            )
            yield self.say(
                table,
                name,
                "file",
                words,
                "note" if later else "error",
            )
            return
        except OSError as error:
            yield self.say(
                table,
                name,
                "rights",
                Text(
                    "{path} cannot be reached ({strerror}): let the service's user read it",
                    path=path,
                    strerror=error.strerror,
                ),
            )
            return
        if not os.access(path, os.R_OK):
            yield self.say(
                table,
                name,
                "rights",
                Text("{path} cannot be read by this user: give its group the right", path=path),
            )
        if name in SECRET and mode & 0o007:
            yield self.say(
                table,
                name,
                "secret",
                Text("{path} is a secret that everybody can reach: chmod o= {path}", path=path),
            )

    def _written(self, table: str, name: str, text: str) -> Iterator[Finding]:
        path = self._path(name, text)
        if path is None:
            yield self.say(table, name, "path", Text("{text} is no path: write one", text=repr(text)))
            return
        there = path.parent if name.endswith("_file") else path
        while not os.path.lexists(there) and there != there.parent:
            there = there.parent
        if not there.is_dir():
            yield self.say(table, name, "folder", Text("{there} is no folder: name another", there=there))
        elif not os.access(there, os.W_OK | os.X_OK):
            yield self.say(
                table,
                name,
                "rights",
                Text(
                    "{there} cannot be written by this user: run as the service's user, or give it the folder",
                    there=there,
                ),
                "note" if table == "hunt" else "error",  # only whoever saves a hunt misses it
            )

    def pairs(self) -> Iterator[Finding]:
        """Certificates that do not fit their key, or have ended."""
        for table, certificate, key in PAIRS:
            shown, secret = self.texts(table, certificate), self.texts(table, key)
            if not shown or not secret or "\0" in shown[0] + secret[0]:
                continue
            chain, private = self._base / shown[0], self._base / secret[0]
            if not (os.access(chain, os.R_OK) and os.access(private, os.R_OK)):
                continue  # told by `files`
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, private, password=lambda: "")
            except (ssl.SSLError, OSError, ValueError):
                yield self.say(
                    table,
                    certificate,
                    "certificate",
                    Text(
                        "{chain} and {private} do not belong together, or are no PEM: give the certificate and its"
                        " own key without a passphrase",
                        chain=chain,
                        private=private,
                    ),
                )
                continue
            yield from self._ends(table, certificate, chain)

    def _ends(self, table: str, name: str, certificate: Path) -> Iterator[Finding]:
        try:
            left_s = ends_us(certificate.read_text(encoding="utf-8")) / 1e6 - self._now.timestamp()
        except (OSError, ValueError):
            yield self.say(
                table,
                name,
                "certificate",
                Text("{certificate} holds no certificate (PEM): fetch it again", certificate=certificate),
            )
            return
        days = int(left_s // 86400)
        if left_s <= 0:
            yield self.say(
                table,
                name,
                "expired",
                Text("{certificate} has ended: renew it, and see to this machine's clock", certificate=certificate),
            )
        elif days < EXPIRES_DAYS:
            yield self.say(
                table,
                name,
                "expires",
                Text("{certificate} ends in {days}: renew it", certificate=certificate, days=counted_days(days)),
                "note",
            )

    def membership(self) -> Iterator[Finding]:
        """A node's own certificates."""
        if self._checked.role != "node" or "\0" in "".join(self.texts("node", "folder")):
            return
        folder = self._base / (self.texts("node", "folder") or ["data"])[0]
        parties = [("centre_url", CENTRE_KEYS, "")] if self.texts("node", "centre_url") else []
        parties += [
            ("keyholder_urls", f"{KEYHOLDER_KEYS}-{number}", f" --keyholder --holder {number}")
            for number, _ in enumerate(self.texts("node", "keyholder_urls"), 1)
        ]
        for name, keys, extra in parties:
            certificate = folder / keys / "certificate.pem"
            if os.path.lexists(certificate):
                yield from self._ends("node", name, certificate)
            else:
                ask = f"bavn node enrol{extra}"
                yield self.say(
                    "node",
                    name,
                    "enrol",
                    Text("no certificate yet: run `{ask}` before the node", ask=ask),
                    "missing",
                )
        watches = any(self.texts("sense", name) for name in WATCHES)
        if watches and self.texts("node", "centre_url") and not self.texts("node", "keyholder_urls"):
            yield self.say(
                "node",
                "keyholder_urls",
                "no_holders",
                Text("no key holder is named: a node that watches joins its sector by them"),
                "missing",
            )

    def ports(self) -> Iterator[Finding]:
        taken: dict[tuple[str, str, int], str] = {}
        for table, name, text, kinds in self._listens():
            where = endpoint(text)
            if where is None:
                yield self.say(
                    table,
                    name,
                    "endpoint",
                    Text(
                        "{text} is no address and port: write 127.0.0.1:5514 say (@ for resolvers)",
                        text=repr(text[:60]),
                    ),
                )
                continue
            for kind in kinds:
                key = (kind, *where)
                if where[1] and key in taken:
                    yield self.say(
                        table,
                        name,
                        "port",
                        Text("{text} is {taken}'s, too: choose another port", text=text, taken=taken[key]),
                    )
                    break
                taken[key] = f"[{table}] {name}"
                wrong = _taking(kind, *where)
                if wrong is not None:
                    yield self._port(table, name, text, wrong)
                    break

    def _listens(self) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
        for table, name in self.settings():
            if not (name.endswith("_listen") or name == "listen") or (table, name) == ("console", "listen"):
                continue  # the console is a process of its own, and may not be wanted
            for text in self.texts(table, name):
                if not (name == "dnstap_listen" and "/" in text):
                    yield table, name, text, ("tcp", "udp") if name in BOTH else ("udp",) if name in UDP else ("tcp",)
        for host, port in (("host", "port"), ("metrics_host", "metrics_port")):
            address, number = self.value("place", host), self.value("place", port)
            if isinstance(address, str) and isinstance(number, int) and number:
                yield "place", port, f"[{address}]:{number}" if ":" in address else f"{address}:{number}", ("tcp",)

    def _port(self, table: str, name: str, text: str, wrong: OSError) -> Finding:
        if wrong.errno == errno.EADDRINUSE:
            return self.say(
                table,
                name,
                "port",
                Text("{text} is taken now: well if this service runs, else choose another port", text=text),
                "note",
            )
        if wrong.errno in (errno.EACCES, errno.EPERM):
            return self.say(
                table,
                name,
                "port",
                Text("this user may not take {text}: choose a port from 1024, or add low-ports.conf", text=text),
                "missing",
            )
        return self.say(
            table,
            name,
            "port",
            Text(
                "{text} cannot be listened at here ({strerror}): name an own address",
                text=text,
                strerror=wrong.strerror,
            ),
        )

    def programs(self) -> Iterator[Finding]:
        if self._checked.role != "node":
            return
        for table, name, program in (
            ("sense", "captures_folder", "suricata"),
            ("sense", "suricata_interface", "suricata"),
            ("enforce", "resolver_listen", "unbound"),
            ("enforce", "nft_hooks", "nft"),
        ):
            package = _PACKAGE.get(program, program)
            if (
                self.texts(table, name)
                and shutil.which(program, path="/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin") is None
            ):
                yield self.say(
                    table,
                    name,
                    "program",
                    Text("{program} is not installed: apt-get install {package}", program=program, package=package),
                    "missing",
                )
        for interface in self.texts("sense", "suricata_interface"):
            if "/" in interface or "\0" in interface or not Path("/sys/class/net", interface).exists():
                yield self.say(
                    "sense",
                    "suricata_interface",
                    "interface",
                    Text("{interface} is no interface here: `ip link` lists them", interface=repr(interface[:40])),
                )
            elif not _may_capture():
                yield self.say(
                    "sense",
                    "suricata_interface",
                    "rights",
                    Text("this user may not capture: the service may with sensor.conf"),
                    "note",
                )


_PACKAGE: Final = {"nft": "nftables"}


def endpoint(text: str) -> tuple[str, int] | None:
    """``address:port`` or ``address@port``; None for what is neither. A name is looked up by nobody."""
    host, at, port = text.partition("@")
    try:
        if at:
            return (str(ip_address(host)), int(port)) if 0 < int(port) < 1 << 16 else None
        split = urlsplit(f"//{text}")
        if split.port is None or split.path or split.username or not split.hostname:
            return None
        return "127.0.0.1" if split.hostname == "localhost" else str(ip_address(split.hostname)), split.port
    except ValueError:
        return None


def _taking(kind: str, host: str, port: int) -> OSError | None:
    """Why the port cannot be had now; None where it can. It is given back at once, and nobody is listened to."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM) as line:
            if kind == "tcp":
                line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            line.bind((host, port))
    except OSError as error:
        return error
    return None


def _may_capture() -> bool:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    effective = next((line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), "0")
    return bool(int(effective, 16) >> CAP_NET_RAW & 1)


def _clock(file: Path) -> Iterator[Finding]:
    """Whether the kernel's clock is kept by somebody, as adjtimex(2) says."""
    if ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)) == _TIME_ERROR:
        text = Text(
            "this machine's clock is not kept by NTP: a round needs clocks within two minutes (apt-get install chrony)"
        )
        yield Finding(level="note", code="clock", place=str(file), text=text)
