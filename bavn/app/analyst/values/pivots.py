"""All records that share one thing (a Community ID, a host, a domain, a fingerprint), as one SELECT over every table.

What is asked for is always a parameter. Refuses to run anything.
"""

from typing import Any, Final, Literal, get_args

from bavn.app.process.exits import Exit, Stop
from bavn.model.record import TABLES, address_uuid
from bavn.model.text import Text

Pivot = Literal["community_id", "host", "domain", "ja3", "ja4", "cert", "sha256"]
PIVOTS: Final[tuple[str, ...]] = get_args(Pivot)
VALUE_CHARS_MAX: Final = 300
_NAMES: Final = {"dns": ("rrname",), "tls": ("sni",), "http": ("host",), "kex": ("name",)}
_TELLING: Final[dict[str, tuple[str, ...]]] = {
    "flow": ("app_proto", "state", "bytes_toserver", "bytes_toclient"),
    "dns": ("rrname", "rrtype", "rcode"),
    "tls": ("sni", "version", "ja4"),
    "http": ("method", "host", "url", "status"),
    "smb": ("command", "share", "filename"),
    "dcerpc": ("endpoint", "operation"),
    "ssh": ("client_software", "server_software"),
    "rdp": ("event_type", "client_name"),
    "krb5": ("msg_type", "sname"),
    "fileinfo": ("filename", "sha256"),
    "alert": ("signature_id", "signature"),
    "dhcp": ("dhcp_type", "mac", "hostname"),
    "kex": ("protocol", "name", "version"),
    "clinical": ("service", "operation", "called", "requests"),
}


def pivot_sql(pivot: str, value: str) -> tuple[str, dict[str, Any]]:
    """The query, newest rows first, and its parameters. Stop for a value that cannot be one."""
    value = value.strip()
    if pivot not in PIVOTS or not value or len(value) > VALUE_CHARS_MAX:
        raise Stop(Exit.USAGE, Text("name something to look for, of at most 300 characters"))
    given = {"value": value if pivot == "community_id" else value.lower()}
    if pivot == "host":
        try:
            given = {"value": str(address_uuid(value))}
        except ValueError as error:
            raise Stop(Exit.USAGE, Text("{value} is no address", value=repr(value[:60]))) from error
    parts = [_part(table, where) for table in TABLES if (where := _where(table, pivot))]
    return " UNION ALL ".join(parts) + " ORDER BY 1 DESC, 2, 3, 4", given


def _where(table: str, pivot: str) -> str:
    """The condition in one table; empty for one that cannot hold it."""
    names = {column.name for column in TABLES[table]}
    if "dst" not in names:
        return ""
    if pivot == "host":
        return "src = CAST($value AS UUID) OR dst = CAST($value AS UUID)"
    if pivot == "domain":
        columns = _NAMES.get(table, ())
        return " OR ".join(f"{name} = $value OR ends_with({name}, '.' || $value)" for name in columns)
    return f"{pivot} = $value" if pivot in names else ""


def _part(table: str, where: str) -> str:
    told = ", ".join(f'CAST("{name}" AS VARCHAR)' for name in _TELLING[table])
    return f"""SELECT ts, '{table}' AS record, src, src_port, dst, dst_port, proto, concat_ws(' ', {told}) AS what,
          community_id
        FROM {table} WHERE {where}"""
