"""`script/revision WORDS`: a draft of the revision that the rooms' tables need, for a person to go over."""

import sys

from bavn.centre.books.schema import METADATA
from bavn.centre.store import schema
from bavn.centre.store.engine import open_engine


def main(words: str) -> int:
    """Writes the file and names it; 1 where the tables need none."""
    engine = open_engine("sqlite://")
    try:
        schema.upgrade(engine)
        with engine.connect() as connection:
            needed = schema.differences(connection, METADATA)
        if not needed:
            sys.stderr.write("the tables are as the revisions make them: nothing to write\n")
            return 1
        sys.stdout.write(f"{schema.draft(engine, METADATA, words)}\n")
        return 0
    finally:
        engine.dispose()


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:]) or "change"))
