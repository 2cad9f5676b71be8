"""The secret of each day: made when it is first needed, kept in a folder of its own, destroyed when the day has passed.

One file of 32 random bytes an epoch, mode 0600, never in a database and never in a log. Refuses to give a key of a day
that is not near, so that nobody can have tomorrow's ids computed a month ahead, nor yesterday's after the fact.
"""

import threading
from hashlib import blake2b
from pathlib import Path
from typing import Final

from bavn.keyholder.secret_folder import SecretFolder
from bavn.model.moment import DAY_US
from bavn.model.ports import Clock, Dice
from bavn.psi import keys, oprf

SECRET_BYTES: Final = 32
NEAR_EPOCHS: Final = 1
"""Rounds begin and end around midnight, and clocks differ: the day before and the day after are served too."""


class EpochKeys:
    """May be called from any thread. ``folder`` is made where it is missing."""

    def __init__(self, folder: Path, clock: Clock, dice: Dice) -> None:
        self._secrets, self._clock, self._dice = SecretFolder(folder, ".secret"), clock, dice
        self._lock = threading.Lock()

    def near(self, epoch: int) -> bool:
        """True if this epoch has keys now."""
        return abs(epoch - self._clock.now_us() // DAY_US) <= NEAR_EPOCHS

    def oprf_key(self, epoch: int, tier: str) -> bytes:
        """The scalar that elements of an epoch and tier are evaluated with. ValueError for an epoch that is not
        near."""
        seed = blake2b(self._secret(epoch), digest_size=oprf.SEED_BYTES, person=b"bavn-oprf").digest()
        return oprf.derive_key(seed, tier.encode("ascii"))

    def round_secret(self, epoch: int, tier: str) -> bytes:
        """K_epoch of PSI.md, which never leaves the key holder. ValueError for an epoch that is not near."""
        return keys.epoch_key(self._secret(epoch), epoch, tier)

    def epochs(self) -> list[int]:
        """Those that have a secret now."""
        return self._secrets.epochs()

    def destroy_past(self) -> list[int]:
        """Overwrites and deletes the secrets of days that are over; which they were."""
        with self._lock:
            past = [epoch for epoch in self.epochs() if not self.near(epoch)]
            for epoch in past:
                self._secrets.destroy(epoch)
        return past

    def _secret(self, epoch: int) -> bytes:
        with self._lock:
            if not self.near(epoch):
                raise ValueError(f"epoch {epoch} is not near: its keys are destroyed or not made yet")
            secret = self._secrets.read(epoch)
            if secret is None:
                secret = self._dice.bytes(SECRET_BYTES)
                self._secrets.write(epoch, secret)
            return secret
