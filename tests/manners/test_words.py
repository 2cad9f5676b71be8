"""Every sentence of the code and of the consoles' pages is in every catalogue, whole: none missing, fuzzy or left over,
each with its holes."""

import ast
import functools
import re
import string
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

import build_words
from bavn.app.config.load import POLICY_TABLES
from bavn.model.catalogue import ENGLISH, LOCALE, languages
from bavn.model.settings import settings_of

ROOT = Path(__file__).resolve().parents[2]
OTHERS = languages()[1:]
PRINTS = ("print", "sys.stdout.write", "sys.stderr.write", "typer.echo")
ALIKE = {"Authorization", "Bearer", "NIS2", "PAP", "bavn", "kill-switch", "sha256"}
"""What is printed so in every language: names of programs, commands, headers, markings, algorithms and laws."""
DOMAINS = ("bavn", "console")
TABLES = "console/src/words"
CALLED = {"t": None, "tc": ((1, "c"), 2), "tn": (1, 2)}
"""What console/src/lib/gettext.svelte.ts is called by, as Babel has it; script/words says the same."""
FEWER = {"{records} ({level}); {detector} concludes the same from this alone (p {p:.2g}). Look"}
"""How messages begin whose Danish leaves out a hole: the level has no Danish word yet."""

COUNTS = r"""
    (?<!most[ ]) (?<!least[ ]) (?<!than[ ]) (?<!to[ ])  # not a bound
    \{ (?! \w* (?:_max|_min|most) \b ) \w+ (?: :, )? \}
    [ ] (?: own[ ] | clinical[ ] | more[ ] | independent[ ] | new[ ] )?
    (?: records | hosts | clients | rules | actors | cases | indicators | lines | files | messages | members
    | groups | days | flows | times | machines | tasks | blocks )
    \b
"""
"""A hole before a noun in the plural."""
NEVER_ONE = (
    "{count} machines",
    "{source} tried to log on",
    "{many} hosts match the rule",
    "{station} asked an archive",
    "{count} days",
    "every {count} days",
    "about every {count} days",
    "usual to one place in a day",
    "not a whole minute of the last",
    "rounds opened in",
    "{source}: {twice:,} of {rows:,} flows",
    "Releases by itself what at least",
    "{messages} messages, {bytes} bytes",
    "A map of heat over",
    "{said} days",
    "{offer} machines here answer there",
    "it has done so on {days} days",
    "it has been so on {days} days",
    "{who} tried to reach {tried} machines",
    "{who} tried port {key} of {tried} machines",
    "{who} knocked at {tried} machines",
    "the rule “{rule}” matched at {hosts} machines",
    "one machine sent {peer} messages",
    "{count} times",
    "{hosts} of the {total} machines here use it",
)
"""How messages begin that are never said of one."""


def walked():
    """(place, name of the call, call) of everything that makes a Text; of a refusal without its rule."""
    for path in sorted((*ROOT.glob("bavn/**/*.py"), *ROOT.glob("bavn_lab/**/*.py"))):
        source = path.read_text("utf-8")
        makes = "model.text import" in source or "model.outcome import" in source or path == ROOT / "bavn/model/text.py"
        if not makes or path == ROOT / "bavn/model/outcome.py":  # which is handed its message
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                if name in ("Text", "Text.in_context", "Text.counted"):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", name, node
                if name == "Refused" and "model.outcome import" in source:
                    node.args = node.args[1:]
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", "Text", node


@functools.cache
def calls():
    """What was walked, once for all tests here."""
    return tuple(walked())


def words(call):
    """The constant positional arguments."""
    return [arg.value for arg in call.args if isinstance(arg, ast.Constant)]


def messages():
    """(context, message) to the places that say it; a message that counts is both its forms."""
    found = {(context or None, said): [f"documented/{context}"] for context, said in build_words.documented()}
    for place, name, call in calls():
        given = words(call)
        if name == "Text" and len(given) == len(call.args) == 1:
            found.setdefault((None, given[0]), []).append(place)
        elif name == "Text.in_context" and len(given) == 2:
            found.setdefault((given[0], given[1]), []).append(place)
        elif name == "Text.counted" and len(given) == 2:
            found.setdefault((None, tuple(given)), []).append(place)
    return found


def catalogue(language, domain="bavn"):
    return build_words.catalogue(LOCALE / language / "LC_MESSAGES" / f"{domain}.po")


def forms(said):
    """A message or its translation, as its forms of the plural."""
    return (said,) if isinstance(said, str) else said


