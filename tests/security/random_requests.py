"""Random requests of every operation: right, nearly right, and wrong in every way we could think of.

Rules:
 - Members come from the shapes of the operations, so that a new operation is tried without a line here.
 - Names, ids and tokens come from small pools, so that requests meet what others made.
 - Spoiling comes in three places: values, the body, the headers. Half of the requests are left as they are.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from random import Random
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from strongroom.gateway.operation import Operation, Service
from strongroom.services.table import SERVICES
from strongroom.wire.describe import Kind, Member, TypeInfo, describe
from strongroom.wire.rest_json import Binding
from strongroom.wire.shapes import Shape
from tests.security.function_members import MEMBERS
from tests.support.keep_alive import RawHeader, Unsigned
from tests.support.signed_http import TARGET_PREFIXES

NAMES: Final = ("fuzz/a", "fuzz/b", "d", "e", "f", "g")
_DATABASE: Final = '{"engine":"postgres","host":"127.0.0.1","port":1,"username":"x","password":"y"}'
_ODD_NAMES: Final = ("fuzz/c-AbCdEf", "absent", "fuzz/ e", "*", "fuzz/%", "ключ", "a" * 512)
_ODD_USERS: Final = ("Ann", "absent", "b o b", "fuzzer", "x" * 64, "*", "émile")
GROUPS: Final = ("g1", "g2")
ROLES: Final = ("r1", "r2", "R3")
PROFILES: Final = ("i1", "i2")
POLICIES: Final = ("p1", "p2", "p3", "p4", "p5", "p6")
DEVICES: Final = ("m1", "m2", "m3", "m4", "m5", "m6")
USERS: Final = ("ann", "bob")
PROVIDERS: Final = ("a.example", "b.example/x")
_OF_AWS: Final = "arn:aws:iam::aws:policy/PowerUserAccess"
TOKENS: Final = tuple(f"{number:08d}-0000-4000-8000-000000000000" for number in range(8))
_STAGES: Final = ("AWSCURRENT", "AWSPENDING", "AWSPREVIOUS", "blue", "green")
_ODD_STAGES: Final = ("", "s" * 256, "é")
_KEYS: Final = (
    "",
    "x",
    "alias/x",
    "arn:aws:kms:::",
    "arn:aws:kms:us-east-1:000000000001:alias/aws/secretsmanager",
)
_ALIASES: Final = ("alias/fuzz-0", "alias/fuzz-1", "alias/new", "alias/newer")
_ODD_ALIASES: Final = ("alias/aws/x", "fuzz", "alias/", "alias/a:b")
_OPERATORS: Final = (
    "StringLike", "StringEquals", "DateLessThan", "NumericEquals", "IpAddress", "Bool", "Null", "ArnLike", "",
    "ForAllValues:StringLike", "BinaryEquals", "StringEqualsIfExists", "Nonsense",
)  # fmt: skip
_CONDITION_KEYS: Final = ("aws:username", "aws:SourceIp", "aws:CurrentTime", "x", "")
_CONTENT_TYPES: Final = (
    b"application/x-amz-json-1.0", b"APPLICATION/X-AMZ-JSON-1.1; charset=utf-8", b"application/json", b"", b";",
    b"text/html", b"application/x-www-form-urlencoded", b"application/cbor", b"multipart/form-data",
)  # fmt: skip
_TEXTS: Final = (
    "", " ", "0", "null", "a", "%", "%00", "\u0000", "\x7f", "\ud800", "\udfff\ud800", "\U0001f511", "\u212a",
    "\uff11", "\ufeff", "'; DROP TABLE secrets; --", "../../etc/passwd", "${aws:username}", "arn:aws:iam::*",
    "a\nb", "a\r\nX: y", "<a>&amp;", "\u2028", "A" * 300, "é" * 4097, "x" * 70_000, "{", '"', "\\", "!",
)  # fmt: skip
_NUMBERS: Final = (
    0, -1, 1, 7, 30, 31, 100, 101, 1.0, 1.5, -0.0, 1e300, -1e307, 1e-300, 5e-324, 2**31, 2**63 - 1, 2**63, -(2**63),
    10**30, float("nan"), float("inf"), 1700000000, 1700000000.123, 253402300800, 9e15,
)  # fmt: skip

TAKE_MUCH_AWAY: Final = frozenset(["DeleteFunction"])
"""Operations drawn ten times as seldom: what a dozen others need goes with them, and seldom comes back by chance."""


class Keys(NamedTuple):
    """What requests of KMS name: key ids, ciphertexts in base64, ids and tokens of grants."""

    ids: Sequence[str] = ()
    ciphertexts: Sequence[str] = ()
    grants: Sequence[str] = ()
    tokens: Sequence[str] = ()


_NO_KEYS: Final = Keys()


class RandomRequests:
    """Draws requests.

    Args:
        random: The source of everything.
        account_id: Whose objects are named.
        keys: What KMS has.

    Attributes:
        seen: Tokens, markers and key ids from answers, to be sent back in the right and the wrong place.
    """

    def __init__(self, random: Random, account_id: str, keys: Keys = _NO_KEYS) -> None:
        self._random = random
        self._keys = keys
        self._account_id = account_id
        self._operations = [(service, entry) for service in SERVICES for entry in service.operations]
        self.seen: list[str] = ["AKIAIOSFODNN7EXAMPLE"]

    def draw(self, succeeded: Container[str] = (), missing: float = 0.3) -> tuple[str, Unsigned]:
        """Draw one request; return the name of the operation that it asks for, too.

        Args:
            succeeded: Operations that did; those that did not are drawn more often.
            missing: The share of requests that ask for one of those that did not.
        """
        random = self._random
        rest = [each for each in self._operations if each[1].name not in succeeded]
        service, operation = random.choice(rest if rest and random.random() < missing else self._operations)
        if operation.name in TAKE_MUCH_AWAY and random.random() < 0.9:
            service, operation = random.choice(self._operations)
        spoil = random.random()
        members = self._members(operation, spoilt=0.35 if spoil < 0.35 else 0.0)
        region = "us-east-1"
        if service.bindings is not None:
            request = self._rest(service, service.bindings()[operation.name], members)
            if 0.35 <= spoil < 0.45:
                request = self._with_spoilt_body(request)
            return operation.name, request
        if service.protocol == "json":
            body = json.dumps(members, ensure_ascii=random.random() < 0.7).encode("utf-8", "surrogatepass")
            prefix = TARGET_PREFIXES[service.name]
            headers: list[RawHeader] = [
                (b"Content-Type", b"application/x-amz-json-1.1"),
                (b"X-Amz-Target", f"{prefix}.{operation.name}".encode()),
            ]
        else:
            fields = {"Action": operation.name, "Version": service.version}
            _flatten("", members, fields)
            body = urlencode(fields, quote_via=quote, errors="surrogatepass").encode("ascii")
            headers = [(b"Content-Type", b"application/x-www-form-urlencoded; charset=utf-8")]
        request = Unsigned(service.name, headers, body, region=region)
        if 0.35 <= spoil < 0.45:
            request = self._with_spoilt_body(request)
        elif 0.45 <= spoil < 0.5:
            request = self._with_spoilt_headers(request, service)
        target = dict(request.headers).get(b"X-Amz-Target")
        return operation.name if target is None else target.decode().rpartition(".")[2], request

    def _rest(self, service: Service, binding: Binding, members: dict[str, Any]) -> Unsigned:
        """Put the members where the binding has them."""

        def text(value: Any) -> str:
            return value if isinstance(value, str) else json.dumps(value)

        def quoted(value: Any) -> str:
            return quote(text(value)[:300], safe="", errors="surrogatepass")

        pieces = []
        for piece in binding.segments:
            label = quoted(members.pop(piece[1:-1], "x")) if piece[0] == "{" else piece
            pieces.append("x" if label in ("", ".", "..") else label)
        pairs = [
            f"{quoted(name)}={quoted(value)}"
            for member, name in binding.query.items()
            if (found := members.pop(member, None)) is not None
            for value in (found if isinstance(found, list) else [found])
        ]
        if binding.marks:
            pairs.append(binding.marks.decode())
        headers: list[RawHeader] = [(b"Content-Type", b"application/json")]
        for member, name in binding.headers.items():
            value = text(members.pop(member, None) or "").encode("ascii", "ignore")[:300]
            plain = bytes(byte for byte in value if 32 < byte < 127)
            if plain and name != "host":
                headers.append((name.encode(), plain))
        if binding.payload:
            body = text(members.get(binding.payload) or "").encode("utf-8", "surrogatepass")
        else:
            body = json.dumps(members).encode()
        query = "&".join(sorted(pairs)).encode()
        path = ("/" + "/".join(pieces)).encode()
        return Unsigned(service.name, headers, body, binding.method.encode(), query, path=path)

    # ---- members --------------------------------------------------------------------------------------

    def _members(self, operation: Operation[Any, Any], spoilt: float) -> dict[str, Any]:
        members: dict[str, Any] = {}
        shape: type[Shape] = operation.request
        for member in describe(shape):
            if not member.is_required and self._random.random() < 0.55:
                continue
            if self._random.random() < spoilt:
                if self._random.random() < 0.2:
                    continue
                members[member.wire_name] = self._strange(3)
            else:
                members[member.wire_name] = self._member(member)
        if self._random.random() < spoilt / 2:
            members[self._text()] = self._strange(2)
        return members

    def _member(self, member: Member) -> Any:
        pool: Callable[[RandomRequests], Any] | None = _POOLS.get(member.wire_name)
        if pool is None:
            pool = MEMBERS.get(member.wire_name)
        if member.wire_name == "VersionId" and member.type.pattern:  # of a managed policy
            pool = RandomRequests._policy_version
        if member.wire_name == "Name" and member.type.most == 32:  # of a federated user
            pool = RandomRequests._federated_name
        if pool is not None and self._random.random() < 0.93:
            return pool(self)
        return self._value(member.type)

    def _value(self, info: TypeInfo) -> Any:
        random = self._random
        if info.choices:
            return random.choice(info.choices)
        if info.shape is not None:
            return {
                member.wire_name: self._member(member)
                for member in describe(info.shape)
                if member.is_required or random.random() < 0.8
            }
        if info.kind is Kind.LIST and info.element is not None:
            return [self._value(info.element) for _ in range(random.choice((0, 1, 1, 1, 2, 2, 2, 3, 11, 51)))]
        if info.kind is Kind.MAP and info.key is not None and info.element is not None:
            return {
                str(self._value(info.key)): self._value(info.element) for _ in range(random.choice((0, 1, 2)))
            }
        if info.kind is Kind.INTEGER:
            edges = [info.minimum, info.maximum, 1, 2, 7, 10, 30]
            return int(random.choice([edge for edge in edges if edge is not None]))
        if info.kind in (Kind.FLOAT, Kind.TIMESTAMP):
            return random.choice((0, 1700000000, 1.8e9, -1, 1e11, 1e18, 1e307, 1700000000.5))
        if info.kind is Kind.BOOLEAN:
            return random.random() < 0.5
        if info.kind is Kind.BLOB:
            return random.choice(("aGVsbG8=", "AA==", "", "aGVsbG8", "!!", "AB==", "/w=="))
        return self._string(info)

    def _string(self, info: TypeInfo) -> str:
        random = self._random
        if random.random() < 0.03:
            return self._text()
        least, most = info.least or 0, min(info.most or 300, 70_000)
        length = random.choice(
            (least, least + 1, (least + most) // 2 % 64, most if most < 5_000 else least + 9)
        )
        return "".join(random.choice("abcXYZ019-_/+=.@ ") for _ in range(max(least, min(length, most))))

    def _text(self) -> str:
        return self._random.choice(_TEXTS)

    def _strange(self, depth: int) -> Any:
        random = self._random
        draw = random.randrange(12 if depth else 8)
        if draw < 4:
            return self._text()
        if draw < 6:
            return random.choice(_NUMBERS)
        if draw == 6:
            return random.choice((None, True, False))
        if draw == 7:
            return random.choice((*_ODD_NAMES, *TOKENS, *self.seen[-5:]))
        if draw < 10:
            return [self._strange(depth - 1) for _ in range(random.choice((0, 1, 2, 12)))]
        if draw == 10:
            return {self._text(): self._strange(depth - 1) for _ in range(random.choice((0, 1, 3)))}
        deep: Any = self._text()
        for _ in range(random.choice((3, 60, 70, 300))):
            deep = [deep]
        return deep if depth == 3 and random.random() < 0.3 else [deep]

    @property
    def account_id(self) -> str:
        """Whose objects are named."""
        return self._account_id

    def mostly(self, likely: Sequence[Any], odd: Sequence[Any]) -> Any:
        """Draw a likely value, or now and then an odd one."""
        return self._mostly(likely, odd)

    def _mostly(self, likely: Sequence[Any], odd: Sequence[Any]) -> Any:
        return self._random.choice(likely if self._random.random() < 0.9 else odd)

    # ---- pools ----------------------------------------------------------------------------------------

    def _secret_id(self) -> str:
        random = self._random
        name: str = self._mostly(NAMES, _ODD_NAMES)
        if random.random() < 0.8:
            return name
        account = random.choice((self._account_id, self._account_id, "000000000001", "*", ""))
        region = random.choice(("us-east-1", "us-east-1", "eu-west-1", ""))
        tail = random.choice(("", "-AbCdEf", "-??????", "-*", ":x"))
        return (
            f"arn:{random.choice(('aws', 'aws', 'b'))}:secretsmanager:{region}:{account}:secret:{name}{tail}"
        )

    def _policy(self, *, of_a_resource: bool) -> str:
        random = self._random
        root = f"arn:aws:iam::{self._account_id}:root"
        statement: dict[str, Any] = {
            "Effect": self._mostly(("Allow",), ("Deny", "allow", "")),
            "Action": self._mostly(("secretsmanager:GetSecretValue", "*", ["iam:GetUser"]), ("x", [], 1)),
            "Resource": self._mostly(("*",), ("arn:aws:s3:::x", "x", [], root)),
        }
        if of_a_resource != (random.random() < 0.1):
            statement["Principal"] = self._mostly(
                ({"AWS": self._account_id}, {"AWS": [root]}), ("*", {"AWS": "*"}, 3)
            )
        if random.random() < 0.3:
            value: Any = random.choice(("*", "10.0.0.0/8", 1, True, [], "2020-01-01", {}))
            statement["Condition"] = {random.choice(_OPERATORS): {random.choice(_CONDITION_KEYS): value}}
        if random.random() < 0.1:
            statement[self._text()] = self._strange(2)
        document = {
            "Version": self._mostly(("2012-10-17",), ("2008-10-17", "2020")),
            "Statement": [statement],
        }
        written = json.dumps(document)
        if random.random() < 0.1:
            cut = random.randrange(len(written))
            written = written[:cut] + self._text() + written[cut + random.randrange(3) :]
        return written

    def _policy_document(self) -> str:
        """Write what ``PolicyDocument`` may be: an identity policy, or the trust policy of a role."""
        return self._trust_policy() if self._random.random() < 0.2 else self._policy(of_a_resource=False)

    def _trust_policy(self) -> str:
        root = f"arn:aws:iam::{self._account_id}:root"
        federated = f"arn:aws:iam::{self._account_id}:oidc-provider/{PROVIDERS[0]}"
        statement = {
            "Effect": self._mostly(("Allow",), ("Deny",)),
            "Principal": self._mostly(
                ({"AWS": root}, {"Service": "ec2.amazonaws.com"}, {"Federated": federated}),
                ({"AWS": f"{root}x"}, {"AWS": "AIDAAAAAAAAAAAAAAAAAA"}, "*", 3),
            ),
            "Action": self._mostly(("sts:AssumeRole", ["sts:AssumeRole", "sts:TagSession"]), ("s3:x", [])),
        }
        if self._random.random() < 0.1:
            return self._policy(of_a_resource=True)
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def _role_arn(self) -> str:
        account = self._mostly((self._account_id,), ("000000000001", ""))
        return f"arn:aws:iam::{account}:role/{self._mostly(ROLES, ('absent', '*'))}"

    def _policy_arn(self) -> str:
        account = self._mostly((self._account_id,), ("000000000001", ""))
        arn: str = self._mostly(
            (*(f"arn:aws:iam::{account}:policy/{name}" for name in POLICIES), _OF_AWS),
            (
                f"arn:aws:iam::{account}:policy/absent",
                "arn:aws:iam::aws:policy/none",
                f"{_OF_AWS}/x",
                "arn:x",
            ),
        )
        return arn

    def _policy_version(self) -> str:
        version: str = self._mostly(
            ("v1", "v2", "v3", "v4", "v5", "v6"), ("v0", "v" + "9" * 5_000, "v1.x", "1")
        )
        return version

    def _access_key_id(self) -> str:
        return self._random.choice([seen for seen in self.seen if seen.startswith("AKIA")][-6:] or ["AKIA"])

    def _federated_name(self) -> str:
        name: str = self._mostly(("guest",), ("g", "a b"))
        return name

    def _serial_number(self) -> str:
        account = self._mostly((self._account_id,), ("000000000001", ""))
        return f"arn:aws:iam::{account}:mfa/{self._mostly(DEVICES, ('absent', '*'))}"

    def _user_arn(self) -> str:
        account = self._mostly((self._account_id,), ("000000000001", ""))
        return f"arn:aws:iam::{account}:user/{self._mostly(('fuzzer', *USERS), ('absent', '*'))}"

    def _rotation_function(self) -> str:
        name = self._mostly(("SecretsManagerRDSPostgreSQLRotationSingleUser",), ("absent", "x:y", ""))
        region = self._mostly(("us-east-1",), ("eu-west-1", ""))
        return f"arn:aws:lambda:{region}:{self._account_id}:function:{name}"

    def _provider_arn(self) -> str:
        account = self._mostly((self._account_id,), ("000000000001", ""))
        url = self._mostly(PROVIDERS, ("absent.example", "*", ""))
        return f"arn:aws:iam::{account}:oidc-provider/{url}"

    def _key_id(self) -> str:
        random = self._random
        name: str = random.choice((*self._keys.ids, TOKENS[0]))
        if random.random() < 0.6:
            return name
        account = random.choice((self._account_id, self._account_id, "000000000001", ""))
        region = random.choice(("us-east-1", "us-east-1", "eu-west-1"))
        arn = f"arn:aws:kms:{region}:{account}"
        return random.choice((f"{arn}:key/{name}", f"{arn}:{_ALIASES[0]}", *_ALIASES, "x", arn))

    def _key_policy(self) -> str:
        root = f"arn:aws:iam::{self._account_id}:root"
        statement = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}
        whole = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        return whole if self._random.random() < 0.7 else self._policy(of_a_resource=True)

    def _one_of(self, known: Sequence[str]) -> str:
        return self._random.choice((*known, "x"))

    def _token_of_a_page(self) -> str:
        return self._random.choice(self.seen) if self._random.random() < 0.8 else self._text() or "x"

    def _version(self) -> str:
        found: str = self._mostly(TOKENS[:3], TOKENS)
        return found

    def _stages(self) -> list[str]:
        return [self._mostly(_STAGES, _ODD_STAGES) for _ in range(self._mostly((1, 1, 2), (0, 21)))]

    # ---- bodies and headers -----------------------------------------------------------------------------

    def _with_spoilt_body(self, request: Unsigned) -> Unsigned:
        random, body = self._random, request.body
        at = random.randrange(len(body) + 1)
        draw = random.randrange(11)
        if draw == 0:
            body = body[:at]
        elif draw == 1:
            body = body[:at] + random.randbytes(random.choice((1, 2, 40))) + body[at:]
        elif draw == 2:
            body = body[:at] + bytes([random.randrange(256)]) + body[at + 1 :]
        elif draw == 3:
            body = body + body
        elif draw == 4:
            body = random.choice(
                (b"", b"[]", b"null", b"{}", b'"x"', b"1", b"\xef\xbb\xbf{}", b"{}{}", b"\x00", b"&&=&")
            )
        elif draw == 5:
            body = body.decode("utf-8", "replace").encode("utf-16")
        elif draw == 6:
            body = gzip.compress(body)
        elif draw == 7:
            body = b'{"a":' * 3_000 + b"1" + b"}" * 3_000
        elif draw == 8:
            body = (
                b'{"SecretId":"d",' + body[1:] if body[:1] == b"{" else body + b"&UserName=ann&UserName=bob"
            )
        elif draw == 9:
            body = b"{" + b",".join(b'"k%d":0' % number for number in range(6_000)) + b"}"
        else:
            body = (
                body.replace(b'"', b"'")
                if body[:1] == b"{"
                else body.replace(b"=", b"%").replace(b"%2", b"%")
            )
        return replace(request, body=body)

    def _with_spoilt_headers(self, request: Unsigned, service: Service) -> Unsigned:
        random = self._random
        headers, method, query = list(request.headers), request.method, request.query
        draw = random.randrange(9)
        if draw == 0:
            headers[0] = (b"Content-Type", random.choice(_CONTENT_TYPES))
        elif draw == 1:
            headers.append(
                (b"User-Agent", random.choice((b"\xff\xfe", b"x" * 3_000, b"\xd0\xba\xd0\xbb", b"<script>")))
            )
        elif draw == 2:
            headers.append((b"Content-Encoding", random.choice((b"gzip", b"identity", b"x" * 100))))
        elif draw == 3:
            headers.append((b"X-Amz-User-Agent", random.choice((b"a  b\tc", b"", b"q" * 900))))
        elif draw == 4:
            target = random.choice(
                (b"", b".", b"secretsmanager.", b"secretsmanager.getsecretvalue", b"kms.Decrypt", b"a.b.c.d.e.f",
                 b"x.secretsmanager.GetSecretValue", b"secretsmanager.RotateSecret", b"TrentService.Decrypt")
            )  # fmt: skip
            headers = [header for header in headers if header[0] != b"X-Amz-Target"]
            headers.append((b"X-Amz-Target", target))
        elif draw == 5:
            method = random.choice((b"GET", b"PUT", b"DELETE", b"OPTIONS", b"PATCH"))
        elif draw == 6:
            query = random.choice((b"Action=GetUser&Version=2010-05-08", b"a=", b"x=%2F", b"Action=GetUser"))
        elif draw == 7:
            headers.append((b"X-Amz-Content-Sha256", random.choice((b"UNSIGNED-PAYLOAD", b"e3b0", b""))))
        else:
            headers.append((b"X-Http-Method-Override", b"DELETE"))
        return Unsigned(service.name, headers, request.body, method, query, request.region)


_POOLS: Final[dict[str, Callable[[RandomRequests], Any]]] = {
    "SecretId": RandomRequests._secret_id,
    "SecretIdList": lambda draw: [draw._secret_id() for _ in range(draw._mostly((1, 2, 20), (0, 21)))],
    "Name": lambda draw: draw._mostly(NAMES, _ODD_NAMES),
    "SecretString": lambda draw: draw._mostly(("value one", _DATABASE), ("v" * 65_536, "")),
    "ClientRequestToken": RandomRequests._version,
    "VersionId": RandomRequests._version,
    "RemoveFromVersionId": RandomRequests._version,
    "MoveToVersionId": RandomRequests._version,
    "VersionStage": lambda draw: draw._mostly(_STAGES, _ODD_STAGES),
    "VersionStages": RandomRequests._stages,
    "KmsKeyId": lambda draw: draw._mostly(("alias/aws/secretsmanager",), _KEYS),
    "Type": lambda draw: draw._mostly((None,), ("", "Partner")),
    "SecretBinary": lambda draw: draw._mostly((None, None, "AA=="), ("", "AB==", "!")),
    "RecoveryWindowInDays": lambda draw: draw._mostly((7, 30), (6, 31, 0, -1, 2**40)),
    "ForceDeleteWithoutRecovery": lambda draw: draw._random.random() < 0.15,
    "RotationToken": lambda draw: draw._mostly((None,), ("x" * 36, "")),
    "NextToken": RandomRequests._token_of_a_page,
    "Marker": RandomRequests._token_of_a_page,
    "UserName": lambda draw: draw._mostly(USERS, _ODD_USERS),
    "AccessKeyId": RandomRequests._access_key_id,
    "SerialNumber": RandomRequests._serial_number,
    "VirtualMFADeviceName": lambda draw: draw._mostly(DEVICES, _ODD_USERS),
    "AccountAlias": lambda draw: draw._mostly(("fuzz-alias",), ("-x", "fuzz_alias", "a" * 64)),
    "PolicyInputList": lambda draw: [draw._policy(of_a_resource=False)],
    "PermissionsBoundaryPolicyInputList": lambda draw: draw._mostly((None,), ([], ["{"])),
    "PolicySourceArn": RandomRequests._user_arn,
    "CallerArn": RandomRequests._user_arn,
    "ActionNames": lambda draw: draw._mostly((["secretsmanager:GetSecretValue"],), ([], ["x"], ["a:b"] * 3)),
    "ResourceArns": lambda draw: draw._mostly((None, ["*"]), ([], ["arn:aws:s3:::x"], ["x"])),
    "ResourceOwner": lambda draw: draw._mostly((None,), (f"arn:aws:iam::{draw._account_id}:root", "x")),
    "ResourceHandlingOption": lambda draw: draw._mostly((None,), ("EC2-VPC-InstanceStore", "x")),
    "ContextEntries": lambda draw: draw._mostly(
        (None,), ([{"ContextKeyName": "a:b", "ContextKeyValues": ["1"], "ContextKeyType": "numeric"}], [])
    ),
    "RotationLambdaARN": RandomRequests._rotation_function,
    "RotationRules": lambda draw: draw._mostly(
        ({"AutomaticallyAfterDays": 30}, {"ScheduleExpression": "rate(10 days)"}),
        ({"AutomaticallyAfterDays": 0}, {"ScheduleExpression": "cron(0/7 x * * ? *)"}, {"Duration": "99h"}),
    ),
    "RotateImmediately": lambda draw: draw._mostly((False,), (None, True)),
    "ExternalSecretRotationMetadata": lambda draw: draw._mostly((None,), ([], [{"Key": "a", "Value": "b"}])),
    "ExternalSecretRotationRoleArn": lambda draw: draw._mostly(
        (None,), ("arn:aws:iam::000000000001:role/x",)
    ),
    "ResourcePolicy": lambda draw: draw._policy(of_a_resource=True),
    "PolicyDocument": RandomRequests._policy_document,
    "PolicyName": lambda draw: draw._mostly(("one", "two", *POLICIES), ("a b", "x" * 128)),
    "GroupName": lambda draw: draw._mostly(GROUPS, _ODD_USERS),
    "RoleName": lambda draw: draw._mostly(ROLES, _ODD_USERS),
    "RoleArn": RandomRequests._role_arn,
    "AssumeRolePolicyDocument": RandomRequests._trust_policy,
    "InstanceProfileName": lambda draw: draw._mostly(PROFILES, _ODD_USERS),
    "PolicyArn": RandomRequests._policy_arn,
    "OpenIDConnectProviderArn": RandomRequests._provider_arn,
    "Url": lambda draw: draw._mostly(
        tuple(f"https://{url}" for url in PROVIDERS),
        ("http://a.example", "https://a.example?x", "https://[::1]"),
    ),
    "ClientID": lambda draw: draw._mostly(("c1", "c2"), ("é", "c" * 255)),
    "ClientIDList": lambda draw: draw._mostly((["c1"], []), (["c"] * 101, [str(n) for n in range(101)])),
    "ThumbprintList": lambda draw: draw._mostly((["a" * 40], []), (["x" * 40], ["b" * 40] * 6)),
    "MaxSessionDuration": lambda draw: draw._mostly((3600, 43200), (0, 3599, 43201)),
    "Path": lambda draw: draw._mostly(("/", "/team/"), ("team", "/a//b/", "/\x7f/")),
    "PathPrefix": lambda draw: draw._mostly(("/", "/team"), ("/%", "/_", "team")),
    "PermissionsBoundary": lambda draw: draw._mostly(
        (None, _OF_AWS), ("arn:aws:iam::aws:policy/AdministratorAccess", "arn:x")
    ),
    "AddReplicaRegions": lambda draw: draw._mostly((None,), ([{"Region": "eu-west-1"}], [])),
    "CrossAccountPrimaryARN": lambda draw: draw._mostly((None,), ("arn:aws:secretsmanager:::secret:x",)),
    "EventCategory": lambda draw: draw._mostly((None,), ("insight",)),
    "MaxResults": lambda draw: draw._mostly((1, 2, 20, 50), (100, 101, 0)),
    "KeyId": RandomRequests._key_id,
    "TargetKeyId": RandomRequests._key_id,
    "SourceEncryptionContext": lambda draw: draw._mostly((None,), ({"a": "b"},)),
    "DestinationEncryptionContext": lambda draw: draw._mostly((None,), ({"a": "b"}, {"a": "\ud800"})),
    "SourceEncryptionAlgorithm": lambda draw: draw._mostly((None,), ("SM2PKE",)),
    "DestinationEncryptionAlgorithm": lambda draw: draw._mostly((None,), ("SM2PKE",)),
    "DurationSeconds": lambda draw: draw._mostly((None, 900, 3600), (0, 899, 10**6)),
    "Password": lambda draw: draw._mostly(("Correct-horse-1",), ("x", "\u0000", "p" * 129)),
    "SourceKeyId": lambda draw: None if draw._random.random() < 0.8 else draw._key_id(),
    "DestinationKeyId": RandomRequests._key_id,
    "AliasName": lambda draw: draw._mostly(_ALIASES, _ODD_ALIASES),
    "CiphertextBlob": lambda draw: draw._one_of(draw._keys.ciphertexts),
    "GrantId": lambda draw: draw._one_of(draw._keys.grants),
    "GrantToken": lambda draw: draw._one_of(draw._keys.tokens),
    "GrantTokens": lambda draw: draw._mostly((None,), (["x"], [])),
    "GranteePrincipal": lambda draw: f"arn:aws:iam::{draw._account_id}:root",
    "RetiringPrincipal": lambda draw: f"arn:aws:iam::{draw._account_id}:root",
    "GranteeServicePrincipal": lambda draw: draw._mostly((None,), ("a.amazonaws.com",)),
    "RetiringServicePrincipal": lambda draw: draw._mostly((None,), ("a.amazonaws.com",)),
    "Constraints": lambda draw: draw._mostly((None,), ({"EncryptionContextEquals": {"a": "b"}},)),
    "Operations": lambda draw: draw._mostly((["Decrypt"], ["Encrypt", "DescribeKey"]), ([], ["Sign"])),
    "Policy": RandomRequests._key_policy,
    "BypassPolicyLockoutSafetyCheck": lambda draw: draw._mostly((None, False), (True,)),
    "KeySpec": lambda draw: draw._mostly(("AES_256", "SYMMETRIC_DEFAULT", None), ("RSA_2048",)),
    "CustomerMasterKeySpec": lambda draw: draw._mostly((None,), ("SYMMETRIC_DEFAULT",)),
    "KeyUsage": lambda draw: draw._mostly((None, "ENCRYPT_DECRYPT"), ("SIGN_VERIFY",)),
    "Origin": lambda draw: draw._mostly((None,), ("EXTERNAL",)),
    "CustomKeyStoreId": lambda draw: draw._mostly((None,), ("x",)),
    "XksKeyId": lambda draw: draw._mostly((None,), ("x",)),
    "MultiRegion": lambda draw: draw._mostly((None, False), (True,)),
    "Recipient": lambda draw: draw._mostly((None,), ({},)),
    "EncryptionContext": lambda draw: draw._mostly((None,), ({"a": "b"}, {"a": "\ud800"}, {"": ""})),
    "EncryptionAlgorithm": lambda draw: draw._mostly((None,), ("SM2PKE",)),
    "DryRun": lambda draw: draw._mostly((None, False), (True,)),
    "PendingWindowInDays": lambda draw: draw._mostly((7, 30), (6, 31)),
    "MaxItems": lambda draw: draw._mostly((1, 2, 50, 1000), (1001, 0)),
}


def _flatten(prefix: str, value: Any, fields: dict[str, str]) -> None:
    """Write a value as the fields of a form."""
    if isinstance(value, dict):
        for name, part in value.items():
            _flatten(f"{prefix}.{name}" if prefix else name, part, fields)
    elif isinstance(value, list) and value and len(prefix) < 2_000:
        for number, part in enumerate(value, 1):
            _flatten(f"{prefix}.member.{number}", part, fields)
    elif value is None:
        return
    elif isinstance(value, bool):
        fields[prefix] = "true" if value else "false"
    else:
        fields[prefix] = "" if isinstance(value, list) else str(value)
