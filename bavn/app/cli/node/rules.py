"""``bavn node rules``: Suricata rules fetched, looked at and tuned. The running node puts them into force.

Refuses to write anything that the node would not understand.
"""

import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from bavn.app.access.rights import Right
from bavn.app.acts.node.here import Here
from bavn.app.cli.help import Commands
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, show_table
from bavn.app.cli.node.rule_files import day_now, entries_of, files_to_try, filters_of, known_rules, read, tried_rules
from bavn.app.cli.person import option
from bavn.app.cli.shown import For, show_rules
from bavn.app.cli.spread import spread
from bavn.app.cli.words import cell, number
from bavn.app.process.exits import Exit, Stop, cannot_write
from bavn.model.counted import rules
from bavn.model.text import Text

app = Commands(help="Suricata rules: fetch, check, tune.")
Sid = Annotated[int, typer.Argument(help="The rule's number.", min=1)]
Gid = Annotated[int, typer.Option(help="The rule's group; 1 for nearly all.", min=1)]
Comment = Annotated[str, typer.Option(help="Why; whoever reads it in a year must understand it.")]
Until = Annotated[str, typer.Option(help="Its last day, such as 2027-01-31; or never, with --review.")]
Review = Annotated[str, typer.Option(help="With --until never: the day on which somebody looks at it again.")]
Who = Annotated[str, option("soc", Right.SOC_SETTINGS, "--who")]
LISTED_MAX = 100_000
LEFT_OUT_SHOWN_MAX = 100


_CHECKED = {
    "shrink": Text("  from {} rules to {}: accepted by {}"),
    "more": Text("more are left out: --json names them all"),
    "left out": Text("  left out: {}"),
    "fails": Text("  fails: {}"),
    "stranger": Text("  tunes a rule that is not there: {}"),
}


@app.command("update")
def update(
    config: Config = NODE_TOML,
    *,
    accept_shrink: Annotated[
        bool, typer.Option("--accept-shrink", help="Take a set more than a third smaller than the one in force.")
    ] = False,
    who: Who = "operator",
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Fetch the sources anew, try them with Suricata, put them in place; a running node loads them by itself."""
    from bavn.actor.sense.base import SourceBroken
    from bavn.actor.sense.rules.source import RulesRefused

    given, folder = read(config)
    if not given.rules.sources:
        raise Stop(
            Exit.CONFIGURATION,
            Text("{config} [rules]: sources is empty: name files, archives or https addresses", config=config),
        )
    from bavn.actor.sense.suricata.config import SuricataConfig
    from bavn.app.node.rule_keeper import OWN_SIDS

    sources = [source if "://" in source else str(given.path(source)) for source in given.rules.sources]
    wanted = SuricataConfig(homes=given.node.homes)
    try:
        fetched = folder.update(sources, filters_of(given), wanted, OWN_SIDS, shrink_by=who if accept_shrink else "")
    except RulesRefused as error:
        raise Stop(
            Exit.INPUT,
            Text(
                "nothing was changed, set {what} stays: {error}", what=folder.name or "none", error=Text.of_error(error)
            ),
        ) from error
    except SourceBroken as error:
        raise Stop(Exit.MISSING, Text.of_error(error)) from error
    except OSError as error:
        raise cannot_write(folder.folder, error) from error
    if as_json:
        summary = {
            "set": fetched.name,
            "loaded": fetched.figures.loaded,
            "left_out": [entry.sentence.en for entry in fetched.left_out],
            "figures": fetched.figures.as_json(),
        }
        print(json.dumps(summary, ensure_ascii=False, sort_keys=True))
        return
    _show_fetched(fetched, language)


@app.command("export")
def export(
    indicator: Annotated[str, typer.Argument(help="Of `bavn node blocks`: a value, type:value, a pattern, or its id.")],
    config: Config = NODE_TOML,
    *,
    form: For = "suricata",
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Write an indicator of the sector as a rule for your own tool; it watches, and blocks nothing."""
    from bavn.app.analyst.named_items import named_items
    from bavn.app.siem.rules.known import rules_here

    here = Here(config)
    with here.asks() as rows:
        ids = [item.id for item in named_items(rows, indicator)]
        show_rules(rules_here(rows, ids, form, here.clock.now_us()), form, as_json=as_json, language=language)


def _show_fetched(fetched: Any, language: Any) -> None:
    figures = fetched.figures
    lost = figures.wanted - figures.loaded
    says = Text(
        "set {set}: {kept:,} of {rules} kept, {lost:,} left out, {off:,} switched off in the set; a running node loads"
        " them by itself",
        set=fetched.name,
        kept=figures.loaded,
        rules=rules(figures.wanted),
        lost=lost,
        off=figures.off,
    )
    print(says.say(language))
    for why, count in figures.reasons():
        print(f"  {rules(count).say(language)}: {why.say(language)}")
    if figures.waiting:
        waiting = Text.counted(
            "{count:,} of the kept rules waits for a flowbit that no rule sets: it says nothing",
            "{count:,} of the kept rules wait for a flowbit that no rule sets: they say nothing",
            figures.waiting,
        )
        print(f"  {waiting.say(language)}")
    if figures.shrink_by:
        counts = [number(count, language) for count in (figures.before, figures.loaded)]
        print(_CHECKED["shrink"].say(language).format(*counts, figures.shrink_by))
    for entry in fetched.left_out[:LEFT_OUT_SHOWN_MAX]:
        print(_CHECKED["left out"].say(language).format(entry.sentence.say(language)))
    if len(fetched.left_out) > LEFT_OUT_SHOWN_MAX:
        print(f"  {number(len(fetched.left_out) - LEFT_OUT_SHOWN_MAX, language)} {_CHECKED['more'].say(language)}")


@app.command("list")
def list_rules(
    config: Config = NODE_TOML,
    *,
    find: Annotated[str, typer.Option(help="Only rules with this in number or message.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Those that are switched off too.")] = False,
    as_json: AsJson = False,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=LISTED_MAX)] = 200,
    language: Spoken = "en",
) -> None:
    """The rules in place: the fetched set and the node's own rule files."""
    from dataclasses import asdict

    given, folder = read(config)
    known = [
        (file.name, rule)
        for file, rule in known_rules(given, folder)
        if (every or rule.enabled) and (find.lower() in rule.msg.lower() or find == str(rule.sid))
    ]
    if as_json:
        for file, rule in known[:limit]:
            print(json.dumps({"file": file, **asdict(rule)}, ensure_ascii=False, sort_keys=True))
        return
    show_table(
        ("sid", "rev", "action", "on", "file", "says"),
        [
            (r.sid, r.rev, r.action, cell("yes" if r.enabled else "no", language), file, r.msg)
            for file, r in known[:limit]
        ],
        language,
    )
    if len(known) > limit:
        print(f"{len(known) - limit} {Text('more').say(language)}: --limit, --find")


