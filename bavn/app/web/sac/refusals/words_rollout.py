"""What the rooms of the roll-out and of warnings refuse, in Danish. Refuses to know more than sentences."""

from typing import Final

from bavn.model.sector.rollout import NEEDS, STAGES
from bavn.model.sector.sector_warning import ANSWERS, URGENCIES, WARNING_STATES

PHRASES: Final[dict[str, str]] = {
    # the roll-out
    "the roll-out knows no {}: bavn centre rollout add": "udrulningen kender ingen {}: bavn centre rollout add",
    "the actor's state is {}: {} is not possible now; possible: {}": "aktørens tilstand er {}: det er ikke muligt at {} nu; muligt: {}",
    "{} cannot {} yet; it waits for: {}": "{} kan ikke {} endnu; venter på: {}",
    "{} is no step by hand: it follows when {}": "{} er intet skridt med hånden: det følger, når {}",
    "by hand is a step that needs a protocol, with the file that it rests on": "med hånden er et skridt, der kræver en protokol, med den fil, det hviler på",
    "that is not the protocol that was taken in last: bavn centre accept {}, or by hand": "det er ikke den protokol, der sidst blev modtaget: bavn centre accept {}, eller med hånden",
    "{} is {}: it is invited when its agreement is signed": "{} er {}: den inviteres, når dens aftale er underskrevet",
    "what is planned is one of {}": "det, der planlægges, er en af {}",
    "a day lies between 1970 and 2243": "en dag ligger mellem 1970 og 2243",
    "{} would come to {} before it comes to {}": "{} ville nå {}, før den når {}",
    "an actor takes at most {} steps": "en aktør tager højst {} skridt",
    "say why, in at most {} characters": "sig hvorfor, med højst {} tegn",
    # warnings
    "no warning is called {}": "intet varsel hedder {}",
    "the warning is {}: you cannot {} it now; possible: {}": "varslet er {}, så du kan ikke {} nu; muligt: {}",
    "an actor that is {} cannot answer {}; possible: {}": "en aktør, der er {}, kan ikke svare {}; muligt: {}",
    "there are {} drafts: send some or take some back": "der er {} udkast: send nogle, eller træk nogle tilbage",
    "{} warnings are in force: end some first": "{} varsler gælder: afslut nogle først",
    "its source told of it as {}, PAP:{}: mark it so at least": "dets kilde fortalte det som {}, PAP:{}: mærk det mindst sådan",
    "a {} has 1 to {} characters that any screen may show": "{} har 1 til {} tegn, som enhver skærm må vise",
    "a title is one line": "en titel er én linje",
    "hours to acknowledge and in force lie in 1..{}, in this order": "timer til kvittering og gyldighed ligger i 1..{}, i den rækkefølge",
    "a warning names at most {} observables, each once": "et varsel nævner højst {} observabler, hver én gang",
    "{} is nothing outside in its canonical form": "{} er intet uden for i sin kanoniske form",
    "{}: {} is unknown; known: {}": "{}: {} er ukendt; kendte: {}",
    "{}: at most {} names, and {} is none": "{}: højst {} navne, og {} er intet",
    "{}: at most {} names": "{}: højst {} navne",
}

WORDS: Final[dict[str, str]] = {
    "send": "sende",
    "end": "afslutte",
    "edit": "redigere",
    "withdraw": "trække tilbage",
    "affected": "berørt",
    "not-affected": "ikke berørt",
    "words": "ord",
    "plan": "planlægge",
    "agree": "notere aftalen",
    "enrol": "indmelde",
    "accept": "notere overtagelsen",
    "try": "begynde prøvedrift",
    "prove": "notere driftsprøven",
    "operate": "sætte i drift",
    "shelve": "lægge til side",
    "set-back": "sætte tilbage",
    "suspend": "suspendere",
    "resume": "genoptage",
    "leave": "træde ud",
    "delete": "notere sletningen",
    "return": "vende tilbage",
    "title": "en titel",
    "text": "en tekst",
    **{one.value: words.da for one, words in STAGES.items()},
    **{one.value: words.da for one, words in NEEDS.items() if one.value != "agreement"},
    **{one.value: words.da for one, words in ANSWERS.items()},
    **{one.value: words.da for one, words in URGENCIES.items()},
    **{one.value: words.da for one, words in WARNING_STATES.items()},
}
"""States and acts of these rooms."""
