"""An attack told again in the shell: step by step, and as a paragraph. Centre and node print alike. Refuses to make
sentences."""

import json
from typing import Any

from bavn.model.moment import as_datetime, iso
from bavn.model.sector.story import ActorPath, AttackStory, Replay, Step
from bavn.model.text import Language, Text

_SHOWS = {
    "lead": "bavn centre leads {}",
    "case": "bavn centre case {}",
    "indicator": "bavn centre clock {}",
    "suspicion": "bavn node evidence {}",
    "block": "bavn node hits",
}
_CASE_HERE = "bavn node cases {}"
"""A case, at a node."""


def show_replay(replay: Replay, language: Language, *, as_json: bool) -> None:
    """Each step with what it changed for whom, then when it could have been stopped, and what is not known."""
    if as_json:
        for number, step in enumerate(replay.steps):
            print(json.dumps(_plain_step(replay, number, step, language), ensure_ascii=False))
        print(
            json.dumps(
                {
                    "could": replay.could.say(language),
                    "prevented": replay.prevented.say(language),
                    "unknown": [text.say(language) for text in replay.unknown],
                },
                ensure_ascii=False,
            )
        )
        return
    for number, step in enumerate(replay.steps):
        at = f"{as_datetime(step.at_us):{'%Y-%m-%d %H h  ' if step.by_hour else '%Y-%m-%d %H:%MZ'}}"
        print(f"{at}  {step.says.say(language)}  [{step.sector.say(language)}]")
        for path in replay.actors:
            for stand in path.stands:
                if stand.step == number:
                    print(f"{'':19}{path.actor} {stand.says.say(language)}")
    for text in (replay.could, replay.prevented):
        print(f"\n{text.say(language)}")
    print(f"\n{Text('Not known here:').say(language)}")
    for text in replay.unknown:
        print(f"  {text.say(language)}")


def show_story(story: AttackStory, language: Language, *, as_json: bool, at_node: bool = False) -> None:
    """The paragraph, and below it what shows the fact behind each sentence."""
    shows = _SHOWS | ({"case": _CASE_HERE} if at_node else {})
    if as_json:
        for sentence in story.sentences:
            line = {"text": sentence.text.say(language), "kind": sentence.kind, "ref": sentence.ref}
            print(json.dumps(line | {"command": shows[sentence.kind].format(sentence.ref)}, ensure_ascii=False))
        return
    commands = list(dict.fromkeys(shows[sentence.kind].format(sentence.ref) for sentence in story.sentences))
    numbered = [
        f"{sentence.text.say(language)} [{commands.index(shows[sentence.kind].format(sentence.ref)) + 1}]"
        for sentence in story.sentences
    ]
    print(" ".join(numbered))
    print()
    for number, command in enumerate(commands, 1):
        print(f"[{number}] {command}")


def _plain_step(replay: Replay, number: int, step: Step, language: Language) -> dict[str, Any]:
    stands = {path.actor: _stand(path, number, language) for path in replay.actors}
    return {
        "step": step.name,
        "at": iso(step.at_us),
        "by_hour": step.by_hour,
        "says": step.says.say(language),
        "sector": step.sector.say(language),
        "actors": {actor: stand for actor, stand in stands.items() if stand is not None},
    }


def _stand(path: ActorPath, number: int, language: Language) -> dict[str, str] | None:
    """How the actor stands after a step: the last of its stands until then."""
    so_far = [stand for stand in path.stands if stand.step <= number]
    return {"stand": so_far[-1].kind, "says": so_far[-1].says.say(language)} if so_far else None
