"""What is raised where bytes of a log are not what the formats say, or do not fit together."""


class BadLog(ValueError):
    """Bytes that somebody handed over are no log, or a proof does not hold. Whoever keeps the log must act; a reader
    trusts nothing of it."""
