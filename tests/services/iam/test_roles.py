"""CreateRole, GetRole, ListRoles, UpdateRole, UpdateAssumeRolePolicy, DeleteRole and tags, as a client sees them."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import unquote

import pytest

from strongroom.services.iam.recorded import render_date
from tests.services.iam.answers import denied, new_key, only_record, policy, refusal
from tests.support.accounts import Key

ADMINISTRATOR_ACCESS = "arn:aws:iam::aws:policy/AdministratorAccess"


def trust(principal: Any, *, action: str | list[str] = "sts:AssumeRole", effect: str = "Allow") -> str:
    """Write a trust policy of one statement."""
    statement = {"Effect": effect, "Principal": principal, "Action": action}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


EC2 = {"Service": "ec2.amazonaws.com"}
SERVICE_TRUST = trust({"Service": "lambda.amazonaws.com"})


def role_not_found(name: str) -> tuple[int, str, str]:
    """Word the refusal of a name that no role has."""
    return 404, "NoSuchEntity", f"The role with name {name} cannot be found."


def make(iam: Any, name: str = "App", **more: Any) -> dict[str, Any]:
    """Make a role that a service may assume."""
    made: dict[str, Any] = iam.create_role(
        **{"RoleName": name, "AssumeRolePolicyDocument": SERVICE_TRUST, **more}
    )
    return made


def test_a_role_is_made_shown_and_recorded(iam: Any, server: Any, account: Any) -> None:
    """CreateRole echoes what it was given but for the longest session; GetRole shows that too (recorded)."""
    tags = [{"Key": "Team", "Value": "blue"}]
    answer = make(iam, "App", Path="/team/", Description="d", MaxSessionDuration=7200, Tags=tags)
    role = answer["Role"]
    assert role["Arn"] == f"arn:aws:iam::{account.account_id}:role/team/App"
    assert role["RoleId"].startswith("AROA")
    assert len(role["RoleId"]) == 21
    assert role["AssumeRolePolicyDocument"] == json.loads(SERVICE_TRUST)
    assert (role["Path"], role["RoleName"], role["Description"]) == ("/team/", "App", "d")
    assert role["Tags"] == tags
    assert not {"MaxSessionDuration", "RoleLastUsed"} & role.keys()
    found = iam.get_role(RoleName="aPP")
    assert found["Role"] == {**role, "MaxSessionDuration": 7200, "RoleLastUsed": {}}
    record = only_record(server, answer)
    assert record["requestParameters"] == {
        "path": "/team/",
        "roleName": "App",
        "assumeRolePolicyDocument": SERVICE_TRUST,
        "description": "d",
        "maxSessionDuration": 7200,
        "tags": [{"key": "Team", "value": "blue"}],
    }
    shown = dict(record["responseElements"]["role"])
    assert unquote(shown.pop("assumeRolePolicyDocument")) == SERVICE_TRUST
    assert shown == {
        "path": "/team/",
        "roleName": "App",
        "roleId": role["RoleId"],
        "arn": role["Arn"],
        "createDate": render_date(role["CreateDate"].timestamp()),
        "description": "d",
        "tags": [{"key": "Team", "value": "blue"}],
    }
    assert only_record(server, found)["requestParameters"] == {"roleName": "aPP"}


def test_a_plain_role_has_the_defaults(iam: Any) -> None:
    """One hour, no description, no tags, no boundary."""
    make(iam)
    role = iam.get_role(RoleName="App")["Role"]
    assert role["MaxSessionDuration"] == 3600
    assert not {"Description", "Tags", "PermissionsBoundary"} & role.keys()


def test_the_trust_policy_is_kept_byte_for_byte_and_url_encoded(server: Any, account: Any, iam: Any) -> None:
    """White space and all; on the wire every reserved character is escaped."""
    odd = SERVICE_TRUST.replace(" ", " \n\t")
    make(iam, AssumeRolePolicyDocument=odd)
    raw = server.raw("iam", "GetRole", {"RoleName": "App"}, account=account).body.decode()
    encoded = raw.partition("<AssumeRolePolicyDocument>")[2].partition("<")[0]
    assert unquote(encoded) == odd
    assert encoded.startswith("%7B%22Version%22%3A%20%0A%09%222012-10-17%22")


def test_a_name_is_taken_without_regard_to_case(iam: Any) -> None:
    """Also at another path."""
    make(iam)
    assert refusal(make, iam=iam, name="aPP", Path="/x/") == (
        409,
        "EntityAlreadyExists",
        "Role with name aPP already exists.",
    )


@pytest.mark.parametrize("operation", ["get_role", "delete_role", "list_role_tags"])
def test_an_absent_role_is_not_found(iam: Any, operation: str) -> None:
    """The refusal repeats the name."""
    assert refusal(getattr(iam, operation), RoleName="none") == role_not_found("none")


def test_j03_other_characters_in_names_and_paths_are_refused(iam: Any) -> None:
    """In AWS's words."""
    assert refusal(make, iam=iam, name="a/b") == (
        400,
        "ValidationError",
        "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the "
        "following: +=,.@_-",
    )
    assert refusal(make, iam=iam, Path="x")[2].startswith("The specified value for path is invalid.")
    status, code, message = refusal(make, iam=iam, MaxSessionDuration=43201)
    assert (status, code) == (400, "ValidationError")
    assert "'maxSessionDuration' failed to satisfy constraint" in message


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "This policy contains invalid Json"),
        ("[]", "This policy contains invalid Json"),
        (policy("sts:AssumeRole"), "Has prohibited field Resource"),
        (trust(EC2, action="s3:GetObject"), "AssumeRole policy may only specify STS AssumeRole actions."),
        (trust(EC2, effect="alloW"), "The policy failed legacy parsing"),
        (trust({"AWS": "arn:aws:iam::*:root"}), 'Invalid principal in policy: "AWS":"arn:aws:iam::*:root"'),
        (trust({"AWS": "111122223333"}), 'Invalid principal in policy: "AWS":"111122223333"'),
        (trust({"AWS": "AIDAAAAAAAAAAAAAAAAAA"}), 'Invalid principal in policy: "AWS":"AIDAAAAAAAAAAAAAAAAAA"'),
        (trust({"Service": "nonsense"}), 'Invalid principal in policy: "Service":"nonsense"'),
        (trust({"CanonicalUser": "x"}), 'Invalid principal in policy: "CanonicalUser":"x"'),
    ],
)  # fmt: skip
def test_a_malformed_trust_policy_is_refused_with_awss_text(iam: Any, document: str, message: str) -> None:
    """By CreateRole and by UpdateAssumeRolePolicy; nothing is made or changed."""
    expected = (400, "MalformedPolicyDocument", message)
    assert refusal(make, iam=iam, AssumeRolePolicyDocument=document) == expected
    assert iam.list_roles()["Roles"] == []
    made = make(iam)["Role"]
    assert refusal(iam.update_assume_role_policy, RoleName="App", PolicyDocument=document) == expected
    assert (
        iam.get_role(RoleName="App")["Role"]["AssumeRolePolicyDocument"] == made["AssumeRolePolicyDocument"]
    )


