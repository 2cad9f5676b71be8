"""Keeps the rules of a managed Suricata as they are wanted: the set that was fetched last, tuned as of today.

Entries of tuning.toml that end fall out by themselves; a file that is wrong leaves what was in force. Suricata loads
anew while packets flow. Refuses to fetch rules: a person or a timer does (`bavn node rules update`).
"""

import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from bavn.actor.detect.queries.open_flows import AGE_RULES
from bavn.actor.protect.sids import SID_FIRST, SID_LAST
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.rules.counts import RuleYield
from bavn.actor.sense.rules.rule_set import RuleFolder
from bavn.actor.sense.rules.tuning import Tuning, TuningWrong, threshold_text, tunings
from bavn.actor.sense.suricata.command_socket import CommandSocket, SuricataRefused
from bavn.actor.sense.suricata.live import SuricataLive
from bavn.model.moment import SECOND_US
from bavn.model.ports import Clock
from bavn.model.text import Text
from bavn.model.toml import BadToml, table_of

_LOG = logging.getLogger(__name__)
OWN_SIDS: Final = (range(SID_FIRST, SID_LAST + 1), range(min(AGE_RULES), max(AGE_RULES) + 1))
"""Numbers of Bavn's own rules: no set may bring them, nobody tunes them."""

STARTS_TRIED: Final = 2
"""So often in a row Suricata may end before it captures, until the rule set is taken for the cause."""

ASK_EVERY_US: Final = 30 * SECOND_US
RELOAD_US_MAX: Final = 300 * SECOND_US
FAILED_NAMED_MAX: Final = 20
COMMAND_TIMEOUT_S: Final = 2.0


def today_of(now_us: int) -> date:
    """The day, in UTC."""
    return datetime.fromtimestamp(now_us / SECOND_US, UTC).date()


