"""tuning.toml: what is right becomes a line of Suricata's threshold file while it holds; what is wrong is one error."""

import tomllib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.sense.rules.tuning import TuningWrong, threshold_text, tunings

TODAY = date(2026, 11, 25)
ENDS = 'comment = "printers ask"\nwho = "soc"\nuntil = 2026-12-31\n'
OWN = (range(1_817_000, 1_818_000),)


def read(text):
    return tunings(tomllib.loads(text), "tuning.toml", OWN)


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ('[[suppress]]\nsid = 7\nsrc = "10.0.0.0/8"\n', "suppress gen_id 1, sig_id 7, track by_src, ip 10.0.0.0/8"),
        ('[[suppress]]\nsid = 7\ndst = "10.0.0.5/32"\n', "suppress gen_id 1, sig_id 7, track by_dst, ip 10.0.0.5"),
        (
            '[[suppress]]\nsid = 7\ngid = 3\neither = "2001:DB8::1"\n',
            "suppress gen_id 3, sig_id 7, track by_either, ip 2001:db8::1",
        ),
        (
            '[[threshold]]\nsid = 7\ntype = "limit"\ntrack = "by_src"\ncount = 2\nseconds = 60\n',
            "threshold gen_id 1, sig_id 7, type limit, track by_src, count 2, seconds 60",
        ),
        ("[[disable]]\nsid = 7\n", "suppress gen_id 1, sig_id 7"),
    ],
)
def test_an_entry_is_a_line_while_it_holds(entry, line) -> None:
    made = read(entry + ENDS)
    assert threshold_text(made, TODAY).splitlines()[1:] == [f"# {made[0].id}", line]
    assert threshold_text(made, date(2026, 12, 31)).endswith(f"{line}\n"), "its last day is one of its days"
    assert threshold_text(made, date(2027, 1, 1)).count("\n") == 1
    assert made[0].id == read(entry + ENDS)[0].id


