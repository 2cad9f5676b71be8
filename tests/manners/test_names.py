"""What a class may be called (a noun with what it belongs to) and a local (what it holds): CONTRIBUTING.md."""

import ast
import re
from pathlib import Path

import pytest

GLOSSARY = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"

VERBS = {"told", "said", "asked"}
"""Who told whom what? A field, method or attribute is what it holds or does."""
PROMISED = {
    "bavn.app.web.sac.cases.shapes.Column.said",
    "bavn.app.web.sac.indicators.OwedRow.said",
    "bavn.app.web.sac.protection.TurnShape.told",
    "bavn.app.web.sac.questions.QuestionRow.asked",
    "bavn.app.web.sac.rounds.CellsShape.asked",
    "bavn.app.web.sac.shapes.Done.said",
    "bavn.app.web.sac.warnings.WarningRow.told",
    "bavn.app.web.soc.door.CountsDay.told",
}
"""Fields of the consoles' API, which others read by these names."""
NOT_YET = {
    "bavn.actor.assets.facts.HostFacts.said",
    "bavn.actor.detect.detectors.lateral.LateralActivity.said",
    "bavn.actor.detect.detectors.signature.Alert.said",
    "bavn.actor.detect.terms.Terms.said",
    "bavn.actor.door.conversation.Conversation.told",
    "bavn.actor.door.conversation.Statements.said",
    "bavn.actor.door.conversations.canary_book.CanaryBook.told",
    "bavn.actor.door.conversations.canary_book.Run.told",
    "bavn.actor.door.conversations.warnings.KeptWarning.said",
    "bavn.actor.door.report_rules.ElementRequest.told",
    "bavn.actor.door.round_elements.Prepared.told",
    "bavn.actor.door.state.OpenRound.asked",
    "bavn.actor.evidence.bundle.Bundle.said",
    "bavn.actor.protect.state.Item.told",
    "bavn.app.access.oidc.LogonRequest.said",
    "bavn.app.cli.node.reveals._RevealRows.asked",
    "bavn.centre.cases.case.notices.Owed.said",
    "bavn.centre.cases.questions.Questions.asked",
    "bavn.centre.correlate.round_state.KeepRequests.asked",
    "bavn.centre.correlate.round_state.RoundView.asked",
    "bavn.centre.correlate.round_state.Say.said",
    "bavn.centre.correlate.turns._Turn.asked",
    "bavn.centre.desk.counts.Count.told",
    "bavn.centre.desk.views.CellStory.asked",
    "bavn.centre.inbox.asks.NoQuestions.asked",
    "bavn.centre.inbox.asks.OpenQuestions.asked",
    "bavn.centre.inbox.misp_sightings.Sighted.said",
    "bavn.centre.inbox.plausible.PlausibilityContext.asked",
    "bavn.centre.node.case_post.CasePost.told",
    "bavn.centre.publish.document.Figure.said",
    "bavn.centre.publish.facts.CountFact.told",
    "bavn.centre.share.deliveries.Pending.said",
    "bavn.centre.share.handing.HandingDraft.told",
    "bavn.centre.share.outgoing.Outgoing.said",
    "bavn.keyholder.holder.Asking.asked",
    "bavn.rehearsal.hostile.LiarMemory.said",
    "bavn.rehearsal.trial.TrialResult.said",
    "bavn_lab.sectorbench.worlds.Account.told",
    "bavn_lab.sim.psi_bench.Case.told",
    "bavn_lab.sim.rewrite.Rewritten.said",
}
"""Those that are called so still. It only gets shorter."""


def members(tree: ast.Module) -> set[str]:
    """``Class.name`` of each field, method and attribute that is named by a bare verb."""
    found = set()
    for kind in ast.walk(tree):
        if not isinstance(kind, ast.ClassDef):
            continue
        for node in ast.walk(kind):
            match node:
                case ast.AnnAssign(target=ast.Name(id=name)) if node in kind.body:
                    pass
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if node in kind.body:
                    pass
                case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                    pass
                case _:
                    continue
            if name.strip("_") in VERBS:
                found.add(f"{kind.name}.{name}")
    return found


def test_a_field_or_method_is_named_for_what_it_holds(house) -> None:
    found = {f"{module}.{member}" for module, tree in house.trees.items() for member in members(tree)}
    assert found - PROMISED - NOT_YET == set(), "name it for what it holds or does"
    assert (PROMISED | NOT_YET) - found == set(), "it has a better name by now: take it off the list"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("class A:\n    told: int\n", {"A.told"}),
        ("class A:\n    async def said(self): ...\n", {"A.said"}),
        ("class A:\n    def b(self):\n        self._asked, c = 1, 2\n", {"A._asked"}),
        ("class A:\n    def b(self):\n        told = self.said\n", set()),
    ],
)
def test_a_member_named_by_a_verb_is_seen(text, seen) -> None:
    assert members(ast.parse(text)) == seen


def test_no_class_has_a_name_that_needs_a_noun(bench, house) -> None:
    assert {"Answer", "Asked", "Facts", "Known", "Said", "Standing", "Story", "Told"} <= set(bench.BANNED_CLASSES)
    assert house.banned() == []


def test_a_local_is_called_what_it_holds(bench, house) -> None:
    assert {"asked", "found", "look", "made", "one", "said", "told"} <= set(bench.BANNED_LOCALS)
    assert house.vague_locals() == []


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("def a():\n    said = 1\n    b()\n    c()\n    d()\n    return said\n", ["bavn.room.a.a.said"]),
        ("def a(one):\n    b()\n    c()\n    d()\n    return one\n", ["bavn.room.a.a.one"]),
        ("def a():\n    said = 1\n    return said\n", []),
    ],
)
def test_a_vague_local_that_outlives_three_lines_is_seen(bench, tmp_path, text, seen) -> None:
    room = tmp_path / "bavn" / "room"
    room.mkdir(parents=True)
    (room / "a.py").write_text(text)
    assert bench.House.read(tmp_path).vague_locals() == seen


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("class Told:\n    pass\n", ["bavn.room.a.Told"]),
        ("class Case:\n    class Known:\n        pass\n", ["bavn.room.a.Known"]),
        ("def make():\n    class Facts:\n        pass\n", ["bavn.room.a.Facts"]),
        ("class CaseAnswer:\n    pass\n", []),
    ],
)
def test_a_class_without_a_noun_is_seen_wherever_it_stands(bench, tmp_path, text, seen) -> None:
    room = tmp_path / "bavn" / "room"
    room.mkdir(parents=True)
    (room / "a.py").write_text(text)
    assert bench.House.read(tmp_path).banned() == seen


def test_each_code_word_of_the_glossary_is_in_the_code(house) -> None:
    names = {
        name
        for tree in house.trees.values()
        for node in ast.walk(tree)
        if (name := getattr(node, "name", None) or getattr(getattr(node, "target", None), "id", None))
    }
    table = GLOSSARY.read_text(encoding="utf-8").partition("## What a name says")[2].partition("\n## ")[0]
    words = [word for row in table.splitlines() for word in re.findall(r"`([\w.]+)`", row.rpartition(" | ")[2])]
    assert len(words) > 40
    assert [word for word in words if word not in house.modules and not set(word.split(".")) <= names] == []
