"""``[publish]`` of centre.toml: who publishes, under which marking, to whom. Mail goes by ``[remind]``'s server."""

from dataclasses import dataclass

from bavn.app.config.remind import is_address
from bavn.model.intel.indicator import Tlp
from bavn.model.settings import SettingsError, setting
from bavn.model.text import Text

RECIPIENTS_MAX = 1000
NAME_CHARS_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishTable:
    """SettingsError for a marking, an address or a name that is none."""

    publishers: tuple[str, ...] = setting(
        (),
        holds="Who may approve, publish, archive and withdraw on the command line, by name; empty: anybody."
        " Where it names one alone, that person may approve what they edited.",
    )
    tlp: str = setting(
        "TLP:GREEN", holds="Marking of documents; cases marked stricter are counted and told of nowhere."
    )
    mail_to: tuple[str, ...] = setting((), holds="Addresses that get what is published.")

    def __post_init__(self) -> None:
        if self.tlp not in {tlp.value for tlp in Tlp}:
            raise SettingsError(Text("publish.tlp must be one of {named}", named=", ".join(Tlp)))
        for one in self.mail_to:
            if not is_address(one):
                raise SettingsError(Text("publish.mail_to: {one} is no e-mail address", one=repr(one)))
        if len(self.mail_to) > RECIPIENTS_MAX:
            raise SettingsError(
                Text("publish.mail_to names at most {recipients_max} addresses", recipients_max=RECIPIENTS_MAX)
            )
        for name in self.publishers:
            if not name.strip() or len(name) > NAME_CHARS_MAX:
                raise SettingsError(Text("publish.publishers: {name} is no name", name=repr(name[:70])))
