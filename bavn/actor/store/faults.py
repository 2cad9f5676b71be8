"""What can be wrong with a store, each named by who must act. Refuses to repair: check and rebuild do."""

from bavn.model.ports import RowsDamaged


class StoreBusy(Exception):
    """Another process writes here already. Who starts the second one must act."""


class StoreBroken(Exception):
    """The store cannot be used as it lies on disk; the message says what to do. The operator must act."""


class ManifestLost(StoreBroken):
    """What lists the segments is missing, damaged or an old copy: it is made again from them (mended.py, or the
    operator by hand)."""


class StoreDamaged(RowsDamaged):
    """Files of the history are damaged. A new window does without them; the message names them and says what to do.
    The operator must act."""


class WrongColumns(ValueError):
    """A batch has not exactly the columns of record.TABLES. Who wrote the source must act."""
