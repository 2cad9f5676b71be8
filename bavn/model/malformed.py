"""What Python raises where something that was written, in a file or by a peer, has not the form it should have."""

from typing import Final

MALFORMED: Final = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""A number beyond all (1e999) is no ValueError for ``int``, a list in place of an object no KeyError."""

UNREADABLE: Final = (OSError, *MALFORMED)
"""The same of a file, which may also be away."""
