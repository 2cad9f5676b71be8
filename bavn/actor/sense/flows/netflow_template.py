"""Templates of NetFlow v9 (RFC 3954) and IPFIX (RFC 7011): what an exporter's records look like, as it told.

A template becomes a layout: where in a record each element that we read stands. Kept by exporter and domain, bounded.
Refuses to know what an element means.
"""

import struct
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from bavn.model.text import Text

REVERSE: Final = 29305
"""The enterprise number under which RFC 5103 puts what went back."""
VARIABLE: Final = 0xFFFF
FIELDS_MAX: Final = 512
TEMPLATES_MAX: Final = 512
"""Of one exporter's domain."""
RECORD_BYTES_MAX: Final = 16_384
Element = tuple[int, int]
"""Enterprise (0: IANA) and number."""


class BadTemplate(ValueError):
    """The exporter told what cannot be: it is refused, and what comes of it waits for a better one."""


@dataclass(frozen=True)
class Template:
    """``fields``: element and length of each, scope fields first. ``options``: its records tell of the exporter."""

    number: int
    fields: tuple[tuple[Element, int], ...]
    options: bool = False

    @cached_property
    def varies(self) -> bool:
        return any(length == VARIABLE for _, length in self.fields)

    @cached_property
    def width(self) -> int:
        """Bytes of a record, those of variable fields left out."""
        return sum(length for _, length in self.fields if length != VARIABLE)

    @cached_property
    def shortest(self) -> int:
        """Bytes of the shortest record on the wire."""
        return sum(1 if length == VARIABLE else length for _, length in self.fields)

    @cached_property
    def places(self) -> dict[Element, tuple[int, int]]:
        """Offset and length of each element of a fixed length, the first where it comes twice."""
        places: dict[Element, tuple[int, int]] = {}
        offset = 0
        for element, length in self.fields:
            if length == VARIABLE:
                continue
            if length:
                places.setdefault(element, (offset, length))
            offset += length
        return places

    def text(self) -> list[Any]:
        """For a state that is kept; :func:`template_of` reads it."""
        return [self.number, int(self.options), [[*element, length] for element, length in self.fields]]

    def records(self, body: bytes) -> tuple[bytes, int]:
        """Whole records out of a set's body, their variable fields left out, and how many. Padding is dropped."""
        if not self.varies:
            count = len(body) // self.width
            return body[: count * self.width], count
        parts: list[bytes] = []
        at, count, size = 0, 0, len(body)
        while at + self.shortest <= size:
            record: list[bytes] = []
            for _, told in self.fields:
                length = told
                if told == VARIABLE:
                    if at >= size:
                        return b"".join(parts), count
                    length, at = body[at], at + 1
                    if length == 255:
                        length, at = int.from_bytes(body[at : at + 2]), at + 2
                else:
                    record.append(body[at : at + length])
                at += length
            if at > size:
                break
            parts += record
            count += 1
        return b"".join(parts), count


def template_of(state: Any) -> Template:
    """ValueError for anything that :meth:`Template.text` did not write."""
    match state:
        case [int(number), 0 | 1 as options, list(fields)]:
            try:
                columns = [((int(p), int(e)), int(length)) for p, e, length in fields]
            except (TypeError, OverflowError) as error:
                raise ValueError(f"no template: {state!r:.80}") from error
            return _checked(number, columns, bool(options))
        case _:
            raise ValueError(f"no template: {state!r:.80}")


def templates_in(body: bytes, *, ipfix: bool, options: bool) -> tuple[list[Template | int], Text | None]:
    """The templates of a set, in order (a bare number: withdrawn), and why the rest of it could not be read."""
    templates: list[Template | int] = []
    at = 0
    head = 6 if options else 4
    while at + 4 <= len(body):
        number, count = struct.unpack_from(">HH", body, at)
        if number == 0 and not ipfix:
            break  # padding
        if ipfix and count == 0:
            templates.append(number)
            at += 4
            continue
        if at + head > len(body):
            return templates, Text("a template breaks off")
        scope, begin = 0, at + head
        if options and ipfix:
            (scope,) = struct.unpack_from(">H", body, at + 4)
        elif options:
            scope, more = count // 4, struct.unpack_from(">H", body, at + 4)[0]
            count = scope + more // 4
        try:
            fields, at = _fields(body, begin, count, ipfix=ipfix)
            if options and not ipfix:
                # v9's scopes have numbers of their own: they are kept apart from the elements.
                fields = [((1 << 32, e) if i < scope else (p, e), size) for i, ((p, e), size) in enumerate(fields)]
            templates.append(_checked(number, fields, options))
        except BadTemplate as error:
            return templates, Text.of_error(error)
    return templates, None


def _fields(body: bytes, at: int, count: int, *, ipfix: bool) -> tuple[list[tuple[Element, int]], int]:
    if count > FIELDS_MAX:
        raise BadTemplate(Text("a template of {what} fields, more than {most}", what=count, most=FIELDS_MAX))
    fields: list[tuple[Element, int]] = []
    for _ in range(count):
        if at + 4 > len(body):
            raise BadTemplate(Text("a template breaks off"))
        element, length = struct.unpack_from(">HH", body, at)
        at += 4
        enterprise = 0
        if ipfix and element & 0x8000:
            if at + 4 > len(body):
                raise BadTemplate(Text("a template breaks off"))
            (enterprise,) = struct.unpack_from(">I", body, at)
            element, at = element & 0x7FFF, at + 4
        fields.append(((enterprise, element), length if ipfix or length != VARIABLE else 0))
    return fields, at


def _checked(number: int, fields: list[tuple[Element, int]], options: bool) -> Template:
    template = Template(number, tuple(fields), options)
    if number < 256:
        raise BadTemplate(Text("a template numbered {number}, below 256", number=number))
    if template.shortest == 0:
        raise BadTemplate(Text("a template of records without a byte"))
    if template.width > RECORD_BYTES_MAX:
        raise BadTemplate(
            Text(
                "a template of records of {bytes} bytes, more than {most}", bytes=template.width, most=RECORD_BYTES_MAX
            )
        )
    return template
