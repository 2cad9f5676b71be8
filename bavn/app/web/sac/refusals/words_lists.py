"""The Danish of what rooms refuse about indicators, policies, questions, members, partners and sources; as
refusal_words.py."""

from typing import Final

from bavn.model.principal import APART_HOURS, FIRST_NOT_PROVED, LOCAL_ALONE, NOT_APART, NOT_PROVED

PHRASES: Final[dict[str, str]] = {
    # who is a second person (model/principal.py)
    NOT_PROVED: "et indtastet navn er ingen anden person: vis, hvem du er, med en token eller nøgle til din egen konto",
    FIRST_NOT_PROVED: "den første af de to er et navn, som ingen har vist er deres: en konto skal gøre det forfra",
    LOCAL_ALONE: "den, der handler ved selve maskinen, er ingen anden person: der skal to konti til, eller"
    " --as-local-root",
    NOT_APART: f"den ene af de to oprettede, ændrede eller nulstillede den andens konto inden for {APART_HOURS} timer:"
    " en anden skal gøre det",
    # indicators
    "no indicator is called {}": "ingen indikator hedder {}",
    "an indicator in state {} cannot {}; possible: {}": "en indikator, der er {}, kan ikke: {}; muligt: {}",
    "an indicator lasts 1 to {} days, with a confidence of 0 to 100":
        "en indikator varer 1 til {} dage, med en sikkerhed på 0 til 100",
    "a technique is written T1071 or T1071.001, a source in {} characters":
        "en teknik skrives T1071 eller T1071.001, en kilde med højst {} tegn",
    "it may block without a person in the loop: somebody else must approve or release it":
        "den må spærre uden et menneske: en anden skal godkende eller frigive den",
    "it may not go out as it stands: {} (bavn centre indicator show)": "den må ikke gå ud, som den er: {}",
    "it stands at revision {}, not {}; look again": "den står ved udgave {}, ikke {}; se igen",
    "to {} an indicator needs a reason of 1 to {} characters":
        "en indikator skal have en begrundelse på 1 til {1} tegn for at kunne: {0}",
    "two different people stand behind an indicator; who put it to review cannot approve it":
        "to forskellige mennesker står bag en indikator; den, der satte den til gennemsyn, kan ikke godkende den",
    "two different people pass the ring over; who asked for it cannot agree to it":
        "to forskellige mennesker springer ringen over; den, der bad om det, kan ikke også sige ja",
    "only what is released, and not to all yet, can be hurried":
        "kun det, der er frigivet og endnu ikke til alle, kan fremskyndes",
    "{} is {} already: work on that one, or withdraw it first":
        "{} er allerede {}: arbejd på den, eller træk den tilbage først",
    "{} is the centre's own act, not a person's": "{} er centrets egen handling, ikke et menneskes",
    # policies, producers, the kill switch
    "no policy is called {}": "ingen politik hedder {}",
    "a standing policy ends within a year from now": "en stående politik slutter inden for et år",
    "a standing policy has a name of 1 to 80 characters": "en stående politik har et navn på 1 til 80 tegn",
    "a standing policy makes 1 to 10,000 blocks a day, each for 1 to {} days":
        "en stående politik laver 1 til 10.000 spærringer om dagen, hver i 1 til {} dage",
    "a standing policy names the types of observable that it is for":
        "en stående politik nævner de typer af observabler, den gælder",
    "a standing policy needs at least two independent groups":
        "en stående politik skal have mindst to uafhængige grupper",
    "two different people stand behind a standing policy; who proposed it cannot approve it":
        "to forskellige mennesker står bag en stående politik; den, der foreslog den, kan ikke godkende den",
    "{} is approved, ended or past its end": "{} er godkendt, afsluttet eller udløbet",
    "{} was approved or ended meanwhile": "{} blev godkendt eller afsluttet imens",
    "name the producer (1 to 120 characters) and say why": "nævn ophavet (1 til 120 tegn) og sig hvorfor",
    "{} is not retired": "{} er ikke taget ud af drift",
    "the kill switch needs a reason of 1 to {} characters":
        "nødafbryderen skal have en begrundelse på 1 til {} tegn",
    "{} asked for it already: a second person must say the same":
        "{} har allerede bedt om det: en anden person skal sige det samme",
    "the sector's kill switch is {} already": "sektorens nødafbryder er allerede {}",
    # questions
    "no question is called {}": "intet spørgsmål hedder {}",
    "a chain of techniques stands in no record: it cannot be asked for":
        "en kæde af teknikker står i ingen post: der kan ikke spørges efter den",
    "a question is open for 1 to {} days": "et spørgsmål er åbent i 1 til {} dage",
    "a question looks back at most {} days": "et spørgsmål ser højst {} dage tilbage",
    "a question names 1 to {} indicators": "et spørgsmål nævner 1 til {} indikatorer",
    "a question says why, in 1 to {} characters: every actor reads it":
        "et spørgsmål siger hvorfor med 1 til {} tegn: hver aktør læser det",
    "nobody is asked: there is no such active actor": "ingen bliver spurgt: der er ingen sådan aktiv aktør",
    "question {} was approved or taken back before": "spørgsmål {} blev godkendt eller trukket tilbage før",
    "the question is past its end: ask again": "spørgsmålet er udløbet: spørg igen",
    "two different people stand behind a question; who asked it cannot approve it":
        "to forskellige mennesker står bag et spørgsmål; den, der spurgte, kan ikke godkende det",
    "{} names something inside, or a whole public suffix: no actor answers that":
        "{} nævner noget indvendigt eller et helt offentligt suffiks: det svarer ingen aktør på",
    # members
    "a quota lies in 0..{}": "en kvote ligger i 0..{}",
    "a sector has at most {} actors": "en sektor har højst {} aktører",
    "an actor has at most {} suppliers": "en aktør har højst {} leverandører",
    "no function is called {}; known: {}": "ingen funktion hedder {}; kendte: {}",
    "no group can be called {}: a-z, 0-9 and '-', 2 to 40 letters, a letter first":
        "ingen gruppe kan hedde {}: a-z, 0-9 og '-', 2 til 40 tegn, et bogstav først",
    "no message is called {}": "ingen meddelelse hedder {}",
    "no supplier can be called {}: a-z, 0-9, '.' and '-', at most 40 letters":
        "ingen leverandør kan hedde {}: a-z, 0-9, '.' og '-', højst 40 tegn",
    "say why, in at most {} characters": "sig hvorfor med højst {} tegn",
    "there is an actor called {} already": "der er allerede en aktør, der hedder {}",
    "{} is revoked already": "{} er allerede lukket ude",
    "{} is {}": "{} er {}",
    "{} is {}, not {}": "{} er {}, ikke {}",
    # partners
    "no partner is called {}": "ingen partner hedder {}",
    "no partner can be called {}": "ingen partner kan hedde {}",
    "no partner can be called {}: a-z, 0-9 and '-', 2 to 40, a letter first":
        "ingen partner kan hedde {}: a-z, 0-9 og '-', 2 til 40 tegn, et bogstav først",
    "a chain of techniques is never an indicator, so it cannot be shared as one":
        "en kæde af teknikker er aldrig en indikator og kan derfor ikke deles som en",
    "a partner has at most {} credentials in force: end one first":
        "en partner har højst {} gyldige adgange: afslut en først",
    "a partner's end lies after its beginning": "en partners slutning ligger efter dens begyndelse",
    "a partner's title has 1 to {} printable characters": "en partners titel har 1 til {} synlige tegn",
    "a sector has at most {} partners": "en sektor har højst {} partnere",
    "an agreement with a partner lasts at most {} days, then it is made again":
        "en aftale med en partner varer højst {} dage, så laves den igen",
    "no authority is at hand to issue a certificate": "der er ingen udsteder af certifikater ved hånden",
    "no collection is called {}; known: {}": "ingen samling hedder {}; kendte: {}",
    "no kind of partner is called {}; known: {}": "ingen slags partner hedder {}; kendte: {}",
    "objects_per_day_max lies in 0..10000000": "antallet om dagen ligger i 0..10000000",
    "the agreement with {} has ended": "aftalen med {} er ophørt",
    "there is a partner called {} already; a name is never given twice":
        "der er allerede en partner, der hedder {}; et navn gives aldrig to gange",
    "{} has no credential {} in force": "{} har ingen gyldig adgang {}",
    "{} lies in 0..100": "{} ligger i 0..100",
    "{} was ended {}; add a new partner": "{} ophørte {}; tilføj en ny partner",
    # sources and proposals
    "no source is called {}": "ingen kilde hedder {}",
    "no source has proposed {}": "ingen kilde har foreslået {}",
    "no source that is trusted claims this any more": "ingen kilde, der er tillid til, påstår dette længere",
    "a centre has at most {} sources": "et center har højst {} kilder",
    "a key file goes with a certificate file": "en nøglefil hører til en certifikatfil",
    "a partner's source has what the partner's policy says; only one alone has its own trust":
        "en partners kilde har det, partnerens politik siger; kun en, der står alene, har sin egen tillid",
    "a source is asked by user and password or by token, not by both":
        "en kilde spørges med bruger og kodeord eller med nøgle, ikke begge",
    "a source is asked every 5 minutes to 30 days": "en kilde spørges hvert 5. minut til hver 30. dag",
    "a source of kind {} is asked at a URL": "en kilde af slagsen {} spørges ved en URL",
    "a source's place is a URL or a path of at most {} characters":
        "en kildes sted er en URL eller en sti på højst {} tegn",
    "a user needs a password file, and a password file a user":
        "en bruger skal have en kodeordsfil, og en kodeordsfil en bruger",
    "no kind of source is called {}; known: {}": "ingen slags kilde hedder {}; kendte: {}",
    "no source can be called {}: a-z, 0-9 and '-', 2 to 40, a letter first":
        "ingen kilde kan hedde {}: a-z, 0-9 og '-', 2 til 40 tegn, et bogstav først",
    "there is or was a source called {}; a name is never given twice":
        "der er eller var en kilde, der hedder {}; et navn gives aldrig to gange",
    "two different people stand behind what is hunted for without a person":
        "to forskellige mennesker står bag det, der jages efter uden et menneske",
    "{} has ended, or is not to hunt: set its hunts per day first":
        "{} er ophørt eller skal ikke jage: sæt dens jagter om dagen først",
    "{} has ended; add a new source": "{} er ophørt; tilføj en ny kilde",
    "{} is being read already": "{} bliver allerede læst",
    "{} is {}: {}": "{} er {}: {}",
    "{} lies in 0..{}": "{} ligger i 0..{}",
    "{} stays at the centre: nothing of it may be told to actors":
        "{} bliver i centret: intet af det må fortælles til aktører",
    # publications
    "a lead is ignored for 1 to {} days": "et spor ignoreres i 1 til {} dage",
    "no document is called {}": "intet dokument hedder {}",
    "{} is no publisher ([publish] publishers)": "{} er ikke udgiver ([publish] publishers)",
    "who edited it last cannot approve it; another person must":
        "den, der sidst redigerede det, kan ikke godkende det; det skal en anden",
    "{} stands at version {}, not {}; look again": "{} står ved version {}, ikke {}; se igen",
    "{} has no version {}": "{} har ingen version {}",
    "a document has at most {} versions": "et dokument har højst {} versioner",
    "{} is done with words, not by an act alone": "{} gøres med ord, ikke ved en handling alene",
    "what is {} cannot be given {}; possible: {}": "det, der er {}, kan ikke: {}; muligt: {}",
    "a reason has 1 to {} printable characters": "en begrundelse har 1 til {} synlige tegn",
    "a period is named as {}, not {}": "en periode skrives {}, ikke {}",
    "{} is not over yet": "{} er ikke forbi endnu",
    "a picture is of today, {}, not of {}": "et billede er af i dag, {}, ikke af {}",
    "{} is a figure: its data is not for editing; take it out, or add words after it":
        "{} er en figur: dens data redigeres ikke; tag den ud, eller tilføj ord efter den",
    "there is no {}; a place is section/number, as `show` names it":
        "der er intet {}; et sted skrives afsnit/nummer",
    "a source is named by 1 to {} printable characters": "en kilde nævnes med 1 til {} synlige tegn",
    "a text has 1 to {} printable characters in each language": "en tekst har 1 til {} synlige tegn på hvert sprog",
    "more than {} sources: name the query instead": "mere end {} kilder: nævn forespørgslen i stedet",
    "a section has at most {} blocks": "et afsnit har højst {} blokke",
    "documents are drawn with {}, which is not installed: pip install 'bavn[reports]'":
        "dokumenter tegnes med {}, som ikke er installeret: pip install 'bavn[reports]'",
}  # fmt: skip

WORDS: Final[dict[str, str]] = {
    "draft": "kladde", "review": "til gennemsyn", "approved": "godkendt", "released": "frigivet", "expired": "udløbet",
    "withdrawn": "trukket tilbage", "approve": "godkende", "refresh": "forny", "sink": "sænke", "hurry": "fremskynde",
    "refuse": "afvise", "stop": "standse", "retire": "tage ud af drift", "expire": "udløbe", "on": "slået til",
    "off": "slået fra", "active": "aktiv", "suspended": "sat i bero", "ended": "ophørt", "invited": "inviteret",
    "revoked": "lukket ude", "proposed": "foreslået", "dismissed": "afvist", "published": "udgivet",
    "archived": "arkiveret", "edited": "redigeret", "publish": "udgive", "archive": "arkivere", "edit": "redigere",
}  # fmt: skip
"""States and acts of these rooms."""
