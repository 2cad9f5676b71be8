"""Priority: the score, plus points for the critical functions and the shared suppliers that a lead touches.

A list of reasons with points, never a bare number. What an actor does and who supplies it is the centre's register, not
what the actor reports, so nobody lifts a lead by claiming to be important; each list of points has a limit. Refuses to
say how likely a lead is: that is the score's.
"""

from collections.abc import Collection, Mapping

from bavn.centre.correlate.context import Context
from bavn.model.counted import actors as counted_actors
from bavn.model.sector.functions import FUNCTIONS, Role
from bavn.model.sector.lead import Lead, Reason
from bavn.model.text import Number, Text

_NAMED_MAX = 6


def reasons_of(actors: Collection[str], context: Context) -> tuple[Reason, ...]:
    """Why a lead at these actors comes before another with the same score; the most points first."""
    settings = context.settings
    functions = _by_name(actors, context.roles, "functions")
    suppliers = {name: at for name, at in _by_name(actors, context.roles, "suppliers").items() if len(at) > 1}
    reasons: list[Reason] = []
    for name in sorted(functions, key=lambda name: (-FUNCTIONS[name].points, name)):
        left = settings.functions_points_max - sum(one.points for one in reasons)
        points = max(0.0, min(FUNCTIONS[name].points, left))
        words, where = FUNCTIONS[name].words, _named(functions[name])
        reasons.append(
            Reason(
                f"function:{name}",
                points,
                Text("Touches {words}: {where}.", words=words, where=where),
            )
        )
    spent = 0.0
    for name in sorted(suppliers, key=lambda name: (-len(suppliers[name]), name)):
        points = max(0.0, min(settings.supplier_points, settings.suppliers_points_max - spent))
        spent += points
        where = _named(suppliers[name])
        reasons.append(
            Reason(
                f"supplier:{name}",
                points,
                Text("They share the supplier {name}: {where}.", name=name, where=where),
            )
        )
    return tuple(reasons)


def without_supplier(lead: Lead, roles: Mapping[str, Role]) -> tuple[Text, ...]:
    """Where no supplier is named in a lead: that none in common was found in the register, and of how many actors it
    says nothing. One sentence, or none."""
    if any(reason.name.startswith("supplier:") for reason in lead.reasons):
        return ()
    supplied = [set(roles.get(actor, Role()).suppliers) for actor in lead.actors]
    registered = [suppliers for suppliers in supplied if suppliers]
    if sum(map(len, registered)) > len(set().union(*registered)):
        return ()  # registered since the last ranking: the next one names it
    known, every = Number(len(registered)), counted_actors(len(supplied))
    if len(registered) < 2:
        words = Text(
            "Whether they share a supplier is not known: suppliers are registered for {known} of {actors}.",
            known=known,
            actors=every,
        )
    elif len(registered) == len(supplied):
        words = Text("No supplier in common was found among those registered for {actors}.", actors=every)
    else:
        words = Text(
            "No supplier in common was found among those registered for {known} of {actors}; for the others none is"
            " registered.",
            known=known,
            actors=every,
        )
    return (words,)


def points_of(actors: Collection[str], context: Context) -> float:
    """What is added to the score."""
    return sum(reason.points for reason in reasons_of(actors, context))


def _by_name(actors: Collection[str], roles: Mapping[str, Role], field: str) -> dict[str, list[str]]:
    """Function or supplier -> the actors of the lead that have it, in order."""
    names: dict[str, list[str]] = {}
    for actor in sorted(actors):
        for name in getattr(roles.get(actor, Role()), field):
            names.setdefault(name, []).append(actor)
    return names


def _named(actors: list[str]) -> Text:
    shown, more = ", ".join(actors[:_NAMED_MAX]), len(actors) - _NAMED_MAX
    return Text.shaped("{shown}{more}", shown=shown, more=Text(" and {more} more", more=more) if more > 0 else "")
