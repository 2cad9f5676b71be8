"""The header of a message of SMB 2 and 3, and what a person looks for in it: the share, the file. Names are those of
MS-SMB2 and MS-ERREF; a status without a name here is its number."""

import struct
from dataclasses import dataclass
from typing import Final

_COMMANDS: Final = (
    *("negotiate", "session setup", "logoff", "tree connect", "tree disconnect", "create", "close", "flush", "read"),
    *("write", "lock", "ioctl", "cancel", "echo", "query directory", "change notify", "query info", "set info"),
    *("oplock break", "server to client notification"),
)
_STATUS: Final = {
    0x00000000: "SUCCESS",
    0x00000103: "PENDING",
    0x0000010B: "NOTIFY_CLEANUP",
    0x0000010C: "NOTIFY_ENUM_DIR",
    0x80000005: "BUFFER_OVERFLOW",
    0x80000006: "NO_MORE_FILES",
    0x8000002D: "STOPPED_ON_SYMLINK",
    0xC0000003: "INVALID_INFO_CLASS",
    0xC0000008: "INVALID_HANDLE",
    0xC000000D: "INVALID_PARAMETER",
    0xC000000F: "NO_SUCH_FILE",
    0xC0000010: "INVALID_DEVICE_REQUEST",
    0xC0000011: "END_OF_FILE",
    0xC0000016: "MORE_PROCESSING_REQUIRED",
    0xC0000022: "ACCESS_DENIED",
    0xC0000023: "BUFFER_TOO_SMALL",
    0xC0000033: "OBJECT_NAME_INVALID",
    0xC0000034: "OBJECT_NAME_NOT_FOUND",
    0xC0000035: "OBJECT_NAME_COLLISION",
    0xC000003A: "OBJECT_PATH_NOT_FOUND",
    0xC0000043: "SHARING_VIOLATION",
    0xC0000054: "FILE_LOCK_CONFLICT",
    0xC0000055: "LOCK_NOT_GRANTED",
    0xC0000056: "DELETE_PENDING",
    0xC000005E: "NO_LOGON_SERVERS",
    0xC0000064: "NO_SUCH_USER",
    0xC000006A: "WRONG_PASSWORD",
    0xC000006D: "LOGON_FAILURE",
    0xC000006E: "ACCOUNT_RESTRICTION",
    0xC0000071: "PASSWORD_EXPIRED",
    0xC0000072: "ACCOUNT_DISABLED",
    0xC00000AC: "PIPE_NOT_AVAILABLE",
    0xC00000AE: "PIPE_BUSY",
    0xC00000B0: "PIPE_DISCONNECTED",
    0xC00000B5: "IO_TIMEOUT",
    0xC00000BA: "FILE_IS_A_DIRECTORY",
    0xC00000BB: "NOT_SUPPORTED",
    0xC00000C9: "NETWORK_NAME_DELETED",
    0xC00000CC: "BAD_NETWORK_NAME",
    0xC0000101: "DIRECTORY_NOT_EMPTY",
    0xC0000103: "NOT_A_DIRECTORY",
    0xC0000120: "CANCELLED",
    0xC0000128: "FILE_CLOSED",
    0xC000014B: "PIPE_BROKEN",
    0xC000015B: "LOGON_TYPE_NOT_GRANTED",
    0xC000019C: "FS_DRIVER_REQUIRED",
    0xC0000203: "USER_SESSION_DELETED",
    0xC0000225: "NOT_FOUND",
    0xC0000234: "ACCOUNT_LOCKED_OUT",
    0xC000035C: "NETWORK_SESSION_EXPIRED",
}
_NAME_AT: Final = {3: 68, 5: 108}
"""Command -> where the place and length of the name stand in a request, from the begin of the header."""
_ANSWER: Final = 1


@dataclass(frozen=True, slots=True)
class Smb:
    """``named``: the share or file that is asked for."""

    command: str
    status: str
    named: str


def smb_of(message: bytes) -> Smb:
    """Of the first message where several come together. Raises struct.error where the header is cut."""
    status, number, flags = struct.unpack_from("<IHxxI", message, 8)
    named = b""
    if number in _NAME_AT and not flags & _ANSWER:
        at, size = struct.unpack_from("<HH", message, _NAME_AT[number])
        named = message[at : at + size]
    return Smb(
        command=_COMMANDS[number] if number < len(_COMMANDS) else f"command {number}",
        status=f"STATUS_{_STATUS[status]}" if status in _STATUS else f"{status:#010x}",
        named=named.decode("utf-16-le", "replace"),
    )
