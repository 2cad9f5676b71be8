"""What the room of exercises refuses, in Danish. Refuses to know more than sentences."""

from typing import Final

from bavn.model.sector.exercise import STATES, ExerciseState

PHRASES: Final[dict[str, str]] = {
    "no exercise is called {} (bavn centre exercise list)": "ingen øvelse hedder {} (bavn centre exercise list)",
    "no active actor is called {} (bavn centre members)": "ingen aktiv aktør hedder {} (bavn centre members)",
    "an exercise that is {} cannot be told to {}; possible: {}": "en øvelse, der er {}, kan ikke {}; muligt: {}",
    "its end has passed": "dens slutning er passeret",
    "its end has passed: plan another": "dens slutning er passeret: planlæg en anden",
    "nodes hear of nothing that begins more than {} days ahead: wait": "noder får intet at vide om det, der begynder mere end {} dage frem: vent",
    "{} exercises are planned or in progress: end one first": "{} øvelser er planlagt eller i gang: afslut en af dem først",
    "fewer than {} actors have let it out: there is no lead to confirm": "færre end {} aktører har ladet den gå ud: der er intet spor at bekræfte",
    "whoever confirmed the case does not release it: two people are needed": "den, der bekræftede sagen, udsender den ikke: der skal to mennesker til",
    "a Text needs both languages": "en tekst siges på begge sprog",
    "a title is one line of at most {} characters": "en titel er én linje med højst {} tegn",
    "an objective has 1 to {} characters in each language": "et mål har 1 til {} tegn på hvert sprog",
    "an exercise has 1 to {} objectives": "en øvelse har 1 til {} mål",
    "name 1 to {} actors, each once": "nævn 1 til {} aktører, hver én gang",
    "an exercise ends after it begins, within {} hours": "en øvelse slutter, efter den begynder, inden for {} timer",
    "an actor's turn lies within the exercise": "en aktørs tur ligger inden for øvelsen",
    "a lead takes 2 to 8 actors": "et spor kræver 2 til 8 aktører",
    "{} is no id of an exercise": "{} er ikke en øvelses id",
    "a judgement is NUMBER:{}, of 1 to {} objectives; not {}": "en vurdering er NUMMER:{}, af 1 til {} mål; ikke {}",
}
WORDS: Final[dict[str, str]] = {
    "start": "sættes i gang",
    "running": STATES[ExerciseState.RUNNING].da,
    "stopped": STATES[ExerciseState.STOPPED].da,
}
