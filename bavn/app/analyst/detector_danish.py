"""What each detector's own file says of it, in Danish: what it sees and misses, what is innocent, what to do first.

The English stands in the detectors' docstrings and nowhere else; a test holds every figure of one against the other.
Refuses to judge which detector is meant.
"""

from typing import Final

GUIDES: Final[dict[str, dict[str, str]]] = {
    "ioc": {
        "Sees": "nøjagtige træf i det, lageret gemmer: kald til og fra en adresse eller et net, et domæne og alt under"
        " det i DNS, TLS og HTTP, JA3, JA4, certifikat og SHA-256 af filer. Over et vindue af fortiden er det"
        " tilbagesøgningen.",
        "Misses": "hvad ingen liste nævner; en adresse, der har skiftet hænder.",
        "Innocent": "lister rummer ved en fejl søgemaskiner, opdateringsservere og tjenester, der siger ens egen"
        " adresse; skannere, der tager hele internettet, banker på alle døre. Et træf, der også står på en liste over"
        " det udbredte eller en advarselsliste, og et bank, som ingen svarede på, vejer mindre.",
        "Do first": "læs, hvad listen siger om det, og hvor gammelt det er; se, om kaldet blev besvaret, hvad der kom"
        " før det, og hvilke andre maskiner der foretog det.",
    },
    "beacon": {
        "Sees": "otte kald eller flere til én modpart (en adresse og port, et TLS- eller HTTP-navn eller et domæne,"
        " stadig nye navne under ét DNS-domæne) med mellemrum, der er mere regelmæssige end tilfældige kald: et"
        " implantat, der spørger efter arbejde, med udsving op til 90 %, nogle tabte kald og pauser om natten. Fem kald"
        " er nok, hvor de går som et urværk. Også en fast puls, der er skjult blandt andre kald til samme modpart, ved"
        " dens spektrum.",
        "Misses": "færre kald end fem i vinduet, eller end otte, medmindre de går som et urværk; hvad der varer"
        " under et"
        " halvt minut (et program, der prøver igen); én forbindelse, der bliver ved at være åben; en ny modpart for"
        " hvert kald uden et fælles navn; pauser, der er lige så tilfældige som et menneskes; kald efter adresse, som"
        " der kun er set stikprøver af.",
        "Innocent": "ur (NTP), søgning efter opdateringer, hentning af post, telemetri, overvågning. De er lige så"
        " regelmæssige som et implantat; de vejer mindre, fordi verden eller de fleste maskiner her bruger dem.",
        "Do first": "slå modparten op, og hvornår den først blev set; spørg, hvilket program på maskinen der kalder;"
        " sammenlign kaldenes størrelser: er de ens, er det et implantat, der ikke har noget at gøre.",
    },
    "dns_tunnel": {
        "Sees": "aldrig før sete navne under ét registreret domæne, som bærer 300 bytes eller mere på ti minutter"
        " (0.5 B/s), og svar på TXT, NULL, CNAME, MX og andre forespørgsler, der bærer data, som gør det samme, hvilket"
        " værktøj der end pakker dem. Fra 60 bytes fortælles det som et svagt tegn, og det siges.",
        "Misses": "under omkring 0.1 B/s (kald til stadig nye navne hører under beacon); navne, der bruges igen;"
        " tunneler gennem en krypteret resolver (DoH, DoT), som aldrig viser deres navne.",
        "Innocent": "opslag af filers eller adressers omdømme (antivirus, spærrelister), indholdsnet, hvis"
        " maskinnavne er hashværdier, omvendte opslag. De vejer mindre: verden bruger de domæner, mange maskiner"
        " spørger, eller navnene staver kun adresser.",
        "Do first": "se på nogle af navnene, og på, hvem der har registreret domænet og hvornår; se, om andre maskiner"
        " spørger efter det; spørg, hvilket program på maskinen der spørger.",
    },
    "scan": {
        "Sees": "første kontakter, der slår fejl, ved tærskelvandringen: mange modtagere på én port (vandret), mange"
        " porte hos én modtager (lodret), mange modtagere på hvilken port som helst, ved TCP, UDP og ping; fra egne"
        " maskiner og udefra. Alarm ved det fjerde fejlede mål; tre er et svagt tegn, som analysecentret lægger sammen over"
        " aktører.",
        "Misses": "en skanning, hvis mål for det meste svarer; en, der prøver et mål sjældnere, end vinduet er langt;"
        " navne i stedet for adresser (en angriber, der slår hvert mål op først); hvad kun en kilde med stikprøver"
        " eller én retning så.",
        "Innocent": "sårbarhedsskannere og overvågning (skriv dem under allowed_scanners), peer-to-peer-programmer, et"
        " net, der var nede; forskeres skannere, der tager hele internettet. Én modtager, der er ude, er én fejl, ikke"
        " mange.",
        "Do first": "udad: spørg, hvem der arbejder ved maskinen, og stop den, hvis ingen har bestilt det;"
        " indad: se, om"
        " nogen dør går op.",
    },
    "rarity": {
        "Sees": "en modpart udenfor, som er ny for aktøren, som næsten ingen her kalder, og som er sær oveni: TLS på en"
        " port, der ikke er TLS's, intet servernavn, et selvunderskrevet certifikat, et, der nævner en anden, et"
        " fingeraftryk, en user agent, et serverprogram eller en port, der kun går til den, HTTP til en bar adresse"
        " eller uden user agent, en formular sendt til en bar adresse, som ikke er en vane, et hentet program, en"
        " ukendt protokol, post eller filer afleveret dér direkte, en tjeneste, der hører hjemme indenfor, en adresse"
        " uden navn eller med et af dynamisk DNS, et kald lige efter at maskinen spurgte om sin egen adresse udadtil."
        " Og en egen maskine, der svarer på en port, som ses for første gang, og som næsten ingen anden tilbyder. I en"
        " optagelse uden fortid er alt set for første gang, så dér siger det intet: kun tegnene rangordnes.",
        "Misses": "en ny modpart, der ligner et hvilket som helst websted (de fleste gør); implantater i tjenester, som"
        " mange bruger; modparter bag ens egen proxy; tjenester bag porte over 32767.",
        "Innocent": "en ny leverandør, et nyt apparat, en egen prøve, programmer, der taler med bare adresser (spil,"
        " peer-to-peer), apparater med selvunderskrevne certifikater. En ny udgave af en browser bringer ét"
        " fingeraftryk til mange modparter, og det er ikke sjældent.",
        "Do first": "slå modparten op, og dens certifikat; spørg, hvilket program på maskinen der kaldte; ved"
        " en ny dør:"
        " spørg, hvem der åbnede den.",
    },
    "exfil": {
        "Sees": "50 MB eller mere inden for 24 timer til ét registreret domæne (eller ét net, hvor der intet navn er),"
        " mindst det dobbelte af, hvad der kom tilbage, fire robuste afvigelser over, hvad maskinen sender et sted hen"
        " på en dag, hvor stedet er nyt for aktøren (først set inden for syv dage) eller bruges af højst 2 % af dens"
        " maskiner. En overførsel tæller fra posten om dens flow, når det slutter.",
        "Misses": "under 50 MB på 24 timer; data lagt i en tjeneste, som mange maskiner bruger; data, der hentes"
        " udefra; hvad der går ud i DNS-navne (dns_tunnel) eller gennem en proxy, som alle bruger; en maskine, der"
        " altid sender så meget; flows i stikprøver, hvis skøn minus to standardfejl er under 50 MB.",
        "Innocent": "sikkerhedskopier og fildelinger, der er sat op for nylig, videomøder, bygning af programmer, en ny"
        " leverandørs portal. Udbredte steder vejer mindre.",
        "Do first": "spørg, hvad der gik ud, og hvem der ejer stedet; se, hvad maskinen forinden hentede indefra, og om"
        " den stadig sender.",
    },
    "dga": {
        "Sees": "domæner, der er nye for klienten, og som ingen har registreret (NXDOMAIN), det ene efter det andet:"
        " hvert af dem går et trin op, des højere jo mere overraskende dets bogstaver er, og hvert nyt domæne, der"
        " findes, går et trin ned. Alarm ved det fjerde navn af tilfældige bogstaver, ved det syvende af ord"
        " (algoritmer af begge slags), lidt senere, hvor nogle af dem findes.",
        "Misses": "en algoritme, hvis første navne findes; en, der spørger efter færre end syv navne af ord om dagen;"
        " navne under endelser, som ingen har hørt om; hvad der spørger gennem en krypteret resolver eller en proxy; en"
        " mailservers eget implantat.",
        "Innocent": "programmer, hvis producent har ladet sine domæner udløbe, reklameblokering, der svarer NXDOMAIN,"
        " søgeendelser, webrobotter, mailservere (undtaget: de spørger efter hver afsenders domæne), resolvere, der"
        " spørger for andre (undtaget: deres klienter ses).",
        "Do first": "slå navnene op: et, der findes, og som der blev spurgt efter i samme time, er dér, implantatet går"
        " hen; spørg, hvilket program på maskinen der spørger; se, om andre maskiner spørger efter de samme navne.",
    },
    "long": {
        "Sees": "TCP- og travle UDP-flows til eller fra omverdenen, der varede 1, 4, 8 eller 12 timer; også mens de er"
        " åbne: ved Suricatas regler om et flows alder (detect/queries/flow_age.rules), og ved en TLS-, SSH-, HTTP-"
        " eller RDP-post, hvis flow ikke er slut, mens de andres er.",
        "Misses": "implantater, der lægger på mellem kald (beacon); en time delt over flere flows; et flow uden en post"
        " om sin protokol ved en sensor uden de regler, indtil det slutter; flows inden for aktøren; tunneler i en"
        " tjeneste i registret.",
        "Innocent": "VPN, springmaskiner, HL7- (MLLP) og DICOM-forbindelser, fjernsupport, push- og postkanaler:"
        " registret over tjenester, der af natur står åbne, lader dem veje mindre; aktørens egne skrives under"
        " known_long.",
        "Do first": "spørg, hvem der åbnede det, og om det stadig er åbent; slå modparten op; se, hvilken vej"
        " bytes gik:"
        " en skal sender få.",
    },
    "lateral": {
        "Sees": "tjenester, opgaver, WMI, DCOM og WinRM, der startes på en anden maskine, mest af alt inden for ti"
        " minutter efter en fil på dens administrative deling (MITRE BZAR); et katalog, der kopieres af det, der ingen"
        " domænecontroller er; fremtvungne logon, printerdrivere, læste hemmeligheder, brugere listet op; flere nye mål"
        " på administrationens porte, end maskinens fortid og dens ligemænd forklarer; og kæden: et første kald ind, så"
        " inden for en dag et kald videre.",
        "Misses": "hvad der er krypteret (SMB 3, RPC med fortrolighed) ud over de døre, der blev banket på; hvad der"
        " begynder ved en administrators egen maskine og ligner dennes arbejde; ét fjernskrivebord eller én"
        " SSH-session; maskiner, som sensoren ikke ser tale sammen.",
        "Innocent": "administratorer, udrulning af programmer, sikkerhedskopiering, overvågning og sårbarhedsskannere."
        " Hvad en maskine har gjort på mange dage, eller hvad mange gør mod samme maskine, vejer mindre.",
        "Do first": "spørg, hvem der arbejder ved kilden, og om det var bestilt; se, hvad der blev startet ved"
        " målet, og"
        " hvad kilden gjorde lige før, frem for alt hvem der kaldte den.",
    },
    "bruteforce": {
        "Sees": "fejlede logon til Kerberos, SMB, HTTP og SSH, hvor posterne fortæller udfaldet, og korte forbindelser"
        " til SSH, RDP, FTP, telnet og VNC, hvor de ikke gør, på hvilken port som helst: flere fejl, end kildens egen"
        " fortid forklarer, mange navne fra én kilde (spraying), mange mål, og mange fremmede kilder mod én tjeneste,"
        " hver med nogle få forsøg.",
        "Misses": "logon til LDAP og databaser, logonformularer, der svarer 200, hvad der er inde i en krypteret"
        " forbindelse, som står åben til mange gæt; et spredt angreb på en tjeneste, som lige så mange fremmede prøver"
        " hver dag alligevel; ét gæt om ugen.",
        "Innocent": "et program eller en telefon med sidste måneds adgangskode, en låst konto, overvågning, der kun"
        " hilser; på det åbne internet bliver alle gættet på dagen lang. En adresse udefra vejer mindre end en egen"
        " maskine.",
        "Do first": "se, om et gæt lykkedes, fra den kilde eller for det navn; lås kontoen, eller luk tjenesten for"
        " verden; indenfor: spørg, hvem der arbejder ved kilden.",
    },
    "signature": {
        "Sees": "hver alarm og hvert træf, hvad reglen end er. Alle alarmer for en maskine om én modpart er én"
        " mistanke; det er en regel også, som en maskine udløser om mange modparter, og det er én kategori af det,"
        " internettet prøver mod en maskine. En Sigma-regel på niveauet low eller informational, eller som mange"
        " maskiner opfylder, er én mistanke for dem alle. Alvorlige kategorier, høje niveauer, regler, som få maskiner"
        " her udløser, kilder, der sjældent udløser nogen, og flere regler på én gang står først. Sigma-reglers træf"
        " rangordnes for sig: mange af dem fortæller, hvad der er sædvanligt.",
        "Misses": "hvad ingen indlæst regel nævner; uden regler alt.",
        "Innocent": "regler om politik og oplysning, topdomæner og fingeraftryk, som reklameprogrammer deler, skannere"
        " fra internettet, der prøver alle angreb ved alle døre. Regler, som mange maskiner udløser, eller som en"
        " maskine udløser dag efter dag, vejer mindre, og det gør alarmer om modparter, som verden bruger, også.",
        "Do first": "læs reglen, og se, om maskinen svarer til det, den leder efter; se, hvad maskinen gjorde"
        " bagefter.",
    },
}
