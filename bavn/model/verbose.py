"""Regular expressions in verbose form, one group a line with its comment, for engines that know no such form: RE2 in
DuckDB and Rust's in pydantic. What Python's ``re`` reads itself takes ``re.VERBOSE`` instead.
"""

import re
from typing import Final

_PIECE: Final = re.compile(
    r"""
    \\ (?P<meant> [\s\#])                    # a blank or a hash that is meant
    | (?P<kept> \\. | \[\^?\]? (?:[^\]\\]|\\.)* \])  # any other escape, or a class of characters
    | \s+                                    # layout
    | \#[^\n]*                               # a comment, to the end of its line
    """,
    re.VERBOSE | re.DOTALL,
)


def plain(verbose: str) -> str:
    r"""The pattern without its layout, as ``re.VERBOSE`` reads it: blanks and comments go, outside classes; ``\ `` and
    ``\#`` are a blank and a hash."""
    return _PIECE.sub(lambda piece: piece["meant"] or piece["kept"] or "", verbose)
