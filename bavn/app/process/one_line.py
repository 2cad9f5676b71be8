"""A reason as it may be printed. Refuses to judge what it says."""


def one_line(text: str, chars_max: int = 400) -> str:
    """A reason as it may be printed: one line, no control characters, not too long."""
    said = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return said if len(said) <= chars_max else said[: chars_max - 1] + "…"