def page_messages():
    """(context, message) to the tables of words that say it, of the consoles' pages."""
    found = {}
    for name, _, message, _, context in extract_from_dir(
        ROOT / TABLES, method_map=[("**.ts", "javascript")], keywords=CALLED
    ):
        found.setdefault((context, message), set()).add(f"{TABLES}/{name}")
    return found


def holes(text):
    """The names of a message's holes, each with how it is written."""
    return {(name, form, how) for _, name, form, how in string.Formatter().parse(text) if name is not None}


def test_a_message_is_one_constant_that_the_tools_find():
    wrong = [
        place
        for place, name, call in calls()
        if name != "Text.counted"
        and (len(words(call)) != len(call.args) or len(call.args) != (2 if name == "Text.in_context" else 1))
    ]
    wrong += [
        place
        for place, name, call in calls()
        if name == "Text.counted" and not len(words(call)) == len(call.args) - 1 == 2
    ]
    assert not wrong


def test_facts_are_those_that_the_message_names():
    wrong = []
    for place, name, call in calls():
        given = words(call)
        facts = {one.arg for one in call.keywords} | ({"count"} if name == "Text.counted" else set())
        if facts and facts != {hole[0] for hole in holes(given[-1])}:
            wrong.append(place)
        if name == "Text.counted" and not holes(given[0]) <= holes(given[1]):
            wrong.append(place)
    assert not wrong


def printed(node):
    """The words of our own in what is printed: in it, not in what it names (a Text says itself)."""
    match node:
        case ast.Constant(value=str(words)):
            yield words
        case ast.JoinedStr(values=parts):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in parts)
            for part in parts:
                if isinstance(part, ast.FormattedValue):
                    yield from printed(part.value)
        case ast.BinOp(left=left, right=right):
            yield from (*printed(left), *printed(right))
        case ast.IfExp(body=body, orelse=other):
            yield from (*printed(body), *printed(other))


def spoken(words):
    """Those of the words that another language has others for."""
    return [
        word
        for line in words.splitlines()
        if not re.match(r"\s*bavn [a-z]", line)  # a command to copy
        for word in re.findall(r"(?<![\w-])[A-Za-z][\w-]+", line)
        if word not in ALIKE
    ]


def test_a_command_prints_no_english_that_is_in_no_catalogue():
    """A table of values and JSON are made of what is there; a sentence is a Text, and so is the word before a value."""
    wrong = {}
    for path in sorted(ROOT.glob("bavn/app/cli/**/*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in PRINTS:
                words = [word for arg in call.args for part in printed(arg) for word in spoken(part)]
                if words:
                    wrong[f"{path.relative_to(ROOT)}:{call.lineno}"] = words
    assert not wrong


def test_what_ends_a_command_is_said_in_its_language():
    wrong = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sorted(ROOT.glob("bavn/app/**/*.py"))
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) == "Stop"
        and any(map(any, map(printed, call.args[1:])))
    ]
    assert not wrong


def test_what_may_be_one_is_said_in_the_form_for_one():
    """``1 records``: a message that counts says both forms (``Text.counted``, ``bavn/model/counted.py``)."""
    plural = re.compile(COUNTS, re.VERBOSE)
    plain = {said: places for (_, said), places in messages().items() if isinstance(said, str)}
    found = {said for said in plain if plural.search(said)}
    assert {said: plain[said] for said in found if not said.startswith(tuple(NEVER_ONE))} == {}
    assert all(any(said.startswith(begins) for said in found) for begins in NEVER_ONE)


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_in_the_catalogue_and_nothing_else(language):
    said = messages()
    there = {(one.context, one.id) for one in catalogue(language) if one.id}
    assert not {key: places[0] for key, places in said.items() if key not in there}, "script/words update"
    assert not there - set(said), "script/words update"


@pytest.mark.parametrize("language", OTHERS)
def test_quotation_marks_are_the_languages_own(language):
    """“ begins in English; in Danish both marks are ”."""
    said = [
        text for one in catalogue(language) for text in ([one.string] if isinstance(one.string, str) else one.string)
    ]
    assert not [text for text in said if "“" in text]


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated_with_the_same_holes(language):
    for one in catalogue(language):
        if not one.id:
            continue
        assert not one.fuzzy, one.id
        assert all(forms(one.string)), f"{language} lacks {one.id!r}"
        last = forms(one.id)[-1]
        if one.python_brace_format and "{" in last.replace("{{", ""):
            assert holes(forms(one.string)[-1]) == holes(last) or last.startswith(tuple(FEWER)), one.id
            assert all(holes(form) <= holes(last) for form in forms(one.string)), one.id


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_of_the_pages_is_in_the_catalogue_with_where_it_is_said(language):
    known = catalogue(language, "console")
    there = {(one.context, one.id): {path for path, _ in one.locations} for one in known if one.id}
    assert there == page_messages(), "script/words update"


