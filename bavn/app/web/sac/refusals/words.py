"""The Danish of what the centre's rooms refuse a person, by phrases; ``{}`` stands for what is told of the case."""

from typing import Final

from bavn.model.sector.case import CASE_WORDS
from bavn.model.sector.nis2 import NAMES
from bavn.model.sector.work import TASK_WORDS

PHRASES: Final[dict[str, str]] = {
    # leads and cases
    "no lead is called {}": "intet spor hedder {}",
    "no case is called {}": "ingen sag hedder {}",
    "no task is called {}": "ingen opgave hedder {}",
    "no evidence is called {}": "intet bevis hedder {}",
    "{} was changed by somebody else; look again": "{} blev ændret af en anden; se igen",
    "{} was changed by somebody else since {}; look again": "{} blev ændret af en anden siden {}; se igen",
    "task {} was changed by somebody else; look again": "opgave {} blev ændret af en anden; se igen",
    "the case is {}: you cannot {} it now; possible: {}": "sagen er {}, så du kan ikke {} nu; muligt: {}",
    "the task is {}: {} is not possible now; possible: {}": "opgaven er {}: {} er ikke muligt nu; muligt: {}",
    "{} is no person's name: 2 to 64 letters, digits and . @ + ' - or space": "{} er intet personnavn: 2 til 64 bogstaver, cifre og . @ + ' - eller mellemrum",
    "to {} a case needs a reason": "en sag skal have en begrundelse for at kunne: {}",
    "to {} a task needs a reason of at most {} characters": "en opgave skal have en begrundelse på højst {1} tegn for at kunne: {0}",
    "a reason has at most {} characters": "en begrundelse har højst {} tegn",
    "a comment has 1 to {} characters": "en kommentar har 1 til {} tegn",
    "terms go with a release": "vilkår hører til en frigivelse",
    "a merge names the case that goes on: bavn centre merge": "en sammenlægning nævner den sag, der fortsætter",
    # tasks, words
    "a task or question has 1 to {} characters that can be seen": "en opgave eller et spørgsmål har 1 til {} tegn, der kan ses",
    "what actors read has 1 to {} characters that can be seen": "det, aktører læser, har 1 til {} tegn, der kan ses",
    "nobody is asked": "ingen bliver spurgt",
    "{} has {} tasks in {}, and that is the bound": "{} har {} opgaver i {}, og det er grænsen",
    "{} is the actor's to say": "{} er aktørens at sige",
    "{} is not in {}: bavn centre involve": "{} er ikke med i {}: tilføj aktøren først",
    "{} was merged: {} goes on": "{} blev lagt sammen: {} fortsætter",
    "no actor can be called {}": "ingen aktør kan hedde {}",
    "a deadline is 1 to {} hours, not {}": "en frist er 1 til {} timer, ikke {}",
    "deadlines are 1 to {} hours: acknowledge, then applies, then done": "frister er 1 til {} timer: kvittering, så relevans, så udført",
    # marking, owner, merge, split
    "its indicators are out under the present marking: withdraw them first": "dens indikatorer er ude under den nuværende mærkning: træk dem tilbage først",
    "a hand-over says why, and what the next person must know": "en overdragelse siger hvorfor, og hvad den næste skal vide",
    "a case that is {} has no owner to hand it over: take it": "en sag, der er {}, har ingen ejer: tag den",
    "{} owns {} already": "{} ejer allerede {}",
    "a merge needs a reason": "en sammenlægning skal have en begrundelse",
    "a split needs a reason": "en deling skal have en begrundelse",
    "a case cannot be merged into itself": "en sag kan ikke lægges sammen med sig selv",
    "{} has an order that is not carried out: wait for it": "{} har en ordre, der ikke er udført: vent på den",
    "{} is {}: only one that is open can go on": "{} er {}: kun en åben sag kan fortsætte",
    "{} is confirmed and {} is not: confirm that one first, or merge the other way": "{} er bekræftet, og {} er ikke: bekræft den først, eller læg sammen den anden vej",
    "{} is {}: only one that is open, with nothing released, is split": "{} er {}: kun en åben sag uden noget frigivet kan deles",
    "a split names some of the case's observables, and leaves some": "en deling nævner nogle af sagens observabler og lader nogle blive",
    "the merges of {} run in a circle": "sammenlægningerne af {} går i ring",
    "NIS2's clocks of {} stand in both cases: they cannot be merged": "NIS2-urene for {} står i begge sager: de kan ikke lægges sammen",
    "{} is no class/type of RSIT v{}": "{} er ingen klasse/type i RSIT v{}",
    "techniques are ATT&CK ids such as T1071.001, at most {}: {}": "teknikker er ATT&CK-numre som T1071.001, højst {}: {}",
    # NIS2
    "{} needs a reason": "{} skal have en begrundelse",
    "{} is no critical function; there are {}": "{} er ingen kritisk funktion; der er {}",
    "{} was noted already; to change it say so and why": "{} er allerede noteret; ret det med en begrundelse",
    "{} is no report; there are {}": "{} er ingen rapport; der er {}",
    "{} lies in the future": "{} ligger i fremtiden",
    "the clocks start when the entity becomes aware that the incident is significant: note aware": "urene begynder, når enheden bliver bekendt med, at hændelsen er væsentlig: notér det først",
    "{} lies before the entity was aware that the incident is significant": "{} ligger, før enheden var bekendt med, at hændelsen er væsentlig",
    "{} lies before {}": "{} ligger før {}",
    "{} comes after {}, which was not noted": "{} kommer efter {}, som ikke er noteret",
    "an incident with a final report was significant": "en hændelse med en endelig rapport var væsentlig",
    # what this console asks for itself
    "no actor is called {}": "ingen aktør hedder {}",
    "this cannot be done": "dette kan ikke gøres",
}
"""English to Danish. Where the order of the holes differs, the Danish numbers them."""

WORDS: Final[dict[str, str]] = {
    "take": "tage",
    "confirm": "bekræfte",
    "release": "frigive",
    "withdraw": "trække tilbage",
    "close": "lukke",
    "dismiss": "afvise",
    "reopen": "genåbne",
    "merge": "lægge sammen",
    "nothing": "intet",
    "a correction": "en rettelse",
    "cancel": "annullere",
    "acknowledge": "kvittere",
    "applies": "relevant",
    "done": "udført",
    **{one.value: words.da for one, words in CASE_WORDS.items()},
    **{words.en: words.da for words in CASE_WORDS.values()},
    **{one.value: words.da for one, words in TASK_WORDS.items() if one.value not in ("applies", "done")},
    **{one.value: words.da for one, words in NAMES.items()},
}
"""What may stand in a hole and is a word of the house's own."""
