"""The two sheets of a training case as accessible pages: what to find out, and what the detectors conclude and why.

Made of the case as it was told again, never of the suspicion it was made of. Refuses a script, and any text unescaped.
"""

from html import escape
from typing import Final

from bavn.app.analyst.detector_guide import AGAINST, guide_of
from bavn.model.moment import iso
from bavn.model.sector.tally import technique_words
from bavn.model.suspicion import Suspicion
from bavn.model.text import Language, Number, Text

_TITLE: Final = Text("Training case")
_ANSWERS: Final = Text("Training case: answers")
_INTRO: Final = Text(
    "{case} holds records of a network that does not exist, made from a real suspicion. Look at"
    " it with any tool you like, then answer. Hosts inside are in 10.0.0.0/8 and fd00:77::/32."
)
_CHECK: Final = Text("Check yourself: bavn analyse {case}")
_ASKED: Final = (
    Text("Which inside host would you look at first, and why?"),
    Text("With whom or what does it have to do?"),
    Text("What is it that repeats, is too much, or is new? Put figures to it."),
    Text("When did it begin, and when was it last seen?"),
    Text("Which technique of ATT&CK would you file it under?"),
    Text("What of it could be told to others without telling who you are?"),
    Text("Which innocent explanations are there, and how would you rule each out?"),
    Text("What would you do first, and what would you leave alone for now?"),
)
_NOTHING: Final = Text("Nothing outside is named: it stays at home.")
_STYLE: Final = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:45rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;"
    "background:#fff}h1,h2{line-height:1.2}li{margin:0 0 1.2rem}.room{border:1px solid #767676;min-height:4rem;"
    "margin-top:.4rem}code{background:#f0f0f0;padding:.1em .3em;overflow-wrap:anywhere}"
)


def questions(found: Suspicion, language: Language, case: str) -> str:
    """What to find out; ``found`` only says that there is one."""
    del found  # a question sheet that knew it could give it away
    questions_html = "".join(
        f'<li>{escape(one.say(language))}<div class="room" aria-hidden="true"></div></li>' for one in _ASKED
    )
    body = f"<p>{escape(_INTRO.filled(case=case).say(language))}</p><ol>{questions_html}</ol>"
    return _page(_TITLE.say(language), body, language)


def answers(suspicion: Suspicion, language: Language, case: str) -> str:
    """What the detectors conclude from the case, and what is known of such conclusions."""
    span = f"{iso(suspicion.first_us)[:19]} - {iso(suspicion.last_us)[:19]} UTC"
    named = ", ".join(map(str, suspicion.observables)) or _NOTHING.say(language)
    technique = technique_words(suspicion.technique).say(language)
    given = (suspicion.host, suspicion.peer, suspicion.why.say(language), span, technique, named)
    parts = "".join(
        f"<li>{escape(asked.say(language))}<p><strong>{escape(answer)}</strong></p></li>"
        for asked, answer in zip(_ASKED, given, strict=False)
    )
    against = "" if suspicion.against is None else AGAINST.filled(said=suspicion.against).say(language)
    guide = "".join(
        f"<h2>{escape(head.say(language))}</h2><p>{escape(paragraph.say(language))}</p>"
        for head, paragraph in guide_of(suspicion.detector)
    )
    check = f"<p><code>{escape(_CHECK.filled(case=case).say(language))}</code></p>"
    what = f"<p><strong>{escape(suspicion.headline.say(language))}</strong></p><p>{escape(against)}</p>"
    p = Number(suspicion.p, ".2g").say(language)
    detector = f"<p>{escape(suspicion.detector)}, p = {p}</p>"
    return _page(_ANSWERS.say(language), f"{what}{detector}<ol>{parts}</ol>{guide}{check}", language)


def _page(title: str, body: str, language: Language) -> str:
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n"
        f"{body}\n</main>\n</body>\n</html>\n"
    )
