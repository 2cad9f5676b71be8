"""Datagrams of NetFlow v5, v9 and IPFIX -> halves, in columns.

The datagrams of a step are taken apart one by one, their records are not: those of one template are read together.
Refuses to know where datagrams come from, and to join halves.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from bavn.actor.sense.flows.exporters import Exporters, Key, Rates
from bavn.actor.sense.flows.halves import SAMPLING_MAX, Numbers, Outcomes, matrix
from bavn.actor.sense.flows.netflow_elements import SAMPLERS, Columns, Context, halves_of, sampling_told
from bavn.actor.sense.flows.netflow_template import TEMPLATES_MAX, Template, template_of, templates_in
from bavn.actor.sense.flows.spool import Frame
from bavn.actor.sense.unread import unreadable
from bavn.model.moment import SECOND_US
from bavn.model.text import Text

CLOCK_OFF_US_MAX: Final = 600 * SECOND_US
"""An exporter whose clock is further off than this is read by ours."""
BOOT_OFF_US_MAX: Final = 1500 * 1000
"""v9 tells whole seconds: a boot moment that wanders by less is one and the same."""
RESTARTED_US: Final = 60 * SECOND_US
HELD_BYTES_MAX: Final = 4 << 20
HELD_MAX: Final = 4096
HELD_US_MAX: Final = 1800 * SECOND_US
"""Records whose template has not come yet wait so long, and so many."""
SAMPLERS_MAX: Final = 65_536

_V5: Final = Template(
    5,
    tuple(
        ((0, element), length)
        for element, length in (
            (8, 4),
            (12, 4),
            (15, 4),
            (10, 2),
            (14, 2),
            (2, 4),
            (1, 4),
            (22, 4),
            (21, 4),
            (7, 2),
            (11, 2),
            (210, 1),
            (6, 1),
            (4, 1),
            (5, 1),
            (16, 2),
            (17, 2),
            (9, 1),
            (13, 1),
            (210, 2),
        )
    ),
)
"""v5's one layout in the elements' numbers (Cisco, NetFlow export datagram format)."""
_V5_HEAD: Final = struct.Struct(">HHIIIIBBH")
_V9_HEAD: Final = struct.Struct(">HHIIII")
_IPFIX_HEAD: Final = struct.Struct(">HHIII")
_UNKNOWN: Final = Text("its template has not come")


@dataclass(frozen=True, slots=True)
class Message:
    """What a datagram says of itself. Microseconds; ``boot_us``: when its uptime was 0."""

    exporter: int
    who: str
    domain: int
    sent_us: int
    boot_us: int
    slot: int

    @property
    def key(self) -> Key:
        return self.exporter, self.domain


@dataclass(slots=True)
class Bucket:
    """Records of one template, not read yet."""

    template: Template
    first: Message
    sampling: int | None = None
    parts: list[bytes] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    begins: list[int] = field(default_factory=list)

    def context(self) -> Context:
        counts = np.array(self.counts)

        def each(values: Sequence[int]) -> Any:
            return np.repeat(np.array(values, np.int64), counts)

        within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        return Context(
            each([m.sent_us for m in self.messages]),
            each([m.boot_us for m in self.messages]),
            (each(self.begins) + within).astype(np.uint64),
            each([m.slot for m in self.messages]),
        )


class NetflowDecoder:
    """The state of all exporters: templates, samplers, sequences; and :meth:`decode`, which moves it on."""

    def __init__(self, state: Any = None, rates: Rates | None = None) -> None:
        self.exporters = Exporters()
        self._rates = rates or Rates(())
        self.templates: dict[Key, dict[int, Template]] = {}
        self.clocks_off = 0
        self._samplers: dict[tuple[int, int, int], int] = {}
        self._boots: dict[Key, int] = {}
        self._counts_of: dict[Key, tuple[int, int]] = {}
        self._held: list[tuple[Message, int, bytes]] = []
        self._n = 0
        self._buckets: dict[Any, Bucket] = {}
        self._now_us = 0
        if state is not None:
            self._load(state)

    def decode(self, frames: Sequence[Frame], out: Outcomes, now_us: int) -> None:
        """Every record of these datagrams has its outcome in ``out``, or waits for its template."""
        self._buckets, self._now_us = {}, now_us
        for frame in frames:
            try:
                self._datagram(frame, out)
            except Exception as error:  # noqa: BLE001  a stranger's bytes, and whatever they raise: one refusal
                out.refuse(self._who(frame), unreadable(error, frame.data))
        self._read(out)
        self._let_go(out)

    def _who(self, frame: Frame) -> str:
        exporter = self.exporters.number(frame.address)
        return "many" if exporter is None else self.exporters.names[exporter]

    def counts(self) -> dict[str, int]:
        return {
            "exporters": len(self.exporters.numbers),
            "templates": sum(map(len, self.templates.values())),
            "samplers": len(self._samplers),
            "waiting_for_template": len(self._held),
            "exporter_restarts": self.exporters.restarts,
            "late_datagrams": self.exporters.late,
            "clock_off_datagrams": self.clocks_off,
        }

    def _datagram(self, frame: Frame, out: Outcomes) -> None:
        exporter = self.exporters.number(frame.address)
        if exporter is None:
            out.refuse("many", Text("more exporters than a node takes"))
            return
        who = self.exporters.names[exporter]
        version = int.from_bytes(frame.data[:2])
        if version == 5:
            self._v5(frame, exporter, who, out)
        elif version == 9:
            self._v9(frame, exporter, who, out)
        elif version == 10:
            self._ipfix(frame, exporter, who, out)
        else:
            out.refuse(who, Text("neither NetFlow v5, v9 nor IPFIX: version {version}", version=version))

    def _v5(self, frame: Frame, exporter: int, who: str, out: Outcomes) -> None:
        data = frame.data
        if len(data) < _V5_HEAD.size:
            out.refuse(who, Text("a datagram that breaks off in its header"))
            return
        _, count, up, seconds, nanos, sequence, kind, number, sampling = _V5_HEAD.unpack_from(data)
        whole = min(count, (len(data) - _V5_HEAD.size) // _V5.width)
        sent = seconds * SECOND_US + min(nanos // 1000, SECOND_US - 1)
        message = self._message(frame, exporter, who, (5 << 32) | kind << 8 | number, sent, sent - up * 1000)
        self.exporters.came(message.key, sequence, count, "sequence_gap_v5")
        rate = sampling & 0x3FFF
        body = data[_V5_HEAD.size : _V5_HEAD.size + whole * _V5.width]
        self._put(_V5, message, body, whole, sampling=rate or self._rates.of(who))
        if whole < count:
            out.refuse(who, Text("a datagram that breaks off"), count - whole if count <= 1000 else 1)

    def _v9(self, frame: Frame, exporter: int, who: str, out: Outcomes) -> None:
        if len(frame.data) < _V9_HEAD.size:
            out.refuse(who, Text("a datagram that breaks off in its header"))
            return
        _, _, up, seconds, sequence, domain = _V9_HEAD.unpack_from(frame.data)
        boot = self._boot((exporter, domain), seconds * SECOND_US - up * 1000)
        message = self._message(frame, exporter, who, domain, boot + up * 1000, boot)
        self.exporters.came(message.key, sequence, 1, "sequence_gap_v9")
        self._sets(frame.data, _V9_HEAD.size, message, out, ipfix=False)

    def _ipfix(self, frame: Frame, exporter: int, who: str, out: Outcomes) -> None:
        data = frame.data
        if len(data) < _IPFIX_HEAD.size:
            out.refuse(who, Text("a datagram that breaks off in its header"))
            return
        _, length, seconds, sequence, domain = _IPFIX_HEAD.unpack_from(data)
        if length > len(data):
            out.refuse(who, Text("a datagram that breaks off"))
        sent = seconds * SECOND_US
        message = self._message(frame, exporter, who, (10 << 32) | domain, sent, sent)
        body = data[: max(length, _IPFIX_HEAD.size)]
        count, plain = self._sets(body, _IPFIX_HEAD.size, message, out, ipfix=True) or (None, 0)
        before, plain_before = self._counts_of.get(message.key, (0, 0))
        # Some count a message's records before they send it, some leave out the options (softflowd does both).
        own = () if count is None else (count - before, plain - before, plain_before - before)
        self.exporters.came(message.key, sequence, count, "sequence_gap_ipfix", own)
        if message.key in self.exporters.sequences:
            self._counts_of[message.key] = (count or 0, plain)

    def _boot(self, key: Key, boot: int) -> int:
        """The moment of an exporter's start, steady where the header only tells whole seconds. A later one by far: it
        started again, and its templates went with it."""
        known = self._boots.get(key)
        if known is not None and abs(boot - known) <= BOOT_OFF_US_MAX:
            boot = max(boot, known)
        elif known is not None and boot - known > RESTARTED_US:
            self.templates.pop(key, None)
            self.exporters.sequences.pop(key, None)
            self.exporters.restarts += 1
        if known is not None or len(self._boots) < 4096:
            self._boots[key] = boot
        return boot

    def _message(self, frame: Frame, exporter: int, who: str, domain: int, sent_us: int, boot_us: int) -> Message:
        off = frame.at_us - sent_us
        if abs(off) > CLOCK_OFF_US_MAX:
            self.clocks_off += 1
        else:
            off = 0
        return Message(exporter, who, domain, sent_us + off, boot_us + off, frame.slot)

    def _sets(self, data: bytes, at: int, message: Message, out: Outcomes, *, ipfix: bool) -> tuple[int, int] | None:
        """The sets of a message; how many records they held, with options and without, None where nobody can tell."""
        records = plain = 0
        known = True
        while at + 4 <= len(data):
            number, length = struct.unpack_from(">HH", data, at)
            if length < 4 or at + length > len(data):
                out.refuse(message.who, Text("a set that is longer than its datagram or shorter than its head"))
                return None
            body = data[at + 4 : at + length]
            at += length
            if number == (2 if ipfix else 0):
                self._learn(message, body, out, ipfix=ipfix, options=False)
            elif number == (3 if ipfix else 1):
                self._learn(message, body, out, ipfix=ipfix, options=True)
            elif number < 256:
                out.refuse(message.who, Text("a set of the reserved number {number}", number=number))
            else:
                count = self._data(message, number, body)
                known &= count is not None
                records += count or 0
                options = count is not None and self.templates[message.key][number].options
                plain += 0 if options else count or 0
        return (records, plain) if known else None

    def _learn(self, message: Message, body: bytes, out: Outcomes, *, ipfix: bool, options: bool) -> None:
        known = self.templates.setdefault(message.key, {})
        templates, why = templates_in(body, ipfix=ipfix, options=options)
        for template in templates:
            if isinstance(template, int):
                gone = [template] if template >= 256 else [n for n, t in known.items() if t.options == options]
                for number in gone:
                    known.pop(number, None)
            elif template.number in known or len(known) < TEMPLATES_MAX:
                if known.get(template.number) != template:
                    known[template.number] = template
            else:
                why = Text("more than {most} templates of one domain", most=TEMPLATES_MAX)
        if why:
            out.refuse(message.who, why)
        numbers = {template.number for template in templates if isinstance(template, Template)}
        if numbers and self._held:
            ready = [one for one in self._held if one[0].key == message.key and one[1] in numbers]
            self._held = [one for one in self._held if not (one[0].key == message.key and one[1] in numbers)]
            for held, number, data in ready:
                self._data(held, number, data)

    def _data(self, message: Message, number: int, body: bytes) -> int | None:
        template = self.templates.get(message.key, {}).get(number)
        if template is None:
            self._held.append((message, number, body))
            return None
        records, count = template.records(body)
        self._put(template, message, records, count)
        return count

    def _put(
        self, template: Template, message: Message, records: bytes, count: int, *, sampling: int | None = None
    ) -> None:
        if not count:
            return
        key = (message.key, id(template), sampling)
        bucket = self._buckets.setdefault(key, Bucket(template, message, sampling))
        bucket.parts.append(records)
        bucket.counts.append(count)
        bucket.messages.append(message)
        bucket.begins.append(self._n)
        self._n += count

    def _read(self, out: Outcomes) -> None:
        """Options first: what they say of samplers holds for the records that came with them."""
        buckets = sorted(self._buckets.values(), key=lambda bucket: not bucket.template.options)
        for bucket in buckets:
            try:
                self._bucket(bucket, out)
            except Exception as error:  # noqa: BLE001  as above: the records of one template
                out.refuse(bucket.first.who, unreadable(error, b"".join(bucket.parts)), sum(bucket.counts))
        self._buckets = {}

    def _bucket(self, bucket: Bucket, out: Outcomes) -> None:
        columns = Columns(matrix(bucket.parts, bucket.template.width), bucket.template)
        if bucket.template.options:
            self._options(bucket.first, columns)
            out.passed += len(columns)
            return
        halves, passed = halves_of(columns, bucket.context(), bucket.first.exporter, self._sampling(bucket, columns))
        out.take(halves, bucket.first.who)
        out.passed += passed

    def _options(self, message: Message, columns: Columns) -> None:
        sampling = sampling_told(columns)
        if sampling is None:
            return
        samplers = columns.get(*SAMPLERS)
        numbers = np.full(len(columns), -1) if samplers is None else np.minimum(samplers, 1 << 40).astype(np.int64)
        for number, rate in zip(numbers.tolist(), sampling.tolist(), strict=True):
            key = (*message.key, number)
            if rate and (key in self._samplers or len(self._samplers) < SAMPLERS_MAX):
                self._samplers[key] = int(rate)

    def _sampling(self, bucket: Bucket, columns: Columns) -> Numbers:
        """Of each record: as it tells itself, as its sampler was told of, or as the exporter's only sampler is. 0 where
        it names a sampler that nobody told of."""
        if bucket.sampling is not None:
            return np.full(len(columns), min(bucket.sampling, SAMPLING_MAX), np.uint64)
        default = self._default(bucket.first)
        sampling = np.full(len(columns), default, np.uint64)
        samplers = columns.get(*SAMPLERS)
        if samplers is not None:
            named, where = np.unique(samplers, return_inverse=True)
            rates = [self._rate(bucket.first, int(number), default) for number in named.tolist()]
            sampling = np.array(rates, np.uint64)[where]
        own = sampling_told(columns)
        return sampling if own is None else np.where(own > 0, own, sampling)

    def _default(self, message: Message) -> int:
        """What holds for records that name no sampler: told of all, or the same of each sampler; else what the operator
        says of this exporter, or every packet."""
        key = message.key
        rate = self._samplers.get((*key, -1))
        if rate is None:
            rates = {rate for (exporter, domain, _), rate in self._samplers.items() if (exporter, domain) == key}
            rate = rates.pop() if len(rates) == 1 else self._rates.of(message.who)
        return rate

    def _rate(self, message: Message, number: int, default: int) -> int:
        if number == 0:
            return default
        unknown = default if default > 1 else 0
        return self._samplers.get((*message.key, number), unknown)

    def _let_go(self, out: Outcomes) -> None:
        """What waited too long for its template, or is too much, is refused."""
        size = sum(len(body) for _, _, body in self._held)
        kept: list[tuple[Message, int, bytes]] = []
        for at, held in enumerate(self._held):
            message, _, body = held
            late = self._now_us // (15 * SECOND_US) - message.slot > HELD_US_MAX // (15 * SECOND_US)
            if late or size > HELD_BYTES_MAX or len(self._held) - at > HELD_MAX:
                out.refuse(message.who, _UNKNOWN)
                size -= len(body)
            else:
                kept.append(held)
        self._held = kept

    def state(self) -> dict[str, Any]:
        """What :class:`NetflowDecoder` goes on from."""
        return {
            "exporters": self.exporters.state(),
            "n": self._n,
            "templates": [[*key, [t.text() for t in known.values()]] for key, known in self.templates.items()],
            "samplers": [[*key, rate] for key, rate in self._samplers.items()],
            "boots": [[*key, at] for key, at in self._boots.items()],
            "told": [[*key, *counts] for key, counts in self._counts_of.items()],
            "held": [
                [m.exporter, m.who, m.domain, m.sent_us, m.boot_us, m.slot, number, body.hex()]
                for m, number, body in self._held
            ],
        }

    def _load(self, state: Any) -> None:
        self.exporters = Exporters.of(state["exporters"])
        self._n = int(state["n"])
        for exporter, domain, known in state["templates"]:
            made = [template_of(one) for one in known]
            self.templates[int(exporter), int(domain)] = {template.number: template for template in made}
        self._samplers = {(int(a), int(b), int(c)): int(rate) for a, b, c, rate in state["samplers"]}
        self._boots = {(int(a), int(b)): int(at) for a, b, at in state["boots"]}
        self._counts_of = {(int(a), int(b)): (int(every), int(plain)) for a, b, every, plain in state["told"]}
        self._held = [(Message(*more), int(number), bytes.fromhex(body)) for *more, number, body in state["held"]]
