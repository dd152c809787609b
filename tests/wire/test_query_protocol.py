"""The query protocol: forms in, XML out."""

from __future__ import annotations

import traceback
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongroom.wire.constraints import Wording
from strongroom.wire.problems import ConstraintViolations, SerializationProblem
from strongroom.wire.query_protocol import MAX_FIELDS, QueryProtocol, escape, read_fields
from strongroom.wire.shapes import Shape, timestamp
from tests.wire.examples import Everything, Tag

PROTOCOL = QueryProtocol()
NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"

fuzz = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])


class CreateUserRequest(Shape):
    """The parts of CreateUser's input that the tests need."""

    user_name: str
    tags: list[Tag] | None = None


def parse(form: bytes) -> Everything:
    """Read a form as the shape with everything in it."""
    return PROTOCOL.parse(read_fields(b"", form), Everything)


def refusal(query: bytes, body: bytes = b"") -> str:
    """Give the words with which a request is refused for its form."""
    with pytest.raises(SerializationProblem) as caught:
        PROTOCOL.parse(read_fields(query, body), Everything)
    return caught.value.message


def test_a_form_becomes_its_shape() -> None:
    """Structures are dotted, lists and maps numbered, and the operation is named beside them."""
    fields = read_fields(
        b"",
        b"Action=Do&Version=2010-05-08&Text=a+b%2Bc&Number=-5&Ratio=1.5&Flag=true&Instant=2026-01-02T03%3A04%3A05.250Z"
        b"&Blob=Zg%3D%3D&Tags.member.1.Key=team&Tags.member.1.Value=&Tags.member.2.Key=k&Tags.member.2.Value=v"
        b"&Names.member.1=x&Context.entry.1.key=a&Context.entry.1.value=b&Level=OK&Inner.Inner.Flag=false",
    )
    assert (fields.action, fields.version) == ("Do", "2010-05-08")
    assert PROTOCOL.parse(fields, Everything) == Everything(
        text="a b+c",
        number=-5,
        ratio=1.5,
        flag=True,
        instant=1767323045.25,
        blob=b"f",
        tags=[Tag(key="team", value=""), Tag(key="k", value="v")],
        names=["x"],
        context={"a": "b"},
        level="OK",
        inner=Everything(inner=Everything(flag=False)),
    )


def test_fields_may_stand_in_the_query_string_and_in_the_body() -> None:
    """A request without a body is read from its query string, and both together count as one."""
    assert read_fields(b"Action=Do&Text=a", b"").action == "Do"
    fields = read_fields(b"Action=Do&Version=1", b"Text=a&&")
    assert PROTOCOL.parse(fields, Everything).text == "a"
    assert read_fields(b"", b"").action == ""


def test_empty_lists_and_maps_are_names_without_a_value() -> None:
    """``Tags=`` is an empty list, not a list with an empty text."""
    assert parse(b"Tags=&Context=&Names=") == Everything(tags=[], context={}, names=[])


def test_lists_are_ordered_by_number() -> None:
    """The order of the fields does not matter, and ten follows nine."""
    form = "&".join(f"Names.member.{number}=n{number}" for number in (2, 1, 4, 3))
    assert parse(form.encode()).names == ["n1", "n2", "n3", "n4"]
    form = "&".join(f"Names.member.{number}=n{number}" for number in range(12, 0, -1))
    with pytest.raises(ConstraintViolations, match="n9, n10, n11, n12"):
        parse(form.encode())


def test_unknown_fields_are_ignored() -> None:
    """What a presigned request carries beside its members does not matter."""
    assert parse(b"X-Amz-Signature=00&Surprise.member.7.Deep=1&Text=a") == Everything(text="a")