def test_p07_a_trust_policy_names_who_exists(iam: Any, account: Any) -> None:
    """An absent user or role is refused by name, path and case included."""
    iam.create_user(UserName="Alice", Path="/p/")
    root = f"arn:aws:iam::{account.account_id}"
    for arn in (
        f"{root}:user/Alice",
        f"{root}:user/p/alice",
        f"{root}:role/none",
        f"{root}:role/p/Alice",
        f"{root}:role/x:root",
        "arn:aws:sts::111122223333:assumed-role/app/session",
    ):
        assert refusal(make, iam=iam, AssumeRolePolicyDocument=trust({"AWS": arn})) == (
            400,
            "MalformedPolicyDocument",
            f'Invalid principal in policy: "AWS":"{arn}"',
        )
    session = f"{root.replace('iam', 'sts')}:assumed-role/app/session"
    everybody = [f"{root}:user/p/Alice", f"{root}:root", account.account_id, session]
    role = make(iam, AssumeRolePolicyDocument=trust({"AWS": everybody}))["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": everybody}


def test_p07_the_trust_policy_shows_the_id_of_who_is_gone(iam: Any, account: Any) -> None:
    """A user made anew under the name does not come back into the policy; conditions keep their text."""
    root = f"arn:aws:iam::{account.account_id}"
    user_id = iam.create_user(UserName="alice")["User"]["UserId"]
    document = json.loads(trust({"AWS": [f"{root}:user/alice", f"{root}:root"]}))
    condition = {
        "ArnEquals": {"aws:PrincipalArn": f"{root}:user/alice"},
        "NumericLessThan": {"aws:EpochTime": 5},
    }
    document["Statement"][0]["Condition"] = condition
    make(iam, AssumeRolePolicyDocument=json.dumps(document))

    def shown() -> Any:
        return iam.get_role(RoleName="App")["Role"]["AssumeRolePolicyDocument"]

    assert shown() == document
    iam.delete_user(UserName="alice")
    (statement,) = shown()["Statement"]
    assert statement["Principal"] == {"AWS": [user_id, f"{root}:root"]}
    assert statement["Condition"]["ArnEquals"] == condition["ArnEquals"]
    assert statement["Condition"]["NumericLessThan"] == {"aws:EpochTime": "5"}
    iam.create_user(UserName="alice")
    assert shown()["Statement"][0]["Principal"] == {"AWS": [user_id, f"{root}:root"]}
    assert iam.list_roles()["Roles"][0]["AssumeRolePolicyDocument"] == shown()
    # What is shown can not be put back: nobody has that id.
    refused = refusal(iam.update_assume_role_policy, RoleName="App", PolicyDocument=json.dumps(shown()))
    assert refused == (400, "MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{user_id}"')


def test_a_trust_policy_has_at_most_2048_characters(iam: Any) -> None:
    """White space does not count."""

    def of_size(size: int) -> str:
        bare = trust({"Service": "x.amazonaws.com"}).replace(" ", "")
        return bare.replace('"x.', '"' + "x" * (size - len(bare) + 1) + ".")

    make(iam, AssumeRolePolicyDocument=" \n\t" * 1000 + of_size(2048))
    assert refusal(make, iam=iam, name="other", AssumeRolePolicyDocument=of_size(2049)) == (
        409,
        "LimitExceeded",
        "Cannot exceed quota for ACLSizePerRole: 2048",
    )


def test_roles_are_listed_by_name_under_a_path_in_pages(iam: Any, server: Any) -> None:
    """Without tags, boundary and last use; a marker belongs to its listing."""
    for name, path in (("b", "/x/"), ("A", "/x/"), ("c", "/")):
        make(
            iam, name, Path=path, Tags=[{"Key": "k", "Value": "v"}], PermissionsBoundary=ADMINISTRATOR_ACCESS
        )
    page = iam.list_roles(PathPrefix="/x/", MaxItems=1)
    rest = iam.list_roles(PathPrefix="/x/", Marker=page["Marker"])
    assert [role["RoleName"] for role in page["Roles"] + rest["Roles"]] == ["A", "b"]
    assert (page["IsTruncated"], rest["IsTruncated"]) == (True, False)
    assert not {"Tags", "PermissionsBoundary", "RoleLastUsed"} & page["Roles"][0].keys()
    assert page["Roles"][0]["MaxSessionDuration"] == 3600
    assert len(iam.list_roles()["Roles"]) == 3
    assert refusal(iam.list_roles, Marker=page["Marker"]) == (400, "ValidationError", "Invalid Marker.")
    assert only_record(server, page)["requestParameters"] == {"pathPrefix": "/x/", "maxItems": 1}


def test_update_role_changes_what_is_given(iam: Any, server: Any) -> None:
    """The description stays when it is not given; the longest session becomes the default again."""
    make(iam, Description="d", MaxSessionDuration=7200)
    answer = iam.update_role(RoleName="App", MaxSessionDuration=43200)
    role = iam.get_role(RoleName="App")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("d", 43200)
    assert only_record(server, answer)["requestParameters"] == {
        "roleName": "App",
        "maxSessionDuration": 43200,
    }
    iam.update_role(RoleName="App", Description="e")
    role = iam.get_role(RoleName="App")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("e", 3600)
    answer = iam.update_role_description(RoleName="App", Description="f")
    assert answer["Role"]["Description"] == "f"
    assert only_record(server, answer)["responseElements"]["role"]["description"] == "f"
    iam.update_role(RoleName="App", Description="")
    assert "Description" not in iam.get_role(RoleName="App")["Role"]


def test_the_last_use_of_a_role_is_known(iam: Any, server: Any, account: Any) -> None:
    """Not when it is assumed, but when a session of it asks for something; then Region and date of that."""
    made = make(iam, "App", AssumeRolePolicyDocument=trust({"AWS": account.account_id}))["Role"]
    sts = server.client("sts", account)
    session = sts.assume_role(RoleArn=made["Arn"], RoleSessionName="one")["Credentials"]
    iam.tag_role(
        RoleName="App", Tags=[{"Key": "k", "Value": "v"}]
    )  # what was noted before is committed by now
    assert iam.get_role(RoleName="App")["Role"]["RoleLastUsed"] == {}
    key = Key(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    began = time.time()
    server.client("sts", key=key).get_caller_identity()
    deadline = time.monotonic() + 30
    while not (used := iam.get_role(RoleName="App")["Role"]["RoleLastUsed"]):
        assert time.monotonic() < deadline, "a use is noted behind the request"
    assert used["Region"] == "us-east-1"
    assert began - 2 <= used["LastUsedDate"].timestamp() <= time.time()
    assert "RoleLastUsed" not in iam.list_roles()["Roles"][0]


def test_update_assume_role_policy_replaces_the_whole_policy(iam: Any, server: Any) -> None:
    """And is recorded with the text."""
    make(iam)
    other = trust({"Service": "ec2.amazonaws.com"})
    answer = iam.update_assume_role_policy(RoleName="App", PolicyDocument=other)
    assert iam.get_role(RoleName="App")["Role"]["AssumeRolePolicyDocument"] == json.loads(other)
    assert only_record(server, answer)["requestParameters"] == {"roleName": "App", "policyDocument": other}


def test_a_role_is_deleted_and_its_successor_is_another(iam: Any, server: Any) -> None:
    """P-07: the unique id is never used again."""
    first = make(iam)["Role"]["RoleId"]
    answer = iam.delete_role(RoleName="app")
    assert only_record(server, answer)["requestParameters"] == {"roleName": "app"}
    assert refusal(iam.get_role, RoleName="App") == role_not_found("App")
    assert make(iam)["Role"]["RoleId"] != first


def test_tags_of_a_role_ignore_case_and_are_listed_by_key(iam: Any, server: Any) -> None:
    """A tag that differs by case only takes the place of the other."""
    make(iam, Tags=[{"Key": "Team", "Value": "blue"}])
    answer = iam.tag_role(RoleName="App", Tags=[{"Key": "team", "Value": "red"}, {"Key": "a", "Value": ""}])
    listed = [{"Key": "a", "Value": ""}, {"Key": "team", "Value": "red"}]
    assert iam.list_role_tags(RoleName="App")["Tags"] == listed
    assert only_record(server, answer)["requestParameters"]["tags"][1] == {"key": "a", "value": ""}
    page = iam.list_role_tags(RoleName="App", MaxItems=1)
    rest = iam.list_role_tags(RoleName="App", Marker=page["Marker"])
    assert (page["Tags"] + rest["Tags"], page["IsTruncated"], rest["IsTruncated"]) == (listed, True, False)
    answer = iam.untag_role(RoleName="App", TagKeys=["TEAM", "absent"])
    assert iam.list_role_tags(RoleName="App")["Tags"] == [{"Key": "a", "Value": ""}]
    assert only_record(server, answer)["requestParameters"] == {
        "roleName": "App",
        "tagKeys": ["TEAM", "absent"],
    }
    twice = [{"Key": "x", "Value": "1"}, {"Key": "X", "Value": "2"}]
    assert refusal(iam.tag_role, RoleName="App", Tags=twice) == (
        400,
        "InvalidInput",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    )
    iam.tag_role(RoleName="App", Tags=[{"Key": f"k{n}", "Value": ""} for n in range(49)])
    assert refusal(iam.tag_role, RoleName="App", Tags=[{"Key": "one-more", "Value": ""}]) == (
        409,
        "LimitExceeded",
        "The number of tags has reached the maximum limit.",
    )


def test_tags_of_role_and_request_are_condition_keys(iam: Any, server: Any) -> None:
    """aws:ResourceTag, iam:ResourceTag, aws:RequestTag and aws:TagKeys decide."""
    iam.create_user(UserName="caller")
    make(iam, "ours", Tags=[{"Key": "Team", "Value": "blue"}])
    make(iam, "theirs", Tags=[{"Key": "Team", "Value": "red"}])
    statements = [
        {
            "Effect": "Allow",
            "Action": ["iam:GetRole", "iam:TagRole", "iam:UntagRole"],
            "Resource": "*",
            "Condition": {"StringEquals": {"iam:ResourceTag/team": "blue", "aws:ResourceTag/TEAM": "blue"}},
        },
        {
            "Effect": "Deny",
            "Action": "iam:*",
            "Resource": "*",
            "Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": "Team"}},
        },
        {
            "Effect": "Deny",
            "Action": "iam:TagRole",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestTag/level": "high"}},
        },
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="caller", PolicyName="p", PolicyDocument=document)
    caller = server.client("iam", key=new_key(iam, "caller"))
    assert caller.get_role(RoleName="ours")["Role"]["RoleName"] == "ours"
    assert refusal(caller.get_role, RoleName="theirs")[1] == "AccessDenied"
    caller.tag_role(RoleName="ours", Tags=[{"Key": "level", "Value": "low"}])
    for tag in ({"Key": "level", "Value": "high"}, {"Key": "Team", "Value": "red"}):
        assert refusal(caller.tag_role, RoleName="ours", Tags=[tag])[1] == "AccessDenied"
    assert refusal(caller.untag_role, RoleName="ours", TagKeys=["Team"])[1] == "AccessDenied"


def test_p09_existing_and_absent_roles_look_the_same_without_rights(
    iam: Any, server: Any, account: Any
) -> None:
    """The refusal repeats what the caller sent."""
    iam.create_user(UserName="caller")
    make(iam, "Victim", Path="/hidden/")
    caller = server.client("iam", key=new_key(iam, "caller"))
    me = f"arn:aws:iam::{account.account_id}:user/caller"
    for name in ("victim", "nobody"):
        assert refusal(caller.get_role, RoleName=name) == denied(me, "iam:GetRole", f"role {name}")
        assert refusal(caller.delete_role, RoleName=name) == denied(me, "iam:DeleteRole", f"role {name}")
    root = f"arn:aws:iam::{account.account_id}:role"
    assert refusal(make, iam=caller, name="victim") == denied(me, "iam:CreateRole", f"{root}/victim")
    assert refusal(caller.list_roles) == denied(me, "iam:ListRoles", f"{root}/")
