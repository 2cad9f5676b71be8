"""The columns of a flow row that a firewall's log gives. Data only.

What a log cannot know stays NULL: a packet that was let through says nothing of whether the call succeeded, a total
says nothing of either direction. ``failed`` is TRUE where the firewall refused or dropped.
"""

from typing import Final

from bavn.actor.sense.logs.format import COMMON, judged

COLUMNS: Final = {
    **COMMON,
    "ts_end": "ended",
    "app_proto": "app",
    "bytes_toserver": "sent",
    "bytes_toclient": "got",
    "pkts_toserver": "pkts_sent",
    "pkts_toclient": "pkts_got",
    "state": "CASE WHEN failed THEN 'new' WHEN over THEN 'closed' END",
    "reason": "ending",
    "icmp_type": "icmp_type",
    "icmp_code": "icmp_code",
    "failed": "failed",
}
_DEFAULTS: Final = {
    "ended": "logged",
    "app": "CAST(NULL AS VARCHAR)",
    "sent": "CAST(NULL AS UBIGINT)",
    "got": "CAST(NULL AS UBIGINT)",
    "pkts_sent": "CAST(NULL AS UBIGINT)",
    "pkts_got": "CAST(NULL AS UBIGINT)",
    "over": "FALSE",
    "ending": "CAST(NULL AS VARCHAR)",
    "icmp_type": "CAST(NULL AS UTINYINT)",
    "icmp_code": "CAST(NULL AS UTINYINT)",
    "back": "FALSE",
    "failed": "CAST(NULL AS BOOLEAN)",
}


def stage(read: str, more: str = "", **given: str) -> str:
    """A stage over ``read``, a SELECT that gives n, logged, kin, a, b (address texts, the opener first unless
    ``back``), a_port, b_port (texts or NULL), proto (text). ``given``: SQL over it for what _DEFAULTS lists;
    ``more``: further WITH parts that ``read`` uses."""
    columns = ", ".join(f"{sql} AS {name}" for name, sql in (_DEFAULTS | given).items() if name != "back")
    turned = given.get("back", "FALSE")
    reasons = """
        WHEN src IS NULL OR dst IS NULL THEN 'address: ' || shown(CASE WHEN src IS NULL THEN a ELSE b END)
        WHEN transport IS NULL THEN 'proto: missing'
        WHEN has_ports(transport) AND (a_number IS NULL OR b_number IS NULL)
        THEN 'port: ' || shown(coalesce(CASE WHEN a_number IS NULL THEN a_port ELSE b_port END, ''))"""
    return f"""
    WITH {more} read AS ({read}),
    typed AS (SELECT *, address_of(a) AS a_address, address_of(b) AS b_address, proto_of(proto) AS transport,
        port_of(a_port) AS a_number, port_of(b_port) AS b_number FROM read),
    turned AS (SELECT *, coalesce({turned}, FALSE) AS back FROM typed),
    aimed AS (SELECT *, CASE WHEN back THEN b_address ELSE a_address END AS src,
        CASE WHEN back THEN a_address ELSE b_address END AS dst,
        CASE WHEN has_ports(transport) THEN coalesce(CASE WHEN back THEN b_number ELSE a_number END, 0) ELSE 0 END
          AS src_port,
        CASE WHEN has_ports(transport) THEN coalesce(CASE WHEN back THEN a_number ELSE b_number END, 0) ELSE 0 END
          AS dst_port FROM turned),
    full_rows AS (SELECT n, kin, logged, a, b, a_port, b_port, a_number, b_number, src, dst, src_port, dst_port,
        transport,
        {columns}, CAST(NULL AS VARCHAR) AS community_id FROM aimed)
    {judged("full_rows", reasons=reasons, outcome="'flow'")}"""


def verdict(said: str) -> str:
    """SQL: what a rule's own words say of a packet: TRUE refused, NULL let through or unsaid."""
    return f"CASE WHEN regexp_matches({said}, '(?i)drop|reject|den[iy]|block|refuse') THEN TRUE END"
