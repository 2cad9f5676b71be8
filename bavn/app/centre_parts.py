"""Builds a centre from its configuration: database, book, authority, keys. Refuses to run it: centre_server does.

``init`` makes authority and keys once; they are never overwritten. Secrets are files of mode 0600 in ``keys``.
"""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from bavn.app.centre_server import CentreServer, ServerSettings
from bavn.app.config import CentreFile
from bavn.app.exits import Exit, Stop
from bavn.app.real import SystemClock, SystemDice
from bavn.centre.members.authority import Authority, key_pem, new_key
from bavn.centre.members.enrolment import Enrolment
from bavn.centre.members.registry import DEFAULT_QUOTAS, Registry
from bavn.centre.node.build import open_centre
from bavn.centre.node.centre import Centre
from bavn.centre.node.desk import Desk
from bavn.centre.node.tables import open_engine
from bavn.model.member import Quota
from bavn.wire.book import Book
from bavn.wire.safe import Safe

BOOK_FILE = "centre-book.db"
DATABASE_FILE = "centre.db"
HOUR_S = 3600.0
QUOTA_PER_ROUND = {"ShareUpload": 1, "Receipts": 4, "Report": 20, "Declined": 20}


class CentreKeys:
    """The centre's secrets in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "keys"
        self.certificate, self.key = self.folder / "server.pem", self.folder / "server.key.pem"

    @property
    def made(self) -> bool:
        return (self.folder / "authority.pem").exists()

    def make(self, sector: str, names: tuple[str, ...]) -> None:
        """Authority, server certificate and message key. Stop if they are there already."""
        if self.made:
            raise Stop(Exit.CONFIGURATION, f"{self.folder} holds an authority already: it is never overwritten")
        dice, now_us, safe = SystemDice(), SystemClock().now_us(), Safe(self.folder)
        authority = Authority.make(sector, now_us, dice)
        key = new_key(dice)
        certificate = authority.certify_server(names, key.public_key(), now_us, dice)
        safe.write("message.key", dice.bytes(32).hex())
        safe.write(self.key.name, key_pem(key).decode())
        safe.write(self.certificate.name, certificate.public_bytes(Encoding.PEM).decode())
        safe.write("authority.key.pem", authority.key_pem().decode())
        safe.write("authority.pem", authority.pem)

    def authority(self) -> Authority:
        """Stop where ``bavn centre init`` has not been run."""
        if not self.made:
            raise Stop(Exit.CONFIGURATION, f"{self.folder} holds no authority yet: run `bavn centre init` first")
        pem = (self.folder / "authority.pem").read_text()
        return Authority.load((self.folder / "authority.key.pem").read_bytes(), pem)

    def message_key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex((self.folder / "message.key").read_text()))


def init(file: CentreFile) -> CentreKeys:
    """Makes the centre's folder, authority and keys."""
    keys = CentreKeys(file.folder)
    keys.make(file.centre.limits.sector, file.place.names)
    open_registry(file).engine.dispose()
    return keys


def open_registry(file: CentreFile) -> Registry:
    """Members, also from another process than the service."""
    file.folder.mkdir(parents=True, exist_ok=True)
    return Registry(open_engine(f"sqlite:///{file.folder / DATABASE_FILE}"), SystemClock(), _quotas(file))


def _quotas(file: CentreFile) -> dict[str, Quota]:
    """The default quotas, raised where this sector's rounds come more often than they allow for: twice the rounds of an
    hour for an upload each, and for each answer that a round may ask for."""
    rounds = sum(HOUR_S / tier.every_s for tier in file.centre.tiers)
    size = max(8 * tier.r * tier.t * tier.m for tier in file.centre.tiers) + 4096
    made = dict(DEFAULT_QUOTAS)
    for kind, given in DEFAULT_QUOTAS.items():
        messages = max(given.messages_per_hour_max, round(2 * rounds * QUOTA_PER_ROUND.get(kind, 0)))
        each = size if kind == "ShareUpload" else given.bytes_per_hour_max // given.messages_per_hour_max
        made[kind] = Quota(
            messages_per_hour_max=messages, bytes_per_hour_max=max(given.bytes_per_hour_max, messages * each)
        )
    return made


def open_enrolment(file: CentreFile, registry: Registry | None = None) -> Enrolment:
    """Invitations, also from another process than the service; over members that are open already, if given."""
    authority = CentreKeys(file.folder).authority()
    return Enrolment(registry or open_registry(file), authority, SystemClock(), SystemDice())


def open_desk(file: CentreFile, registry: Registry | None = None) -> Desk:
    """What people ask and do, also from another process than the service. Stop before ``init``."""
    CentreKeys(file.folder).authority()
    registry = registry or open_registry(file)
    return Desk(registry.engine, SystemClock(), registry)


def build(file: CentreFile) -> tuple[Centre, CentreServer, Book]:
    """A centre and its server, ready to run, and the book to close afterwards."""
    keys = CentreKeys(file.folder)
    authority = keys.authority()
    registry = open_registry(file)
    book = Book(file.folder / BOOK_FILE)
    centre = open_centre(
        file.centre, engine=registry.engine, book=book, key=keys.message_key(), authority=authority,
        clock=SystemClock(), dice=SystemDice(), registry=registry,
    )  # fmt: skip
    settings = ServerSettings(
        authority_pem=authority.pem, certificate=keys.certificate, key=keys.key, host=file.place.host,
        port=file.place.port, step_every_s=file.place.step_s,
    )  # fmt: skip
    try:
        return centre, CentreServer(centre, settings), book
    except OSError as error:
        raise Stop(
            Exit.CONFIGURATION,
            f"[place] host and port: cannot listen on {file.place.host}:{file.place.port} ({error.strerror})",
        ) from error
