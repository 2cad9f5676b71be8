"""Why a line or a source was refused, in Danish: what the sources say in English, by phrases.

A source counts reasons by their words and so says them in one language; a person reads them in either. ``{}`` stands
for what is told of the case. A phrase that nobody translated stays as it is (tests/app/test_danish.py looks for those).
"""

import re
from functools import cache
from typing import Final

from bavn.model.text import Language, Text

PHRASES: Final[dict[str, str]] = {
    # a file or a folder
    "{} cannot be read ({}): let the node's user read it": "{} kan ikke læses ({}): lad nodens bruger læse den",
    "{} cannot be opened ({}): let the node's user read it": "{} kan ikke åbnes ({}): lad nodens bruger læse den",
    "{} cannot be listed ({}): let the node's user read it": "{} kan ikke listes ({}): lad nodens bruger læse den",
    "{} cannot be written ({}): let the node's user write it": "{} kan ikke skrives ({}): lad nodens bruger skrive den",
    "{} cannot be written ({}): make room": "{} kan ikke skrives ({}): skaf plads",
    "{} cannot be used ({}): let the node's user write it": "{} kan ikke bruges ({}): lad nodens bruger skrive den",
    "{} is not there: is its name right?": "{} findes ikke: er navnet rigtigt?",
    "{} is a folder: name a file in it": "{} er en mappe: nævn en fil i den",
    "{} is no folder that can be read: name the one in which Zeek's conn.log is": "{} er ingen mappe, der kan læses: nævn den, hvor Zeeks conn.log ligger",
    "{} holds more than {} files: name a smaller folder": "{} rummer flere end {} filer: nævn en mindre mappe",
    "there is no such file or folder": "der er ingen sådan fil eller mappe",
    "the folder is empty": "mappen er tom",
    "the file is empty": "filen er tom",
    "more than {} files": "flere end {} filer",
    "it holds no record that Bavn knows": "den rummer ingen post, som Bavn kender",
    "it is too much for one look ({}): give less at a time": "det er for meget at se på på én gang ({}): giv mindre ad gangen",
    "{} is neither a packet capture, nor EVE, nor a log of Zeek's or of another known program": "{} er hverken en pakkeopsamling, EVE eller en log fra Zeek eller et andet kendt program",
    "neither a packet capture, nor EVE, nor a log of Zeek's or of another known program": "hverken en pakkeopsamling, EVE eller en log fra Zeek eller et andet kendt program",
    "a Zeek log without its head (#fields): the columns cannot be known; keep the lines that begin with #": "en Zeek-log uden sit hoved (#fields): kolonnerne kan ikke kendes; behold linjerne, der begynder med #",
    "{} is packed by another program than gzip: unpack it first": "{} er pakket af et andet program end gzip: pak den ud først",
    "packed by another program than gzip: unpack it first": "pakket af et andet program end gzip: pak den ud først",
    "{} is text in UTF-16: write it as UTF-8 (iconv -f UTF-16 -t UTF-8)": "{} er tekst i UTF-16: skriv den som UTF-8 (iconv -f UTF-16 -t UTF-8)",
    "text in UTF-16: write it as UTF-8 (iconv -f UTF-16 -t UTF-8)": "tekst i UTF-16: skriv den som UTF-8 (iconv -f UTF-16 -t UTF-8)",
    "neither a file nor a folder (a socket, a pipe, a device)": "hverken en fil eller en mappe (en socket, et rør, en enhed)",
    "{} is a Zeek log without its head (#fields): the columns cannot be known; keep the lines that begin with #": "{} er en Zeek-log uden sit hoved (#fields): kolonnerne kan ikke kendes; behold linjerne, der begynder med #",
    "cannot be read on: {}": "kan ikke læses videre: {}",
    "the gzip archive is cut off": "gzip-arkivet er skåret over",
    "the gzip archive is damaged: {}": "gzip-arkivet er beskadiget: {}",
    "{} of {} bytes could not be read: {}": "{} af {} bytes kunne ikke læses: {}",
    "the capture is damaged": "opsamlingen er beskadiget",
    "rotated away while nobody read: the lines between are lost": "roteret væk, mens ingen læste: linjerne imellem er tabt",
    "cut short in place and no copy found: the lines between may be lost": "afkortet på stedet, og ingen kopi fundet: linjerne imellem kan være tabt",
    # a capture
    "{} is no packet capture: it begins like neither pcap nor pcapng": "{} er ingen pakkeopsamling: den begynder hverken som pcap eller pcapng",
    "{} breaks off in its header: copy it again": "{} slutter midt i sit hoved: kopiér den igen",
    "{} holds interfaces of different link types {}: split it (tshark -F pcap)": "{} rummer grænseflader af forskellige linktyper {}: del den (tshark -F pcap)",
    "{} was captured on a link of type {}, which Suricata does not decode: capture on Ethernet, or rewrite it"
    " (editcap -T)": "{} er opsamlet på et link af typen {}, som Suricata ikke afkoder: opsaml på Ethernet, eller omskriv den"
    " (editcap -T)",
    "a block breaks off": "en blok slutter midt i",
    "a block is of an impossible length": "en blok har en umulig længde",
    "a section is in no known byte order": "en sektion har en ukendt byterækkefølge",
    "a packet breaks off": "en pakke slutter midt i",
    "a packet breaks off or is of an impossible length": "en pakke slutter midt i eller har en umulig længde",
    "it begins like neither pcap nor pcapng": "den begynder hverken som pcap eller pcapng",
    "it breaks off in its header": "den slutter midt i sit hoved",
    "more than {} in one capture": "flere end {} i én opsamling",
    "Suricata's output was removed before all of it was kept: the rest of this capture is not read again": "Suricatas udskrift blev fjernet, før det hele var gemt: resten af opsamlingen læses ikke igen",
    # Suricata
    "{}: it has no number (sid)": "{}: den har intet nummer (sid)",
    "it has no number (sid)": "den har intet nummer (sid)",
    "${} is defined nowhere": "${} er ikke defineret noget sted",
    "{}: its number is taken by a rule of Bavn's own": "{}: dens nummer bruges af en af Bavns egne regler",
    "its number is taken by a rule of Bavn's own": "dens nummer bruges af en af Bavns egne regler",
    "it is not UTF-8": "den er ikke UTF-8",
    "line {} of {}: it is not UTF-8": "linje {} i {}: den er ikke UTF-8",
    "its dataset is not in the set": "dens datasæt er ikke i sættet",
    "{}: its dataset is not in the set": "{}: dens datasæt er ikke i sættet",
    "{}: sid {} names a file outside its set": "{}: sid {} nævner en fil uden for sit sæt",
    "{}: it runs a script": "{}: den kører et script",
    "it runs a script": "den kører et script",
    "{}: it reads a file outside its set": "{}: den læser en fil uden for sit sæt",
    "it reads a file outside its set": "den læser en fil uden for sit sæt",
    "{}: it writes a file outside its set": "{}: den skriver en fil uden for sit sæt",
    "it writes a file outside its set": "den skriver en fil uden for sit sæt",
    "{}: it reaches into the sets of indicators that Bavn keeps": "{}: den rører ved de sæt af indikatorer, som Bavn holder",
    "it reaches into the sets of indicators that Bavn keeps": "den rører ved de sæt af indikatorer, som Bavn holder",
    "{}: it is longer than what Suricata reads as one line": "{}: den er længere, end Suricata læser som én linje",
    "it is longer than what Suricata reads as one line": "den er længere, end Suricata læser som én linje",
    "there is not one rule in it": "der er ikke en eneste regel i det",
    "there is not one rule in it: {}": "der er ikke en eneste regel i det: {}",
    "{}: there is not one rule in it": "{}: der er ikke en eneste regel i den",
    "{}: it is no archive of rules ({})": "{}: den er ikke et arkiv med regler ({})",
    "{} of {} rules fail: {}": "{} af {} regler fejler: {}",
    "{} rules are left of {}, more than a third less; if that is meant, say --accept-shrink": "{} regler er tilbage af {}, over en tredjedel færre; er det meningen, så sig --accept-shrink",
    "{} rules are left of {}, more than a third less: {}; if that is meant, say --accept-shrink": "{} regler er tilbage af {}, over en tredjedel færre: {}; er det meningen, så sig --accept-shrink",
    "{} is not installed: apt-get install {}": "{} er ikke installeret: apt-get install {}",
    "{}: Suricata cannot read it: {}": "{}: Suricata kan ikke læse den: {}",
    "{}: Suricata ended with status {}: {}": "{}: Suricata sluttede med status {}: {}",
    "{}: Suricata was not done after {} s: give it a smaller capture": "{}: Suricata var ikke færdig efter {} s: giv den en mindre opsamling",
    "{}: no place to work in {} ({})": "{}: ingen plads at arbejde i {} ({})",
    "the rule file {} cannot be read ({})": "regelfilen {} kan ikke læses ({})",
    "Suricata does not rotate its log: {}": "Suricata roterer ikke sin log: {}",
    "Suricata on {} ended with status {}: {}. It is started again after {} s": "Suricata på {} sluttede med status {}: {}. Den startes igen om {} s",
    "Suricata on {} does not keep up or hangs: it says nothing of itself any more": "Suricata på {} følger ikke med eller hænger: den siger intet mere om sig selv",
    "it did not say why": "den sagde ikke hvorfor",
    "the disk under {} is full: what Suricata writes is lost until there is room": "disken under {} er fuld: hvad Suricata skriver, går tabt, til der er plads",
    "the interface {} is gone: capture goes on when it is back": "grænsefladen {} er væk: opsamlingen fortsætter, når den er tilbage",
    "there is no interface {}: name one that `ip link` lists": "der er ingen grænseflade {}: nævn en, som `ip link` viser",
    "{} bytes deleted unread: more than {} were waiting": "{} bytes slettet ulæst: mere end {} ventede",
    # a line
    "no JSON": "ingen JSON",
    "unreadable": "kan ikke læses",
    "samples": "stikprøver",
    "a packet of an impossible time": "en pakke med et umuligt tidspunkt",
    "no event_type": "ingen event_type",
    "no time": "ingen tid",
    "not understood": "ikke forstået",
    "of no known program": "fra intet kendt program",
    "address": "adresse",
    "port": "port",
    "proto": "protokol",
    "timestamp": "tidsstempel",
    "ts": "ts",
    "no UTF-8 at byte {}": "ingen UTF-8 ved byte {}",
    "a line of {} bytes, more than {}": "en linje på {} bytes, mere end {}",
    "no line of squid's access.log": "ingen linje fra squids access.log",
    "no line of a common or combined log": "ingen linje fra en common- eller combined-log",
    "a line takes more memory to read than the engine may use": "en linje kræver mere hukommelse, end motoren må bruge",
    "takes more memory to read than the engine may use": "kræver mere hukommelse, end motoren må bruge",
    # dnstap
    "a control frame of {} bytes": "en kontrolramme på {} bytes",
    "a frame of {} bytes, more than {}": "en ramme på {} bytes, mere end {}",
    "a number without an end": "et tal uden ende",
    "cut off": "skåret over",
    "field {} is no number": "felt {} er intet tal",
    "field {} is no text": "felt {} er ingen tekst",
    "no dnstap message": "ingen dnstap-besked",
    "no possible time": "ingen mulig tid",
    "the last frame is cut off": "den sidste ramme er skåret over",
    "wire type {}": "wiretype {}",
    "from a sender outside the own networks": "fra en afsender uden for egne net",
    "dnstap cannot be received at {} ({})": "dnstap kan ikke modtages på {} ({})",
    # flow records
    "a datagram that a sudden end cut off": "et datagram, som en brat slutning skar over",
    "a datagram that breaks off": "et datagram, der slutter midt i",
    "a datagram that breaks off in its header": "et datagram, der slutter midt i sit hoved",
    "a sender whom flow_exporters does not list": "en afsender, som flow_exporters ikke nævner",
    "a set of the reserved number {}": "et sæt med det reserverede nummer {}",
    "a set that is longer than its datagram or shorter than its head": "et sæt, der er længere end sit datagram eller kortere end sit hoved",
    "a template breaks off": "en skabelon slutter midt i",
    "a template numbered {}, below 256": "en skabelon med nummer {}, under 256",
    "a template of records of {} bytes, more than {}": "en skabelon for poster på {} bytes, mere end {}",
    "a template of records without a byte": "en skabelon for poster uden en byte",
    "a template of {} fields, more than {}": "en skabelon med {} felter, flere end {}",
    "counts more than a flow can be": "tæller mere, end en forbindelse kan være",
    "its template has not come": "dens skabelon er ikke kommet",
    "more at once than the memory for reading holds": "mere på én gang, end hukommelsen til læsning rummer",
    "more exporters than a node takes": "flere eksportører, end en node tager",
    "more than {} templates of one domain": "flere end {} skabeloner i ét domæne",
    "more waiting than the memory for reading holds": "flere, der venter, end hukommelsen til læsning rummer",
    "neither NetFlow v5, v9 nor IPFIX: version {}": "hverken NetFlow v5, v9 eller IPFIX: version {}",
    "not sFlow version 5: version {}": "ikke sFlow version 5: version {}",
    "nothing can be received at {}:{} ({})": "intet kan modtages på {}:{} ({})",
    "the spool cannot be written ({})": "køen kan ikke skrives ({})",
    "the state beside the spool is missing: what waited for its other half is lost": "tilstanden ved siden af køen mangler: hvad der ventede på sin anden halvdel, er tabt",
    # syslog
    "a connection more than syslog_connections_max": "en forbindelse mere end syslog_connections_max",
    "above syslog_lines_per_s_max": "over syslog_lines_per_s_max",
    "an octet count above syslog_line_bytes_max": "et octet-antal over syslog_line_bytes_max",
    "cut off by the end of its connection": "skåret over af forbindelsens slutning",
    "from a sender that is not in syslog_senders": "fra en afsender, der ikke står i syslog_senders",
    "half a message and no more: closed": "en halv besked og ikke mere: lukket",
    "longer than syslog_line_bytes_max": "længere end syslog_line_bytes_max",
    "nothing for syslog_idle_s: closed": "intet i syslog_idle_s: lukket",
    # key exchanges
    "a CRYPTO frame breaks off": "en CRYPTO-ramme slutter midt i",
    "a frame breaks off": "en ramme slutter midt i",
    "a frame of type {} in an Initial packet": "en ramme af typen {} i en Initial-pakke",
    "an ACK of more ranges than bytes": "en ACK med flere intervaller end bytes",
    "a greeting without an end": "en hilsen uden ende",
    "a list of KEXINIT breaks off": "en liste i KEXINIT slutter midt i",
    "no greeting among the first lines": "ingen hilsen blandt de første linjer",
    "what follows the greeting is no KEXINIT": "hvad der følger efter hilsenen, er ingen KEXINIT",
    "a handshake message of {} bytes": "en handshake-besked på {} bytes",
    "it does not begin with a ClientHello": "den begynder ikke med en ClientHello",
    "what should be a TLS record is none": "hvad der skulle være en TLS-post, er ingen",
    "a list of odd length": "en liste af ulige længde",
    "breaks off at byte {}": "slutter ved byte {}",
    # the store, and the account of a source
    "before 1970 or after 9999": "før 1970 eller efter 9999",
    "later than the clock allows": "senere, end uret tillader",
    "older than the store keeps": "ældre, end lageret gemmer",
    "other reasons": "andre grunde",
}
"""English to Danish. A phrase that begins with ``{} `` or ``{}: `` is known without it too."""

