"""Finding a value in any disguise: the encodings that software puts on things on their way into a file.

A value is looked for in plain, UTF-16, base64 (in each of its three alignments, both alphabets), hexadecimal,
percent encoding, the escapes of JSON and HTML, quoted-printable, and in files that are compressed.
"""

from __future__ import annotations

import gzip
import html
import json
import zlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus


def disguises(value: str | bytes) -> set[bytes]:
    """Give the forms in which a value could stand in a file."""
    data = value.encode() if isinstance(value, str) else value
    found = {data, data.hex().encode(), data.hex().upper().encode()}
    for shift in range(3):
        encoded = b64encode(bytes(shift) + data)
        whole = encoded[(shift * 8 + 5) // 6 : (shift + len(data)) * 8 // 6]
        found |= {whole, whole.replace(b"+", b"-").replace(b"/", b"_")}
    for form in ("%{:02x}", "%{:02X}", "={:02X}", "\\x{:02x}"):
        found.add("".join(form.format(byte) for byte in data).encode())
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return found
    found |= {text.encode("utf-16-le"), text.encode("utf-16-be")}
    found |= {json.dumps(text)[1:-1].encode(), json.dumps(text, ensure_ascii=False)[1:-1].encode()}
    found |= {json.dumps(json.dumps(text))[3:-3].encode(), repr(text)[1:-1].encode()}
    found |= {quote(text, safe="").encode(), quote_plus(text).encode(), html.escape(text).encode()}
    found.add("".join(f"\\u{ord(char):04x}" for char in text).encode())
    return found


class Canaries:
    """Values that must not turn up, each with a name for the report."""

    def __init__(self) -> None:
        self._forms: dict[bytes, str] = {}

    def add(self, name: str, value: str | bytes) -> None:
        """Look for one more."""
        assert len(value) >= 8, "a shorter one would be found by chance"
        for form in disguises(value):
            self._forms[form] = name

    def __len__(self) -> int:
        return len(set(self._forms.values()))

    def found_in(self, data: bytes) -> set[str]:
        """Name the values that stand in some bytes."""
        return {name for form, name in self._forms.items() if form in data}

    def found_in_files(self, places: Mapping[str, bytes]) -> dict[str, set[str]]:
        """Name the values that stand in some files, by file."""
        found = {place: self.found_in(data) for place, data in places.items()}
        return {place: names for place, names in found.items() if names}


def contents(directory: Path) -> Iterator[tuple[str, bytes]]:
    """Read every file below a directory; what is compressed also as it was."""
    for path in sorted(directory.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        data = path.read_bytes()
        yield str(path), data
        if data[:2] == b"\x1f\x8b":
            yield f"{path} (unpacked)", gzip.decompress(data)
        elif data[:1] == b"\x78":
            try:
                yield f"{path} (inflated)", zlib.decompress(data)
            except zlib.error:
                continue