@pytest.mark.parametrize(
    ("query", "body"),
    [
        (b"Action=A&Action=A", b""),
        (b"Action=A", b"Action=B"),
        (b"", b"Text=a&Text=b"),
        (b"", b"Te%78t=a&Text=b"),
        (b"Version=1", b"Version=1"),
    ],
)
def test_a_repeated_field_is_refused(query: bytes, body: bytes) -> None:
    """No two readers can pick different values, however the names are escaped and wherever they stand."""
    assert refusal(query, body) == "A field occurs twice."


@pytest.mark.parametrize("name", [b"action", b"ACTION", b"Act%49on", b"version", b"vErsion"])
def test_other_spellings_of_action_and_version_are_refused(name: bytes) -> None:
    """A filter in front that folds case sees no other operation than we do."""
    words = "Action and Version are written with one capital letter."
    assert refusal(b"", b"Action=Do&" + name + b"=Do") == words


def test_signs_of_confusion_between_values_and_structures_are_refused() -> None:
    """A name is a value or a prefix, and each kind of member has its own form."""
    both = "A field is both a value and a structure."
    assert refusal(b"Tags=&Tags.member.1.Key=a") == both
    assert refusal(b"Tags.member.1.Key=a&Tags=") == both
    assert refusal(b"Inner=a") == "A structure, list or map is given as a value."
    assert refusal(b"Names=a") == "A structure, list or map is given as a value."
    assert refusal(b"Text.member.1=a") == "A value is given as a structure, list or map."
    assert refusal(b"Context.entry.1=a") == "An entry of a map has other parts than a key and a value."
    assert refusal(b"Context.entry.1.key=a") == "An entry of a map has other parts than a key and a value."
    assert (
        refusal(
            b"Context.entry.1.key=a&Context.entry.1.value=b&Context.entry.2.key=a&Context.entry.2.value=c"
        )
        == "A key of a map occurs twice."
    )


@pytest.mark.parametrize(
    "number", [b"0", b"01", b"2", b"-1", b"+1", b"1_0", b"%D9%A1", b"99999999999999999999", b"", b"a"]
)
def test_j03_list_numbers_start_at_1_and_have_no_gaps(number: bytes) -> None:
    """A number is written in one way, and a large one makes no large list."""
    assert refusal(b"Names.member." + number + b"=a") == "The numbers of a list or map have gaps."


def test_unnumbered_lists_are_refused() -> None:
    """A list has numbered members and nothing else."""
    words = "A list or map has fields that are not numbered."
    assert refusal(b"Names.1=a") == words
    assert refusal(b"Names.member=a") == words
    assert refusal(b"Names.entry.1=a") == words
    assert refusal(b"Names.member.1=a&Names.x=b") == words


def test_fields_and_depth_are_limited() -> None:
    """Too many fields and too many parts of a name are refused before a tree is built."""
    assert refusal(b"&".join(b"f%d=" % n for n in range(MAX_FIELDS + 1))) == (
        "The request has too many fields."
    )
    assert parse(b"&".join(b"f%d=" % n for n in range(MAX_FIELDS))) == Everything()
    assert refusal(b"Inner." * 40 + b"Text=a") == "A field is nested too deeply."
    assert parse(b"Inner." * 30 + b"Text=a").inner is not None


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (b"Text=%", "A field has a broken escape."),
        (b"Text=%4", "A field has a broken escape."),
        (b"Text=%zz", "A field has a broken escape."),
        (b"Text=%u0041", "A field has a broken escape."),
        (b"T%xt=a", "A field has a broken escape."),
        (b"Text=%FF", "A field is not UTF-8."),
        (b"Text=\xff", "A field is not UTF-8."),
        (b"Text=%ED%A0%80", "A field is not UTF-8."),
        (b"Text=%00", "A field holds NUL."),
        (b"Te%00xt=a", "A field holds NUL."),
    ],
)
def test_j02_text_is_utf8_without_nul(form: bytes, words: str) -> None:
    """Escapes are whole, text is strict UTF-8, NUL is refused in names and values."""
    assert refusal(b"", form) == words


