"""Whether anybody changed the centre's database since the last look. Refuses to say what changed."""

from contextlib import suppress

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError


class Marker:
    """What is another one after each change of the centre's database, on a connection of its own: in a transaction that
    stays open nothing would ever move. Not safe from several threads at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def now(self) -> object:
        """The marker as it stands. Raises DBAPIError."""
        if self._connection is None:
            self._connection = self._engine.connect()
        postgres = self._engine.dialect.name == "postgresql"
        asked = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text" if postgres else "PRAGMA data_version"
        try:
            marker = self._connection.exec_driver_sql(asked).scalar()
            self._connection.rollback()
            return marker
        except DBAPIError:
            self.close()
            raise

    def quiet(self) -> object:
        """The same, None where the database cannot be asked: who uses it next is told so."""
        try:
            return self.now()
        except DBAPIError:
            return None

    def close(self) -> None:
        """Gives back the connection; the next look opens another one."""
        if self._connection is not None:
            with suppress(DBAPIError):
                self._connection.close()
            self._connection = None
