"""What the centre's rooms have left to be said is queued for its actors, each message once.

A message leaves from a row that was written with the state it follows from; the row is done once it was queued or
refused for good.
"""

from sqlalchemy import Engine, delete, select, update

from bavn.centre.books import codec
from bavn.centre.books import tables as t
from bavn.centre.cases.questions import Questions
from bavn.centre.correlate.join import Join
from bavn.centre.node.contained import Containment
from bavn.centre.share.outgoing_rules import LATER, SHUT
from bavn.centre.share.share import Share
from bavn.model.ports import Clock
from bavn.model.sector.question import Question
from bavn.model.statement import Asking, AskingRadius, CommonsAnswer

MESSAGES_PER_TURN_MAX = 1000


class Dispatch:
    """Messages of rounds, answers of the commons, questions of analysts."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        *,
        share: Share,
        join: Join,
        questions: Questions,
        contained: Containment,
    ) -> None:
        self._engine, self._clock, self._share = engine, clock, share
        self._join, self._questions, self._contained = join, questions, contained

    def send_outgoing(self) -> None:
        """Queue the messages that rounds have left to be said, each once."""
        asked = select(t.OUTGOING).where(t.OUTGOING.c.done.is_(False)).order_by(t.OUTGOING.c.number)
        with t.reading(self._engine) as connection:
            rows = connection.execute(asked.limit(MESSAGES_PER_TURN_MAX)).all()
        for row in rows:

            def send(number: int = row.number, said: str = row.said) -> None:
                refused = self._share.say(codec.read_statement(said))
                if refused is not None and refused.rule in SHUT:
                    return
                with t.writing(self._engine) as connection:
                    connection.execute(update(t.OUTGOING).where(t.OUTGOING.c.number == number).values(done=True))

            self._contained.part("centre message out", send, str(row.said).encode())

    def answer_commons(self) -> None:
        """Each actor's answer, each once, without going through the table of what else waits: it is long."""
        for answer in self._join.answers():

            def send(answer: CommonsAnswer = answer) -> None:
                refused = self._share.say(answer)
                if refused is None or refused.rule not in LATER:
                    self._join.answered(answer, self._clock.now_us())

            self._contained.part("centre commons answer", send, answer.round_id.encode())

    def ask_questions(self) -> None:
        """Ask each actor what was not yet put to it."""
        for question, actor in self._questions.to_send(self._clock.now_us()):

            def ask(question: Question = question, actor: str = actor) -> None:
                refused = self._share.say((AskingRadius if question.about else Asking)(to=actor, question=question))
                if refused is None or refused.rule not in LATER:
                    self._questions.sent(question.id, actor, refused.rule if refused else "")

            self._contained.part("centre question", ask, question.id.encode())

    def forget_sent(self) -> None:
        """Remove rows of messages that were queued."""
        with t.writing(self._engine) as connection:
            connection.execute(delete(t.OUTGOING).where(t.OUTGOING.c.done))
