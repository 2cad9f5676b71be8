"""A running systemd over a copy of this machine: what it writes is gone with it.

The copy is an overlay over the root; mount, PID, IPC, UTS and cgroup namespaces are its own, the network is this
machine's.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

SYSTEMD = Path("/usr/lib/systemd/systemd")
BOOT = """
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
root="$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$root"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount -t proc proc "$root/proc"
for folder in run tmp sys/fs/cgroup; do mount -t tmpfs tmpfs "$root/$folder"; done
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mkdir "$root/mnt/old"
cd "$root"
pivot_root . mnt/old
umount -l /mnt/old
rmdir /mnt/old
exec env -i container=other PATH=/usr/sbin:/usr/bin %s --log-target=null --unit=basic.target
"""
BOOTS_S, COMMAND_S = 60, 180


class Booted:
    """One that runs until it is closed. ``folder``: an empty one to mount over."""

    def __init__(self, folder: Path) -> None:
        self._unshared = subprocess.Popen(
            ["unshare", "-pmfuiC", "bash", "-euc", BOOT % SYSTEMD, "boot", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        children = Path(f"/proc/{self._unshared.pid}/task/{self._unshared.pid}/children")
        end = time.monotonic() + BOOTS_S
        while not (self._unshared.poll() is None and (first := children.read_text().split())):
            self._wait(end)
        self.pid = int(first[0])
        while self.run("systemctl", "is-system-running", code=None).stdout.strip() not in ("running", "degraded"):
            self._wait(end)

    def _wait(self, end):
        assert self._unshared.poll() is None, self._unshared.stderr.read()
        assert time.monotonic() < end, "it does not come up"
        time.sleep(0.1)

    def run(self, *command, code=0, **more):
        """A command as root in it; ``code``: as what it must end, None for any."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.pid), "-m", "-p", "-i", "-u", "-C", "-r", "--wdns=/", *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_S,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root"},
            **more,
        )
        assert code is None or done.returncode == code, (command, done.stdout[-2000:], done.stderr[-2000:])
        return done

    def write(self, path, text, mode=0o644):
        """A file of it."""
        self.run("install", "-D", "-m", f"{mode:o}", "/dev/stdin", str(path), input=text)

    def close(self):
        """Kills all that runs in it."""
        subprocess.run(["kill", "-9", str(self.pid)], check=False)
        self._unshared.wait(20)
        self._unshared.stderr.close()


def lacks() -> str:
    """What is missing here to boot one, "" for nothing."""
    if os.geteuid() != 0:
        return "only root boots a systemd of its own"
    missing = [name for name in ("unshare", "nsenter", "pivot_root") if shutil.which(name) is None]
    missing += [str(path) for path in (SYSTEMD,) if not path.exists()]
    return f"{', '.join(missing)} is not installed (systemd, util-linux)" if missing else ""
