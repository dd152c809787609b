"""Random questions with the policies that decide them, made so that each answer is frequent.

Everything is drawn around one question: patterns that name it in many ways, and near misses of each, so that
a case is decided by a detail and not by the first element that is compared. ``bundle`` draws policies once and
asks several questions about them, which differ in one detail.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

from tests.policy.naive import Caller, Case

OWN = "111122223333"
OTHER = "444455556666"
ADA = f"arn:aws:iam::{OWN}:user/team/ada"
ADA_ID = "AIDAADAAAAAAAAAAAAAAA"
APP = f"arn:aws:iam::{OWN}:role/team/app"
APP_ID = "AROAAPPAAAAAAAAAAAAAA"
JOB = f"arn:aws:iam::{OTHER}:role/job"
JOB_ID = "AROAJOBAAAAAAAAAAAAAA"
PROVIDER = f"arn:aws:iam::{OWN}:oidc-provider/example.com"

CALLERS = (
    Caller("User", ADA, OWN, ADA_ID),
    Caller("User", f"arn:aws:iam::{OWN}:user/ada", OWN, "AIDABOBAAAAAAAAAAAAAA"),
    Caller("User", f"arn:aws:iam::{OTHER}:user/eve", OTHER, "AIDAEVEAAAAAAAAAAAAAA"),
    Caller("AssumedRole", f"arn:aws:sts::{OWN}:assumed-role/app/s1", OWN, f"{APP_ID}:s1", APP, "", APP_ID),
    Caller(
        "AssumedRole", f"arn:aws:sts::{OTHER}:assumed-role/job/s1", OTHER, f"{JOB_ID}:s1", JOB, "", JOB_ID
    ),
    Caller("FederatedUser", f"arn:aws:sts::{OWN}:federated-user/bob", OWN, f"{OWN}:bob", "", ADA, ADA_ID),
    Caller("Account", f"arn:aws:iam::{OWN}:root", OWN, OWN),
    Caller("Account", f"arn:aws:iam::{OTHER}:root", OTHER, OTHER),
    Caller("Service", "lambda.amazonaws.com"),
    Caller("Federated", PROVIDER),
    Caller("Anonymous", "*"),
)
CALLER_WEIGHTS = (7, 2, 4, 6, 3, 2, 2, 1, 2, 1, 1)

NAMES = (
    "prod/db-AbCdEf",
    "prod/db-AbCdEg",
    "Prod/db-AbCdEf",
    "a:b-AbCdEf",
    "team/ada/x-AbCdEf",
    "red-AbCdEf",
)
REGIONS = ("eu-central-1", "us-east-1")
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"

SINGLES: dict[str, tuple[str, ...]] = {
    "aws:username": ("ada", "team/ada", "*", "red", "a:b"),
    "aws:PrincipalTag/team": ("red", "blue", "Red", "r*", ""),
    "aws:ResourceTag/team": ("red", "blue"),
    "secretsmanager:VersionStage": ("AWSCURRENT", "AWSPREVIOUS", "awscurrent"),
    "secretsmanager:RecoveryWindowInDays": ("7", "7.0", "30", "many"),
    "aws:CurrentTime": (
        "2026-11-25T12:00:00Z",
        "2026-11-25T14:00:00+02:00",
        "2026-11-25",
        "1764072000",
        "yesterday",
    ),
    "aws:SecureTransport": ("true", "false", "TRUE"),
    "aws:SourceIp": ("203.0.113.7", "203.0.114.7", "2001:db8::7", "::ffff:203.0.113.7", "nowhere"),
    "aws:PrincipalArn": (ADA, APP, f"arn:aws:iam::{OTHER}:user/eve", f"arn:aws:iam::{OWN}:user/ada"),
    "aws:SourceArn": (f"arn:aws:lambda:eu-central-1:{OWN}:function:f", f"arn:aws:sns:us-east-1:{OWN}:t"),
    "aws:PrincipalAccount": (OWN, OTHER),
    "kms:EncryptionContext:SecretARN": ("QUJD", "QUJE"),
}
LISTS: dict[str, tuple[str, ...]] = {
    "aws:TagKeys": ("team", "cost", "Team"),
    "aws:CalledVia": ("secretsmanager.amazonaws.com", "lambda.amazonaws.com"),
    "secretsmanager:AddReplicaRegions": ("eu-west-1", "us-east-1"),
}

STRING_OPERATORS = ("StringEquals", "StringEqualsIgnoreCase", "StringLike")
NEGATED_STRINGS = ("StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike")
COMPARISONS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")


def chance(draw: random.Random, share: float) -> bool:
    """Say yes in a share of the times."""
    return draw.random() < share


class Workshop:
    """Makes policies around one question."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.caller = draw.choices(CALLERS, CALLER_WEIGHTS)[0]
        self.owner = OWN if chance(draw, 0.85) else OTHER
        self.kind = draw.choices(("RESOURCE", "KEY", "TRUST"), (6, 2, 2))[0]
        region = draw.choice(REGIONS)
        if self.kind == "KEY":
            self.action = draw.choice(("kms:Decrypt", "kms:GenerateDataKey", "kms:PutKeyPolicy"))
            self.resource = f"arn:aws:kms:{region}:{self.owner}:key/{KEY}"
        elif self.kind == "TRUST":
            self.action = draw.choice(("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:TagSession"))
            self.resource = f"arn:aws:iam::{self.owner}:role/team/app"
        else:
            self.action = draw.choice(
                (
                    "secretsmanager:GetSecretValue",
                    "secretsmanager:PutSecretValue",
                    "secretsmanager:ListSecrets",
                )
            )
            self.resource = f"arn:aws:secretsmanager:{region}:{self.owner}:secret:{draw.choice(NAMES)}"
            if self.action.endswith("ListSecrets") and chance(draw, 0.7):
                self.resource = "*"
        self.context = self._context()

    def _context(self) -> dict[str, list[str]]:
        draw = self.draw
        context = {key.lower(): [draw.choice(values)] for key, values in SINGLES.items() if chance(draw, 0.6)}
        for key, values in LISTS.items():
            if chance(draw, 0.7):
                context[key.lower()] = draw.sample(values, draw.randint(0, 2))
        if chance(draw, 0.1):  # tags that differ by case only
            context["aws:principaltag/team"] = draw.sample(("red", "blue", "Red"), 2)
        return context

    # Each pattern below is drawn from those that name the question and those that nearly do.

    def _mix(self, right: Sequence[str], wrong: Sequence[str], aim: float, most: int = 2) -> list[str] | str:
        draw = self.draw
        chosen = [
            draw.choice(right if chance(draw, aim) else wrong)
            for _ in range(draw.choices(range(1, most + 1), range(most, 0, -1))[0])
        ]
        return chosen[0] if len(chosen) == 1 and chance(draw, 0.5) else chosen

    def actions(self, aim: float, *, trust: bool = False) -> list[str] | str:
        """Draw action patterns."""
        service, _, name = self.action.partition(":")
        middle = len(name) // 2
        right = [
            self.action,
            self.action.upper(),
            f"{service}:*",
            f"{service.title()}:{name[:3].lower()}*",
            f"{service}:*{name[middle:]}",
            f"{service}:{name[:2]}*{name[middle:]}",
            f"{service}:{'?' * 3}{name[3:]}",
            f"{service}:{name}*",
        ]
        wrong = [
            f"{service}:{name[1:]}",
            f"{service}:{name}?",
            f"{service}:{'?' * (len(name) + 1)}",
            f"{service[1:]}:{name}",
            f"{service}x:*",
            f"{service}:{name} ",
            f"{service}:List{name}*",
            f"{service}:*{name[middle:]}X",
            "sns:Publish",
        ]
        if trust:
            return self._mix(["sts:AssumeRole*", self.action, self.action.lower()], ["sts:SetContext"], aim)
        return self._mix([*right, "*"], wrong, aim)

    def resources(self, aim: float) -> list[str] | str:
        """Draw resource patterns."""
        if self.resource == "*":
            return self._mix(
                ["*"], ["arn:aws:secretsmanager:*", f"arn:aws:secretsmanager:*:{OWN}:secret:*"], aim
            )
        service, region, account, tail = self.resource.split(":", 5)[2:]
        head = f"arn:aws:{service}:{region}:{account}:"
        kind = tail[: tail.index("/" if service != "secretsmanager" else ":") + 1]
        rest = tail[len(kind) :]
        right = [
            "*",
            self.resource,
            f"{head}{kind}*",
            f"{head}*",
            f"{head}{tail[:-6]}??????",
            f"{head}{tail[:-3]}*",
            f"{head}*{tail[-4:]}",
            f"{head}{kind}*{rest[2:5]}*",
            f"arn:aws:{service}:*:*:{tail}",
            f"arn:*:{service}:{region[:3]}*:{account[:5]}???????:{tail}"
            if service != "iam"
            else self.resource,
            f"arn:aws:{service}:*",
            f"{head}{kind}${{aws:PrincipalTag/none, '{rest}'}}",
        ]
        wrong = [
            f"arn:aws:{service}:{'' if service == 'iam' else 'eu-west-3'}:{account}:{tail}",
            f"arn:aws:{service}:{region}:{OTHER if account == OWN else OWN}:{tail}",
            f"{head}{tail}?",
            f"{head}{tail[:-1]}",
            f"{head}{kind}{rest.swapcase()}",
            f"{head}{kind}{rest[:2]}?{rest[2:]}",
            f"{head}{kind}${{*}}",
            f"{head}{kind}*{rest[2:5]}*{rest[4:7]}*",
            f"arn:aws:s3:::{tail}",
        ]
        variables = [
            f"{head}{kind}${{aws:username}}*",
            f"{head}{kind}${{aws:PrincipalTag/team}}*",
            f"{head}{kind}*${{AWS:UserName, 'db'}}*",
            f"{head}{kind}${{aws:TagKeys}}",
            f"{head}{kind}${{broken",
        ]
        if service == "iam":  # the paths of IAM's ARNs are checked
            unfit = ("arn:aws:iam:*", f"{head}*{tail[-4:]}", f"arn:aws:iam:*:*:{tail}")
            right = [one for one in right if one not in unfit] + [f"arn:aws:iam::*:{tail}"]
        return self._mix([*right, *variables], [*wrong, *variables], aim, 3)

    def conditions(self, aim: float) -> dict[str, dict[str, Any]]:
        """Draw a block of conditions."""
        block: dict[str, dict[str, Any]] = {}
        for _ in range(self.draw.choices((1, 2, 3), (6, 3, 1))[0]):
            operator, key, values = self._condition(aim)
            block.setdefault(operator, {})[key] = values
        return block

    def _condition(self, aim: float) -> tuple[str, str, Any]:
        draw = self.draw
        family = draw.choice(
            ("string", "string", "list", "list", "number", "date", "flag", "address", "arn", "other")
        )
        if family == "list":
            key = draw.choice(tuple(LISTS))
        elif family == "string":
            key = draw.choice((*tuple(SINGLES)[:4], "aws:PrincipalAccount", "aws:None"))
        else:
            key = {
                "number": "secretsmanager:RecoveryWindowInDays",
                "date": "aws:CurrentTime",
                "flag": "aws:SecureTransport",
                "address": "aws:SourceIp",
                "arn": draw.choice(("aws:PrincipalArn", "aws:SourceArn")),
                "other": draw.choice((*SINGLES, *LISTS)),
            }[family]
        vocabulary = SINGLES.get(key) or LISTS.get(key) or ("x",)
        present = list(self.context.get(key.lower(), ()))
        right = present or list(vocabulary)
        operator, values = self._values(family, key, right, list(vocabulary), aim)
        share = 0.75 if family == "list" else 0.06
        if operator != "Null":
            if chance(draw, share):
                operator = draw.choice(("ForAllValues:", "ForAnyValue:")) + operator
            if chance(draw, 0.2):
                operator += "IfExists"
        if chance(draw, 0.15):
            key = draw.choice((key.upper(), key.lower()))
        if len(values) == 1 and chance(draw, 0.6):
            return operator, key, values[0]
        return operator, key, values

    def _values(
        self, family: str, key: str, right: list[str], vocabulary: list[str], aim: float
    ) -> tuple[str, list[Any]]:
        draw = self.draw

        def some(values: Sequence[Any], most: int = 2) -> list[Any]:
            return [draw.choice(values) for _ in range(draw.randint(1, most))]

        if chance(draw, 0.08):
            return "Null", [draw.choice(("true", "false", True, False, "False"))]
        if family == "number":
            name = draw.choice(COMPARISONS)
            return f"Numeric{name}", some(
                [7, "7", 7.5, 30, "6.99", "3e1", "x"] if chance(draw, 0.3) else [7, 30, 8]
            )
        if family == "date":
            dates = [
                "2026-11-25T12:00:00Z",
                "2026-11-25",
                "1764072000",
                "2026-11-25T13:00+01:00",
                "2026-12",
                1,
            ]
            return f"Date{draw.choice(COMPARISONS)}", some(dates)
        if family == "flag":
            return "Bool", some(
                ["true", "false", True, "TRUE", "maybe"] if chance(draw, 0.3) else ["true", False]
            )
        if family == "address":
            networks = [
                "203.0.113.0/24",
                "203.0.112.0/22",
                "203.0.113.7",
                "2001:db8::/32",
                "0.0.0.0/0",
                "::/0",
            ]
            rare = ["::ffff:203.0.113.0/120", "203.0.113.9/24", "no network", "203.0.113.0/33"]
            return draw.choice(("IpAddress", "IpAddress", "NotIpAddress")), some(
                networks if chance(draw, 0.85) else rare
            )
        if family == "arn":
            patterns = [
                f"arn:aws:iam::{OWN}:user/*",
                "arn:aws:*::*:*",
                f"arn:aws:lambda:*:{OWN}:function:*",
                f"arn:*:sns:us-????-1:{OWN}:t",
                "${aws:PrincipalArn}",
                "arn:aws:iam::${aws:PrincipalAccount}:*",
                "arn:aws:iam::1*:user/team/${aws:username}",
                "*",
                "arn:aws:iam::*",
                "arn:aws:iam::11112222*3:user/ada",
            ]
            names = ("ArnEquals", "ArnLike", "ArnLike", "ArnNotEquals", "ArnNotLike")
            return draw.choice(names), some([*patterns, *right])
        if family == "other" and key.startswith("kms:"):
            return "BinaryEquals", some(["QUJD", "QUJE", "no base64"])
        name = draw.choice(STRING_OPERATORS if chance(draw, 0.7) else NEGATED_STRINGS)
        values = list(right if chance(draw, aim) else vocabulary)
        written = some([*values, *values, *(self._vary(value) for value in values)], 3)
        return name, written

    def _vary(self, value: str) -> str:
        """Write a value in a way that some operators take for the same."""
        forms = (
            value.swapcase(),
            value[:2] + "*",
            "*" + value[-2:],
            value[:-1] + "?",
            value.replace("*", "${*}"),
            "${aws:PrincipalTag/team}",
            "${aws:PrincipalTag/none, '" + value + "'}",
            "${aws:PrincipalTag/none}",
            value + "x",
            "*",
        )
        return self.draw.choice(forms)

    def principals(self, aim: float, *, negative: bool = False) -> Any:
        """Draw a Principal element, or a NotPrincipal."""
        draw = self.draw
        caller = self.caller
        if chance(draw, 0.08):
            return draw.choice(("*", {"AWS": "*"}))
        account = caller.account or OWN
        root = f"arn:aws:iam::{account}:root"
        right: list[Any] = [{"AWS": root}, {"AWS": account}]
        if caller.type in ("Service", "Federated"):
            kind = caller.type if self.kind == "TRUST" or caller.type == "Service" else "AWS"
            right = [{kind: caller.arn}] if kind == caller.type else [{"AWS": root}]
        elif caller.type == "Anonymous":
            right = ["*"]
        else:
            right += [{"AWS": [caller.arn, APP]}] * 2
            right += [{"AWS": name} for name in (caller.role, caller.issuer, caller.owner_id) if name]
            if caller.type == "User":
                right += [{"AWS": caller.id}]
            if negative:
                everything = [root, caller.arn, *(name for name in (caller.role, caller.issuer) if name)]
                right = [
                    {"AWS": everything},
                    {"AWS": everything},
                    {"AWS": everything[:-1]},
                    {"AWS": everything[1:]},
                ]
        wrong: list[Any] = [
            {"AWS": f"arn:aws:iam::{OTHER if account == OWN else OWN}:root"},
            {"AWS": f"arn:aws:iam::{account}:user/ada/team"},
            {"AWS": f"arn:aws:iam::{account}:role/app"},
            {"AWS": [f"arn:aws:sts::{account}:assumed-role/app/s2", f"arn:aws:iam::{account}:user/Ada"]},
            {"AWS": "AIDANEWAAAAAAAAAAAAAA", "Service": "lambda.amazonaws.com"},
            {"Service": ["sns.amazonaws.com", "secretsmanager.amazonaws.com"]},
        ]
        if self.kind == "TRUST":
            wrong.append({"Federated": [PROVIDER, "accounts.example.com"]})
        return draw.choice(right if chance(draw, aim) else wrong)

    def statement(self, layer: str) -> dict[str, Any]:
        """Draw a statement for a layer: identity, boundary, session, or the kind of the resource's policy."""
        draw = self.draw
        denies = chance(draw, 0.22)
        aim = 0.6 if denies else 0.85
        made: dict[str, Any] = {"Effect": "Deny" if denies else "Allow"}
        trust = layer == "TRUST"
        if not trust and chance(draw, 0.15):
            made["NotAction"] = self.actions(1 - aim)
        else:
            made["Action"] = self.actions(aim, trust=trust)
        if not trust:
            if chance(draw, 0.15):
                made["NotResource"] = self.resources(1 - aim)
            elif layer != "RESOURCE" or chance(draw, 0.8):
                made["Resource"] = self.resources(aim)
        if layer in ("RESOURCE", "KEY", "TRUST"):
            if denies and chance(draw, 0.3):
                made["NotPrincipal"] = self.principals(0.8, negative=True)
            else:
                made["Principal"] = self.principals(0.85)
        if chance(draw, 0.45):
            made["Condition"] = self.conditions(aim)
        return made

    def document(self, layer: str) -> str:
        """Draw a policy."""
        draw = self.draw
        statements = [self.statement(layer) for _ in range(draw.choices((1, 2, 3, 5), (5, 4, 3, 1))[0])]
        document: dict[str, Any] = {"Statement": statements}
        if layer in ("identity", "boundary", "session") or chance(draw, 0.7):
            document["Version"] = "2012-10-17"
        elif chance(draw, 0.5):
            document["Version"] = "2008-10-17"
        return json.dumps(document)

    def case(self) -> Case:
        """Draw all policies in force."""
        draw = self.draw
        has_identity = self.caller.type not in ("Service", "Federated", "Anonymous", "Account")
        needs_policy = self.kind != "RESOURCE" or not has_identity or self.owner != self.caller.account
        sessions: list[str] | None = None
        if self.caller.type == "FederatedUser" or (self.caller.type == "AssumedRole" and chance(draw, 0.5)):
            sessions = [self.document("session") for _ in range(draw.randint(1, 2))]
            if chance(draw, 0.2):
                sessions = None
        bound: dict[str, str] = {}
        if chance(draw, 0.3):  # some are the ids of namesakes that were deleted
            bound = {
                ADA: draw.choice((ADA_ID, "AIDAGONEAAAAAAAAAAAAA")),
                APP: draw.choice((APP_ID, "AROAGONE" + "A" * 13)),
            }
        return Case(
            caller=self.caller,
            action=self.action,
            resource=self.resource,
            owner=self.owner,
            context=self.context,
            identity=[self.document("identity") for _ in range(draw.randint(1, 3))] if has_identity else [],
            boundary=self.document("boundary") if has_identity and chance(draw, 0.25) else None,
            sessions=sessions,
            resource_kind=self.kind,
            resource_policy=self.document(self.kind) if needs_policy or chance(draw, 0.4) else None,
            bound=bound,
        )


def bundle(draw: random.Random) -> Iterator[Case]:
    """Draw policies, and eight questions about them."""
    shop = Workshop(draw)
    case = shop.case()
    yield case
    for _ in range(7):
        other = Workshop(draw)
        what = draw.randrange(4)
        if what == 0:
            yield case._replace(context=other.context)
        elif what == 1 and other.kind == case.resource_kind:
            yield case._replace(action=other.action, resource=other.resource, owner=other.owner)
        elif what == 2 and case.context:
            gone = draw.choice(tuple(case.context))
            yield case._replace(context={key: case.context[key] for key in case.context if key != gone})
        else:
            key = draw.choice((*SINGLES, *LISTS))
            found = other.context.get(key.lower(), ["x"])
            yield case._replace(context={**case.context, key.lower(): found})


def cases(draw: random.Random) -> Iterator[Case]:
    """Draw cases without end."""
    while True:
        yield from bundle(draw)
