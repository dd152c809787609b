"""Heads that differ from one that was read before in nothing but a few values are not parsed again.

The requests of a client are alike. Its next head has the same length and the same bytes, but for the values of a few
headers (``VARYING``), which are as long as those before. Here the values stand between bars::

    POST / HTTP/1.1 CRLF Host: a CRLF X-Amz-Date: |20261126T080000Z| CRLF
    Authorization: AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=|64 digits| CRLF CRLF

Rules:
 - INVARIANT: what ``read`` gives for a head is what ``parse_head`` gives for it, refusals included.
 - Every byte outside the values is compared. Inside them stand visible ASCII characters alone, so that no line begins
   or ends there and nothing is to be trimmed. The one value that steers framing, Content-Length, is read anew.
 - A form is made of a head in which no name was repeated, and kept only after a signature over a request with that
   head was true (``keep``): nobody without a credential fills the memory. All connections share the forms; their
   number and their size have limits.
 - No value is kept: no signature, and no session token, which is one of the values.

What this does not do: say what a head means. ``framing.py`` does, and this repeats what it said.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Final

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

Span = tuple[int, int]
Cut = Callable[[bytes], tuple[bytes, ...]]


class HeadForm:
    """What heads of one form have in common.

    Args:
        forms: Where it is kept.
        head: What it is made of.
        spans: Where the values lie in it, by the name of their header.
        literal: What lies between them.

    Attributes:
        varying: The names of the headers whose values differ.
        claim: What the signatures in such heads have in common; None until one of them was true.
    """

    __slots__ = ("_before_signature", "_forms", "_head", "_literal", "_spans", "claim", "varying")

    def __init__(self, forms: HeadForms, head: Head, spans: dict[bytes, Span], literal: bytes) -> None:
        self.claim: ClaimForm | None = None
        self.varying = tuple(spans)
        self._forms = forms
        self._spans = tuple(spans.values())
        self._literal = literal
        named = {name: b"" if name in spans else value for name, value in head.named.items()}
        self._head = replace(head, headers=(), named=named)
        self._before_signature = head.named[AUTHORIZATION][:-_SIGNATURE_DIGITS]

    def keep(self, claim: ClaimForm) -> None:
        """Keep the form from now on: a signature in such a head was true.

        Args:
            claim: What it has in common with those to come.
        """
        if self.claim is None:
            self.claim = claim
            self._forms.add(self, self._spans, self._literal)

    def fill_in(self, values: tuple[bytes, ...], max_body_bytes: int) -> Head | None:
        """Give the head that has these values; None for one that is to be parsed.

        Args:
            values: In the order of ``varying``.
            max_body_bytes: As for ``parse_head``.
        """
        if b"".join(values).translate(None, _VISIBLE):
            return None
        form = self._head
        named = form.named.copy()
        named |= zip(self.varying, values, strict=True)
        named[AUTHORIZATION] = self._before_signature + named[AUTHORIZATION]
        content_length = form.content_length
        length = named.get(LENGTH)
        if length is not None:
            if not length.isdigit():
                return None
            content_length = int(length)
            if content_length > max_body_bytes:
                return None
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
        )


class _Layout:
    """Where the values lie in heads of one length, and the forms of those heads by what lies between."""

    __slots__ = ("cut_literal", "cut_values", "forms", "spans")

    def __init__(self, spans: tuple[Span, ...]) -> None:
        self.spans = spans
        self.cut_literal = _cutter_between(spans)
        self.cut_values: Cut = itemgetter(*[slice(*span) for span in spans])
        self.forms: dict[bytes, HeadForm] = {}


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
        self._layouts: dict[int, list[_Layout]] = {}  # by the length of the head
        self._number = 0
        self._until_next = 0

    def __len__(self) -> int:
        return self._number

    def read(self, head: bytes, admit: Callable[[Head], None] | None = None) -> Head:
        """Read one request head, which ends with its empty line.

        Args:
            head: Its bytes.
            admit: As for ``parse_head``.

        Raises:
            Refused: As ``parse_head`` does.
        """
        for layout in self._layouts.get(len(head), ()):
            form = layout.forms.get(b"".join(layout.cut_literal(head)))
            if form is not None:
                known = form.fill_in(layout.cut_values(head), self._max_body_bytes)
                if known is not None:
                    self.reused += 1
                    return known
        parsed = parse_head(head, self._max_headers, self._max_body_bytes, admit)
        self._until_next -= 1
        if self._until_next > 0:
            return parsed
        self._until_next = LEARN_EVERY
        return replace(parsed, form=self._propose(head, parsed))

    def add(self, form: HeadForm, spans: tuple[Span, ...], literal: bytes) -> None:
        """Keep a form.

        Args:
            form: The form.
            spans: Where the values lie in its heads.
            literal: What lies between them.
        """
        if self._number >= MOST_FORMS:
            self._layouts.clear()
            self._number = 0
        layouts = self._layouts.setdefault(len(literal) + sum(end - start for start, end in spans), [])
        layout = next((known for known in layouts if known.spans == spans), None)
        if layout is None:
            if len(layouts) >= MOST_LAYOUTS:
                self._number -= sum(len(known.forms) for known in layouts)
                layouts.clear()
            layout = _Layout(spans)
            layouts.append(layout)
        self._number += literal not in layout.forms
        layout.forms[literal] = form

    def _propose(self, head: bytes, parsed: Head) -> HeadForm | None:
        """Make the form of a head, to be kept if its signature is true; None when it is to have none."""
        if len(head) > LONGEST_HEAD_BYTES or not 0 <= parsed.content_length <= LARGEST_BODY_BYTES:
            return None
        spans = _find_values(head, parsed)
        if spans is None:
            return None
        return HeadForm(self, parsed, spans, b"".join(_cutter_between(tuple(spans.values()))(head)))


def _cutter_between(spans: tuple[Span, ...]) -> Cut:
    """Give what takes out of a head all that lies between its values; there are two at least."""
    ends = [0, *(end for _, end in spans)]
    starts = [*(start for start, _ in spans), None]
    return itemgetter(*[slice(end, start) for end, start in zip(ends, starts, strict=True)])


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
