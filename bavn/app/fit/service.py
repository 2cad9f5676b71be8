"""A node as this machine's service: its configuration, its user, its drop-ins, and systemd told to start it.

What lies where is the Debian package's (packaging/systemd, packaging/tmpfiles.d). Refuses to know which way in it is.
"""

import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bavn.app.config.load import NodeConfig
from bavn.app.fit.service_user import SERVICE_TOML, UNIT, user_of
from bavn.app.process.exits import Exit, Stop, cannot_write
from bavn.model.text import Text

_PORT: Final = re.compile(r"[:@]([0-9]{1,5})$")
_LOW_PORTS: Final = 1024


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a node's service has what is its own. ``units``: systemd's folder of drop-ins for it."""

    config: Path = SERVICE_TOML
    folder: Path = Path("/var/lib/bavn/node")
    units: Path = Path(f"/etc/systemd/system/{UNIT}.service.d")
    drop_ins: Path = Path("/usr/share/bavn/drop-in")
    user: str = UNIT

    def checked(self) -> pwd.struct_passwd:
        """The service's user. Stop where this machine or whoever asks cannot have the service."""
        if os.geteuid() != 0:
            raise Stop(Exit.USAGE, Text("--service sets up a service of this machine: do it as root (sudo)"))
        user = user_of(self.user)
        if user is None or not self.drop_ins.is_dir():
            raise Stop(
                Exit.MISSING, Text("the service comes with the Debian package, which is not installed here: bavn-node")
            )
        if shutil.which("systemctl") is None:
            raise Stop(Exit.MISSING, Text("systemctl is missing: without systemd run the same without --service"))
        return user

    def give(self, user: pwd.struct_passwd) -> None:
        """The configuration is read by the service and changed by root alone; the folder is the service's."""
        try:
            os.chown(self.config, 0, user.pw_gid)
            self.config.chmod(0o640)
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
        for command in (["daemon-reload"], ["enable", UNIT], ["restart", UNIT]):
            done = subprocess.run(["systemctl", *command], capture_output=True, text=True, check=False)
            if done.returncode:
                raise Stop(
                    Exit.BROKEN,
                    Text(
                        "systemctl {command} failed: {why}",
                        command=" ".join(command),
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
