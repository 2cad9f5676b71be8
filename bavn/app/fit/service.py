"""A node as this machine's service: its configuration, its user, its drop-ins, and systemd told to start it.

What lies where is the Debian package's (packaging/systemd, packaging/tmpfiles.d). Of several actors on one machine each
is an instance of ``bavn-node@``, with a user of its own, and reads what its unit and its settings name.
"""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Final

from bavn.app.config.load import NodeConfig
from bavn.app.fit.service_user import FOLDER, INSTANCES, SERVICE_TOML, UNIT, instance_user, user_of
from bavn.app.process.exits import Exit, Stop, cannot_write
from bavn.model.text import Text

_PORT: Final = re.compile(r"[:@]([0-9]{1,5})$")
_LOW_PORTS: Final = 1024
_DATA: Final = Path("/var/lib/bavn")
_UNITS: Final = Path("/etc/systemd/system")
_PLAIN: Final = re.compile(r"/[\w./@+=,-]*", re.ASCII)
"""What a unit's list of paths takes as it stands."""
_EVERYBODYS: Final = frozenset({Path("/var/log"), Path("/var/lib")})
"""Folders with what belongs to many, beside those at the root itself."""
_FOLLOWED: Final = ("eve_file", "log_files")
_PATHS: Final = "paths.conf"


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a node's service has what is its own. ``units``: systemd's folder of drop-ins for it. ``of``: the actor,
    where it is one of several on this machine."""

    config: Path = SERVICE_TOML
    folder: Path = _DATA / "node"
    units: Path = _UNITS / f"{UNIT}.service.d"
    drop_ins: Path = Path("/usr/share/bavn/drop-in")
    user: str = UNIT
    unit: str = UNIT
    of: str = ""

    @classmethod
    def instance(cls, actor: str) -> "Machine":
        """One of several actors' nodes on this machine."""
        return cls(
            config=FOLDER / INSTANCES / actor / SERVICE_TOML.name,
            folder=_DATA / INSTANCES / actor,
            units=_UNITS / f"{UNIT}@{actor}.service.d",
            user=instance_user(actor),
            unit=f"{UNIT}@{actor}",
            of=actor,
        )

    def checked(self) -> pwd.struct_passwd:
        """The service's user. Stop where this machine or whoever asks cannot have the service."""
        if os.geteuid() != 0:
            raise Stop(Exit.USAGE, Text("--service sets up a service of this machine: do it as root (sudo)"))
        if shutil.which("systemctl") is None:
            raise Stop(Exit.MISSING, Text("systemctl is missing: without systemd run the same without --service"))
        if self.drop_ins.is_dir() and self.of and user_of(self.user) is None:
            named = ["--home-dir", str(self.folder), "--no-create-home", "--shell", "/usr/sbin/nologin", self.user]
            _told(["useradd", "--system", "--user-group", *named])
        user = user_of(self.user)
        if user is None or not self.drop_ins.is_dir():
            raise Stop(
                Exit.MISSING, Text("the service comes with the Debian package, which is not installed here: bavn-node")
            )
        return user

    def give(self, user: pwd.struct_passwd) -> None:
        """The configuration is read by the service and changed by root alone; the folder is the service's."""
        try:
            os.chown(self.config, 0, user.pw_gid)
            self.config.chmod(0o640)
            if self.of:
                os.chown(self.config.parent, 0, user.pw_gid)
                self.config.parent.chmod(0o750)
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        except OSError as error:
            raise cannot_write(self.config, error) from error

    def start(self, config: NodeConfig) -> None:
        """Lays the drop-ins that this configuration needs, and starts the service, now and at each start of the
        machine. Stop with systemd's own words where it does not."""
        for name in needs(config):
            to = self.units / name
            try:
                self.units.mkdir(parents=True, exist_ok=True)
                if not to.is_symlink():
                    to.symlink_to(self.drop_ins / name)
            except OSError as error:
                raise cannot_write(to, error) from error
        if self.of:
            self._let_see(config)
        for command in (["daemon-reload"], ["enable", self.unit], ["restart", self.unit]):
            _told(["systemctl", *command])

    def _let_see(self, config: NodeConfig) -> None:
        """Opens the instance's fence for what its settings name outside its own folders: a log is followed with the
        folder that it lies in. Stop for a folder that others use too."""
        open_already = {self.folder, self.config.parent, Path("/usr")}
        seen = {
            path: written for path, written in paths_of(config) if not open_already.intersection((path, *path.parents))
        }
        others = [FOLDER, _DATA] + [
            Path(line.partition("=")[2])
            for file in self.units.parent.glob(f"{UNIT}@*.service.d/{_PATHS}")
            if file.parent != self.units
            for line in file.read_text(encoding="utf-8").splitlines()
            if line.startswith("Bind")
        ]
        for path in seen:
            is_shared = path in _EVERYBODYS or len(path.parts) <= len(Path("/var").parts)
            is_shared |= any(path in (one, *one.parents) for one in others)
            if (path.is_dir() and is_shared) or any(one in path.parents for one in others):
                raise Stop(
                    Exit.CONFIGURATION,
                    Text(
                        "{path} is not this actor's alone: give what {actor} reads a folder of its own",
                        path=path,
                        actor=self.of,
                    ),
                )
            if not (path.exists() and _PLAIN.fullmatch(str(path))):
                raise Stop(
                    Exit.CONFIGURATION,
                    Text("{path} is not there, or its name has more than letters, digits and ./@+=,-", path=path),
                )
        lines = [f"Bind{'' if written else 'ReadOnly'}Paths={path}" for path, written in sorted(seen.items())]
        if self.user != f"bavn-{self.of}":
            lines += [f"User={self.user}", f"Group={self.user}"]
        to = self.units / _PATHS
        try:
            self.units.mkdir(parents=True, exist_ok=True)
            to.write_text("\n".join(["[Service]", *lines, ""]), encoding="utf-8")
        except OSError as error:
            raise cannot_write(to, error) from error


