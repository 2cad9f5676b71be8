"""What each rule of gate 4 says to the person who looks: one sentence in both languages, by the rule's name.

Refuses to know the case at hand: numbers stand in the reason beside it.
"""

from typing import Final

from bavn.model.text import Text

WORDS: Final[dict[str, Text]] = {
    # refused
    "version_new": Text("An older or repeated version of the indicator; it changes nothing."),
    "not_expired": Text("The indicator has expired."),
    "not_yet_valid": Text("The indicator is not valid yet."),
    "end_in_time": Text("It would last longer than this actor's policy allows."),
    "pap_allows": Text("PAP RED: nothing that could be noticed may be done with it."),
    "external": Text("It names something of our own, not something outside."),
    "never_block": Text("It is on the never-block list."),
    "carried": Text("No enforcer here carries it yet: it waits for one that can."),
    "room": Text("No room for more indicators."),
    "withdrawal_new": Text("The withdrawal is older than the indicator we have."),
    "version_ahead": Text("Its version lies ahead of this node's clock."),
    "switch_ahead": Text(
        "A turn of the sector's kill switch that lies ahead of this node's clock; it changes nothing."
    ),
    "switch_new": Text("An older or repeated turn of the sector's kill switch; it changes nothing."),
    "queue_full": Text("Too many messages wait to be looked at."),
    "unknown": Text("No such indicator here."),
    "in_force": Text("It is in force already."),
    # waits for a person
    "by_hand": Text("This actor's policy wants a person for every block."),
    "confidence": Text("Its confidence is below what this actor blocks by itself."),
    "warning_list": Text("It is on a warning list: often innocent."),
    "dry_run_failed": Text("Own history could not be asked, so nobody knows whom it would hit."),
    "dry_run_hosts": Text("Many hosts here used it lately: a block would be felt."),
    "dry_run_share": Text("It covers a large share of the destinations in use here."),
    "dry_run_clinical": Text("Clinical equipment here used it lately."),
    "in_force_share": Text("The blocks that nobody approved together cover much of what is in use here."),
    "blocks_max": Text("As many blocks as allowed are in force."),
    "blocks_per_hour": Text("Many new blocks in the last hour."),
    "budget_share": Text("The new blocks of this hour together cover much of what is in use here."),
    # in force, but not fully
    "enforcer_down": Text("An enforcer cannot be reached; it is tried again."),
    "pap_watch_only": Text("PAP AMBER: watched, not blocked."),
    "watched_only": Text("Nothing here can stop it; it is watched."),
    # lifted
    "expired": Text("Its end came."),
    "withdrawn": Text("The centre withdrew it."),
    "revoked": Text("The centre revoked it."),
    "lifted_by_hand": Text("A person here lifted it."),
    "rolled_back": Text("It hit more here than its dry run had seen; a person must put it back."),
    "sector_kill_switch": Text("The sector's kill switch is on."),
    "kill_switch": Text("The kill switch is on."),
}