@pytest.mark.parametrize(
    ("member", "values"),
    [
        ("Number", ["", "1.0", "1_0", "+1", "01", " 1", "1\n", "１", "0x1", "true", "9223372036854775808"]),
        ("Ratio", ["", "nan", "inf", "1e5", "1_0", "١", ".5", "1.\n"]),
        ("Flag", ["", "True", "TRUE", "1", "yes", "true\n"]),
        (
            "Instant",
            ["", "1", "2026-01-02", "2026-02-30T00:00:00Z", "2026-01-02T03:04:05", "2026-01-02T03:04:05Z\n"],
        ),
    ],
)
def test_j03_scalars_have_one_form(member: str, values: list[str]) -> None:
    """Numbers, truth values and instants are written in one way."""
    for value in values:
        assert refusal(urlencode({member: value}).encode()).startswith(
            "A field does not have the form of its type"
        )


@pytest.mark.parametrize("text", ["Zg=", "Zh==", "Z-8=", "Zg==\n"])
def test_j04_blobs_have_one_spelling(text: str) -> None:
    """Blobs are canonical base64 here too."""
    assert refusal(urlencode({"Blob": text}).encode()) == "A blob is not base64 in its canonical form."


def test_violations_follow_the_wording_of_the_service() -> None:
    """STS quotes the value, IAM does not, and a missing member is named."""
    fields = read_fields(b"", b"UserName=u&Tags.member.1.Key=%21&Tags.member.1.Value=v")
    with pytest.raises(ConstraintViolations, match=r"detected: Value '!' at 'tags\.1\.member\.key' failed"):
        PROTOCOL.parse(fields, CreateUserRequest)
    with pytest.raises(ConstraintViolations, match=r"detected: Value at 'tags\.1\.member\.key' failed"):
        QueryProtocol(Wording.WITHOUT_VALUE).parse(fields, CreateUserRequest)
    with pytest.raises(ConstraintViolations, match="Value null at 'userName'"):
        PROTOCOL.parse(read_fields(b"", b""), CreateUserRequest)


@pytest.mark.parametrize(
    "form", [b"Text=canary%FF", b"canary=1&canary=1", b"Number=canary", b"Instant=canary"]
)
def test_j05_a_refusal_holds_nothing_of_the_input(form: bytes) -> None:
    """Neither message, traceback, chained error nor the representation of the fields shows a value."""
    with pytest.raises(SerializationProblem) as caught:
        parse(form)
    assert "canary" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None
    assert "canary" not in repr(read_fields(b"", b"Text=canary"))


def test_a_response_is_written_as_iam_writes_it() -> None:
    """Result and metadata stand in the namespace of the service; absent members are left out."""
    body = PROTOCOL.render(
        "CreateUser",
        Everything(
            text="<&>",
            number=0,
            flag=False,
            instant=timestamp(1704164645999),
            blob=b"f",
            tags=[Tag(key="k", value="v")],
            names=[],
            context={"a": "b"},
            inner=Everything(flag=True),
        ),
        NAMESPACE,
        "00000000-0000-4000-8000-000000000000",
    )
    assert body.decode() == (
        f'<CreateUserResponse xmlns="{NAMESPACE}">\n'
        "  <CreateUserResult><Text>&lt;&amp;&gt;</Text><Number>0</Number><Flag>false</Flag>"
        "<Instant>2024-01-02T03:04:05Z</Instant><Blob>Zg==</Blob>"
        "<Tags><member><Key>k</Key><Value>v</Value></member></Tags><Names></Names>"
        "<Context><entry><key>a</key><value>b</value></entry></Context>"
        "<Inner><Flag>true</Flag></Inner></CreateUserResult>\n"
        "  <ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata>\n"
        "</CreateUserResponse>\n"
    )


def test_an_operation_without_output_has_only_metadata() -> None:
    """No result element stands in the answer of DeleteUser."""
    root = ElementTree.fromstring(PROTOCOL.render("DeleteUser", None, NAMESPACE, "id"))
    assert [child.tag for child in root] == [f"{{{NAMESPACE}}}ResponseMetadata"]