def paths_of(config: NodeConfig) -> Iterator[tuple[Path, bool]]:
    """(path, whether it is written) of what the settings name by a path; of a log that is followed its folder."""
    for table in fields(config):
        value = getattr(config, table.name)
        for entry in fields(value) if is_dataclass(value) else ():
            kind = entry.name.rsplit("_", 1)[-1]
            given = getattr(value, entry.name)
            texts = (given,) if isinstance(given, str) else given if isinstance(given, tuple) else ()
            for text in texts if kind in ("file", "files", "folder", "socket", "listen") else ():
                if text and (kind != "listen" or "/" in text):
                    path = config.path(text.split(":", 1)[-1] if entry.name == "log_files" else text)
                    is_written = kind == "listen" or (table.name == "enforce" and not kind.startswith("file"))
                    yield path.parent if entry.name in _FOLLOWED or kind == "listen" else path, is_written


def _told(command: list[str]) -> None:
    """Runs it. Stop with its own words where it does not do it."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:  # root's PATH without /usr/sbin, as after a plain `su`
        said = Text("{command} failed: {why}", command=command[0], why=error.strerror)
        raise Stop(Exit.MISSING, said) from error
    if done.returncode:
        raise Stop(
            Exit.BROKEN,
            Text(
                "{command} failed: {why}",
                command=" ".join(command[:3]),
                why=(done.stderr or done.stdout).strip()[-300:],
            ),
        )


def needs(config: NodeConfig) -> list[str]:
    """The drop-ins without which this configuration could not run inside the unit's fence."""
    sense, enforce = config.sense, config.enforce
    listens = [sense.syslog_udp_listen, sense.syslog_tcp_listen, sense.syslog_tls_listen, sense.netflow_listen]
    listens += [sense.sflow_listen, sense.dnstap_listen, enforce.list_listen, *enforce.resolver_listen]
    ports = (_PORT.search(listen) for listen in listens if listen)
    wanted = {
        "sensor.conf": bool(sense.suricata_interface),
        "packet-filter.conf": bool(enforce.nft_hooks),
        "low-ports.conf": any(port and int(port[1]) < _LOW_PORTS for port in ports),
        "logs.conf": bool(sense.log_files or sense.eve_file or sense.zeek_folder),
    }
    return [name for name, is_needed in wanted.items() if is_needed]