def test_what_never_ends_is_looked_at_again_and_the_order_of_the_file_does_not_matter() -> None:
    entry = read('[[disable]]\nsid = 7\ncomment = "c"\nwho = "w"\nuntil = "never"\nreview = 2027-01-31\n')[0]
    assert entry.active(date(2999, 1, 1))
    assert not entry.due(date(2027, 1, 31))
    assert entry.due(date(2027, 2, 1))
    first, second = "[[disable]]\nsid = 9\n" + ENDS, "[[disable]]\nsid = 7\n" + ENDS
    assert threshold_text(read(first + second), TODAY) == threshold_text(read(second + first), TODAY)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[mute]]\nsid = 1\n" + ENDS, "mute.*is nothing known"),
        ("suppress = 3\n", "must be tables"),
        ("[suppress]\nsid = 1\n" + ENDS, "must be tables"),
        (
            '[[suppress]]\nsid = 7\nsrc = "10.0.0.1"\nwho = "w"\nuntil = 2026-12-31\n',
            r"number 1 \(sid 7\): comment is required",
        ),
        ('[[disable]]\nsid = 7\ncomment = "  "\nwho = "w"\nuntil = 2026-12-31\n', "comment is required"),
        (
            '[[disable]]\nsid = 7\ncomment = "a\\nsuppress gen_id 1, sig_id 1"\nwho = "w"\nuntil = 2026-12-31\n',
            "one line",
        ),
        ('[[disable]]\nsid = 7\nid = "x\\n# y"\n' + ENDS, "id is required: one line"),
        ('[[disable]]\nsid = 7\ncomment = "c"\nuntil = 2026-12-31\n', "who is required"),
        ('[[disable]]\nsid = 7\ncomment = "c"\nwho = "w"\n', "until is missing"),
        ('[[disable]]\nsid = 7\ncomment = "c"\nwho = "w"\nuntil = "never"\n', "needs a review day"),
        ('[[disable]]\nsid = 7\ncomment = "c"\nwho = "w"\nuntil = "soon"\n', "'soon' is no day"),
        ('[[disable]]\nsid = 7\ncomment = "c"\nwho = "w"\nuntil = 2026-12-31T10:00:00Z\n', "is no day"),
        ('[[disable]]\nsid = 7\ncomment = "c"\nwho = "w"\nuntil = 5\n', "5 is no day"),
        ("[[disable]]\nsid = 7\nreview = 2027-01-01\n" + ENDS, 'goes with until = "never" only'),
        ("[[disable]]\nsid = 0\n" + ENDS, "sid must be a whole number"),
        ("[[disable]]\nsid = true\n" + ENDS, "sid must be a whole number"),
        ('[[disable]]\nsid = "7"\n' + ENDS, "sid must be a whole number"),
        ("[[disable]]\nsid = 7\ngid = 0\n" + ENDS, "gid must be a whole number"),
        ('[[disable]]\nsid = 7\nsrc = "10.0.0.1"\n' + ENDS, "nothing is called 'src'"),
        ("[[suppress]]\nsid = 7\n" + ENDS, "give one of src, dst or either"),
        ('[[suppress]]\nsid = 7\nsrc = "10.0.0.1"\ndst = "10.0.0.2"\n' + ENDS, "give one of src, dst or either"),
        ('[[suppress]]\nsid = 7\nsrc = "10.0.0.1/8"\n' + ENDS, "is no address or network"),
        ('[[suppress]]\nsid = 7\nsrc = "printer"\n' + ENDS, "is no address or network"),
        ('[[suppress]]\nsid = 7\nsrc = ["10.0.0.1"]\n' + ENDS, "is no address or network"),
        ('[[suppress]]\nsid = 7\nsrc = "0.0.0.0/0"\n' + ENDS, "is everything"),
        (
            '[[threshold]]\nsid = 7\ntype = "some"\ntrack = "by_src"\ncount = 1\nseconds = 1\n' + ENDS,
            "type must be one of",
        ),
        (
            '[[threshold]]\nsid = 7\ntype = "both"\ntrack = "src"\ncount = 1\nseconds = 1\n' + ENDS,
            "track must be one of",
        ),
        ('[[threshold]]\nsid = 7\ntype = "both"\ntrack = "by_src"\ncount = 0\nseconds = 1\n' + ENDS, "count must be"),
        ('[[threshold]]\nsid = 7\ntype = "both"\ntrack = "by_src"\ncount = 1\n' + ENDS, "seconds must be"),
        ("[[disable]]\nsid = 1817001\n" + ENDS, "Bavn's own"),
        (("[[disable]]\nsid = 7\n" + ENDS) * 2, "or say the same"),
    ],
)
def test_what_is_wrong_is_one_error_that_names_it(text, said) -> None:
    with pytest.raises(TuningWrong, match=said) as wrong:
        read(text)
    assert str(wrong.value).startswith("tuning.toml")
    assert "\n" not in str(wrong.value)


WORDS = st.sampled_from(
    [
        "suppress",
        "threshold",
        "disable",
        "sid",
        "gid",
        "src",
        "dst",
        "either",
        "comment",
        "who",
        "until",
        "review",
        "id",
        "type",
        "track",
        "count",
        "seconds",
    ]
)
VALUES = st.one_of(
    st.integers(),
    st.text(max_size=20),
    st.booleans(),
    st.floats(),
    st.dates(),
    st.datetimes(),
    st.sampled_from(["never", "10.0.0.0/8", "::1", "limit", "by_src", 7, "a comment"]),
)
TABLES = st.dictionaries(WORDS, VALUES, max_size=10)


@given(st.dictionaries(WORDS, st.one_of(VALUES, TABLES, st.lists(st.one_of(TABLES, VALUES), max_size=4)), max_size=4))
def test_anything_is_entries_or_one_error(tables) -> None:
    try:
        made = tunings(tables, "t", OWN)
    except TuningWrong as wrong:
        assert str(wrong)
        return
    assert len(made) == sum(len(listed) for listed in tables.values())
    for line in threshold_text(made, date.min).splitlines():
        assert line.startswith(("# ", "suppress gen_id ", "threshold gen_id "))
