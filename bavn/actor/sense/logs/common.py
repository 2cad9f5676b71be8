"""The Common Log Format and Combined (also with %I %O at its end), as a forward proxy writes them.

A request with an absolute URL, or a CONNECT, is a record; one with a path alone was to a web server of one's own and
passes. Neither format says which server answered. Source: Apache's mod_log_config and mod_logio.
"""

from typing import Final

from bavn.actor.sense.logs.format import LogFormat
from bavn.actor.sense.logs.head import extract
from bavn.actor.sense.logs.proxy import ALSO, COLUMNS, stage
from bavn.actor.sense.zeek.stage import quoted
from bavn.model.verbose import plain

_LINE: Final = r"""
    ^(\S+)                                                             # client
    \ \S+\ (?:\S+|\".*?\")                                             # two names of the user
    \ \[([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8}\ [+-][0-9]{4})\]    # stamp
    \ \"(?:([A-Z]+)\ (\S+)(?:\ HTTP/[0-9.]+)?|[^\"]*)\"                # method and url, or no request
    \ ([0-9]{3}|-)                                                     # status
    \ ([0-9]+|-)                                                       # got: bytes to the client
    (?: \ \"((?:[^\"\\]|\\.)*)\"                                       # combined: referer
        \ \"((?:[^\"\\]|\\.)*)\" )?                                    # and agent
    (?: \ ([0-9]+)\ ([0-9]+) )?                                        # sent and got with heads (%I %O)
    (?: \ [A-Z_]+:[A-Z_]+ )? $                                         # squid's word for what it did
"""
_HEAD: Final = r"""
    ^\S+                                                               # client
    \ \S+\ (\S+|".*?")                                                 # two names of the user
    \ \[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8}\ [+-][0-9]{4}\]\ "   # stamp
"""
_AT: Final = "in_reach(epoch_us(try_strptime(s.stamp, '%d/%b/%Y:%H:%M:%S %z')))"
_READ: Final = f"""
    SELECT n, {_AT} AS logged, {_AT} AS ended, s.client AS client, s.method AS method, s.url AS target,
      TRY_CAST(s.status AS USMALLINT) AS status, coalesce(count_of(filled(s.got_all)), count_of(s.got)) AS got,
      count_of(filled(s.sent)) AS sent, CAST(NULL AS VARCHAR) AS peer, nullif(filled(s.agent), '-') AS agent,
      CAST(NULL AS VARCHAR) AS content, s.client <> '' AS kin,
      CASE WHEN s.client = '' THEN 'no line of a common or combined log' END AS fault
    FROM (SELECT n, {
    extract("message", _LINE, "client stamp method url status got referer agent sent got_all")
} AS s FROM mine)"""

COMMON_LOG: Final = LogFormat(
    name="combined",
    tells=f"""contains(message, '] "') AND regexp_matches(message, {quoted(plain(_HEAD))})""",
    stage=stage(_READ),
    columns=COLUMNS,
    also=ALSO,
)
