"""Heads that differ from one that was read before in nothing but a few values are not parsed again.

The requests of a client are alike. Its next head has the same length and the same bytes, but for the values of a few
headers (``VARYING``), which are as long as those before. Here the values stand between bars::

    POST / HTTP/1.1 CRLF Host: a CRLF X-Amz-Date: |20261126T080000Z| CRLF
    Authorization: AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=|64 digits| CRLF CRLF

Rules:
 - INVARIANT: what ``read`` gives for a head is what ``parse_head`` gives for it, refusals included. ``read_whole``
   says the same of a request that came in one piece, or nothing; its headers are written when they are asked for.
 - Every byte outside the values is compared. Inside them stand visible ASCII characters alone, so that no line begins
   or ends there and nothing is to be trimmed. The one value that steers framing, Content-Length, is read anew.
 - A form is made of a head in which no name was repeated, and kept only after a signature over a request with that
   head was true (``keep``): nobody without a credential fills the memory. All connections share the forms; their
   number and their size have limits.
 - No value is kept here: no signature, and no session token, which is one of the values. (Of a date ``claim_form.py``
   keeps what hangs on it.)

What this does not do: say what a head means. ``framing.py`` does, and this repeats what it said.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any, Final

from msgspec.structs import replace

from strongroom.gateway.framing import Head, parse_head
from strongroom.sigv4.claim_form import ClaimForm

MOST_FORMS: Final = 1_024
"""When there are so many, all are forgotten; clients that are still there come to theirs again."""
MOST_LAYOUTS: Final = 4
"""For heads of one length."""
LONGEST_HEAD_BYTES: Final = 4_096
LARGEST_BODY_BYTES: Final = 65_536
"""Of the request that a form is made of."""
LEARN_EVERY: Final = 7
"""Of the heads that are parsed one in so many may become a form: those that never come again cost little then. It is
no small even number, because clients alternate."""

AUTHORIZATION: Final = b"authorization"
DATE: Final = b"x-amz-date"
LENGTH: Final = b"content-length"
VARYING: Final = frozenset(
    [
        b"amz-sdk-invocation-id",
        AUTHORIZATION,  # its signature alone
        LENGTH,
        b"x-amz-content-sha256",
        DATE,
        b"x-amz-security-token",
        b"x-amzn-trace-id",
    ]
)
_BEFORE_SIGNATURE: Final = b", Signature="
_SIGNATURE_DIGITS: Final = 64
_VISIBLE: Final = bytes(range(0x21, 0x7F))

_SMALL: Final = {b"%d" % length: length for length in range(1_024)}
"""The lengths of small bodies, by how they are written."""

Span = tuple[int, int]
Cut = Callable[[bytes], tuple[bytes, ...]]
Whole = tuple["HeadForm", tuple[bytes, ...], bytes]
"""A request whose head is like one before: the form of its head, the values in it, and its body."""


class HeadForm:
    """What heads of one form have in common.

    Args:
        forms: Where it is kept.
        head: What it is made of.
        spans: Where the values lie in it, by the name of their header.
        layout: What cuts such heads.
        literals: What lies between the values.

    Attributes:
        method, path, query, keeps_alive: As of a ``Head``.
        layout: What cuts such heads.
        literals: What lies between the values.
        varying: The names of the headers whose values differ.
        constants: The headers by name, in their order; of those whose values differ no value.
        claim: What the signatures in such heads have in common; None until one of them was true.
        route: See ``KnownHead``.
    """

    __slots__ = (
        "_before_signature",
        "_forms",
        "_head",
        "_length_at",
        "claim",
        "constants",
        "keeps_alive",
        "layout",
        "literals",
        "method",
        "path",
        "query",
        "route",
        "varying",
    )

    def __init__(
        self,
        forms: HeadForms,
        head: Head,
        spans: dict[bytes, Span],
        layout: Layout,
        literals: tuple[bytes, ...],
    ) -> None:
        self.claim: ClaimForm | None = None
        self.route: tuple[object, Any] | None = None
        self.method, self.path, self.query = head.method, head.path, head.query
        self.keeps_alive = head.keeps_alive
        self.layout = layout
        self.literals = literals
        self.varying = tuple(spans)
        self.constants = {name: b"" if name in spans else value for name, value in head.named.items()}
        self._forms = forms
        self._head = replace(head, headers=(), named={})
        self._length_at = self.varying.index(LENGTH) if LENGTH in spans else None
        self._before_signature = head.named[AUTHORIZATION][:-_SIGNATURE_DIGITS]

    def keep(self, claim: ClaimForm) -> None:
        """Keep the form from now on: a signature in such a head was true.

        Args:
            claim: What it has in common with those to come.
        """
        if self.claim is None:
            self.claim = claim
            self._forms.add(self)

    def body_length(self, values: tuple[bytes, ...]) -> int | None:
        """Give how long the body is; None where values are none of such a head, which is to be parsed then.

        Args:
            values: In the order of ``varying``; of a signature its digits alone.
        """
        joined = b"".join(values)
        # The first look at letters, digits and hyphens takes less time, and is enough nearly always.
        if not joined.replace(b"-", b"").isalnum() and joined.translate(None, _VISIBLE):
            return None
        if self._length_at is None:
            return self._head.content_length
        written = values[self._length_at]
        length = _SMALL.get(written)
        if length is None and written.isdigit():
            return int(written)
        return length

    def fill_in(self, values: tuple[bytes, ...]) -> dict[bytes, bytes]:
        """Give the headers by name, in their order."""
        named = self.constants.copy()
        named |= zip(self.varying, values, strict=True)
        named[AUTHORIZATION] = self._before_signature + named[AUTHORIZATION]
        return named

    def head_of(self, values: tuple[bytes, ...], content_length: int) -> Head:
        """Give the head that has these values."""
        named = self.fill_in(values)
        form = self._head
        return Head(
            form.method,
            form.path,
            form.query,
            tuple(named.items()),
            named,
            content_length,
            form.keeps_alive,
            form.expects_continue,
            self,
            values,
        )


class Layout:
    """Where the values lie in heads of one length, and the forms of those heads by what lies between.

    Args:
        size: The length of the heads.
        spans: Where the values lie.

    Attributes:
        cut_literals: Takes what lies between the values out of bytes that begin with such a head; it raises when they
            are fewer.
        cut_values: Takes the values out of them.
    """

    __slots__ = ("cut_literals", "cut_values", "forms", "size", "spans")

    def __init__(self, size: int, spans: tuple[Span, ...]) -> None:
        self.size = size
        self.spans = spans
        ends = [0, *(end for _, end in spans)]
        starts = [*(start for start, _ in spans), size]
        between = [start - end for end, start in zip(ends, starts, strict=True)]
        inside = [end - start for start, end in spans]
        literals, values = f"{between[0]}s", f"{between[0]}x"
        for value, literal in zip(inside, between[1:], strict=True):
            literals += f"{value}x{literal}s"
            values += f"{value}s{literal}x"
        self.cut_literals: Cut = Struct(literals).unpack_from
        self.cut_values: Cut = Struct(values).unpack_from
        self.forms: dict[tuple[bytes, ...], HeadForm] = {}


class HeadForms:
    """Reads heads for all connections of one edge.

    Args:
        max_headers: As for ``parse_head``.
        max_body_bytes: As for ``parse_head``.

    Attributes:
        reused: How many heads were not parsed.
    """

    def __init__(self, max_headers: int, max_body_bytes: int) -> None:
        self.reused = 0
        self._max_headers = max_headers
        self._max_body_bytes = max_body_bytes
        self._layouts: dict[int, list[Layout]] = {}  # by the length of the head
        self._latest: HeadForm | None = None
        self._number = 0
        self._until_next = 0

    def __len__(self) -> int:
        return self._number

    def read_whole(self, data: bytes) -> Whole | None:
        """Read a request that came in one piece, if its head is like one before and nothing follows it.

        Args:
            data: All that has arrived.

        Returns:
            What ``read`` and the length of the body would say; None where they are to be asked.
        """
        form = self._latest
        if form is None:
            return None
        layout = form.layout
        # Where these lie in their places, the first empty line is that of the form: no value holds a line break.
        if len(data) < layout.size or layout.cut_literals(data) != form.literals:
            form = self._find(data)
            if form is None:
                return None
            layout = form.layout
        values = layout.cut_values(data)
        length = form.body_length(values)
        if length is None or length > self._max_body_bytes or len(data) != layout.size + length:
            return None
        self.reused += 1
        return form, values, data[layout.size :]

    def read(self, head: bytes, admit: Callable[[Head], None] | None = None) -> Head:
        """Read one request head, which ends with its empty line.

        Args:
            head: Its bytes.
            admit: As for ``parse_head``.

        Raises:
            Refused: As ``parse_head`` does.
        """
        form = self._look_up(head, len(head))
        if form is not None:
            values = form.layout.cut_values(head)
            length = form.body_length(values)
            if length is not None and length <= self._max_body_bytes:
                self.reused += 1
                return form.head_of(values, length)
        parsed = parse_head(head, self._max_headers, self._max_body_bytes, admit)
        self._until_next -= 1
        if self._until_next > 0:
            return parsed
        self._until_next = LEARN_EVERY
        return replace(parsed, form=self._propose(head, parsed))

    def _find(self, data: bytes) -> HeadForm | None:
        """Find the form of the head that bytes begin with."""
        return self._look_up(data, data.find(b"\r\n\r\n", 0, LONGEST_HEAD_BYTES) + 4)

    def _look_up(self, data: bytes, size: int) -> HeadForm | None:
        """Find the form of a head of so many bytes."""
        for layout in self._layouts.get(size, ()):
            form = layout.forms.get(layout.cut_literals(data))
            if form is not None:
                self._latest = form
                return form
        return None

    def add(self, form: HeadForm) -> None:
        """Keep a form."""
        if self._number >= MOST_FORMS:
            self._layouts.clear()
            self._number = 0
        layouts = self._layouts.setdefault(form.layout.size, [])
        layout = next((known for known in layouts if known.spans == form.layout.spans), None)
        if layout is None:
            if len(layouts) >= MOST_LAYOUTS:
                self._number -= sum(len(known.forms) for known in layouts)
                layouts.clear()
            layout = form.layout
            layouts.append(layout)
        form.layout = layout
        self._number += form.literals not in layout.forms
        layout.forms[form.literals] = form
        self._latest = form

    def _propose(self, head: bytes, parsed: Head) -> HeadForm | None:
        """Make the form of a head, to be kept if its signature is true; None when it is to have none."""
        if len(head) > LONGEST_HEAD_BYTES or not 0 <= parsed.content_length <= LARGEST_BODY_BYTES:
            return None
        spans = _find_values(head, parsed)
        if spans is None:
            return None
        layout = Layout(len(head), tuple(spans.values()))
        return HeadForm(self, parsed, spans, layout, layout.cut_literals(head))


def _find_values(head: bytes, parsed: Head) -> dict[bytes, Span] | None:
    """Find the values that vary, in their order; None in a head of which no form is to be made."""
    spans: dict[bytes, Span] = {}
    at = head.index(b"\n") + 1
    lines = head[at:-2].split(b"\n")[:-1]
    if len(lines) != len(parsed.named) or not {AUTHORIZATION, DATE} <= parsed.named.keys():
        return None  # a name is repeated, or the request is not signed as clients do
    for line in lines:
        name = line.partition(b":")[0].lower()
        if name in VARYING:
            value = parsed.named[name]
            start = at + line.index(value, len(name) + 1)
            end = start + len(value)
            if name == AUTHORIZATION:
                start = end - _SIGNATURE_DIGITS
                if not value[:-_SIGNATURE_DIGITS].endswith(_BEFORE_SIGNATURE):
                    return None
            spans[name] = start, end
        at += len(line) + 1
    return spans
