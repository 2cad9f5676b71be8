"""Lines of logs as they come, of programs that Bavn knows or documents (JSON) that hold EVE, Zeek or such a line."""

from bavn.actor.sense.documents.records import DocumentParser
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.logs.records import AUTO, LogParser


def line_parser(
    engine: Engine, sensor: str, source: str, *, form: str = AUTO, zone: str = "UTC", live: bool = False
) -> LogParser:
    """Tells each line apart by what is in it. What it is given: see LogParser."""
    bare = DocumentParser(engine, sensor)
    inner = LogParser(engine, sensor, source, zone=zone, live=live, strangers_pass=True, documents=bare.parse_texts)
    documents = DocumentParser(engine, sensor, logs=inner)
    return LogParser(engine, sensor, source, form=form, zone=zone, live=live, documents=documents.parse_texts)