@app.command("check")
def check(
    also: Annotated[
        list[Path] | None, typer.Argument(help="Rule files to try too, before they lie there.", dir_okay=False)
    ] = None,
    config: Config = NODE_TOML,
    *,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Try all rules and tuning.toml with Suricata as they lie there, without touching a running one."""
    given, folder = read(config)
    entries = entries_of(given)
    tried = tried_rules(given, folder, files_to_try(given, folder, also or ()), entries)
    there = {(rule.gid, rule.sid) for _, rule in known_rules(given, folder)}
    strangers = [entry.id for entry in entries if entry.gid == 1 and (entry.gid, entry.sid) not in there]
    bad = [f"{file}:{line}: {reason}" for (file, line), reason in sorted(tried.bad.items())] + list(tried.errors)
    if as_json:
        told = {"loaded": tried.loaded, "failed": bad, "tuning": len(entries), "tuning_of_no_rule": strangers}
        print(json.dumps(told, ensure_ascii=False, sort_keys=True))
    else:
        says = Text.shaped(
            "{load}, {fail}; {tuning}",
            load=Text.counted("{count:,} rule loads", "{count:,} rules load", tried.loaded),
            fail=Text.counted("{count:,} fails", "{count:,} fail", len(bad)),
            tuning=Text.counted("{count:,} entry of tuning", "{count:,} entries of tuning", len(entries)),
        )
        print(says.say(language))
        for line in bad:
            print(_CHECKED["fails"].say(language).format(line))
        for name in strangers:
            print(_CHECKED["stranger"].say(language).format(name))
    if bad:
        raise typer.Exit(Exit.INPUT)


@app.command("suppress")
def suppress(
    sid: Sid,
    comment: Comment,
    until: Until,
    config: Config = NODE_TOML,
    *,
    src: Annotated[str, typer.Option(help="Not for packets from this address or network (CIDR).")] = "",
    dst: Annotated[str, typer.Option(help="Not for packets to this address or network (CIDR).")] = "",
    either: Annotated[str, typer.Option(help="Not where either side is this address or network (CIDR).")] = "",
    gid: Gid = 1,
    review: Review = "",
    who: Who = "",
) -> None:
    """Silence a rule for one side; the rest of its alerts stay."""
    sides = {name: value for name, value in (("src", src), ("dst", dst), ("either", either)) if value}
    _add(config, "suppress", {"sid": sid, "gid": gid, **sides}, comment, until, review, who)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How often a rule may speak."""

    type: Annotated[
        Literal["limit", "threshold", "both"],
        typer.Option(
            "--type", help="limit: no more than; threshold: one for each so many; both: one, from so many on."
        ),
    ] = "limit"
    track: Annotated[Literal["by_src", "by_dst", "by_both", "by_rule"], typer.Option(help="Counted for each.")] = (
        "by_src"
    )
    count: Annotated[int, typer.Option(help="So many alerts ...", min=1)]
    seconds: Annotated[int, typer.Option(help="... in so many seconds.", min=1)]


@app.command("threshold")
@spread
def threshold(
    sid: Sid,
    comment: Comment,
    until: Until,
    config: Config = NODE_TOML,
    *,
    rate: Rate,
    gid: Gid = 1,
    review: Review = "",
    who: Who = "",
) -> None:
    """Let a rule speak less often."""
    facts = {"sid": sid, "gid": gid} | asdict(rate)
    _add(config, "threshold", facts, comment, until, review, who)


@app.command("disable")
def disable(
    sid: Sid,
    comment: Comment,
    until: Until,
    config: Config = NODE_TOML,
    *,
    gid: Gid = 1,
    review: Review = "",
    who: Who = "",
) -> None:
    """Let a rule say nothing at all; rules that build on it still work."""
    _add(config, "disable", {"sid": sid, "gid": gid}, comment, until, review, who)


@app.command("noisy")
def noisy(
    config: Config = NODE_TOML,
    *,
    groups: Annotated[
        int, typer.Option(help="So many organisations or more have its alerts: 3, 5, 9, 17 or 33.", min=3, max=33)
    ] = 9,
    days: Annotated[int, typer.Option(help="On so many of the last 14 days or more.", min=1, max=14)] = 7,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Rules whose alerts most of the sector has day after day: may they be silenced? It asks and changes nothing."""
    from bavn.app.analyst.noisy_rules import noisy_rules

    given, folder = read(config)
    messages = {(known.gid, known.sid): known.msg for _, known in known_rules(given, folder)}
    tuned = {(entry.gid, entry.sid) for entry in entries_of(given) if entry.active(day_now())}
    proposed = [rule for rule in noisy_rules(config, groups, days) if (rule.gid, rule.sid) not in tuned]
    if as_json:
        for rule in proposed:
            row = {
                "sid": rule.sid,
                "gid": rule.gid,
                "days": rule.days,
                "sector": rule.known.say(language),
                "says": messages.get((rule.gid, rule.sid), ""),
            }
            print(json.dumps(row, ensure_ascii=False, sort_keys=True))
        return
    if not proposed:
        print(Text("no rule is known to be noise at {groups} organisations or more", groups=groups).say(language))
        return
    show_table(
        ("sid", "gid", "days of 14", "in the sector", "says"),
        [
            (rule.sid, rule.gid, rule.days, rule.known.say(language), messages.get((rule.gid, rule.sid), ""))
            for rule in proposed
        ],
        language,
    )
    print(
        Text(
            "what everybody has is rarely an attack; read the rule, then: bavn node rules threshold SID or bavn node"
            " rules disable SID"
        ).say(language)
    )


@app.command("tuning")
def tuning(config: Config = NODE_TOML, *, as_json: AsJson = False, language: Spoken = "en") -> None:
    """What is tuned, by whom, why and until when; what has ended; what is to be looked at again."""
    given, _ = read(config)
    today = day_now()
    rows: list[dict[str, Any]] = []
    for entry in entries_of(given):
        standing = "ended" if not entry.active(today) else "review due" if entry.due(today) else "holds"
        until = "never" if entry.until is None else entry.until.isoformat()
        review = None if entry.review is None else entry.review.isoformat()
        rows.append(
            {
                "id": entry.id,
                "act": entry.act,
                "sid": entry.sid,
                "gid": entry.gid,
                "standing": standing,
                "until": until,
                "review": review,
                "who": entry.who,
                "comment": entry.comment,
                "line": entry.line(),
            }
        )
    if as_json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False, sort_keys=True))
        return
    show_table(
        ("id", "standing", "until", "rule", "who", "why"),
        [
            (
                row["id"],
                cell(row["standing"], language),
                cell(row["until"], language),
                row["line"],
                row["who"],
                row["comment"],
            )
            for row in rows
        ],
        language,
    )


@app.command("end")
def end(
    name: Annotated[str, typer.Argument(metavar="ID", help="As `bavn node rules tuning` names it.")],
    config: Config = NODE_TOML,
    *,
    who: Who = "",
    language: Spoken = "en",
) -> None:
    """End an entry now; it stays in the file as ended."""
    import tomlkit

    given, _ = read(config)
    entries = entries_of(given)
    if name not in {entry.id for entry in entries}:
        raise Stop(
            Exit.NOT_FOUND, Text("no entry of tuning is called {name} (bavn node rules tuning)", name=repr(name))
        )
    file = given.path(given.rules.tuning_file)
    document = tomlkit.parse(file.read_text(encoding="utf-8"))
    wanted = next(entry for entry in entries if entry.id == name)
    if not wanted.active(day_now()):
        raise Stop(Exit.NOT_NOW, Text("{name} has ended already ({until})", name=name, until=wanted.until))
    same_act = [entry.id for entry in entries if entry.act == wanted.act]
    table = document[wanted.act][same_act.index(name)]
    table.pop("review", None)
    table["id"], table["until"], table["ended_by"] = name, day_now() - timedelta(days=1), who
    _write(file, tomlkit.dumps(document))
    when = Here(config).when()
    print(Text("{name} has ended, and is to be taken out of force. {when}", name=name, when=when).say(language))


def _add(config: Path, act: str, facts: dict[str, Any], comment: str, until: str, review: str, who: str) -> None:
    import tomlkit

    given, _ = read(config)
    known = entries_of(given)
    file = given.path(given.rules.tuning_file)
    text = (
        file.read_text(encoding="utf-8")
        if file.exists()
        else "# Suricata rules that this actor tunes (docs/sources.md).\n"
    )
    document = tomlkit.parse(text)
    table = tomlkit.table()
    for key, value in {**facts, "comment": comment, "who": who, "until": _day(until)}.items():
        table[key] = value
    if review:
        table["review"] = _day(review)
    listed = document.get(act)
    if listed is None:
        listed = tomlkit.aot()
        document.append(act, listed)
    listed.append(table)
    if any(not entry.active(day_now()) for entry in known):
        table["id"] = f"{act}-{facts['sid']}-{len(known) + 1}"  # one that has ended may say the same
    _alone(act, table.unwrap())
    written = tomlkit.dumps(document)
    entry = [entry for entry in _parsed(written, f"{file}") if entry.act == act][-1]
    if not entry.active(day_now()):
        raise Stop(
            Exit.USAGE,
            Text("--until {until} is past: the entry would never be in force; nothing was written", until=until),
        )
    _write(file, written)
    print(f"{entry.id}: {entry.line()}")


def _day(text: str) -> date | str:
    """A day, else the text as it is: tuning.py says what is wrong with it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


def _alone(act: str, table: dict[str, Any]) -> None:
    """What is wrong with an entry by itself is a mistake of the command line, which has no number in any file."""
    from bavn.actor.sense.rules.tuning import TuningWrong, tunings
    from bavn.app.node.rule_keeper import OWN_SIDS

    try:
        tunings({act: [table]}, "", OWN_SIDS)
    except TuningWrong as error:
        part = error.where.removeprefix(f": [[{act}]] number 1").removeprefix(f" (sid {table['sid']})").lstrip(": ")
        wrong = Text.shaped("{part}: {what}", part=part, what=error.what) if part else error.what
        if act == "suppress" and len({"src", "dst", "either"} & set(table)) != 1:
            wrong = Text("give one of --src, --dst and --either: an address or network (CIDR)")
        raise Stop(Exit.USAGE, Text.shaped("{act} {sid}: {wrong}", act=act, sid=table["sid"], wrong=wrong)) from error


def _parsed(text: str, where: str) -> Any:
    """The whole file with the new entry: only what they are together can be wrong now."""
    import tomllib

    from bavn.actor.sense.rules.tuning import TuningWrong, tunings
    from bavn.app.node.rule_keeper import OWN_SIDS

    try:
        return tunings(tomllib.loads(text), where, OWN_SIDS)
    except TuningWrong as error:
        raise Stop(Exit.NOT_NOW, Text("{error}; nothing was written", error=Text.of_error(error))) from error


def _write(file: Path, text: str) -> None:
    from bavn.app.node.rule_keeper import write_whole

    try:
        write_whole(file, text)
    except OSError as error:
        raise cannot_write(file, error) from error
