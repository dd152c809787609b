"""Which secrets a filter selects: the semantics of ListSecrets and BatchGetSecretValue. No I/O.

Rules (Secrets Manager reference 7):
 - One value of a filter has to match (OR); every filter has to (AND), also when a key appears twice.
 - ``name``, ``tag-key``, ``tag-value``, ``primary-region``: a prefix of the whole text, case-sensitive;
   ``owning-service``: the same in any case.
 - ``description``: every word of the value begins some word of the description, in any case and order. Words
   are what white space separates.
 - ``all``: the same over the words of name, description, tag keys and tag values together, and words are finer:
   see ``split_words``.
 - ``!`` before a value selects what the rest does not select. What has no such text at all is selected too.
 - A value that has no words selects nothing.

What this does not do: find rows. ``listing.py`` does, with the help of ``name_prefixes``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from strongroom.patterns import pattern_of
from strongroom.services.secretsmanager import errors
from strongroom.services.secretsmanager.model import Secret
from strongroom.services.secretsmanager.shapes import Filter

Test = Callable[[Secret], bool]

# What can stand inside a chunk: letters, digits and the separators of names. All else ends it.
_CHUNK = pattern_of(r"[^\W_/+=.@-](?:[\w/+=.@-]*[^\W_/+=.@-])?")
_SEPARATOR = pattern_of(r"[/\-_+=.@]")
_WORD_BOUNDARY = pattern_of(
    r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[0-9])(?=[A-Za-z])|(?<=[A-Za-z])(?=[0-9])"
)


def split_words(text: str) -> Iterator[str]:
    """Split a text into the words that the key ``all`` compares, in lower case.

    Words end at white space and punctuation, where a capital follows a small letter, before the last of
    several capitals that a small letter follows, and between letters and digits: ``credsDatabase#892`` is
    ``creds``, ``database``, ``892``; ``FTag`` is ``f``, ``tag``; ``COMPANYthings`` is ``compan``, ``ythings``.

    A run without spaces that mixes two kinds of ``/ - _ + = . @`` inside is one word, whatever it contains:
    AWS does not find such names by their parts (recorded).
    """
    for match in _CHUNK.finditer(text):
        chunk = match[0]
        if len(set(_SEPARATOR.findall(chunk))) > 1:
            yield chunk.lower()
            continue
        for part in _SEPARATOR.split(chunk):
            for word in _WORD_BOUNDARY.split(part):
                if word:
                    yield word.lower()


class SecretFilters:
    """The filters of one request, ready to be asked about many secrets.

    Raises:
        Fault: A filter has no key or no values.
    """

    __slots__ = ("_filters", "name_prefixes")

    def __init__(self, filters: Sequence[Filter] | None) -> None:
        self._filters: list[list[Test]] = []
        self.name_prefixes: tuple[str, ...] | None = None
        for entry in filters or ():
            if entry.key is None:
                raise errors.invalid_parameter("Invalid filter key")
            if not entry.values:
                raise errors.invalid_parameter(f"Invalid filter values for key: {entry.key}")
            self._filters.append([_test(entry.key, value) for value in entry.values])
            is_narrow = entry.key == "name" and not any(value.startswith("!") for value in entry.values)
            if is_narrow and self.name_prefixes is None:
                self.name_prefixes = tuple(entry.values)

    def __bool__(self) -> bool:
        return bool(self._filters)

    def match(self, secret: Secret) -> bool:
        """Whether every filter selects the secret."""
        return all(any(test(secret) for test in tests) for tests in self._filters)


def _test(key: str, value: str) -> Test:
    if value.startswith("!"):
        selects = _test_of_text(key, value[1:])
        return lambda secret: not selects(secret)
    return _test_of_text(key, value)


def _test_of_text(key: str, text: str) -> Test:
    if key == "description":
        words = text.lower().split()
        return lambda secret: _begin(words, (secret.attributes.description or "").lower().split())
    if key == "all":
        fine_words = list(split_words(text))
        return lambda secret: _hold(fine_words, secret) and _begin(fine_words, _all_words(secret))
    if key == "owning-service":
        folded = text.lower()
        return lambda secret: any(held.lower().startswith(folded) for held in _texts(secret, key))
    return lambda secret: any(held.startswith(text) for held in _texts(secret, key))


def _begin(wanted: Iterable[str], held: Iterable[str]) -> bool:
    """Whether each of the wanted words begins one of the others; no wanted words begin nothing."""
    present = tuple(held)
    expected = tuple(wanted)
    return bool(expected) and all(any(word.startswith(start) for word in present) for start in expected)


def _hold(words: Iterable[str], secret: Secret) -> bool:
    """Whether each word stands anywhere at all; spares most secrets the splitting, which costs ten times more."""
    texts = "\n".join(_all_texts(secret)).lower()
    return all(word in texts for word in words)


def _all_words(secret: Secret) -> Iterator[str]:
    for text in _all_texts(secret):
        yield from split_words(text)


def _all_texts(secret: Secret) -> list[str]:
    attributes = secret.attributes
    texts = [secret.name, attributes.description or ""]
    for tag in attributes.tags or ():
        texts.extend(tag)
    return texts


def _texts(secret: Secret, key: str) -> tuple[str, ...]:
    """Give the texts that a key looks at. Secrets are neither replicated nor owned by a service yet."""
    if key == "name":
        return (secret.name,)
    tags = secret.attributes.tags or ()
    if key == "tag-key":
        return tuple(tag[0] for tag in tags)
    if key == "tag-value":
        return tuple(tag[1] for tag in tags)
    return ()
