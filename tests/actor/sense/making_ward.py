"""Conversations of real DICOM and HL7 stacks (pynetdicom, hl7apy), recorded between client and server byte by byte."""

import contextlib
import socket
import threading

from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import (
    CTImageStorage,
    PatientRootQueryRetrieveInformationModelFind,
    PatientRootQueryRetrieveInformationModelMove,
    Verification,
)

SERVICES = (
    Verification,
    PatientRootQueryRetrieveInformationModelFind,
    PatientRootQueryRetrieveInformationModelMove,
    CTImageStorage,
)


class Relay:
    """Stands between a client and a server on loopback and keeps what each said, in order."""

    def __init__(self, port):
        self._to = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.flights = []
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._to)
                for by_client, come, go in ((True, client, server), (False, server, client)):
                    thread = threading.Thread(target=self._pump, args=(by_client, come, go), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _pump(self, by_client, come, go):
        with come, contextlib.suppress(OSError):
            while data := come.recv(65536):
                with self._lock:
                    self.flights.append((by_client, data))
                go.sendall(data)
            go.shutdown(socket.SHUT_WR)

    def close(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)


@contextlib.contextmanager
def archive(title="PACS"):
    """A DICOM server that answers queries with one study each, takes images, and moves nothing; behind a Relay."""

    def found(event):
        identifier = Dataset()
        identifier.PatientID, identifier.PatientName = "1", "A^B"
        yield 0xFF00, identifier

    def moved(event):
        yield None, None

    def stored(event):
        return 0x0000

    entity = AE(ae_title=title)
    for service in SERVICES:
        entity.add_supported_context(service)
    handlers = [(evt.EVT_C_FIND, found), (evt.EVT_C_MOVE, moved), (evt.EVT_C_STORE, stored)]
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    relay = Relay(server.socket.getsockname()[1])
    try:
        yield relay
    finally:
        server.shutdown()
        relay.close()


def association(port, *, calling="WORKSTATION", called="PACS"):
    """An association of a DICOM client's through the relay."""
    entity = AE(ae_title=calling)
    for service in SERVICES:
        entity.add_requested_context(service)
    made = entity.associate("127.0.0.1", port, ae_title=called)
    assert made.is_established
    return made


def query(**keys):
    """A query on the patients' level; a key without a value is what is asked to come back."""
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "PATIENT"
    for key, value in {"PatientName": "", "PatientID": "", **keys}.items():
        setattr(identifier, key, value)
    return identifier


def find(made, **keys):
    """Ask, and take every answer."""
    return list(made.send_c_find(query(**keys), PatientRootQueryRetrieveInformationModelFind))


def admission(sender="ADT", facility="HOSPITAL"):
    """An ADT^A01 of hl7apy's, as MLLP frames it."""
    from hl7apy.core import Message

    message = Message("ADT_A01", version="2.5")
    message.msh.msh_3, message.msh.msh_4 = sender, facility
    message.msh.msh_5, message.msh.msh_6 = "EPJ", "REGION"
    message.msh.msh_9 = "ADT^A01^ADT_A01"
    message.pid.pid_5 = "Doe^Jane"
    return message.to_mllp().encode()


def acknowledgement(code="AA"):
    """What a receiver of hl7apy's answers."""
    from hl7apy.core import Message

    message = Message("ACK", version="2.5")
    message.msh.msh_3 = "EPJ"
    message.msh.msh_9 = "ACK"
    message.msa.msa_1, message.msa.msa_2 = code, "1"
    return message.to_mllp().encode()