_OF_A_FILE: Final = re.compile(r"^\{\}:? ")


def of_reason(english: str) -> Text:
    """A reason in both languages."""
    return Text.written(english or "-", da=danish(english) or "-")


def reason(english: str, language: Language) -> str:
    """A reason for a person to read."""
    return danish(english) if language == "da" else english


def danish(english: str) -> str:
    """The Danish of a reason; what is told of the case, and what nobody translated, as it stands."""
    if english in PHRASES:
        return PHRASES[english]
    for pattern, phrase in _patterns():
        met = pattern.fullmatch(english)
        if met:
            parts = list(met.groups())
            return phrase.format(*parts[:-1], danish(parts[-1])) if parts else phrase
    kind, colon, detail = english.partition(": ")
    return f"{PHRASES[kind]}: {danish(detail)}" if colon and kind in PHRASES else english


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Those with holes, the longest first, so that the one that says most is met first."""
    made: dict[str, str] = {}
    for english, said in PHRASES.items():
        if "{}" in english:
            made[english] = said
            if _OF_A_FILE.match(english) and english.count("{}") >= 1:
                shorter = _OF_A_FILE.sub("", english, count=1)
                if shorter.replace("{}", "").strip(" :"):
                    made.setdefault(shorter, _OF_A_FILE.sub("", said, count=1))
    return tuple(
        (re.compile("(.+)".join(re.escape(part) for part in english.split("{}")), re.DOTALL), said)
        for english, said in sorted(made.items(), key=lambda pair: (-len(pair[0]), pair[0]))
    )