def read_tuning(file: Path) -> tuple[Tuning, ...]:
    """The entries of tuning.toml; none where there is no file. Raises TuningWrong."""
    try:
        given = table_of(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise TuningWrong(str(file), Text("it cannot be read ({reason})", reason=error.strerror)) from error
    except (UnicodeDecodeError, BadToml) as error:
        raise TuningWrong(str(file), Text("it is no TOML: {error}", error=error)) from error
    return tunings(given, str(file), OWN_SIDS)


def write_whole(file: Path, text: str) -> None:
    """The file as it was or as it is to be, never in between. Raises OSError."""
    fresh = file.with_name(file.name + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)


class RuleKeeper:
    """``prepare`` before Suricata starts, then ``step`` from one thread; ``for_health`` from any."""

    def __init__(self, folder: RuleFolder, tuning_file: Path, clock: Clock, socket: Path | None) -> None:
        self._folder, self._file, self._clock = folder, tuning_file, clock
        self._line = None if socket is None else CommandSocket(socket, COMMAND_TIMEOUT_S)
        self._entries: tuple[Tuning, ...] = ()
        self._wrong: Text | None = None
        self._stamp: tuple[int, int] | None = (0, 0)
        self._ended: set[str] = set()
        self._due: set[str] = set()
        self._starts, self._loaded, self._before = 0, ("", ""), ("", "")
        self._reload_us: int | None = None
        self._reload_mark, self._reloads, self._stuck = "", 0, False
        self._ask_us = 0
        self._figures: dict[str, Any] = {}
        self._unread: tuple[Text, ...] = ()

    def prepare(self) -> None:
        """What a Suricata must find at its start. Raises OSError."""
        self._folder.prepare()
        self._before = (self._folder.name, self._tuned())

    def step(self, source: SuricataLive | None) -> None:
        """Brings what has changed into force. Never raises for what an operator or Suricata did wrong."""
        try:
            wanted = (self._folder.name, self._tuned())
            if source is None or self._line is None:
                return
            self._unread = source.unread_rules
            starts = source.counts()["restarts"] + 1
            if not source.running():
                self._fall_back(source)
                self._before, self._reload_us = wanted, None
                self._line.close()
                return
            if starts != self._starts:
                # It read what there was when it started.
                self._starts, self._loaded, self._ask_us = starts, self._before, 0
            self._speak(self._line, wanted)
            if self._loaded[0] == self._folder.name and self._reload_us is None:
                self._folder.works()
            self._before = wanted
        except (SuricataRefused, SourceBroken) as error:
            _LOG.debug("the rules wait: %s", error)
        except OSError as error:
            self._wrong = Text(
                "{path} cannot be written: {strerror}", path=self._folder.folder, strerror=error.strerror
            )

    def _fall_back(self, source: SuricataLive) -> None:
        """A new set with which Suricata does not start is worse than the last one that worked."""
        times, why = source.never_began
        if times < STARTS_TRIED:
            return
        bad = self._folder.name
        good = self._folder.fall_back(why)
        if good is not None:
            _LOG.error("Suricata does not start with the rule set %s (%s): set %s is in force again", bad, why, good)

    def _speak(self, line: CommandSocket, wanted: tuple[str, str]) -> None:
        now_us = self._clock.now_us()
        if self._reload_us is not None:
            if str(line.ask("ruleset-reload-time")) != self._reload_mark:
                self._reload_us, self._ask_us, self._stuck = None, 0, False
                self._reloads += 1
                _LOG.warning("Suricata has loaded its rules anew: set %s", self._loaded[0])
            else:
                self._stuck = now_us - self._reload_us > RELOAD_US_MAX
        elif wanted != self._loaded:
            self._reload_mark = str(line.ask("ruleset-reload-time"))
            line.ask("ruleset-reload-nonblocking")
            self._reload_us, self._loaded = now_us, wanted
        if self._reload_us is None and now_us >= self._ask_us:
            self._figures = _figures(line.ask("ruleset-stats"), line.ask("ruleset-failed-rules"))
            self._ask_us = now_us + ASK_EVERY_US

    def _tuned(self) -> str:
        """The threshold file's text as of today, written where it has changed."""
        self._read()
        today = today_of(self._clock.now_us())
        for entry in self._entries:
            if not entry.active(today) and entry.id not in self._ended:
                self._ended.add(entry.id)
                _LOG.warning(
                    "tuning %s has ended (%s, by %s): sid %d speaks again", entry.id, entry.until, entry.who, entry.sid
                )
            if entry.due(today) and entry.id not in self._due:
                self._due.add(entry.id)
                _LOG.warning("tuning %s is to be looked at again since %s", entry.id, entry.review)
        if self._wrong is not None:
            return self._in_force()
        text = threshold_text(self._entries, today)
        if text != self._in_force():
            write_whole(self._folder.threshold, text)
        return text

    def _in_force(self) -> str:
        return self._folder.threshold.read_text(encoding="utf-8")

    def _read(self) -> None:
        stamp = _stamp(self._file)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._entries, self._wrong = read_tuning(self._file), None
            kept = {entry.id for entry in self._entries}
            self._ended &= kept
            self._due &= kept
        except TuningWrong as error:
            self._wrong = Text.of_error(error)
            _LOG.error("what was in force stays: %s", error)

    def for_health(self) -> tuple[dict[str, Any], Sequence[Text]]:
        """For node health: figures, and what is wrong."""
        today = today_of(self._clock.now_us())
        kept = self._folder.kept()
        figures = {
            "loaded": None,
            "failed": None,
            "failed_named": [],
            **self._figures,
            "set": self._loaded[0],
            "reloads": self._reloads,
            **_fetched(kept),
            "tuning": {
                "holding": sum(entry.active(today) for entry in self._entries),
                "ended": [entry.id for entry in self._entries if not entry.active(today)],
                "review_due": [entry.id for entry in self._entries if entry.due(today)],
            },
        }
        return figures, self._problems()

    def _problems(self) -> list[Text]:
        """What is wrong with the rules, a line each."""
        wrong = [*((self._wrong,) if self._wrong else ()), *self._unread]
        fell = self._folder.fell_back()
        if fell:
            wrong.append(
                Text(
                    "Suricata did not start with the rule set {set} ({why}): set {name} is in force until `bavn node"
                    " rules update` brings another",
                    set=fell[0],
                    why=fell[1],
                    name=self._folder.name,
                )
            )
        refused = self._folder.refused()
        if refused is not None:
            wrong.append(
                Text(
                    "the last `bavn node rules update` was refused, set {name} stays: {refused}",
                    name=self._folder.name,
                    refused=refused,
                )
            )
        if self._stuck:
            wrong.append(Text("Suricata does not load its rules anew"))
        failed = self._figures.get("failed", 0)
        if failed:
            wrong.append(
                Text.counted(
                    "{count:,} rule fails: Suricata does not take it",
                    "{count:,} rules fail: Suricata does not take them",
                    failed,
                )
            )
        return wrong


def _figures(stats: Any, failed: Any) -> dict[str, Any]:
    """What Suricata answered, of all its engines."""
    engines = [entry for entry in stats if isinstance(entry, dict)] if isinstance(stats, list) else []
    named = [entry for entry in failed if isinstance(entry, dict)] if isinstance(failed, list) else []
    return {
        "loaded": sum(int(entry.get("rules_loaded", 0)) for entry in engines),
        "failed": sum(int(entry.get("rules_failed", 0)) for entry in engines),
        "failed_named": [f"{entry.get('filename')}:{entry.get('line')}: {entry.get('rule')!s:.200}" for entry in named][
            :FAILED_NAMED_MAX
        ],
    }


def _fetched(kept: RuleYield | None) -> dict[str, Any]:
    """What the set in force came to when it was fetched: rules kept, switched off in it and left out; and all of it."""
    if kept is None:
        return {"fetched": None}
    return {"kept": kept.loaded, "off": kept.off, "left_out": kept.wanted - kept.loaded, "fetched": kept.as_json()}


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