def test_every_character_survives_xml_or_becomes_the_replacement_character() -> None:
    """A strict reader gets back each code point that XML 1.0 can hold, and U+FFFD for each that it cannot."""

    def holds(code: int) -> bool:
        return code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000

    characters = [chr(code) for code in range(0x11000)]
    document = "<x>" + "".join(f"<c>{escape(character)}</c>" for character in characters) + "</x>"
    read = [element.text for element in ElementTree.fromstring(document.encode())]
    assert read == [character if holds(ord(character)) else "\ufffd" for character in characters]


# What XML 1.0 can hold; the rest has its own test above.
text = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\r"),
    max_size=20,
)
key = st.text("ab_.", min_size=1, max_size=8)
shapes = st.recursive(
    st.builds(
        Everything,
        text=st.none() | text,
        number=st.none() | st.integers(-5, 5000),
        ratio=st.none() | st.integers(-1000, 1000).map(lambda number: number / 8),
        flag=st.none() | st.booleans(),
        instant=st.none() | st.integers(0, 253_402_300_799).map(float),
        blob=st.none() | st.binary(max_size=64),
        tags=st.none() | st.lists(st.builds(Tag, key=key, value=text), max_size=5),
        names=st.none() | st.lists(key, max_size=4),
        context=st.none() | st.dictionaries(key, st.text(max_size=0) | key, max_size=4),
        level=st.none() | st.sampled_from(["OK", "ALARM"]),
    ),
    lambda inner: st.builds(Everything, inner=inner),
    max_leaves=3,
)


def form_of(element: ElementTree.Element, prefix: str = "") -> dict[str, str]:
    """Write the form that says what a rendered element says."""
    fields: dict[str, str] = {}
    counts: dict[str, int] = {}
    for child in element:
        name = child.tag.rpartition("}")[2]
        if name in ("member", "entry"):
            counts[name] = counts.get(name, 0) + 1
            name = f"{name}.{counts[name]}"
        if len(child):
            fields |= form_of(child, f"{prefix}{name}.")
        elif name != "Inner":  # an empty structure has no field in a form
            fields[prefix + name] = child.text or ""
    return fields


@fuzz
@given(shapes)
def test_what_is_written_as_xml_is_what_a_form_with_the_same_words_says(shape: Everything) -> None:
    """Rendering and reading agree on names, order and the form of every kind of value."""
    written = PROTOCOL.render("Do", shape, "urn:x", "id")
    form = urlencode(form_of(ElementTree.fromstring(written)[0])).encode()
    reread = PROTOCOL.render("Do", PROTOCOL.parse(read_fields(b"", form), Everything), "urn:x", "id")
    while b"<Inner></Inner>" in written:
        written = written.replace(b"<Inner></Inner>", b"")
    assert reread == written


names = st.sampled_from(
    ["Action", "Text", "Number", "Tags", "Tags.member.1.Key", "Context.entry.1.key", "Inner.Blob"]
)


@fuzz
@given(
    st.binary(max_size=60) | st.text("%=&+.Acption12member0eF\x00é").map(str.encode),
    st.lists(
        st.tuples(names | st.text(max_size=5), st.text(max_size=5) | st.sampled_from(["1", "true", "Zg=="]))
    ).map(lambda pairs: urlencode(pairs, errors="surrogatepass").encode()),
)
def test_any_bytes_give_a_request_or_one_of_the_two_problems(query: bytes, body: bytes) -> None:
    """No other error leaves the protocol."""
    for source in ((query, b""), (b"", body), (query, body)):
        try:
            parsed = PROTOCOL.parse(read_fields(*source), Everything)
        except (SerializationProblem, ConstraintViolations) as problem:
            assert problem.message != "The request does not have the form of the operation."  # noqa: PT017
        else:
            assert isinstance(parsed, Everything)
