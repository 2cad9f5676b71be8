"""What a message of SMB 2 and 3 asks for: its command, and the share or file that it names (MS-SMB2, 2.2)."""

import struct
from typing import Final

HEAD_BYTES: Final = 64
COMMANDS: Final = (
    "negotiate",
    "session setup",
    "logoff",
    "tree connect",
    "tree disconnect",
    "create",
    "close",
    "flush",
    "read",
    "write",
    "lock",
    "ioctl",
    "cancel",
    "echo",
    "query directory",
    "change notify",
    "query info",
    "set info",
    "oplock break",
)
TREE_CONNECT, CREATE = 3, 5
STATUSES: Final = {
    0x00000000: "STATUS_SUCCESS",
    0x00000103: "STATUS_PENDING",
    0x80000006: "STATUS_NO_MORE_FILES",
    0xC0000011: "STATUS_END_OF_FILE",
    0xC0000016: "STATUS_MORE_PROCESSING_REQUIRED",
    0xC0000022: "STATUS_ACCESS_DENIED",
    0xC0000034: "STATUS_OBJECT_NAME_NOT_FOUND",
    0xC0000043: "STATUS_SHARING_VIOLATION",
    0xC000006D: "STATUS_LOGON_FAILURE",
    0xC00000CC: "STATUS_BAD_NETWORK_NAME",
    0xC0000203: "STATUS_USER_SESSION_DELETED",
}
"""Those that a person looks for (MS-ERREF, 2.3.1); others are shown as their number."""
_NAME_AT: Final = {TREE_CONNECT: HEAD_BYTES + 4, CREATE: HEAD_BYTES + 44}
"""Where a request says where the name that it is about stands, and how long it is."""
_RESPONSE: Final = 1


def message(data: bytes) -> tuple[str, str]:
    """The command, with what it names, and the status. ValueError for bytes that hold no header."""
    if len(data) < HEAD_BYTES:
        raise ValueError("shorter than a header of SMB 2")
    status, command, flags = struct.unpack_from("<IHxxI", data, 8)
    name = COMMANDS[command] if command < len(COMMANDS) else f"command {command}"
    at = _NAME_AT.get(command)
    if at is not None and not flags & _RESPONSE and len(data) >= at + 4:
        begins, size = struct.unpack_from("<HH", data, at)
        name = f"{name} {data[begins : begins + size].decode('utf-16-le', 'replace')}".rstrip()
    return name, STATUSES.get(status, f"0x{status:08X}")
