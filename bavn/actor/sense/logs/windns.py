"""The debug log of Windows' DNS server: packets of clients, not what the server itself asks others.

A query is a row, an answer a row with its rcode. Its stamp is written as the server's language has it: where day and
month could be either, an AM or PM puts the month first, else the day comes first. Everything else passes.
"""

from typing import Final

from bavn.actor.sense.logs.dns_columns import COLUMNS, NO_ANSWERS
from bavn.actor.sense.logs.format import NOBODY, LogFormat, judged
from bavn.actor.sense.logs.head import extract

_PACKET: Final = r"""
    ^(?: (\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4})                      # date
        \ (\d{1,2}[:.]\d\d[:.]\d\d)                             # time
        (?: \s([AP]M) )? \  )?                                  # half of the day
    [0-9A-Fa-f]{3,4}\ PACKET\ +[0-9A-Fa-f]+                     # thread, and the packet's own address
    \ (UDP|TCP)                                                 # via
    \ (Snd|Rcv)                                                 # way
    \ ([0-9a-fA-F:.]+)                                          # client
    \ +[0-9a-f]{1,4}                                            # number of the query
    \ (R|\ )                                                    # answer
    \ [A-Z?]\ \[[0-9a-fA-F]{4} [^\]]*? ([A-Z0-9]+)\]            # kind, flags and rcode
    \ +(\S+)                                                    # type
    \ +(\S+)                                                    # name
"""
_HEADS: Final = "DNS Server log|Log file wrap|Message logging key"
_COLUMNS: Final = "|".join(
    (
        *("Date", "Time", "Thread ID", "Context", "Internal packet", "UDP/TCP", "Send/Receive", "Remote IP", "Xid"),
        *("Query/Response", "Opcode", r"\[ Flags", "Flags", "ResponseCode", "Question"),
    )
)
_KEY: Final = rf"\s*(Field #|-{{7}} |\d{{1,2}} +({_COLUMNS})|blank = Query|[A-Z?] = [A-Z][a-z])"
"""The lines below the head that say what the columns are."""
_LINE: Final = r"[0-9A-Fa-f]{3,4} (PACKET|EVENT|Note:|UPDATE|DSPOLL|TASK|INIT)( |$)"
_WRITTEN: Final = "trim(regexp_replace(p.date, '[/.]', '-', 'g') || ' ' || replace(p.time, '.', ':') || ' ' || p.half)"
_WHEN: Final = f"""CASE WHEN p.half <> ''
    THEN try_strptime({_WRITTEN}, ['%m-%d-%Y %I:%M:%S %p', '%Y-%m-%d %I:%M:%S %p'])
    ELSE try_strptime({_WRITTEN}, ['%Y-%m-%d %H:%M:%S', '%d-%m-%Y %H:%M:%S']) END"""

_STAGE: Final = f"""
WITH parted AS (SELECT n, stamped, {extract("message", _PACKET, "date time half via way client answer rcode type name")}
    AS p FROM mine),
read AS (SELECT n, p.client <> '' AND (p.way = 'Snd') = (p.answer = 'R') AS kin,
    coalesce(in_reach(local_us({_WHEN}, $zone)), stamped) AS logged,
    p.client AS client, address_of(p.client) AS src, 0 AS src_port, {NOBODY} AS dst, 53 AS dst_port,
    lower(p.via) AS transport, trim(regexp_replace(p.name, '\\([0-9]+\\)', '.', 'g'), '.') AS asked, p.type AS type,
    p.answer = 'R' AS answered, CASE WHEN p.answer = 'R' THEN p.rcode END AS rcode,
    {NO_ANSWERS} AS answers, CAST(NULL AS VARCHAR) AS community_id
  FROM parted)
{judged("read", reasons="WHEN src IS NULL THEN 'address: ' || shown(client)", outcome="'dns'")}"""

WINDNS: Final = LogFormat(
    name="windns",
    tells=f"regexp_matches(message, '{_LINE}') OR regexp_matches(message, '^({_HEADS}|{_KEY})')",
    stage=_STAGE,
    columns={"dns": COLUMNS},
)
