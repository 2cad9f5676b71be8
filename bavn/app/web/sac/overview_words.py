"""What the overview says of actors, of the sector, and of what nobody knows yet."""

from typing import Final

from bavn.model.sector.member import ActorState
from bavn.model.text import Text

STATES: Final = {
    ActorState.INVITED: Text("invited", "inviteret"),
    ActorState.ACTIVE: Text("active", "aktiv"),
    ActorState.SUSPENDED: Text("suspended", "sat på pause"),
    ActorState.REVOKED: Text("shut out", "lukket ude"),
}

BLIND: Final = {
    "no-node": Text(
        "has no node yet: the sector sees nothing of it", "har endnu ingen node: sektoren ser intet af den"
    ),
    "never-heard": Text("its node has never said how it is", "dens node har aldrig sagt, hvordan den har det"),
    "silent": Text("its node is silent", "dens node er tavs"),
    "sensor-down": Text(
        "its sensor is down: network traffic is not seen", "dens sensor er nede: netværkstrafik bliver ikke set"
    ),
    "no-sensor": Text("it has no sensor: only its logs are seen", "den har ingen sensor: kun dens logge bliver set"),
    "loss": Text("its sensor loses packets", "dens sensor taber pakker"),
    "clock": Text("its clock is off", "dens ur går forkert"),
    "backlog": Text("its messages pile up", "dens meddelelser hober sig op"),
    "no-rounds": Text("it took part in no round of the last day", "den deltog ikke i nogen runde det sidste døgn"),
    "few-rounds": Text(
        "it missed more than a tenth of the last day's rounds",
        "den manglede i mere end en tiendedel af det sidste døgns runder",
    ),
}
"""Code of a blind spot -> its sentence, which follows the actor's name."""

BAD: Final = frozenset({"never-heard", "silent", "sensor-down", "no-rounds"})

MISSING: Final = {
    "regions": Text(
        "Where some actors lie is not in the register of members: bavn centre rollout sets it.",
        "Hvor nogle aktører ligger, står ikke i medlemsregistret: bavn centre rollout sætter den.",
    ),
    "counts": Text(
        "Fewer than three actors have told counts of the last seven days: no sum is shown, so that none of them can be"
        " read out of it.",
        "Færre end tre aktører har fortalt antal for de sidste syv dage: ingen sum vises, så ingen af dem kan læses ud"
        " af den.",
    ),
    "quiet": Text(
        "Actors have told counts of the last seven days, and none of them stands clear of the noise that is added to"
        " each: Rounds, Counts and budget shows all of them.",
        "Aktører har fortalt antal for de sidste syv dage, og intet af dem står klart ud fra den støj, der lægges på"
        " hvert: Runder, Antal og budget viser dem alle.",
    ),
}

STEPS: Final = {
    "first_sighting": Text("first sighting", "første observation"),
    "report": Text("report", "melding"),
    "lead": Text("lead", "spor"),
    "confirmed": Text("confirmed", "bekræftet"),
    "released": Text("released", "frigivet"),
    "first_block": Text("first enforced", "først håndhævet"),
    "last_block": Text("last enforced", "sidst håndhævet"),
}