@pytest.mark.parametrize(("language", "side"), [(one, side) for one in OTHERS for side in build_words.SIDES])
def test_a_console_is_offered_in_the_languages_that_it_is_whole_in(language, side):
    lacking = build_words.lacking(catalogue(language, "console"), side)
    assert not lacking, lacking[:5]
    assert (LOCALE / language / "LC_MESSAGES" / f"console.{side}.json").is_file() is (not lacking)


@pytest.mark.parametrize("language", OTHERS)
def test_a_translated_message_of_the_pages_has_the_same_holes(language):
    for one in catalogue(language, "console"):
        if one.id and any(forms(one.string)):
            wanted = holes(forms(one.id)[-1])
            assert all(holes(form) == wanted for form in forms(one.string)), one.id


def test_the_pages_say_what_the_tables_say_and_each_console_only_its_own():
    """A sentence elsewhere would be found by nothing; one of the other console would not be in what is loaded."""
    wrong = []
    for path in (*ROOT.glob("console/src/**/*.ts"), *ROOT.glob("console/src/**/*.svelte")):
        source, place = path.read_text("utf-8"), path.relative_to(ROOT / "console/src").parts
        taken = re.findall(r"import \{([^}]*)\} from \"[^\"]*/gettext\.svelte\"", source)
        if place[0] != "words" and set(CALLED) & set(re.findall(r"\w+", " ".join(taken))):
            wrong.append("/".join(place))
        other = {"sac": "soc", "soc": "sac"}.get(place[0], "(?:sac|soc)")
        if re.search(rf"\$words/{other}/", source):
            wrong.append("/".join(place))
    assert not wrong


def test_every_unit_of_the_policy_has_a_word_on_its_page():
    told = re.search(r"units: \{(.*?)\n  \}", (ROOT / TABLES / "soc/policy.ts").read_text("utf-8"), re.DOTALL)
    said = {quoted or plain for quoted, plain in re.findall(r'(?:"([^"]+)"|(\w+)): (?:t\(|")', told[1])}
    units = {one.metadata["about"].unit for kind in POLICY_TABLES.values() for one in settings_of(kind).values()}
    assert units - {"", "s"} == said


def test_a_catalogue_of_the_pages_is_compiled_with_its_plurals_for_each_console_alone(tmp_path):
    folder = tmp_path / "pl/LC_MESSAGES"
    folder.mkdir(parents=True)
    plural = "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);"
    (folder / "console.po").write_text(f"""
msgid ""
msgstr "Plural-Forms: {plural}\\n"

#: {TABLES}/soc/today.ts
msgid "{{n}} day"
msgid_plural "{{n}} days"
msgstr[0] "{{n}} dzień"
msgstr[1] "{{n}} dni"
msgstr[2] "{{n}} dni"

#: {TABLES}/both/kit.ts
msgctxt "door"
msgid "Close"
msgstr "Zamknij"

#: {TABLES}/sac/leads.ts
msgid "Lead"
msgstr ""
""")
    known = build_words.catalogue(folder / "console.po")
    assert build_words.lacking(known, "sac") == ["Lead"]
    assert build_words.lacking(known, "soc") == []
    made = build_words.for_console(known, "soc")
    assert made["plurals"] == {"one": 0, "few": 1, "many": 2}
    assert made["messages"] == {"{n} day": ("{n} dzień", "{n} dni", "{n} dni"), "door\x04Close": "Zamknij"}


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("domain", DOMAINS)
def test_the_catalogue_is_written_as_the_tools_write_it(language, domain, tmp_path):
    known = catalogue(language, domain)
    assert not known.obsolete
    with (tmp_path / "again.po").open("wb") as file:
        write_po(file, known, width=120, sort_output=True)
    assert (tmp_path / "again.po").read_bytes() == (LOCALE / language / "LC_MESSAGES" / f"{domain}.po").read_bytes()


def test_english_has_no_catalogue():
    assert not (LOCALE / ENGLISH).exists()
