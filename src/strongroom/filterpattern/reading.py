"""Reading a pattern sign by sign."""

from __future__ import annotations

from strongroom.filterpattern.errors import MalformedPattern


class Reading:
    """A text and how far it was read.

    Attributes:
        was_quoted: Whether what was read last stood in quotes.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.was_quoted = False
        self.skip_spaces()

    def is_at_end(self) -> bool:
        """Whether everything was read."""
        return self._at >= len(self._text)

    def is_at(self, sign: str) -> bool:
        """Whether this comes next."""
        return self._text.startswith(sign, self._at)

    def mark(self) -> int:
        """Remember how far it was read."""
        return self._at

    def back_to(self, mark: int) -> None:
        """Read again from there."""
        self._at = mark

    def skip_spaces(self) -> None:
        """Go on to what is no space."""
        while not self.is_at_end() and self._text[self._at].isspace():
            self._at += 1

    def take_any(self, *signs: str) -> str:
        """Take the first of these that comes next; empty when none does."""
        for sign in signs:
            if self.is_at(sign):
                self._at += len(sign)
                return sign
        return ""

    def expect(self, sign: str) -> None:
        """Take this, with the spaces before it.

        Raises:
            MalformedPattern: Something else comes next.
        """
        self.skip_spaces()
        if not self.take_any(sign):
            raise MalformedPattern(f"Invalid filter pattern: '{sign}' is missing")

    def quoted(self) -> str:
        """Take what stands between quotes; a backslash takes its meaning from a quote or a backslash.

        Raises:
            MalformedPattern: The quote does not end.
        """
        quote = self._text[self._at]
        self._at += 1
        taken: list[str] = []
        while not self.is_at_end():
            sign = self._text[self._at]
            self._at += 1
            if sign == quote:
                self.was_quoted = True
                return "".join(taken)
            if sign == "\\" and not self.is_at_end() and self._text[self._at] in (quote, "\\"):
                sign = self._text[self._at]
                self._at += 1
            taken.append(sign)
        raise MalformedPattern("Invalid filter pattern: a quotation mark is missing")

    def word(self, ends: str) -> str:
        """Take everything up to one of these signs."""
        begin = self._at
        while not self.is_at_end() and self._text[self._at] not in ends:
            self._at += 1
        self.was_quoted = False
        return self._text[begin : self._at]

    def value(self, ends: str) -> tuple[str, bool]:
        """Take a value: in quotes, or up to one of these signs, ``&&`` or ``||``.

        Returns:
            The value, and whether it stood in quotes.

        Raises:
            MalformedPattern: There is none.
        """
        self.skip_spaces()
        if self.is_at('"'):
            return self.quoted(), True
        begin = self._at
        while not self.is_at_end():
            sign = self._text[self._at]
            if sign in ends or sign.isspace() or self.is_at("&&") or self.is_at("||"):
                break
            self._at += 1
        value = self._text[begin : self._at]
        if not value:
            raise MalformedPattern("Invalid filter pattern: a value is missing")
        return value, False
