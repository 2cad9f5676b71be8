"""An actor takes a report back: what it said of an element counts no longer, whatever it was asked in.

Its reports go from what is ranked and from the answers of rounds that are open, so that no later answer brings them
back; its group's memory of the element goes where nobody else of the group reports it. Refuses to judge why.
"""

from sqlalchemy import Engine, delete, select, update

from bavn.centre.books import codec
from bavn.centre.books import tables as t
from bavn.centre.correlate.round_state import Phase
from bavn.model.observable import Observable


def take_back(engine: Engine, actor: str, observable: Observable) -> int:
    """Returns how many groups still report the element. Repeatable."""
    element = (t.SIGNS.c.type == observable.type.value, t.SIGNS.c.value == observable.value)
    with t.writing(engine) as connection:
        gone = [
            codec.read_sign(body)
            for body in connection.scalars(select(t.SIGNS.c.body).where(*element, t.SIGNS.c.actor == actor))
        ]
        connection.execute(delete(t.SIGNS).where(*element, t.SIGNS.c.actor == actor))
        left = {codec.read_sign(body).group for body in connection.scalars(select(t.SIGNS.c.body).where(*element))}
        for group in {sign.group for sign in gone} - left:
            connection.execute(
                delete(t.SEEN).where(
                    t.SEEN.c.type == observable.type.value,
                    t.SEEN.c.value == observable.value,
                    t.SEEN.c.actor_group == group,
                )
            )
        reveals = select(t.ROUNDS.c.body).where(t.ROUNDS.c.phase == Phase.REVEAL.value)
        for round_ in [codec.read_round(body) for body in connection.scalars(reveals)]:
            here = (t.ANSWERS.c.round_id == round_.id) & (t.ANSWERS.c.x == round_.x_of(actor))
            for row in connection.execute(select(t.ANSWERS).where(here, t.ANSWERS.c.sign.is_not(None))).all():
                if codec.read_sign(row.sign).observable == observable:
                    cell = (t.ANSWERS.c.cell_table == row.cell_table) & (t.ANSWERS.c.cell_bin == row.cell_bin)
                    connection.execute(update(t.ANSWERS).where(here, cell).values(sign=None))
    return len(left)
