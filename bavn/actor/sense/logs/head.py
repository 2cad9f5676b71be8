"""What stands before the message in a line of a log: syslog's head (RFC 5424, RFC 3164, with or without priority), or
the stamp of the program that wrote it. SQL that takes it off.

RFC 3164 names neither year nor zone: the zone is configured, the year is the last one in which the stamp is no more
than a day after the moment the line came in. Refuses to know what the message says.
"""

from typing import Final

from bavn.actor.sense.zeek.stage import quoted
from bavn.model.moment import DAY_US
from bavn.model.verbose import plain

# Verbose form: `extract` takes the layout out.
_ISO: Final = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d (?:[.,]\d{1,9})? (?:Z|[+-]\d\d:?\d\d)?"
_MONTH: Final = r"[A-Z][a-z]{2}\ [ \d]\d\ (?:\d{4}\ )? \d\d:\d\d:\d\d (?:\.\d{1,6})?"
_DASHED: Final = r"\d\d-[A-Z][a-z]{2}-\d{4}\ \d\d:\d\d:\d\d (?:\.\d{1,3})?"
_EPOCH: Final = r"\[\d{9,11} (?:\.\d{1,6})? \]"
_HEAD: Final = rf"""
    ^ (?: <\d{{1,3}}> )?                             # priority
    :? \s*
    (?: \*? ({_ISO}|{_MONTH}|{_DASHED}|{_EPOCH})     # stamp; Cisco's star says that the clock is not set
        (?:\ [A-Z]{{3,4}})? :? (?:\ |$) )?           # its zone by name, which is not trusted
    ()()                                             # host and program: they stand in the tag
    (.*?)                                            # rest
    [\s\x00]* $                                      # blanks and zeroes at the end
"""
_HEAD_5424: Final = r"""
    ^<\d{1,3}>1                                      # priority and version
    \ (\S+)                                          # stamp
    \ (\S+)                                          # host
    \ (\S+)                                          # program
    \ \S+\ \S+                                       # process and kind of message
    \ (?: - | (?: \[ (?:[^\]\\]|\\.)* \] )+ )        # structured data
    (?:\ *\x{FEFF}?\ *(.*?))?                        # rest; rsyslog keeps the space behind the tag as its first
    [\s\x00]* $                                      # blanks and zeroes at the end
"""
_TAG: Final = r"""
    ^ (?: ([^\s\[\]]*[^\s\[\]:])\  )?                # host
    ([A-Za-z(][A-Za-z0-9_./()-]*) (?:\[[0-9:]+\])?   # program, and its process
    :\ + (.*) $                                      # message
"""

LEAP_YEARS_BACK: Final = 8
"""How far back the last 29 February may lie: there is none in 2100."""


def extract(text: str, pattern: str, names: str) -> str:
    """SQL of a struct with the groups of a pattern in verbose form, '' for each that does not match. (?s): a dot is any
    character."""
    listed = ", ".join(quoted(name) for name in names.split())
    return f"regexp_extract({text}, {quoted('(?s)' + plain(pattern))}, [{listed}])"


MACROS: Final = f"""
CREATE OR REPLACE MACRO filled(x) AS nullif(x, '');
CREATE OR REPLACE MACRO local_us(moment, zone) AS epoch_us(timezone(zone, moment));
CREATE OR REPLACE MACRO stamp_in(x, year, zone) AS
  local_us(try_strptime(year || ' ' || x, ['%Y %b %d %H:%M:%S', '%Y %b %d %H:%M:%S.%f']), zone);
CREATE OR REPLACE MACRO stamp_no_later(x, year, zone, about) AS
  list_transform([stamp_in(x, year, zone)], lambda us: CASE WHEN us <= about + {DAY_US} THEN us END)[1];
-- The year after the present one is tried only in its last hours.
CREATE OR REPLACE MACRO stamp_guessed(x, zone, about) AS list_transform([year(make_timestamp(about))], lambda y:
  coalesce(CASE WHEN year(make_timestamp(about + {DAY_US})) > y THEN stamp_no_later(x, y + 1, zone, about) END,
    stamp_no_later(x, y, zone, about), CASE WHEN starts_with(x, 'Feb 29')
    THEN list_max(list_transform(range(y - {LEAP_YEARS_BACK}, y), lambda k: stamp_no_later(x, k, zone, about)))
    ELSE stamp_no_later(x, y - 1, zone, about) END))[1];
CREATE OR REPLACE MACRO stamp_of(x, zone, about) AS in_reach(CASE
  WHEN x = '' THEN NULL
  WHEN starts_with(x, '[') THEN epoch_us(epoch_of(x[2:-2]))
  WHEN x[3] = '-' THEN local_us(try_strptime(x, ['%d-%b-%Y %H:%M:%S.%g', '%d-%b-%Y %H:%M:%S']), zone)
  WHEN regexp_matches(x, '^[A-Z][a-z]{{2}} [ 0-9][0-9] [0-9]{{4}} ')
  THEN local_us(try_strptime(x, ['%b %d %Y %H:%M:%S', '%b %d %Y %H:%M:%S.%f']), zone)
  WHEN x[4] = ' ' THEN stamp_guessed(x, zone, about)
  WHEN regexp_matches(x, '(Z|[+-][0-9]{{2}}:?[0-9]{{2}})$') THEN epoch_us(TRY_CAST(replace(x, ',', '.') AS TIMESTAMPTZ))
  ELSE local_us(TRY_CAST(replace(x, ',', '.') AS TIMESTAMP), zone) END);
-- A value of key=value text; quotes around it are taken off, and it ends at the first space.
CREATE OR REPLACE MACRO value_of(x, named) AS
  filled(trim(split_part(split_part(' ' || x, ' ' || named || '=', 2), ' ', 1), '"'));
"""


def opened(zone: str, *, live: bool) -> str:
    """A SELECT over ``lines`` (n, line, received_us, sender) that gives n, line, received_us, sender; ``stamped`` (its
    stamp; where it has none the moment of receipt if ``live``, else NULL), ``host``, ``program`` (NULL without a tag)
    and ``message`` (behind the tag; all that is behind the stamp where there is no tag)."""
    otherwise = "make_timestamp(received_us)" if live else "CAST(NULL AS TIMESTAMP)"
    return f"""
    WITH headed AS (SELECT n, line, received_us, sender,
        CASE WHEN regexp_matches(line, '^<[0-9]{{1,3}}>1 ')
        THEN {extract("line", _HEAD_5424, "stamp host program rest")}
        ELSE {extract("line", _HEAD, "stamp host program rest")} END AS h
      FROM lines),
    tagged AS (SELECT *, CASE WHEN h.program = '' AND NOT starts_with(h.rest, '{{')
        THEN {extract("h.rest", _TAG, "host program message")} END AS t
      FROM headed)
    SELECT n, line, received_us, sender,
      coalesce(stamp_of(h.stamp, {quoted(zone)}, received_us), {otherwise}) AS stamped,
      coalesce(filled(nullif(h.host, '-')), filled(t.host)) AS host,
      coalesce(filled(nullif(h.program, '-')), filled(t.program)) AS program,
      CASE WHEN h.program = '' AND t.program <> '' THEN t.message ELSE h.rest END AS message
    FROM tagged"""
