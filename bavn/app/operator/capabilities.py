"""Takes from a process that runs as root what would reach past its fence: reading others' memory, raw devices, mounts.

What a sensor or a firewall needs (the network's capabilities, reading and writing files) stays. Refuses to give any.

Source: capabilities(7); capset(2) of version 3.
"""

import ctypes
import os
from typing import Final

TAKEN: Final = {
    "dac_read_search": 2,
    "sys_module": 16,
    "sys_rawio": 17,
    "sys_ptrace": 19,
    "sys_pacct": 20,
    "sys_admin": 21,
    "sys_boot": 22,
    "mknod": 27,
    "mac_override": 32,
    "mac_admin": 33,
    "perfmon": 38,
    "bpf": 39,
    "checkpoint_restore": 40,
}
_VERSION: Final = 0x20080522
_PR_CAPBSET_READ, _PR_CAPBSET_DROP = 23, 24
_WORDS: Final = 6


class CapabilitiesStay(OSError):
    """The kernel did not let them go: the process must not go on."""


def drop() -> None:
    """For this process and all it starts, for good; harmless where there are none. Raises CapabilitiesStay."""
    libc = ctypes.CDLL(None, use_errno=True)
    for number in TAKEN.values():
        if libc.prctl(_PR_CAPBSET_READ, number, 0, 0, 0) == 1 and os.geteuid() == 0:
            _checked(libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0))
    head = (ctypes.c_uint32 * 2)(_VERSION, 0)
    sets = (ctypes.c_uint32 * _WORDS)()
    _checked(libc.capget(head, sets))
    for number in TAKEN.values():
        for kind in range(3):  # effective, permitted, inheritable
            sets[3 * (number // 32) + kind] &= ~(1 << (number % 32)) & 0xFFFFFFFF
    _checked(libc.capset(head, sets))


def _checked(result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise CapabilitiesStay(number, f"the kernel keeps a capability: {os.strerror(number)}")
