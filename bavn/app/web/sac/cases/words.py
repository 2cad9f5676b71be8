"""What each act on a case is called on a button, and what it will do, said before anybody presses it.

Made for the whole life-cycle table: an act without its words does not import.
"""

from collections.abc import Mapping
from typing import Final

from bavn.model.sector.case import CaseAct
from bavn.model.text import Text

BUTTONS: Final[Mapping[CaseAct, Text]] = {
    CaseAct.TAKE: Text("Take", "Tag"),
    CaseAct.CONFIRM: Text("Confirm", "Bekræft"),
    CaseAct.RELEASE: Text("Release", "Frigiv"),
    CaseAct.WITHDRAW: Text("Withdraw", "Træk tilbage"),
    CaseAct.CLOSE: Text("Close", "Luk"),
    CaseAct.DISMISS: Text("Dismiss", "Afvis"),
    CaseAct.REOPEN: Text("Reopen", "Genåbn"),
    CaseAct.MERGE: Text("Merge into another", "Læg sammen med en anden"),
}

WILL: Final[Mapping[CaseAct, Text]] = {
    CaseAct.TAKE: Text(
        "You own the case. From now on its actors see their own part of it.",
        "Sagen er din. Fra nu af ser dens aktører deres egen del af den.",
    ),
    CaseAct.CONFIRM: Text(
        "The activity counts as malicious. What two independent groups reported goes to all actors as advice; nothing"
        " is blocked yet. You are one of the two people behind a block.",
        "Aktiviteten tæller som ondsindet. Hvad to uafhængige grupper meldte, går til alle aktører som råd; intet"
        " spærres endnu. Du er den ene af de to, der står bag en spærring.",
    ),
    CaseAct.RELEASE: Text(
        "Indicators go to every active actor within seconds. What may block needs two people: if you confirmed the"
        " case yourself, it waits for a second person.",
        "Indikatorer går til alle aktive aktører inden for sekunder. Hvad der må spærre, kræver to personer: har du"
        " selv bekræftet sagen, venter det på en anden.",
    ),
    CaseAct.WITHDRAW: Text(
        "Every actor that got an indicator of this case is told to lift it. The case is confirmed again.",
        "Alle aktører, der har fået en indikator fra sagen, får besked om at ophæve den. Sagen er bekræftet igen.",
    ),
    CaseAct.CLOSE: Text(
        "The work is over. Its indicators stay in force until their end.",
        "Arbejdet er slut. Dens indikatorer bliver i kraft til deres udløb.",
    ),
    CaseAct.DISMISS: Text(
        "The activity counts as harmless. Its elements weigh 8 nats less for all actors until somebody reopens the"
        " case, and all actors hear so as advice.",
        "Aktiviteten tæller som harmløs. Dens elementer vejer 8 nat mindre for alle aktører, indtil nogen genåbner"
        " sagen, og alle aktører får det som råd.",
    ),
    CaseAct.REOPEN: Text(
        "The case is in triage again, and what was said of it to actors as advice is taken back.",
        "Sagen er under vurdering igen, og det råd, aktørerne fik om den, trækkes tilbage.",
    ),
    CaseAct.MERGE: Text(
        "Tasks, words, evidence, actors and clocks move to the other case. This one stays with its history and says"
        " which goes on.",
        "Opgaver, ord, beviser, aktører og ure flyttes til den anden sag. Denne bliver med sin historik og siger,"
        " hvilken der fortsætter.",
    ),
}

DANGEROUS: Final = frozenset({CaseAct.RELEASE, CaseAct.WITHDRAW, CaseAct.DISMISS, CaseAct.MERGE})
"""What is asked about first: it changes what others do."""

HOW: Final = {
    "block": Text("may be blocked by nodes themselves", "må spærres af noderne selv"),
    "watch": Text("is watched for, not blocked", "holdes øje med, spærres ikke"),
    "refused": Text("would be refused", "ville blive afvist"),
}

assert set(BUTTONS) == set(WILL) == set(CaseAct)  # noqa: S101  at import: an act without words is a fault here
