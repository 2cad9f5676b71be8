"""An engine with everything that the parsers of this room ask of it, locked."""

from bavn.actor.sense.engine import MEMORY_MB_DEFAULT, THREADS_DEFAULT, Engine
from bavn.actor.sense.flows.argus import MACROS as ARGUS_MACROS
from bavn.actor.sense.logs.records import DEFINITIONS as LOG_DEFINITIONS
from bavn.actor.sense.macros import MACROS
from bavn.actor.sense.suricata.eve_capture import DEFINITIONS as CAPTURE_DEFINITIONS
from bavn.actor.sense.suricata.eve_columns import MACROS as EVE_MACROS
from bavn.actor.sense.zeek.records import DEFINITIONS as ZEEK_DEFINITIONS


def prepared(memory_mb: int = MEMORY_MB_DEFAULT, threads: int = THREADS_DEFAULT) -> Engine:
    """Good for any number of sources, one after the other."""
    engine = Engine(memory_mb, threads)
    engine.define(MACROS + EVE_MACROS + CAPTURE_DEFINITIONS + ZEEK_DEFINITIONS + LOG_DEFINITIONS + ARGUS_MACROS)
    engine.lock()
    return engine
