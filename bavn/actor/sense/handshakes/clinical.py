"""Conversations of the ward while they are being read: DICOM associations and HL7 connections as rows ``clinical``.

Refuses to know packets.
"""

from typing import Any

from bavn.actor.sense.handshakes.dicom import Association, DicomMalformed
from bavn.actor.sense.handshakes.hl7 import Hl7Connection
from bavn.model.text import Text


class DicomTalk:
    """See Talk. A row for each kind of request; one without an operation where nothing was asked."""

    table = "clinical"
    one_sided = True

    def __init__(self) -> None:
        self.done = False
        self.fault: Text | None = None
        self._association = Association()

    def read(self, client: bytearray, server: bytearray) -> None:
        """See Talk."""
        association = self._association
        try:
            association.from_client(client)
        except DicomMalformed as error:
            self.done = True
            if not association.calling and not association.called:
                self.fault = Text.of_error(error)
        association.from_server(server)
        self.done = self.done or association.ended

    def rows(self) -> list[dict[str, Any]]:
        """See Talk."""
        association = self._association
        if not association.calling and not association.called:
            return []
        common = {
            "service": "dicom",
            "calling": association.calling,
            "called": association.called,
            "accepted": association.accepted,
        }
        if not association.requests:
            return [common | {"requests": 0, "wide": 0}]
        return [
            common
            | {
                "operation": operation,
                "destination": destination or None,
                "requests": count,
                "wide": association.wide[operation, destination],
            }
            for (operation, destination), count in sorted(association.requests.items())
        ]


class Hl7Talk:
    """See Talk. A row for each type of message."""

    table = "clinical"
    one_sided = True

    def __init__(self) -> None:
        self.done = False
        self.fault: Text | None = None
        self._connection = Hl7Connection()

    def read(self, client: bytearray, server: bytearray) -> None:
        """See Talk."""
        self._connection.from_client(client)
        self._connection.from_server(server)

    def rows(self) -> list[dict[str, Any]]:
        """See Talk."""
        connection = self._connection
        return [
            {
                "service": "hl7",
                "calling": connection.sender,
                "called": connection.receiver,
                "accepted": connection.accepted,
                "operation": kind,
                "requests": count,
                "wide": 0,
            }
            for kind, count in sorted(connection.messages.items())
        ]
