"""A span is said in a unit that a person takes in, never in thousands of seconds."""

import pytest

from bavn.actor.detect.wording import seconds, size_of, span


@pytest.mark.parametrize(
    ("period_s", "en", "da"),
    [
        (5.12, "5.1 s", "5,1 s"),
        (119, "119 s", "119 s"),
        (300, "5 min", "5 min"),
        (1153, "19 min", "19 min"),
        (330, "5.5 min", "5,5 min"),
        (7200, "2 h", "2 t"),
        (3 * 86_400, "3 days", "3 døgn"),
    ],
)
def test_a_period_is_said_in_the_largest_unit_of_which_there_are_two(period_s, en, da) -> None:
    assert (seconds(period_s).en, seconds(period_s).da) == (en, da)
    assert seconds(period_s) == span(round(period_s * 1e6))


@pytest.mark.parametrize(
    ("count", "en", "da"),
    [
        (0, "0 KB", "0 KB"),
        (840, "0.8 KB", "0,8 KB"),
        (49_600, "50 KB", "50 KB"),
        (999_999, "1,000 KB", "1.000 KB"),
        (1_000_000, "1 MB", "1 MB"),
        (1_203_460_000, "1,203.5 MB", "1.203,5 MB"),
    ],
)
def test_what_is_less_than_a_megabyte_is_said_in_kilobytes(count, en, da) -> None:
    assert (size_of(count).en, size_of(count).da) == (en, da)


def test_rare_is_said_where_there_is_somebody_else_and_in_no_bits(made) -> None:
    case = next(case for case in made.cases() if str(case) == "rarity/hit-program-fetched")
    alone = made.Case("rarity", "hit-x", {key: value for key, value in case.given.items() if key != "background"})
    several, single = (
        next(s for s in made.run(each).suspicions if s.detector == "rarity").why.en for each in (case, alone)
    )
    assert several.startswith("45.9.148.87 is rare here; HTTP to a bare address;")
    assert single.startswith("HTTP to a bare address;")
    assert "bit" not in several + single


@pytest.mark.parametrize(
    ("columns", "port", "said"),
    [
        (
            {"host": "45.9.148.81", "method": "GET", "user_agent": "x"},
            9171,
            "the web request goes to an unusual port (9171), and it goes to an address without a name.",
        ),
        (
            {"host": "45.9.148.81", "method": "POST", "user_agent": ""},
            443,
            "data was sent to it as the very first thing, and the web request goes to an unusual port (443).",
        ),
    ],
)
def test_a_sentence_says_the_port_once_and_names_what_was_asked(made, columns, port, said) -> None:
    asked = {"table": "http", "sources": ["10.0.0.61"], "targets": ["45.9.148.81"], "port": port, "every_s": 2}
    answer = {"rrname": "mypicture.info", "rrtype": "A", "answered": True, "answers": ["45.9.148.81"]}
    rows = [
        asked | {"from_h": 8, "count": 1, "set": columns, "flow_set": {}},
        {"table": "dns", "sources": ["10.0.0.61"], "targets": ["10.0.0.1"], "port": 53, "every_s": 2}
        | {"from_h": 7.9, "count": 1, "set": answer},
    ]
    case = made.Case("rarity", "hit-x", {"hours": 24, "rows": rows})
    (one,) = [s for s in made.run(case).suspicions if s.detector == "rarity"]
    assert one.what.en == f"One machine called the address 45.9.148.81 (mypicture.info) on 21 September: {said}"
    assert one.peer == "mypicture.info"
