"""What the evaluator promises besides its answers: reasons, sources, laziness, flat cost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import msgspec
import pytest

from strongroom.policy.compile import MAX_TABLES, MatchedStatement, PolicySet, compile_policy
from strongroom.policy.document import MalformedPolicy, PolicyKind, parse_policy, policy_size
from strongroom.policy.evaluate import Principal, evaluate
from strongroom.policy.managed import ADMINISTRATOR_ACCESS, MANAGED_POLICIES, find_managed_policy
from strongroom.policy.model import PrincipalName
from strongroom.policy.question import LazyContext, principal_keys
from strongroom.policy.resources import ResourcePattern
from tests.policy.policies import ACCOUNT, READ, SECRET, USER, policy, question

ALLOW_ALL = ["Allow", "*", "*"]
DENY_ALL = ["Deny", "*", "*"]


class Untouchable(Mapping[str, tuple[str, ...]]):
    """A context that fails when anybody looks."""

    def __getitem__(self, key: str) -> tuple[str, ...]:
        raise AssertionError(f"{key} was looked at")

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("the keys were listed")

    def __len__(self) -> int:
        raise AssertionError("the keys were counted")


def test_the_context_is_not_touched_without_conditions() -> None:
    """No condition key is computed for policies without conditions and variables."""
    asked = question(context=Untouchable())
    assert evaluate(asked, identity=[policy(ALLOW_ALL)]).allowed
    named = policy(["Allow", READ, SECRET], ["Deny", "secretsmanager:Put*", "*"])
    assert evaluate(asked, identity=[named]).allowed


def test_a_lazy_context_computes_each_key_at_most_once() -> None:
    """Only the key that a condition names is computed, once for all statements."""
    computed: list[str] = []

    def tag() -> tuple[str, ...]:
        computed.append("tag")
        return ("red",)

    def other() -> tuple[str, ...]:
        raise AssertionError("nobody asked for this key")

    context = LazyContext({}, {"aws:resourcetag/team": tag, "aws:resourcetag/other": other})
    conditional = {
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/Team": "red"}},
    }
    both = policy({"Effect": "Allow", **conditional}, {"Effect": "Deny", **conditional, "Action": "sns:*"})
    assert evaluate(question(context=context), identity=[both, policy(["Allow", "a:b", "*"])]).allowed
    assert not evaluate(
        question(context=context), identity=[policy({"Effect": "Deny", **conditional})]
    ).allowed
    assert computed == ["tag"]
    assert "red" not in repr(context)


def test_p02_a_thousand_statements_match_no_more_patterns_than_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    """With exact and prefix resources the number of patterns compared does not grow with the policy."""
    compared: list[int] = []
    judge = ResourcePattern.judge

    def counting(self: ResourcePattern, parts: list[str], asked: object) -> object:
        compared.append(1)
        return judge(self, parts, asked)  # type: ignore[arg-type]

    monkeypatch.setattr(ResourcePattern, "judge", counting)
    counts = []
    for size in (10, 1_000):
        forms = ["team{}/*", "app{}-AbCdEf", "db{}-??????", "x{}/*/y"]
        base = "arn:aws:secretsmanager:{}:111122223333:secret:"
        regions = ["eu-central-1", "*"]
        statements = [
            ["Allow", READ, base.format(regions[i % 2]) + forms[i % 4].format(f"{i:04}")] for i in range(size)
        ]
        compiled = policy(*statements, ["Allow", READ, base.format("*") + "prod/*"])
        compared.clear()
        assert evaluate(question(), identity=[compiled]).allowed
        counts.append(len(compared))
    assert counts == [1, 1]


def test_p02_wildcards_inside_match_few_patterns(monkeypatch: pytest.MonkeyPatch) -> None:
    """With wildcards inside, a thousand statements in twenty policies choose few candidates, as ten do."""
    compared: list[int] = []
    judge = ResourcePattern.judge

    def counting(self: ResourcePattern, parts: list[str], asked: object) -> object:
        compared.append(1)
        return judge(self, parts, asked)  # type: ignore[arg-type]

    monkeypatch.setattr(ResourcePattern, "judge", counting)
    counts = []
    base = "arn:aws:secretsmanager:*:111122223333:secret:"
    forms = ["*/app{}/*", "*-{}-??????", "?rod/*{}*", "team-*/x{}", "*{}", "${{aws:username}}/{}-*"]
    for size in (10, 1_000):
        texts = [f"{base}{forms[i % 6].format(f'{i:04}')}" for i in range(size)]
        policies = PolicySet(
            policy(*(["Allow", READ, text] for text in texts[first : first + 50]))
            for first in range(0, size, 50)
        )
        compared.clear()
        assert not evaluate(question(), identity=policies).allowed
        allowed = PolicySet((*policies, policy(["Allow", READ, f"{base}*/db-*"])))
        assert evaluate(question(), identity=allowed).allowed
        counts.append(len(compared))
    assert counts[1] <= counts[0] + 5


def test_sets_that_are_part_of_another_stay_as_they_are() -> None:
    """Each finds what its own policies say, however often and with whom it was merged."""
    other = SECRET.replace("secret:", "secret:other-")

    def one(resource: str) -> PolicySet:
        return PolicySet([policy(["Allow", READ, resource]), policy(["Allow", READ, f"{resource}*"])])

    def found(policies: PolicySet, resource: str = SECRET) -> int:
        index = policies.table(READ).allow
        assert index is not None
        return len(index.find(question(resource=resource)))

    first, second, third = one(SECRET), one(SECRET), one(other)
    pair = PolicySet([first, second])
    for _ in range(2):
        assert found(PolicySet([third, pair, first])) == found(PolicySet([pair, third, first])) == 6
        assert found(PolicySet([pair, third, first]), other) == 2
        assert [found(each) for each in (first, second, pair)] == [2, 2, 4]
        assert (found(third), found(third, other)) == (0, 2)
    assert tuple(PolicySet([pair, third])) == (*first, *second, *third)


def test_tables_by_action_are_bounded() -> None:
    """Questions about ever new actions do not make a policy grow without end."""
    compiled = policy(["Allow", "sns:*", "*"])
    for number in range(MAX_TABLES + 10):
        assert evaluate(question(action=f"sns:Action{number}"), identity=[compiled]).allowed
    assert len(compiled.tables) <= MAX_TABLES


@pytest.mark.parametrize(
    ("layer", "outcome", "text"),
    [
        ("identity", "no", f"because no identity-based policy allows the {READ} action"),
        ("boundary", "no", f"because no permissions boundary allows the {READ} action"),
        ("session", "no", f"because no session policy allows the {READ} action"),
        ("resource", "no", f"because no resource-based policy allows the {READ} action"),
        ("identity", "deny", "with an explicit deny in an identity-based policy"),
        ("boundary", "deny", "with an explicit deny in a permissions boundary"),
        ("session", "deny", "with an explicit deny in a session policy"),
        ("resource", "deny", "with an explicit deny in a resource-based policy"),
    ],
)
def test_reasons_have_the_words_of_aws(layer: str, outcome: str, text: str) -> None:
    """The suffix of AccessDenied names the layer (IAM User Guide, troubleshoot access denied)."""
    effect = DENY_ALL if outcome == "deny" else ["Allow", "sns:*", "*"]
    identity = [policy(effect if layer == "identity" else ALLOW_ALL)]
    boundary = policy(effect, kind=PolicyKind.BOUNDARY) if layer == "boundary" else None
    session = policy(effect, kind=PolicyKind.SESSION) if layer == "session" else None
    resource = None
    asked = question()
    if layer == "resource":
        members = {"Principal": "*", "Resource": "*"}
        one = {"Effect": effect[0], "Action": effect[1], **members}
        resource = policy(one, kind=PolicyKind.RESOURCE)
        asked = question(resource_account="444455556666")
    decision = evaluate(asked, identity=identity, resource=resource, boundary=boundary, session=session)
    assert not decision.allowed
    assert decision.reason() == text


def test_reasons_of_trust_policies_have_the_words_of_aws() -> None:
    """A role trust policy has words of its own."""
    trust = {"Principal": {"AWS": "444455556666"}, "Action": "sts:AssumeRole"}
    asked = question(action="sts:AssumeRole", resource=f"arn:aws:iam::{ACCOUNT}:role/x")
    silent = policy({"Effect": "Allow", **trust}, kind=PolicyKind.TRUST)
    decision = evaluate(asked, identity=[policy(ALLOW_ALL)], resource=silent)
    assert decision.reason() == "because no role trust policy allows the sts:AssumeRole action"
    denying = policy({"Effect": "Deny", **trust, "Principal": "*"}, kind=PolicyKind.TRUST)
    decision = evaluate(asked, identity=[policy(ALLOW_ALL)], resource=denying)
    assert decision.reason() == "with an explicit deny in the role trust policy"


def test_a_decision_names_the_statements_that_decided() -> None:
    """Denying and allowing statements are named by policy, id and place."""
    allow = {"Sid": "Reading", "Effect": "Allow", "Action": READ, "Resource": "*"}
    first = policy(["Allow", "sns:*", "*"], allow, source_id="inline")
    allowed = evaluate(question(), identity=[first])
    assert allowed.matched == (MatchedStatement("inline", "Reading", 1),)
    assert allowed.reason() == ""
    second = policy(DENY_ALL, source_id="arn:aws:iam::111122223333:policy/Stop")
    denied = evaluate(question(), identity=[first, second])
    assert denied.matched == (MatchedStatement("arn:aws:iam::111122223333:policy/Stop", None, 0),)
    assert denied.reason(with_policy_arn=True) == (
        "with an explicit deny in an identity-based policy: arn:aws:iam::111122223333:policy/Stop"
    )
    inline = evaluate(question(), identity=[policy(DENY_ALL, source_id="inline")])
    assert inline.reason(with_policy_arn=True) == "with an explicit deny in an identity-based policy"


def test_p07_a_policy_bound_to_an_id_means_the_federated_sessions_of_that_user() -> None:
    """A Deny for a user, stored with its unique id, reaches a session that the user asked for."""
    denial = {"Effect": "Deny", "Principal": {"AWS": USER.arn}, "Action": "*", "Resource": "*"}
    bound = compile_policy(
        json.dumps({"Statement": denial}),
        PolicyKind.RESOURCE,
        source_id="secret",
        principal_ids={USER.arn: USER.unique_id},
    )
    arn = f"arn:aws:sts::{ACCOUNT}:federated-user/ci"
    for issuer_id, is_denied in ((USER.unique_id, True), ("AIDANEWAAAAAAAAAAAAAA", False)):
        session = Principal(
            "FederatedUser", arn, ACCOUNT, f"{ACCOUNT}:ci", issuer_arn=USER.arn, issuer_id=issuer_id
        )
        decision = evaluate(
            question(principal=session),
            identity=[policy(ALLOW_ALL)],
            resource=bound,
            session=policy(ALLOW_ALL, kind=PolicyKind.SESSION),
        )
        assert decision.allowed is not is_denied


def test_get_caller_identity_cannot_be_denied() -> None:
    """STS says so: valid credentials may always ask who they are."""
    assert evaluate(question(action="sts:GetCallerIdentity"), identity=[policy(DENY_ALL)]).allowed
    assert not evaluate(question(action="sts:GetFederationToken"), identity=[policy(DENY_ALL)]).allowed


def test_p05_old_versions_have_no_variables() -> None:
    """In a document of 2008-10-17, and in one without a version, ``${aws:username}`` is plain text."""
    asked = question(context={"aws:username": ("prod/db-AbCdEf",)})
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": USER.arn},
        "Action": "*",
        "Resource": "arn:aws:secretsmanager:*:*:secret:${aws:username}",
    }
    for version, is_allowed in (("2012-10-17", True), ("2008-10-17", False), (None, False)):
        document = {"Statement": statement, **({"Version": version} if version else {})}
        compiled = compile_policy(json.dumps(document), PolicyKind.RESOURCE, source_id="secret")
        assert evaluate(asked, identity=[], resource=compiled).allowed is is_allowed


def test_p07_a_recreated_principal_inherits_nothing() -> None:
    """A policy that was bound to unique ids does not know a namesake."""
    role = f"arn:aws:iam::{ACCOUNT}:role/app"
    ids = {USER.arn: USER.unique_id, role: "AROAAPPAAAAAAAAAAAAAA"}
    text = json.dumps(
        {
            "Statement": {
                "Effect": "Allow",
                "Principal": {"AWS": [USER.arn, role]},
                "Action": "*",
                "Resource": "*",
            }
        }
    )
    bound = compile_policy(text, PolicyKind.RESOURCE, source_id="secret", principal_ids=ids)
    again = Principal("User", USER.arn, ACCOUNT, "AIDANEWAAAAAAAAAAAAAA")
    assert evaluate(question(), identity=[], resource=bound).allowed
    assert not evaluate(question(principal=again), identity=[], resource=bound).allowed
    session_arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/s"
    for unique_id, is_allowed in (("AROAAPPAAAAAAAAAAAAAA:s", True), ("AROANEWAAAAAAAAAAAAAA:s", False)):
        session = Principal("AssumedRole", session_arn, ACCOUNT, unique_id, role)
        assert evaluate(question(principal=session), identity=[], resource=bound).allowed is is_allowed


def test_p04_accounts_are_texts() -> None:
    """An account with leading zeros is not the number that it looks like."""
    text = json.dumps({"Statement": {"Effect": "Allow", "Principal": {"AWS": "000000000012"}, "Action": "*"}})
    compiled = compile_policy(text, PolicyKind.RESOURCE, source_id="secret")
    for account, is_allowed in (("000000000012", True), ("12", False), ("000000000013", False)):
        caller = Principal("User", f"arn:aws:iam::{account}:user/x", account, "AIDAXAAAAAAAAAAAAAAAA")
        decision = evaluate(question(principal=caller), identity=[policy(ALLOW_ALL)], resource=compiled)
        assert decision.allowed is is_allowed


def test_p04_kelvin_sign_is_no_k_in_actions_and_keys() -> None:
    """A letter that only Unicode folds to k names neither the action nor the key."""
    asked = question(action="kms:Decrypt", context={"aws:k": ("x",)})
    assert not evaluate(asked, identity=[policy(["Allow", "kms:*ecrypt\u212a", "*"])]).allowed
    condition = {"StringEquals": {"aws:\u212a": "x"}}
    strange = policy({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition})
    assert not evaluate(asked, identity=[strange]).allowed


def test_a_resource_statement_without_principal_never_applies() -> None:
    """The parser refuses it; a document that was built otherwise still neither allows nor denies."""
    document = parse_policy(
        json.dumps({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}}),
        PolicyKind.RESOURCE,
    )
    nameless = msgspec.structs.replace(document.statements[0], principals=None)
    document = msgspec.structs.replace(document, statements=(nameless,))
    compiled = compile_policy(document, PolicyKind.RESOURCE, source_id="secret")
    assert evaluate(question(), identity=[policy(ALLOW_ALL)], resource=compiled).allowed


def test_not_principal_with_allow_grants_nothing() -> None:
    """The parser refuses it; a document that was built otherwise still lets nobody in."""
    text = json.dumps({"Statement": {"Effect": "Deny", "NotPrincipal": "*", "Action": "*", "Resource": "*"}})
    document = parse_policy(text, PolicyKind.RESOURCE)
    others = (PrincipalName("AWS", "444455556666"),)
    allowing = msgspec.structs.replace(document.statements[0], effect="Allow", principals=others)
    document = msgspec.structs.replace(document, statements=(allowing,))
    compiled = compile_policy(document, PolicyKind.RESOURCE, source_id="secret")
    assert not evaluate(question(), identity=[], resource=compiled).allowed


@pytest.mark.parametrize("order", [1, -1])
def test_the_closest_name_in_a_resource_policy_counts(order: int) -> None:
    """A statement for the account does not hide one for the user, wherever each stands."""
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": name}, "Action": "*", "Resource": "*"}
        for name in (ACCOUNT, USER.arn)
    ]
    resource = policy(*statements[::order], kind=PolicyKind.RESOURCE)
    assert evaluate(question(), identity=[], resource=resource).allowed


def test_a_document_is_compiled_as_its_own_kind() -> None:
    """A trust policy cannot be slipped in as an identity policy."""
    document = parse_policy(
        json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "a:b"}}), PolicyKind.RESOURCE
    )
    with pytest.raises(ValueError, match="kind"):
        compile_policy(document, PolicyKind.IDENTITY, source_id="x")


@pytest.mark.parametrize("arn", list(MANAGED_POLICIES))
def test_managed_policies_are_valid_identity_policies(arn: str) -> None:
    """Every policy that is shipped parses, is within the quota, and is found by its ARN."""
    shipped = MANAGED_POLICIES[arn]
    assert arn.startswith("arn:aws:iam::aws:policy/")
    assert parse_policy(shipped.document, PolicyKind.IDENTITY).statements
    assert policy_size(shipped.document) <= 6_144
    assert find_managed_policy(arn) is shipped


def test_administrator_access_allows_everything() -> None:
    """The administrator may do anything in the account, and nothing in another."""
    compiled = compile_policy(ADMINISTRATOR_ACCESS.document, PolicyKind.IDENTITY, source_id="admin")
    assert evaluate(question(), identity=[compiled]).allowed
    assert evaluate(question(action="kms:Decrypt", resource="*"), identity=[compiled]).allowed
    assert not evaluate(question(resource_account="444455556666"), identity=[compiled]).allowed


def test_the_keys_of_a_principal_follow_its_type() -> None:
    """Sessions show their role's ARN; only users have a name (IAM User Guide, global condition keys)."""
    assert principal_keys(USER)["aws:username"] == ("ada",)
    role = f"arn:aws:iam::{ACCOUNT}:role/team/app"
    session = Principal(
        "AssumedRole", f"arn:aws:sts::{ACCOUNT}:assumed-role/app/s", ACCOUNT, "AROAAPPAAAAAAAAAAAAAA:s", role
    )
    keys = principal_keys(session)
    assert keys["aws:principalarn"] == (role,)
    assert keys["aws:userid"] == ("AROAAPPAAAAAAAAAAAAAA:s",)
    assert "aws:username" not in keys
    service = principal_keys(Principal("Service", "lambda.amazonaws.com", ""))
    assert service["aws:principalservicename"] == ("lambda.amazonaws.com",)


def _nested(depth: int) -> str:
    return '{"Version":"2012-10-17","Statement":' + "[" * depth + "]" * depth + "}"


@pytest.mark.parametrize(
    "text",
    [
        _nested(70),
        _nested(100_000)[:131_000],
        '{"Version":"2012-10-17","Statement":[' + "1," * 10_001 + "1]}",
        b'\xef\xbb\xbf{"Version":"2012-10-17"}',
        '{"Version":"2012-10-17"}'.encode("utf-16"),
        b'{"Version":"\xff"}',
        "x" * 131_073,
    ],
    ids=["deep", "very deep", "many", "byte order mark", "utf-16", "not utf-8", "long"],
)
def test_j01_hostile_documents_are_syntax_errors(text: str | bytes) -> None:
    """Depth, count, encoding and length end in the domain error, without an echo of the input."""
    with pytest.raises(MalformedPolicy) as caught:
        parse_policy(text, PolicyKind.IDENTITY)
    assert str(caught.value) == "Syntax errors in policy."
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or not caught.value.__context__.args[0].startswith("{")
