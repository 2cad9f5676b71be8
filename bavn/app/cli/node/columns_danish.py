"""What a column of the node's tables holds, and what a function gives, in Danish: by the English sentence beside the
column. A sentence that nobody translated stays as it is (a test looks for those). Refuses to know the tables.
"""

from typing import Final

from bavn.model.text import Language

HOLDS: Final[dict[str, str]] = {
    "when it happened (flow: its first packet), UTC, microseconds":
        "hvornår det skete (flow: første pakke), UTC, mikrosekunder",
    "the sensor or log source that saw it": "sensoren eller logkilden, der så det",
    "the side that opened the connection (dns: the client)": "siden, der åbnede forbindelsen (dns: klienten)",
    "0 where the protocol has none": "0, hvor protokollen ingen har",
    "the side that was called": "siden, der blev kaldt",
    "tcp, udp, icmp, ipv6-icmp, sctp or the IP protocol number as text":
        "tcp, udp, icmp, ipv6-icmp, sctp eller IP-protokollens nummer som tekst",
    "joins the rows of one flow within one source; 0 if the source has none":
        "samler rækkerne af ét flow inden for én kilde; 0, hvis kilden ingen har",
    "Community ID v1, seed 0": "Community ID v1, seed 0",
    "last packet, UTC": "sidste pakke, UTC",
    "dns, tls, http, smb, ... as Suricata names them; NULL if unknown":
        "dns, tls, http, smb, ... som Suricata kalder dem; NULL, hvis ukendt",
    "bytes, headers included": "bytes, hoveder medregnet",
    "packets": "pakker",
    "new, established, closed or bypassed (Zeek's conn_state is mapped)":
        "new, established, closed eller bypassed (Zeeks conn_state er oversat)",
    "timeout, forced, shutdown": "timeout, forced, shutdown",
    "flags seen towards the server, as a byte": "flag set mod serveren, som en byte",
    "flags seen towards the client, as a byte": "flag set mod klienten, som en byte",
    "NULL unless icmp": "NULL, medmindre icmp",
    "the call got no answer or a refusal (TCP: no SYN-ACK, or RST to the SYN); NULL where the source cannot know":
        "kaldet fik intet svar eller et afslag (TCP: ingen SYN-ACK, eller RST på SYN); NULL, hvor kilden ikke kan"
        " vide det",
    "first packet of the flow of which this row is one part, UTC; NULL for a whole flow. A row with since before ts"
    " goes on with a flow and is no call of its own":
        "første pakke i det flow, som rækken er en del af, UTC; NULL for et helt flow. En række med since før ts"
        " fortsætter et flow og er ikke selv et kald",
    "the source saw one packet in so many: bytes and packets are estimates, scaled up; 1 or NULL: every packet, or"
    " unknown":
        "kilden så én pakke ud af så mange: bytes og pakker er skøn, ganget op; 1 eller NULL: hver pakke, eller ukendt",
    "queried name, lower case, no trailing dot": "navnet, der blev spurgt om, små bogstaver, uden punktum sidst",
    "A, AAAA, TXT, ...": "A, AAAA, TXT, ...",
    "NOERROR, NXDOMAIN, ...; NULL while unanswered": "NOERROR, NXDOMAIN, ...; NULL, så længe det er ubesvaret",
    "TRUE on rows that hold an answer; queries and answers are rows of their own where the source has both":
        "TRUE på rækker med et svar; spørgsmål og svar er hver sin række, hvor kilden har begge",
    "rdata of the answers as text": "svarenes rdata som tekst",
    "summed length of the rdata texts": "rdata-teksternes samlede længde",
    "smallest TTL among the answers": "mindste TTL blandt svarene",
    "server name, lower case": "servernavn, små bogstaver",
    "negotiated version as Suricata names it": "aftalt version, som Suricata kalder den",
    "certificate subject": "certifikatets indehaver",
    "certificate issuer": "certifikatets udsteder",
    "certificate fingerprint, lower-case hex without colons":
        "certifikatets fingeraftryk, hex med små bogstaver uden kolon",
    "UTC": "UTC",
    "md5, lower-case hex": "md5, hex med små bogstaver",
    "what ja3 hashes": "det, som ja3 er hash af",
    "JA4": "JA4",
    "session resumed": "session genoptaget",
    "negotiated: IANA's name, or its hexadecimal number where the source says that":
        "aftalt: IANA's navn, eller det hexadecimale nummer, hvor kilden siger det",
    "where the source says it; as in kex": "hvor kilden siger det; som i kex",
    "": "",
    "algorithm that the certificate is signed with": "algoritmen, som certifikatet er underskrevet med",
    "Host header, lower case, without port": "Host-hovedet, små bogstaver, uden port",
    "path and query: never leaves the actor": "sti og forespørgsel: forlader aldrig aktøren",
    "GET, POST, ...": "GET, POST, ...",
    "of the response": "svarets",
    "Server header": "Server-hovedet",
    "body": "indholdet",
    "SMB command; TREE_CONNECT for Zeek's smb_mapping": "SMB-kommando; TREE_CONNECT for Zeeks smb_mapping",
    "STATUS_...": "STATUS_...",
    "\\\\server\\share": "\\\\server\\share",
    "open, create, write, ...": "open, create, write, ...",
    "UUID of the interface": "grænsefladens UUID",
    "name of the interface where known (svcctl, atsvc, drsuapi, ...)":
        "grænsefladens navn, hvor det kendes (svcctl, atsvc, drsuapi, ...)",
    "name where the source gives it": "navn, hvor kilden giver det",
    "client HASSH": "klientens HASSH",
    "where the source knows": "hvor kilden ved det",
    "negotiated, where the source knows": "aftalt, hvor kilden ved det",
    "algorithm of the host key, where the source knows": "værtsnøglens algoritme, hvor kilden ved det",
    "initial_request, connect_response, tls_handshake, ...": "initial_request, connect_response, tls_handshake, ...",
    "user hint: never leaves the actor": "tegn på bruger: forlader aldrig aktøren",
    "KRB_AS_REP, KRB_TGS_REP, KRB_ERROR": "KRB_AS_REP, KRB_TGS_REP, KRB_ERROR",
    "never leaves the actor": "forlader aldrig aktøren",
    "or MIME type": "eller MIME-type",
    "bytes": "bytes",
    "what carried it": "det, der bar den",
    "HTTP host where it was HTTP": "HTTP-vært, hvor det var HTTP",
    "1 is worst": "1 er værst",
    "allowed, blocked": "allowed, blocked",
    "request, reply": "request, reply",
    "discover, offer, request, ack, ...": "discover, offer, request, ack, ...",
    "lower-case with colons": "små bogstaver med kolon",
    "address given": "adressen, der blev givet",
    "vendor class identifier": "leverandørens klasse (vendor class identifier)",
    "seconds": "sekunder",
    "packets since start": "pakker siden start",
    "packets lost since start": "tabte pakker siden start",
    "bytes since start": "bytes siden start",
    "flows refused for memory since start": "flow afvist af mangel på hukommelse siden start",
    "TCP connections put together since start": "TCP-forbindelser samlet siden start",
    "holes in them, where packets never came, since start": "huller i dem, hvor pakker aldrig kom, siden start",
    "tls, dtls, quic or ssh": "tls, dtls, quic eller ssh",
    "server name asked for, lower case; NULL for none": "servernavn, der blev bedt om, små bogstaver; NULL for intet",
    "negotiated; NULL while the server has not answered": "aftalt; NULL, så længe serveren ikke har svaret",
    "negotiated: IANA's name; SSH: towards the server": "aftalt: IANA's navn; SSH: mod serveren",
    "negotiated: IANA's name; RSA where there is none; SSH's kex method":
        "aftalt: IANA's navn; RSA, hvor der ingen er; SSH's kex-metode",
    "by the client, in its order, GREASE left out": "af klienten, i dens rækkefølge, uden GREASE",
    "groups the client sent a share of in its first hello":
        "grupper, som klienten sendte en andel af i sin første hello",
    "by the client": "af klienten",
    "signature algorithms the client takes; SSH: host key algorithms":
        "underskriftsalgoritmer, som klienten tager; SSH: værtsnøglens algoritmer",
    "that the server signed with, where it shows; SSH: host key algorithm":
        "som serveren skrev under med, hvor det kan ses; SSH: værtsnøglens algoritme",
    "the server asked for another share (HelloRetryRequest)": "serveren bad om en anden andel (HelloRetryRequest)",
    "by a ticket or session known before; NULL if it does not show":
        "med en billet eller session fra før; NULL, hvis det ikke kan ses",
    "the hello has an encrypted one inside, or greases one": "hello har en krypteret inden i sig, eller lader som om",
    "key of the server's certificate: RSA, EC secp256r1, Ed25519, ML-DSA-65, ...":
        "nøglen i serverens certifikat: RSA, EC secp256r1, Ed25519, ML-DSA-65, ...",
    "size of that key": "den nøgles størrelse",
    "algorithm its issuer signed it with": "algoritmen, som udstederen skrev under med",
    "SHA-1 of the certificate, lower-case hex, as in tls": "certifikatets SHA-1, hex med små bogstaver, som i tls",
    "subject and issuer are one": "indehaver og udsteder er den samme",
    "the side that opened the connection": "siden, der åbnede forbindelsen",
    "hours since 1970, by ts": "timer siden 1970, efter ts",
    "flow rows that are a call: not those that go on with a flow":
        "flow-rækker, der er et kald: ikke dem, der fortsætter et flow",
    "of these, those that failed": "heraf dem, der mislykkedes",
    "of these, those that did not; of the rest the source cannot know":
        "heraf dem, der ikke gjorde; om resten kan kilden ikke vide det",
    "smallest ts": "mindste ts",
    "largest ts": "største ts",
    "the client": "klienten",
    "dns, tls or http": "dns, tls eller http",
    "queried name, SNI or Host": "navn, der blev spurgt om, SNI eller Host",
    "registered domain of the name, NULL for none": "navnets registrerede domæne, NULL for intet",
    "rows: a query and its answer are two where the source writes both":
        "rækker: et spørgsmål og dets svar er to, hvor kilden skriver begge",
    "the usual text of a stored address": "den sædvanlige tekst for en gemt adresse",
    "the stored address of a text; an error if it is none":
        "den gemte adresse for en tekst; en fejl, hvis det ingen er",
    "the same, NULL if it is none": "det samme, NULL, hvis det ingen er",
    "whether a stored address lies in a network": "om en gemt adresse ligger i et net",
    "whether it lies in one of the node's own networks": "om den ligger i et af nodens egne net",
    "the hour column of a roll-up as a time (UTC)": "time-kolonnen i en sammentælling som et tidspunkt (UTC)",
}  # fmt: skip


def holds(english: str, language: Language) -> str:
    """What a column holds or a function gives, as a person reads it."""
    return HOLDS.get(english, english) if language == "da" else english
