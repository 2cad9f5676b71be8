"""Leads are ranked: laws fitted where that is due, scores computed, cases opened for the highest.

Sits between the books of reports and the cases, as one part of the centre's step. Knows no message.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, func, select

from bavn.centre.books import tables as t
from bavn.centre.books.leads import Laws, SqlLeadBook, histograms
from bavn.centre.cases.case.cases import Cases
from bavn.centre.correlate.congruent import measure as measure_congruent
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.dependence import fit as fit_dependence
from bavn.centre.correlate.echo import parted
from bavn.centre.correlate.graph import congruent_shares
from bavn.centre.correlate.laws.crowd import crowds_of
from bavn.centre.correlate.laws.novelty import measure as measure_novelty
from bavn.centre.correlate.lists import Lists
from bavn.centre.correlate.run import correlate
from bavn.centre.correlate.score import group_evidence, newness
from bavn.centre.correlate.sharing import fit_all, malicious_mean
from bavn.centre.desk.lead_facts import facts_of
from bavn.centre.members.registry import Registry
from bavn.centre.members.roles import Roles
from bavn.centre.node.case_post import CasePost
from bavn.centre.node.config import CentreConfig
from bavn.centre.node.contained import Containment
from bavn.centre.share.deliveries import released_spans
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.observable import Observable
from bavn.model.ports import Clock
from bavn.model.sector.lead import Sign


class LeadRanking:
    """The ranked leads; ``case_post`` is told of the reports that each rests on."""

    def __init__(
        self,
        config: CentreConfig,
        engine: Engine,
        clock: Clock,
        registry: Registry,
        lists: Lists,
        cases: Cases,
        case_post: CasePost,
        contained: Containment,
    ) -> None:
        self._config, self._engine, self._clock = config, engine, clock
        self._registry, self._lists = registry, lists
        self._cases, self._case_post, self._contained = cases, case_post, contained
        self._leads, self._roles = SqlLeadBook(engine), Roles(registry, clock)
        self._ranked: tuple[Any, ...] | None = None
        self._ranked_us = 0

    def stale(self) -> None:
        """Rank at the next step, whatever else is new."""
        self._ranked = None

    def forget(self, before_us: int) -> None:
        """Remove reports from before ``before_us``."""
        self._leads.forget(before_us)

    def step(self) -> None:
        """Rank where reports or verdicts are new, or the last ranking is older than ``rank_every_s``."""
        now_us = self._clock.now_us()
        with t.reading(self._engine) as connection:
            signs = connection.execute(select(func.count(), func.max(t.SIGNS.c.received_us)).select_from(t.SIGNS)).one()
        standing = (tuple(signs), tuple(sorted(self._cases.verdicts("benign"))))
        waited = now_us - self._ranked_us >= self._config.limits.rank_every_s * SECOND_US
        if standing == self._ranked and not waited:
            return
        self._rank(now_us)
        self._ranked, self._ranked_us = standing, now_us

    def _rank(self, now_us: int) -> None:
        signs = self._leads.signs({tier.name: tier.sign_days for tier in self._config.tiers}, now_us)
        first_hours = self._leads.first_hours()
        signs, later = parted(signs, released_spans(self._engine), first_hours)
        laws = self._laws(signs, first_hours, now_us)
        context = Context(
            now_us=now_us,
            settings=self._config.score,
            lists=self._lists,
            first_hours=first_hours,
            later=later,
            cleared=frozenset(self._cases.verdicts("benign")),
            register=self._config.limits.registered,
            sharing=laws.sharing,
            dependence=laws.dependence,
            congruent=laws.congruent,
            crowds=crowds_of(signs),
            novelty=laws.novelty,
            thresholds={tier.name: tier.t for tier in self._config.tiers},
            groups=len({actor.group for actor in self._registry.members()[1]}),
            roles=self._roles.every(),
            malicious_mean=malicious_mean(self._cases.verdicts("malicious").values()),
        )
        ranking = correlate(signs, context, self._leads.lead_of(), self._contained.failures)
        self._leads.keep(ranking, self._leads.first_reports(), now_us)
        views = self._leads.leads(self._config.score.leads_max)
        thresholds = {tier.name: tier.t for tier in self._config.tiers}
        facts = [facts_of(view, thresholds) for view in views]
        self._cases.refresh(facts)
        known = self._cases.lead_ids()
        for one in facts:
            if one.score >= self._config.limits.case_score_min and one.lead_id not in known:
                self._cases.open(one)
        for view in views:
            self._case_post.reported(view.lead.id, view.lead.signs)

    def _laws(self, signs: Sequence[Sign], first_hours: Mapping[Observable, Mapping[str, int]], now_us: int) -> Laws:
        """The laws as last fitted; once a day fitted anew on the reports that count now."""
        laws = self._leads.laws()
        if now_us - laws.fitted_us < DAY_US:
            return laws
        listed = {sign.observable: bool(self._lists.of(sign.observable)) for sign in signs}
        thresholds = {tier.name: tier.t for tier in self._config.tiers}
        groups = len({actor.group for actor in self._registry.members()[1]})
        least = self._config.score.sharing_elements_min
        unlisted = [sign for sign in signs if not listed[sign.observable]]
        context = Context(now_us=now_us, settings=self._config.score, lists=self._lists, first_hours=first_hours)
        self._leads.keep_fits(
            fit_all(histograms(signs, thresholds, listed), groups, least),
            now_us,
            fit_dependence(group_evidence(unlisted, context.weights).values(), least),
            measure_congruent(congruent_shares(unlisted, context)),
            measure_novelty(newness(unlisted, context)),
        )
        return self._leads.laws()
