"""Takes out of an export what is a person's: CPR numbers, e-mail addresses, user names, and what follows ? in a URL.

A CPR number is ten digits that begin with a date; its check by modulus 11 no longer holds for new ones, so any such ten
digits go, in whatever spelling: with dots, dashes and spaces, in other scripts' digits, percent-encoded once or more,
as character references or escapes, and inside a longer run of digits. Too much is taken out rather than too little.
Refuses to judge packets: what is in a payload cannot be told.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

CPR, EMAIL, USER, QUERY = "[cpr]", "[email]", "[user]", "[query]"
DECODINGS_MAX: Final = 4
USER_COLUMNS: Final[Mapping[str, frozenset[str]]] = {
    "krb5": frozenset({"cname"}),
    "rdp": frozenset({"cookie", "client_name"}),
    "smb": frozenset({"ntlm_user"}),
    "dhcp": frozenset({"hostname"}),
}
"""Columns that name a person or the person's machine: nothing of them is kept."""

_PATH_COLUMNS: Final = frozenset({"url", "filename"})
_MADE: Final[Mapping[str, re.Pattern[str]]] = {
    **dict.fromkeys(("ja3", "ja3s", "md5", "hassh", "hassh_server"), re.compile("[0-9a-f]{32}")),
    "sha1": re.compile("[0-9a-f]{40}"),
    "sha256": re.compile("[0-9a-f]{64}"),
    "cert": re.compile("[0-9a-f]{40}|[0-9a-f]{64}"),
    "ja4": re.compile("[tqd][0-9sd]{2}[di][0-9]{4}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}"),
    "community_id": re.compile("1:[A-Za-z0-9+/]{27}="),
    "interface": re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
}
"""Columns that are calculated: a value of just this form is no writing of anybody's."""

_GAP = r"(?:[-./_+, ]|\\[tnrvf]){0,3}"
_DAY, _MONTH = r"(?:0[1-9]|[12]\d|3[01]|6[1-9]|[78]\d|9[01])", r"(?:0[1-9]|1[0-2])"
"""Replacement numbers have 60 added to their day."""
_DATED = re.compile(
    rf"""
    (?=( {_DAY} {_GAP}        # day
        {_MONTH} {_GAP}       # month
        (?:\d\d)?\d\d {_GAP}  # year
        \d{{4}} ))            # number
    """,
    re.VERBOSE,
)
_SPREAD = re.compile(r"(?=(\d(?:(?:[-_+, ]|\\[tnrvf]){0,3}\d){9}))")
_DATE = re.compile(_DAY + _MONTH)
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,128}@[\w-]+(?:\.[\w-]+)+")
_USERINFO = re.compile(r"(?<=://)[^/@\s]{1,256}(?=@)")
_HOME = re.compile(r"(?i)(?<=[\\/])(?:users|home|brugere|profiles?)[\\/]+([^\\/\s]+)")
_QUERY = re.compile(r"(?<=[?#])(\S+)")
_ALL_BEHIND = re.compile(r"(?s)(?<=[?#])(.+)")
_ENCODED = re.compile(
    r"""
    ((?:%[0-9a-fA-F]{2})+)            # percent codes
    | &\#(\d{1,7});?                  # HTML, the number of a character
    | &\#[xX]([0-9a-fA-F]{1,6});?     # the same in hexadecimal
    | \\u([0-9a-fA-F]{4})             # JSON
    | \\x([0-9a-fA-F]{2})             # a byte in C and Python
    | (&nbsp;)                        # HTML, a blank
    | \\U([0-9a-fA-F]{8})             # Python, a character of any plane
    """,
    re.VERBOSE,
)
_ID = re.compile("[0-9a-f]{32}")
_ODD = re.compile(r"[%&\\]")


def redacted(table: str, column: str, value: Any) -> Any:
    """A cell of an export. Text is redacted, lists item by item; numbers and times stay."""
    if isinstance(value, list):
        return [redacted(table, column, item) for item in value]
    if not isinstance(value, str) or not value:
        return value
    if column in USER_COLUMNS.get(table, ()):
        return USER
    made = _MADE.get(column)
    if made is not None and made.fullmatch(value):
        return value
    return text(value, url=column in _PATH_COLUMNS)


