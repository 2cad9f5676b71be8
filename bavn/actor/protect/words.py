"""What each rule of gate 4 says to the person who looks: one sentence in both languages, by the rule's name.

Refuses to know the case at hand: numbers stand in the reason beside it.
"""

from typing import Final

from bavn.model.text import Text

WORDS: Final[dict[str, Text]] = {
    # refused
    "version_new": Text(
        "An older or repeated version of the indicator; it changes nothing.",
        "En ældre eller gentaget udgave af indikatoren; den ændrer intet.",
    ),
    "not_expired": Text("The indicator has expired.", "Indikatoren er udløbet."),
    "not_yet_valid": Text("The indicator is not valid yet.", "Indikatoren gælder ikke endnu."),
    "end_in_time": Text(
        "It would last longer than this actor's policy allows.",
        "Den ville gælde længere, end aktørens egen politik tillader.",
    ),
    "pap_allows": Text(
        "PAP RED: nothing that could be noticed may be done with it.",
        "PAP RED: der må intet gøres med den, som kan opdages.",
    ),
    "external": Text(
        "It names something of our own, not something outside.",
        "Den peger på noget af vores eget, ikke på noget udefra.",
    ),
    "never_block": Text("It is on the never-block list.", "Den står på listen over det, der aldrig spærres."),
    "carried": Text(
        "No enforcer here carries it yet: it waits for one that can.",
        "Intet håndhævende led her bærer den endnu: den venter på et, der kan.",
    ),
    "room": Text("No room for more indicators.", "Der er ikke plads til flere indikatorer."),
    "withdrawal_new": Text(
        "The withdrawal is older than the indicator we have.",
        "Tilbagetrækningen er ældre end den indikator, vi har.",
    ),
    "version_ahead": Text(
        "Its version lies ahead of this node's clock.", "Dens version ligger forud for nodens eget ur."
    ),
    "switch_ahead": Text(
        "A turn of the sector's kill switch that lies ahead of this node's clock; it changes nothing.",
        "En omstilling af sektorens nødstop, som ligger forud for nodens eget ur; den ændrer intet.",
    ),
    "switch_new": Text(
        "An older or repeated turn of the sector's kill switch; it changes nothing.",
        "En ældre eller gentaget omstilling af sektorens nødstop; den ændrer intet.",
    ),
    "queue_full": Text("Too many messages wait to be looked at.", "For mange beskeder venter på at blive set på."),
    "unknown": Text("No such indicator here.", "Den indikator findes ikke her."),
    "in_force": Text("It is in force already.", "Den er allerede i kraft."),
    # waits for a person
    "by_hand": Text(
        "This actor's policy wants a person for every block.",
        "Aktørens politik kræver et menneske ved hver spærring.",
    ),
    "confidence": Text(
        "Its confidence is below what this actor blocks by itself.",
        "Dens sikkerhed er lavere end det, aktøren spærrer af sig selv.",
    ),
    "warning_list": Text("It is on a warning list: often innocent.", "Den står på en advarselsliste: ofte uskyldig."),
    "dry_run_failed": Text(
        "Own history could not be asked, so nobody knows whom it would hit.",
        "Egen historik kunne ikke spørges, så ingen ved, hvem den ville ramme.",
    ),
    "dry_run_hosts": Text(
        "Many hosts here used it lately: a block would be felt.",
        "Mange maskiner her har brugt den for nylig: en spærring ville kunne mærkes.",
    ),
    "dry_run_share": Text(
        "It covers a large share of the destinations in use here.",
        "Den dækker en stor del af de mål, der bruges her.",
    ),
    "dry_run_clinical": Text("Clinical equipment here used it lately.", "Klinisk udstyr her har brugt den for nylig."),
    "in_force_share": Text(
        "The blocks that nobody approved together cover much of what is in use here.",
        "De spærringer, som ingen har godkendt, dækker tilsammen meget af det, der bruges her.",
    ),
    "blocks_max": Text("As many blocks as allowed are in force.", "Der er så mange spærringer i kraft, som må være."),
    "blocks_per_hour": Text(
        "Many new blocks in the last hour.", "Der er kommet mange nye spærringer inden for den seneste time."
    ),
    "budget_share": Text(
        "The new blocks of this hour together cover much of what is in use here.",
        "De nye spærringer i denne time dækker tilsammen meget af det, der bruges her.",
    ),
    # in force, but not fully
    "enforcer_down": Text(
        "An enforcer cannot be reached; it is tried again.", "Et håndhævende led kan ikke nås; der prøves igen."
    ),
    "pap_watch_only": Text("PAP AMBER: watched, not blocked.", "PAP AMBER: der holdes øje, men der spærres ikke."),
    "watched_only": Text("Nothing here can stop it; it is watched.", "Intet her kan stoppe den; der holdes øje."),
    # lifted
    "expired": Text("Its end came.", "Den nåede sin slutning."),
    "withdrawn": Text("The centre withdrew it.", "Centret trak den tilbage."),
    "revoked": Text("The centre revoked it.", "Centret tilbagekaldte den."),
    "lifted_by_hand": Text("A person here lifted it.", "Et menneske her ophævede den."),
    "rolled_back": Text(
        "It hit more here than its dry run had seen; a person must put it back.",
        "Den ramte mere her, end prøvekørslen havde set; et menneske skal sætte den i kraft igen.",
    ),
    "sector_kill_switch": Text("The sector's kill switch is on.", "Sektorens nødstop er slået til."),
    "kill_switch": Text("The kill switch is on.", "Nødstoppet er slået til."),
}
