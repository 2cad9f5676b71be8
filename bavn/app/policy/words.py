"""What each field of the actor's policy is, in Danish; in English the settings say it themselves.

A field that nobody translated breaks tests/app/web/soc/test_door.py. Refuses to know a value.
"""

from typing import Final

from bavn.model.text import Text

DANISH: Final[dict[str, dict[str, str]]] = {
    "door": {
        "join_strong": "Deltag i runder for stærkt lokalt bevis (trin A, to aktører er nok).",
        "join_weak": "Deltag i runder for svagt lokalt bevis (trin B, der skal tre aktører til).",
        "strong_p_max": "En mistanke med denne p-værdi eller derunder tæller som stærk.",
        "weak_p_max": "En mistanke med denne p-værdi eller derunder tæller som svag; over den bliver den hjemme.",
        "join_walks": "Kilder udefra med tre flere mislykkede forsøg end gode deltager som svage, uanset deres p.",
        "strong_days": "Hvor længe en stærk mistanke bliver i mængden efter sin sidste post.",
        "weak_days": "Hvor længe en svag mistanke bliver i mængden efter sin sidste post.",
        "strong_t_min": "Det mindste antal aktører, en runde for stærkt bevis må bede om.",
        "weak_t_min": "Det mindste antal aktører, en runde for svagt bevis må bede om.",
        "members_min": "Det mindste antal medlemmer, en runde skal have, før aktøren deltager.",
        "set_elements_max": "Den største udfyldte mængde, aktøren forbereder til en runde.",
        "rounds_per_hour_max": "Flere runder end dette på en time afvises.",
        "reveal_domain": "Svar for et domæne: automatisk, spørg eller aldrig.",
        "reveal_address": "Svar for en adresse: automatisk, spørg eller aldrig.",
        "reveal_fingerprint": "Svar for et JA3-, JA4- eller certifikatfingeraftryk: automatisk, spørg eller aldrig.",
        "reveal_pair": "Svar for et par TLS-fingeraftryk (klient og server): automatisk, spørg eller aldrig.",
        "reveal_chain": "Svar for en kæde af teknikker med dens periode: automatisk, spørg eller aldrig.",
        "reveal_file": "Svar for et filfingeraftryk: automatisk, spørg eller aldrig.",
        "reports_per_day_max": "Det højeste antal meldinger, der går ud på 24 timer; resten afvises.",
        "tell_sightings": "Fortæl analysecentret, når en delt indikator mødes her, som antalstrin og time.",
        "answer_questions": "Besvar analysecentrets spørgsmål om indikatorer fra egen historik: automatisk, spørg"
        " eller aldrig; det"
        " strengeste af dette og klassens reveal_* gælder.",
        "questions_per_day_max": "Det højeste antal indikatorer, analysecentret må spørge om på 24 timer.",
        "answer_cases": "Folk her må besvare, hvad analysecentret spørger aktøren om i en sag.",
        "answer_warnings": "Folk her må besvare analysecentrets varsler: kvitteret, berørt eller ej, udført.",
        "exercises": "Deltag i sektorens øvelser, adskilt fra alt virkeligt: automatisk, spørg eller aldrig.",
        "case_answers_per_day_max": "Det højeste antal svar til sager, der går ud på 24 timer.",
        "note_nis2": "Folk her må notere aktørens egne NIS2-trin til analysecentrets ure.",
        "attach_evidence": "Folk her må vedhæfte beviser til en sag efter at have set dem.",
        "evidence_per_day_max": "Det højeste antal beviser, der går ud på 24 timer, hver på højst 4 MiB.",
        "hear_verdicts": "Hvad sektorens sager endte med, vejer i aktørens egen liste som råd.",
        "verdicts_per_day_max": "Det højeste antal, sektoren må dømme om her på 24 timer.",
        "tell_health": "Fortæl analysecentret, hvordan noden har det.",
        "tell_canaries": "Send den daglige kanariefugl gennem hele kæden, og fortæl analysecentret, hvor langt den kom.",
        "tell_counts": "Fortæl analysecentret én gang om dagen, med støj, hvor mange maskiner der blev mistænkt for hvad.",
        "counts_epsilon": "Epsilon (differential privacy) for en dags antal; mindre giver mere støj.",
        "counts_epsilon_30_days": "Det højeste epsilon på 30 dage; er det brugt, går der ingen antal ud.",
        "counts_cell_max": "Intet enkelt antal fortælles over dette, støjen fraregnet.",
        "leave_out": 'Observabler, der aldrig deltager, som "type:værdi" (egne tjenester, leverandører).',
    },
    "protect": {
        "automatic": "Spær uden at spørge et menneske; ellers venter hver spærring på et.",
        "block_days_max": "En indikator, der skal gælde længere end dette, afvises.",
        "confidence_min": "Under denne sikkerhed venter en spærring på et menneske.",
        "clock_skew_s_max": "Hvor langt foran nodens ur en indikators første øjeblik må ligge.",
        "own_domains": "Aktørens egne domæner: de og alle navne under dem spærres aldrig.",
        "never_block_file": "Sti til listen over det, der aldrig spærres (TOML); tom betyder den, der følger med Bavn.",
        "dry_run_days": "Hvor meget egen historik en spærring prøves på, før den træder i kraft.",
        "dry_run_hosts_max": "En spærring, der ville have ramt flere egne maskiner end dette, venter på et menneske.",
        "dry_run_hosts_permille_max": "Det samme, som andel af de egne maskiner, der overhovedet er set.",
        "dry_run_share_permille_max": "En spærring, der ville dække flere af de brugte mål end dette, venter på"
        " et menneske.",
        "dry_run_small_max": "Op til så mange tæller de to andele ovenfor ikke: én maskine ud af fire er ingen mængde.",
        "clinical_networks": "Egne net med klinisk udstyr (CIDR): en spærring, der ville have ramt en maskine"
        " der, venter på"
        " et menneske.",
        "rollback": "Ophæv en spærring af sig selv, når den rammer mere, end prøvekørslen lovede.",
        "rollback_hosts_more_max": "En spærring ophæves, når den på en time rammer flere egne maskiner, end"
        " prøvekørslen så i"
        " alt, og så mange mere.",
        "blocks_per_hour_max": "Flere nye spærringer end dette på en time venter på et menneske.",
        "budget_share_permille_max": "Nye spærringer på en time, der tilsammen dækker flere af de brugte mål"
        " end dette, venter"
        " på et menneske.",
        "in_force_share_permille_max": "Spærringer, som ingen har godkendt, dækker højst denne andel af målene;"
        " flere venter på"
        " et menneske.",
        "blocks_max": "Det højeste antal spærringer i kraft; én mere venter på et menneske.",
        "items_max": "Det højeste antal indikatorer, der huskes; én mere afvises.",
        "remember_days": "Hvor længe en indikators udgave huskes efter sin slutning, så en gammel ikke kan"
        " afspilles igen.",
        "retro_days": "Hvor langt tilbage der jages i egen historik efter en ny indikator.",
        "hunts_per_day_max": "Det højeste antal jagter i egen historik på 24 timer, som delte indikatorer må udløse.",
        "seen_hours": "Hvor langt tilbage alarmer på delte indikatorer tælles.",
        "seen_every_s": "Hvor ofte alarmer gås igennem.",
        "sighting_every_s": "En observation fortælles straks, når den er den første, og derefter højst så ofte.",
        "reconcile_s": "Hvor ofte de håndhævende led bringes i orden igen, selv om intet er ændret.",
        "retry_s": "Hvor længe der ventes, før et håndhævende led, der var nede, prøves igen.",
    },
}


def says(table: str, name: str, english: str) -> Text:
    """A field's sentence in both languages."""
    return Text.written(english, da=DANISH[table][name])