def tree(value: Any) -> Any:
    """The same for what JSON can hold: every text in it; keys and a suspicion's own id are left alone."""
    if isinstance(value, dict):
        return {key: inner if _is_id(key, inner) else tree(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [tree(inner) for inner in value]
    return text(value) if isinstance(value, str) else value


def _is_id(key: Any, value: Any) -> bool:
    return key in ("id", "suspicion") and isinstance(value, str) and _ID.fullmatch(value) is not None


@lru_cache(maxsize=1024)
def text(given: str, *, url: bool = False) -> str:
    """A text without what is a person's. ``url``: it is a path or a URL, so all behind ? or # is taken out."""
    clean, starts, ends = _read(given)
    cuts = [(match.start(1), match.end(1), CPR) for match in _DATED.finditer(clean)]
    cuts += [(f.start(1), f.end(1), CPR) for f in _SPREAD.finditer(clean) if _is_cpr(f[1])]
    cuts = [(*_whole_number(clean, start, end), name) for start, end, name in cuts]
    logins = [(match.start(), match.end(), USER) for match in _USERINFO.finditer(clean)]
    mails = [(match.start(), match.end(), EMAIL) for match in _EMAIL.finditer(clean)]
    cuts += [*logins, *(mail for mail in mails if not any(mail[0] < login[1] < mail[1] for login in logins))]
    cuts += [(match.start(1), match.end(1), USER) for match in _HOME.finditer(clean)]
    if url or "://" in clean:
        behind = _ALL_BEHIND if url else _QUERY
        cuts += [(match.start(1), match.end(1), QUERY) for match in behind.finditer(clean)]
    there = [(starts[a], ends[b - 1], name) for a, b, name in cuts]
    there += [(match.start(1), match.end(1), USER) for match in _HOME.finditer(given)]
    return _without(given, sorted(there)) if there else given


def _is_cpr(spread: str) -> bool:
    return _DATE.match("".join(letter for letter in spread if letter.isdigit())) is not None


def _whole_number(text: str, start: int, end: int) -> tuple[int, int]:
    """Digits that stand next to a number go with it."""
    while start > 0 and text[start - 1].isdigit():
        start -= 1
    while end < len(text) and text[end].isdigit():
        end += 1
    return start, end


def _without(given: str, cuts: list[tuple[int, int, str]]) -> str:
    """What overlaps goes as one, under the name of the longest."""
    kept, at = [], 0
    while cuts:
        start, end, name = cuts.pop(0)
        longest = end - start
        while cuts and cuts[0][0] < end:
            more = cuts.pop(0)
            if more[1] - more[0] > longest:
                longest, name = more[1] - more[0], more[2]
            end = max(end, more[1])
        kept += [given[at:start], name]
        at = end
    return "".join([*kept, given[at:]])


def _read(given: str) -> tuple[str, list[int], list[int]]:
    """As a reader would read it, decoded and in plain letters, and for each of its letters where it stands."""
    letters, starts, ends = list(given), list(range(len(given))), list(range(1, len(given) + 1))
    for _ in range(DECODINGS_MAX):
        text = "".join(letters)
        if not _ODD.search(text):
            break
        letters, starts, ends, changed = _decoded(text, starts, ends)
        if not changed:
            break
    if given.isascii() and given.isprintable() and len(letters) == len(given):
        return given, starts, ends
    return _plain(letters, starts, ends)


def _decoded(text: str, starts: list[int], ends: list[int]) -> tuple[list[str], list[int], list[int], bool]:
    letters: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    at, changed = 0, False
    for match in _ENCODED.finditer(text):
        letters += text[at : match.start()]
        new_starts += starts[at : match.start()]
        new_ends += ends[at : match.start()]
        for letter, first, last in _letters(match):
            letters.append(letter)
            new_starts.append(starts[match.start() + first])
            new_ends.append(ends[match.start() + last - 1])
        at, changed = match.end(), True
    letters += text[at:]
    return letters, new_starts + starts[at:], new_ends + ends[at:], changed


def _letters(match: re.Match[str]) -> list[tuple[str, int, int]]:
    """What one encoded piece says: each letter, and from where to where in the piece it was written."""
    if match[1]:
        raw = bytes.fromhex(match[1].replace("%", ""))
        letters, at = [], 0
        while at < len(raw):
            size = next((n for n in (1, 2, 3, 4) if _utf8(raw[at : at + n])), 1)
            letters.append((_utf8(raw[at : at + size]) or "\ufffd", 3 * at, 3 * min(len(raw), at + size)))
            at += size
        return letters
    whole = len(match[0])
    if match[6]:
        return [(" ", 0, whole)]
    number = int(match[2]) if match[2] else int(match[3] or match[4] or match[5] or match[7], 16)
    return [(chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd", 0, whole)]


def _utf8(raw: bytes) -> str | None:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    return text if len(text) == 1 else None


def _plain(letters: list[str], starts: list[int], ends: list[int]) -> tuple[str, list[int], list[int]]:
    """Other scripts' digits, dashes and spaces as ours; what cannot be seen is passed over."""
    parts: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    for letter, start, end in zip(letters, starts, ends, strict=True):
        for plain in _plain_letter(letter):
            parts.append(plain)
            new_starts.append(start)
            new_ends.append(end)
    return "".join(parts), new_starts, new_ends


@lru_cache(maxsize=4096)
def _plain_letter(character: str) -> str:
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    kind = unicodedata.category(character)
    if kind == "Pd" or character in "\u2212\u2043\u02d7\u2796":
        return "-"
    if kind.startswith("Z") or character in "\t\n\r\v\f":
        return " "
    if kind in ("Cf", "Mn", "Me", "Cc") or character == "\ufffd":
        return ""
    return unicodedata.normalize("NFKC", character)
