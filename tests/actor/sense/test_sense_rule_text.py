"""Rules as lines, and what ``suricata -T`` says of them."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.sense.rules.rule_set import tried_of
from bavn.actor.sense.rules.text import rule_of, rules_in, without
from bavn.model.text import Text

GOOD = 'alert dns any any -> any any (msg:"A \\"name\\""; dns.query; content:"x;sid:9;"; sid:3000001; rev:2;)'


def test_rules_are_known_by_number_and_left_out_by_name_and_suricata_s_words_are_taken_apart() -> None:
    rule = rule_of(GOOD)
    assert (rule.sid, rule.gid, rule.rev, rule.action, rule.msg) == (3000001, 1, 2, "alert", 'A "name"')
    off = rule_of("#  " + GOOD)
    assert (off.sid, off.enabled) == (3000001, False)
    assert rule_of("# a comment") is None
    assert rule_of('alert tcp any any -> any any (msg:"no number";)') is None
    lines = ["# head\n", GOOD.replace("3000001", "1817001") + "\n", "gibberish\n", "alert x\n"]
    kept, said = without(lines, {3: Text.plain("no rule options.")}, [range(1_817_000, 1_818_000)])
    assert kept == ["# head\n", "# " + lines[1], "# gibberish\n", "alert x\n"]
    assert [entry.sentence.en for entry in said] == [
        'sid 1817001 (A "name"): its number is taken by a rule of Bavn\'s own',
        "line 3: no rule options.",
    ]
    again, more = without(kept, {}, [range(1_817_000, 1_818_000)])
    assert (again, more) == (kept, []), "what is commented out already is no rule"

    def failed(reason, rule, line):
        where = f'error parsing signature "{rule}" from file /sets/a b/suricata.rules at line {line}'
        return [("Error", reason), ("Error", where)]

    said = [
        ("Info", "Running suricata under test mode"),
        *failed('invalid flow option "nonsense"', "alert tcp ... (from file /x at line 9)", 2),
        *failed("no rule options.", "gibberish", 4),
        ("Info", "1 rule files processed. 5 rules successfully loaded, 2 rules failed, 0"),
        ("Error", "Loading signatures failed."),
    ]
    tried = tried_of(1, said)
    file = Path("/sets/a b/suricata.rules")
    assert tried.bad == {(file, 2): 'invalid flow option "nonsense"', (file, 4): "no rule options."}
    assert (tried.loaded, tried.failed, tried.errors) == (5, 2, ())
    assert (
        tried_of(0, [("Info", "1 rule files processed. 5 rules successfully loaded, 0 rules failed, 0")]).errors == ()
    )
    assert tried_of(-11, []).errors == ("it ended with status -11",)
    assert tried_of(1, [("Error", "no such variable")]).errors == ("no such variable",)


@given(st.lists(st.text(alphabet=st.sampled_from('alert# tcp()msg:";sid123\\->'), max_size=60), max_size=6))
def test_any_text_has_rules_or_none(lines) -> None:
    found = rules_in(lines)
    assert len(found) <= len(lines)
    kept, said = without(lines, {1: Text.plain("bad")}, [range(2**32)])
    assert len(kept) == len(lines)
    assert len(said) >= bool(lines)
    assert not any(rule.enabled and rule.gid == 1 for rule in rules_in(kept[1:]))
