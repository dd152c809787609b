"""One request for every operation of every service, with the world in which it succeeds.

Rules:
 - A new operation needs an entry in ``EXAMPLES``; a test compares the table with the services.
 - An example names the resource that the policy is asked about, so that a right can be given on that one and on
   another one.
 - The objects of an example are its own, so that the order of the examples does not matter.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import io
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from strongroom.gateway.operation import Operation, Service
from strongroom.services.table import SERVICES

REGION: Final = "us-east-1"
ACCOUNT: Final = "THE-ACCOUNT"
"""Stands in requests where the id of the account belongs."""
THE_CALLER: Final = "THE-CALLER"
"""Stands in labels where the name of the calling user belongs."""
CANARY: Final = "canary-0f4a7e"
"""Stands in every value that an example stores; it must not turn up in any record."""

_TOKEN: Final = "11111111-0000-4000-8000-000000000000"
_POLICY: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "secretsmanager:DescribeSecret", "Resource": "*"}],
    }
)
_TRUST: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
_TAGS: Final[Mapping[str, Any]] = {"Tags.member.1.Key": "k", "Tags.member.1.Value": "v"}
"""A list of tags as the query protocol writes it."""
_OF_AWS: Final[Mapping[str, Any]] = {"PolicyArn": "arn:aws:iam::aws:policy/IAMReadOnlyAccess"}
_TAG_KEYS: Final[Mapping[str, Any]] = {"TagKeys.member.1": "k"}


_BOUNDARY: Final = "arn:aws:iam::aws:policy/AdministratorAccess"


@dataclass(frozen=True)
class Example:
    """How to ask for one operation.

    Attributes:
        request: The members, given the name of the object.
        resource: The ARN in policies, given account and name; ``*`` where the action has no resource, several where
            it asks about several.
        prepare: Makes the object; gets the administrator's clients. A text that it returns is the object's name.
        label: How a refusal names the resource, given account and name; None for the way of the service.
    """

    request: Callable[[str], Mapping[str, Any]]
    resource: Callable[[str, str], str | list[str]]
    prepare: Callable[[Clients, str], Any]
    label: Callable[[str, str], str] | None = None

    def members(self, account: str, name: str) -> dict[str, Any]:
        """Give the members of the request for an object of an account."""
        return {
            member: value.replace(ACCOUNT, account) if isinstance(value, str) else value
            for member, value in self.request(name).items()
        }

    @property
    def makes_it(self) -> bool:
        """Whether the operation makes the object that it names."""
        return self.prepare is _nothing and "it" in self.request("it").values()


@dataclass(frozen=True)
class Clients:
    """boto3 clients of an account's administrator."""

    secretsmanager: Any
    iam: Any
    kms: Any
    logs: Any
    lambda_: Any


def _no_resource(_account: str, _name: str) -> str:
    return "*"


def _nothing(_clients: Clients, _name: str) -> None:
    return None


def _secret(clients: Clients, name: str) -> None:
    clients.secretsmanager.create_secret(Name=name, SecretString=CANARY, ClientRequestToken=_TOKEN)


def _deleted_secret(clients: Clients, name: str) -> None:
    _secret(clients, name)
    clients.secretsmanager.delete_secret(SecretId=name)


def _secret_arn(account: str, name: str) -> str:
    return f"arn:aws:secretsmanager:{REGION}:{account}:secret:{name}-??????"


def _user(clients: Clients, name: str) -> None:
    clients.iam.create_user(UserName=name)


def _user_with_policy(clients: Clients, name: str) -> None:
    _user(clients, name)
    clients.iam.put_user_policy(UserName=name, PolicyName="one", PolicyDocument=_POLICY)


def _user_arn(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:user/{name}"


def _role(clients: Clients, name: str) -> None:
    clients.iam.create_role(RoleName=name, AssumeRolePolicyDocument=_TRUST)


def _trusting_role(clients: Clients, name: str) -> None:
    """Make a role that its own account may assume; which account that is, a role of it says."""
    account = clients.iam.get_user()["User"]["Arn"].split(":")[4]
    trust = _TRUST.replace('"Service": "lambda.amazonaws.com"', f'"AWS": "{account}"')
    clients.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)


def _federated_arn(account: str, _name: str) -> str:
    return f"arn:aws:sts::{account}:federated-user/bob"


def _role_arn(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def _group(clients: Clients, name: str) -> None:
    clients.iam.create_group(GroupName=name)


def _group_with_policy(clients: Clients, name: str) -> None:
    _group(clients, name)
    clients.iam.put_group_policy(GroupName=name, PolicyName="one", PolicyDocument=_POLICY)


def _group_with_admin(clients: Clients, name: str) -> None:
    _group(clients, name)
    clients.iam.add_user_to_group(GroupName=name, UserName="admin")


def _group_without_admin(clients: Clients, name: str) -> None:
    _group_with_admin(clients, name)
    clients.iam.remove_user_from_group(GroupName=name, UserName="admin")


def _bounded_user(clients: Clients, name: str) -> None:
    clients.iam.create_user(UserName=name, PermissionsBoundary=_BOUNDARY)


def _user_with_password(clients: Clients, name: str) -> None:
    clients.iam.create_login_profile(UserName=_made_user(clients, name), Password=f"{CANARY}-Aa1")


def _made_user(clients: Clients, name: str) -> str:
    _user(clients, name)
    return name


def _password_policy(clients: Clients, _name: str) -> None:
    clients.iam.update_account_password_policy()


def _access_key(clients: Clients, name: str) -> str:
    key: str = clients.iam.create_access_key(UserName=_made_user(clients, name))["AccessKey"]["AccessKeyId"]
    return key


def _report(clients: Clients, _name: str) -> None:
    clients.iam.generate_credential_report()


def _alias(clients: Clients, name: str) -> None:
    clients.iam.create_account_alias(AccountAlias=name)


def _device(clients: Clients, name: str) -> None:
    clients.iam.create_virtual_mfa_device(VirtualMFADeviceName=name)


def _device_arn(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:mfa/{name}"


def _of_device(**members: Any) -> Example:
    serial = _device_arn(ACCOUNT, "")
    return Example(
        lambda name: {"SerialNumber": f"{serial}{name}", **members}, _device_arn, _device, _device_arn
    )


def _group_arn(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:group/{name}"


def _of_group(prepare: Callable[[Clients, str], None] = _group, **members: Any) -> Example:
    return Example(lambda name: {"GroupName": name, **members}, _group_arn, prepare)


def _role_with_policy(clients: Clients, name: str) -> None:
    _role(clients, name)
    clients.iam.put_role_policy(RoleName=name, PolicyName="one", PolicyDocument=_POLICY)


def _role_with_boundary(clients: Clients, name: str) -> None:
    clients.iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=_TRUST, PermissionsBoundary=_OF_AWS["PolicyArn"]
    )


def _role_with_attachment(clients: Clients, name: str) -> None:
    _role(clients, name)
    clients.iam.attach_role_policy(RoleName=name, **_OF_AWS)


def _group_with_attachment(clients: Clients, name: str) -> None:
    _group(clients, name)
    clients.iam.attach_group_policy(GroupName=name, **_OF_AWS)


def _user_with_attachment(clients: Clients, name: str) -> None:
    _user(clients, name)
    clients.iam.attach_user_policy(UserName=name, **_OF_AWS)


def _managed_policy(clients: Clients, name: str) -> None:
    clients.iam.create_policy(PolicyName=name, PolicyDocument=_POLICY)


def _managed_policy_with_versions(clients: Clients, name: str) -> None:
    arn = clients.iam.create_policy(PolicyName=name, PolicyDocument=_POLICY)["Policy"]["Arn"]
    clients.iam.create_policy_version(PolicyArn=arn, PolicyDocument=_POLICY)


def _managed_policy_arn(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:policy/{name}"


def _of_secret(prepare: Callable[[Clients, str], None] = _secret, **members: Any) -> Example:
    return Example(lambda name: {"SecretId": name, **members}, _secret_arn, prepare)


def _of_user(prepare: Callable[[Clients, str], None] = _user, **members: Any) -> Example:
    return Example(lambda name: {"UserName": name, **members}, _user_arn, prepare)


def _of_role(prepare: Callable[[Clients, str], None] = _role, **members: Any) -> Example:
    return Example(lambda name: {"RoleName": name, **members}, _role_arn, prepare)


def _of_policy(prepare: Callable[[Clients, str], None] = _managed_policy, **members: Any) -> Example:
    return Example(
        lambda name: {"PolicyArn": _managed_policy_arn(ACCOUNT, name), **members},
        _managed_policy_arn,
        prepare,
        lambda account, name: f"policy {_managed_policy_arn(account, name)}",
    )


def _profile(clients: Clients, name: str) -> None:
    clients.iam.create_instance_profile(InstanceProfileName=name)


def _profile_and_role(clients: Clients, name: str) -> None:
    _profile(clients, name)
    _role(clients, name)


def _profile_with_role(clients: Clients, name: str) -> None:
    _profile_and_role(clients, name)
    clients.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)


def _profile_arn(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:instance-profile/{name}"


def _of_profile(prepare: Callable[[Clients, str], None] = _profile, **members: Any) -> Example:
    return Example(
        lambda name: {"InstanceProfileName": name, **members},
        _profile_arn,
        prepare,
        lambda _, name: f"instance profile {name}",
    )


def _provider(clients: Clients, name: str) -> None:
    clients.iam.create_open_id_connect_provider(Url=f"https://{name}")


def _provider_arn(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:oidc-provider/{name}"


def _of_provider(**members: Any) -> Example:
    return Example(
        lambda name: {"OpenIDConnectProviderArn": _provider_arn(ACCOUNT, name), **members},
        _provider_arn,
        _provider,
        _provider_arn,
    )


def _of_source(**members: Any) -> Example:
    """Ask about the policies of a user, which is named by its ARN."""
    return Example(
        lambda name: {"PolicySourceArn": _user_arn(ACCOUNT, name), **members},
        _user_arn,
        _user_with_policy,
        _user_arn,
    )


def _without_resource(**members: Any) -> Example:
    return Example(lambda _: members, _no_resource, _nothing)


OBJECT_MEMBERS: Final = {
    "FunctionName",
    "PolicySourceArn",
    "SecretId",
    "UserName",
    "GroupName",
    "RoleName",
    "PolicyName",
    "PolicyArn",
    "InstanceProfileName",
    "OpenIDConnectProviderArn",
    "KeyId",
    "SerialNumber",
    "logGroupName",
    "logGroupIdentifier",
    "resourceArn",
}
"""Members of requests that name an object: operations that have one are asked about absent ones too."""


def _log_group(clients: Clients, name: str) -> None:
    clients.logs.create_log_group(logGroupName=name, tags={"k": "v"})


def _log_stream(clients: Clients, name: str) -> None:
    _log_group(clients, name)
    clients.logs.create_log_stream(logGroupName=name, logStreamName="s")


def _written_log_stream(clients: Clients, name: str) -> None:
    _log_stream(clients, name)
    events = [{"timestamp": time.time_ns() // 1_000_000, "message": CANARY}]
    clients.logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=events)


def _log_group_arn(account: str, name: str) -> str:
    return f"arn:aws:logs:{REGION}:{account}:log-group:{name}"


def _whole_log_group_arn(account: str, name: str) -> str:
    return f"{_log_group_arn(account, name)}:log-stream:"


def _log_stream_arn(account: str, name: str) -> str:
    return f"{_whole_log_group_arn(account, name)}s"


def _of_log_group(prepare: Callable[[Clients, str], None] = _log_group, **members: Any) -> Example:
    return Example(
        lambda name: {"logGroupName": name, **members}, _whole_log_group_arn, prepare, _whole_log_group_arn
    )


def _of_log_stream(prepare: Callable[[Clients, str], None] = _log_stream, **members: Any) -> Example:
    return Example(
        lambda name: {"logGroupName": name, "logStreamName": "s", **members},
        _log_stream_arn,
        prepare,
        _log_stream_arn,
    )


def _of_tagged_log_group(**members: Any) -> Example:
    return Example(
        lambda name: {"resourceArn": _log_group_arn(ACCOUNT, name), **members},
        _log_group_arn,
        _log_group,
        _log_group_arn,
    )


# A key of KMS draws its own id, so the name of its example is that id; behind a slash stands what else was made.
# Where a ciphertext is asked about, the name is the ciphertext.


def _kms_key(clients: Clients, _name: str) -> str:
    key_id: str = clients.kms.create_key()["KeyMetadata"]["KeyId"]
    return key_id


def _pending_kms_key(clients: Clients, name: str) -> str:
    key_id = _kms_key(clients, name)
    clients.kms.schedule_key_deletion(KeyId=key_id)
    return key_id


def _named_kms_key(clients: Clients, name: str) -> str:
    key_id = _kms_key(clients, name)
    clients.kms.create_alias(AliasName=f"alias/{key_id}", TargetKeyId=key_id)
    return key_id


def _kms_key_and_user(clients: Clients, name: str) -> str:
    arn = clients.iam.create_user(UserName=f"grantee-{name}")["User"]["Arn"]
    return f"{_kms_key(clients, name)}/{arn}"


def _granted_kms_key(clients: Clients, name: str) -> str:
    key_id, _, grantee = _kms_key_and_user(clients, name).partition("/")
    made = clients.kms.create_grant(KeyId=key_id, GranteePrincipal=grantee, Operations=["Decrypt"])
    return f"{key_id}/{made['GrantId']}"


def _ciphertext(clients: Clients, name: str) -> str:
    made = clients.kms.encrypt(KeyId=_kms_key(clients, name), Plaintext=CANARY.encode())
    return base64.b64encode(made["CiphertextBlob"]).decode()


def _kms_key_id(name: str) -> str:
    """Read the id of the key out of the name of an example."""
    try:
        blob = base64.b64decode(name, validate=True)
    except binascii.Error:
        blob = b""
    if len(blob) < 60:
        return name.partition("/")[0]
    digits = blob[1:17].hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _kms_key_arn(account: str, name: str) -> str:
    return f"arn:aws:kms:{REGION}:{account}:key/{_kms_key_id(name)}"


def _alias_and_key(account: str, name: str) -> list[str]:
    return [f"arn:aws:kms:{REGION}:{account}:alias/{name}", _kms_key_arn(account, name)]


def _of_kms_key(prepare: Callable[[Clients, str], str] = _kms_key, **members: Any) -> Example:
    return Example(lambda name: {"KeyId": _kms_key_id(name), **members}, _kms_key_arn, prepare)


def _of_grant() -> Example:
    def request(name: str) -> Mapping[str, Any]:
        key_id, _, grant_id = name.partition("/")
        return {"KeyId": key_id, "GrantId": grant_id or "0" * 64}

    return Example(request, _kms_key_arn, _granted_kms_key)


_PLAINTEXT: Final = base64.b64encode(CANARY.encode()).decode()
_KEY_POLICY: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}],
    }
)
_DEVICE_OF_NOBODY: Final = f"arn:aws:iam::{ACCOUNT}:mfa/of-nobody"
_DATABASE: Final = json.dumps(
    {"engine": "postgres", "host": "127.0.0.1", "port": 1, "username": "app", "password": CANARY}
)
"""Nobody listens there: a rotation of it fails and is tried again."""


def _database_secret(clients: Clients, name: str) -> None:
    clients.secretsmanager.create_secret(Name=name, SecretString=_DATABASE, ClientRequestToken=_TOKEN)


def make_zip(**files: str) -> bytes:
    """Make an archive: ``make_zip(index="def handler(event, context): ...")`` has the file ``index.py``."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.py", text)
    return written.getvalue()


CODE: Final = make_zip(index=f"def handler(event, context):\n    return '{CANARY}'\n")
_VARIABLES: Final[Mapping[str, Any]] = {"Variables": {"Secret": CANARY}}
_LAMBDA_ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/lambda-of-examples"


def _lambda_role(clients: Clients, _name: str) -> str:
    with contextlib.suppress(clients.iam.exceptions.EntityAlreadyExistsException):
        clients.iam.create_role(RoleName="lambda-of-examples", AssumeRolePolicyDocument=_TRUST)
    arn: str = clients.iam.get_role(RoleName="lambda-of-examples")["Role"]["Arn"]
    return arn


def _lambda_role_alone(clients: Clients, name: str) -> None:
    _lambda_role(clients, name)


def _function(clients: Clients, name: str) -> None:
    clients.lambda_.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="index.handler",
        Role=_lambda_role(clients, name),
        Code={"ZipFile": CODE},
        Environment=_VARIABLES,
    )


def _function_with_policy(clients: Clients, name: str) -> None:
    _function(clients, name)
    clients.lambda_.add_permission(
        FunctionName=name,
        StatementId="one",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
    )


def _function_arn(account: str, name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{account}:function:{name}"


def _layer(clients: Clients, name: str) -> None:
    clients.lambda_.publish_layer_version(LayerName=name, Content={"ZipFile": CODE})


def _layer_arn(account: str, name: str, version: str = "") -> str:
    return f"arn:aws:lambda:{REGION}:{account}:layer:{name}{version}"


def _of_layer(**members: Any) -> Example:
    def arn(account: str, name: str) -> str:
        return _layer_arn(account, name, ":1")

    return Example(lambda name: {"LayerName": name, **members}, arn, _layer, arn)


def _function_with_alias(clients: Clients, name: str) -> None:
    _function(clients, name)
    clients.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="$LATEST")


def _function_with_event_rules(clients: Clients, name: str) -> None:
    _function(clients, name)
    clients.lambda_.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)


def _of_tagged_function(**members: Any) -> Example:
    return Example(
        lambda name: {"Resource": _function_arn(ACCOUNT, name), **members},
        _function_arn,
        _function,
        _function_arn,
    )


def _of_function(prepare: Callable[[Clients, str], Any] = _function, **members: Any) -> Example:
    return Example(lambda name: {"FunctionName": name, **members}, _function_arn, prepare, _function_arn)


_KEY_OF_NOBODY: Final = "AKIA" + "A" * 16
_SECRET_POLICY: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:RotateSecret", "Resource": "*"}
        ],
    }
)

EXAMPLES: Final[Mapping[tuple[str, str], Example]] = {
    ("secretsmanager", "BatchGetSecretValue"): _without_resource(SecretIdList=["absent"]),
    ("secretsmanager", "CancelRotateSecret"): _of_secret(),
    ("secretsmanager", "CreateSecret"): Example(
        lambda name: {"Name": name, "SecretString": CANARY, "ClientRequestToken": _TOKEN},
        _secret_arn,
        _nothing,
    ),
    ("secretsmanager", "DeleteResourcePolicy"): _of_secret(),
    ("secretsmanager", "DeleteSecret"): _of_secret(),
    ("secretsmanager", "DescribeSecret"): _of_secret(),
    ("secretsmanager", "GetRandomPassword"): _without_resource(),
    ("secretsmanager", "GetResourcePolicy"): _of_secret(),
    ("secretsmanager", "GetSecretValue"): _of_secret(),
    ("secretsmanager", "ListSecretVersionIds"): _of_secret(),
    ("secretsmanager", "ListSecrets"): _without_resource(),
    ("secretsmanager", "PutResourcePolicy"): _of_secret(ResourcePolicy=_SECRET_POLICY),
    ("secretsmanager", "PutSecretValue"): _of_secret(
        SecretString=CANARY + "2", ClientRequestToken=str(uuid4())
    ),
    ("secretsmanager", "RestoreSecret"): _of_secret(_deleted_secret),
    ("secretsmanager", "RotateSecret"): _of_secret(
        _database_secret, ClientRequestToken=str(uuid4()), RotateImmediately=False
    ),
    ("secretsmanager", "TagResource"): _of_secret(Tags=[{"Key": "k", "Value": "v"}]),
    ("secretsmanager", "UntagResource"): _of_secret(TagKeys=["k"]),
    ("secretsmanager", "UpdateSecret"): _of_secret(Description="d", ClientRequestToken=str(uuid4())),
    ("secretsmanager", "UpdateSecretVersionStage"): _of_secret(VersionStage="blue", MoveToVersionId=_TOKEN),
    ("secretsmanager", "ValidateResourcePolicy"): _of_secret(ResourcePolicy=_SECRET_POLICY),
    ("lambda", "AddPermission"): _of_function(
        StatementId="one", Action="lambda:InvokeFunction", Principal="secretsmanager.amazonaws.com"
    ),
    ("lambda", "CreateAlias"): _of_function(Name="live", FunctionVersion="$LATEST"),
    ("lambda", "DeleteAlias"): _of_function(_function_with_alias, Name="live"),
    ("lambda", "DeleteFunctionConcurrency"): _of_function(),
    ("lambda", "DeleteFunctionEventInvokeConfig"): _of_function(_function_with_event_rules),
    ("lambda", "DeleteLayerVersion"): _of_layer(VersionNumber=1),
    ("lambda", "GetAccountSettings"): _without_resource(),
    ("lambda", "GetAlias"): _of_function(_function_with_alias, Name="live"),
    ("lambda", "GetFunctionConcurrency"): _of_function(),
    ("lambda", "GetFunctionEventInvokeConfig"): _of_function(_function_with_event_rules),
    ("lambda", "GetLayerVersion"): _of_layer(VersionNumber=1),
    ("lambda", "GetLayerVersionByArn"): Example(
        lambda name: {"Arn": _layer_arn(ACCOUNT, name, ":1")},
        lambda account, name: _layer_arn(account, name, ":1"),
        _layer,
        lambda account, name: _layer_arn(account, name, ":1"),
    ),
    ("lambda", "ListAliases"): _of_function(),
    ("lambda", "ListEventSourceMappings"): _without_resource(),
    ("lambda", "ListFunctionEventInvokeConfigs"): _of_function(),
    ("lambda", "ListLayerVersions"): Example(lambda name: {"LayerName": name}, _no_resource, _layer),
    ("lambda", "ListLayers"): _without_resource(),
    ("lambda", "ListTags"): _of_tagged_function(),
    ("lambda", "ListVersionsByFunction"): _of_function(),
    ("lambda", "PublishLayerVersion"): Example(
        lambda name: {"LayerName": name, "Content": {"ZipFile": CODE}}, _layer_arn, _nothing, _layer_arn
    ),
    ("lambda", "PublishVersion"): _of_function(),
    ("lambda", "PutFunctionConcurrency"): _of_function(ReservedConcurrentExecutions=0),
    ("lambda", "PutFunctionEventInvokeConfig"): _of_function(MaximumRetryAttempts=1),
    ("lambda", "TagResource"): _of_tagged_function(Tags={"k": "v"}),
    ("lambda", "UntagResource"): _of_tagged_function(TagKeys=["k"]),
    ("lambda", "UpdateAlias"): _of_function(_function_with_alias, Name="live", Description="d"),
    ("lambda", "UpdateFunctionEventInvokeConfig"): _of_function(
        _function_with_event_rules, MaximumRetryAttempts=0
    ),
    ("lambda", "CreateFunction"): Example(
        lambda name: {
            "FunctionName": name,
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Role": _LAMBDA_ROLE,
            "Code": {"ZipFile": CODE},
            "Environment": _VARIABLES,
        },
        lambda account, name: [_function_arn(account, name), _LAMBDA_ROLE.replace(ACCOUNT, account)],
        _lambda_role_alone,
        _function_arn,
    ),
    ("lambda", "DeleteFunction"): _of_function(),
    ("lambda", "GetFunction"): _of_function(),
    ("lambda", "GetFunctionCodeSigningConfig"): _of_function(),
    ("lambda", "GetFunctionConfiguration"): _of_function(),
    ("lambda", "GetPolicy"): _of_function(_function_with_policy),
    ("lambda", "Invoke"): _of_function(InvocationType="Event", Payload=b'"' + CANARY.encode() + b'"'),
    ("lambda", "ListFunctions"): _without_resource(),
    ("lambda", "RemovePermission"): _of_function(_function_with_policy, StatementId="one"),
    ("lambda", "UpdateFunctionCode"): _of_function(ZipFile=CODE),
    ("lambda", "UpdateFunctionConfiguration"): _of_function(Environment=_VARIABLES),
    ("iam", "AddUserToGroup"): _of_group(_group_without_admin, UserName="admin"),
    ("iam", "CreateAccessKey"): _of_user(),
    ("iam", "CreateGroup"): _of_group(_nothing),
    ("iam", "CreateUser"): _of_user(_nothing),
    ("iam", "ChangePassword"): Example(
        lambda _: {"OldPassword": f"{CANARY}-Aa1", "NewPassword": f"{CANARY}-Aa2"},
        lambda account, _: _user_arn(account, "*"),
        _nothing,
        lambda _account, _name: f"user {THE_CALLER}",
    ),
    ("iam", "CreateAccountAlias"): Example(lambda name: {"AccountAlias": name}, _no_resource, _nothing),
    ("iam", "CreateLoginProfile"): _of_user(Password=f"{CANARY}-Aa1"),
    ("iam", "DeleteAccountAlias"): Example(lambda name: {"AccountAlias": name}, _no_resource, _alias),
    ("iam", "DeleteAccountPasswordPolicy"): Example(lambda _: {}, _no_resource, _password_policy),
    ("iam", "DeleteLoginProfile"): _of_user(_user_with_password),
    ("iam", "GenerateCredentialReport"): _without_resource(),
    ("iam", "GetAccessKeyLastUsed"): Example(
        lambda name: {"AccessKeyId": name},
        lambda account, _: _user_arn(account, "*"),
        _access_key,
        lambda _, name: f"access key {name}",
    ),
    ("iam", "GetAccountAuthorizationDetails"): _without_resource(),
    ("iam", "GetAccountPasswordPolicy"): Example(lambda _: {}, _no_resource, _password_policy),
    ("iam", "GetAccountSummary"): _without_resource(),
    ("iam", "GetCredentialReport"): Example(lambda _: {}, _no_resource, _report),
    ("iam", "GetLoginProfile"): _of_user(_user_with_password),
    ("iam", "ListAccountAliases"): _without_resource(),
    ("iam", "UpdateAccountPasswordPolicy"): _without_resource(),
    ("iam", "UpdateLoginProfile"): _of_user(_user_with_password, Password=f"{CANARY}-Aa2"),
    ("iam", "CreateVirtualMFADevice"): Example(
        lambda name: {"VirtualMFADeviceName": name}, _device_arn, _nothing, _device_arn
    ),
    ("iam", "DeactivateMFADevice"): _of_user(SerialNumber=_DEVICE_OF_NOBODY),
    ("iam", "DeleteVirtualMFADevice"): _of_device(),
    ("iam", "EnableMFADevice"): _of_user(
        SerialNumber=_DEVICE_OF_NOBODY, AuthenticationCode1="123456", AuthenticationCode2="123456"
    ),
    ("iam", "GetMFADevice"): _of_user(SerialNumber=_DEVICE_OF_NOBODY),
    ("iam", "ListMFADeviceTags"): _of_device(),
    ("iam", "ListMFADevices"): _of_user(),
    ("iam", "ListVirtualMFADevices"): Example(
        lambda _: {}, lambda account, _: _device_arn(account, ""), _nothing
    ),
    ("iam", "ResyncMFADevice"): _of_user(
        SerialNumber=_DEVICE_OF_NOBODY, AuthenticationCode1="123456", AuthenticationCode2="123456"
    ),
    ("iam", "TagMFADevice"): _of_device(Tags=[{"Key": "k", "Value": "v"}]),
    ("iam", "UntagMFADevice"): _of_device(TagKeys=["k"]),
    ("iam", "DeleteAccessKey"): _of_user(AccessKeyId=_KEY_OF_NOBODY),
    ("iam", "DeleteGroup"): _of_group(),
    ("iam", "DeleteGroupPolicy"): _of_group(_group_with_policy, PolicyName="one"),
    ("iam", "DeleteUser"): _of_user(),
    ("iam", "DeleteUserPermissionsBoundary"): _of_user(_bounded_user),
    ("iam", "DeleteUserPolicy"): _of_user(_user_with_policy, PolicyName="one"),
    ("iam", "GetContextKeysForCustomPolicy"): _without_resource(**{"PolicyInputList.member.1": _POLICY}),
    ("iam", "GetContextKeysForPrincipalPolicy"): _of_source(),
    ("iam", "GetGroup"): _of_group(),
    ("iam", "GetGroupPolicy"): _of_group(_group_with_policy, PolicyName="one"),
    ("iam", "GetUser"): _of_user(),
    ("iam", "GetUserPolicy"): _of_user(_user_with_policy, PolicyName="one"),
    ("iam", "ListAccessKeys"): _of_user(),
    ("iam", "ListGroupPolicies"): _of_group(),
    ("iam", "ListGroups"): Example(
        lambda _: {}, lambda account, _: f"arn:aws:iam::{account}:group/", _nothing
    ),
    ("iam", "ListGroupsForUser"): _of_user(),
    ("iam", "ListUserPolicies"): _of_user(),
    ("iam", "ListUserTags"): _of_user(),
    ("iam", "ListUsers"): Example(lambda _: {}, lambda account, _: f"arn:aws:iam::{account}:user/", _nothing),
    ("iam", "PutGroupPolicy"): _of_group(PolicyName="one", PolicyDocument=_POLICY),
    ("iam", "PutUserPermissionsBoundary"): _of_user(PermissionsBoundary=_BOUNDARY),
    ("iam", "PutUserPolicy"): _of_user(PolicyName="one", PolicyDocument=_POLICY),
    ("iam", "RemoveUserFromGroup"): _of_group(_group_with_admin, UserName="admin"),
    ("iam", "TagUser"): _of_user(Tags=[{"Key": "k", "Value": "v"}]),
    ("iam", "UntagUser"): _of_user(TagKeys=["k"]),
    ("iam", "UpdateGroup"): _of_group(NewPath="/"),
    ("iam", "UpdateUser"): _of_user(NewPath="/"),
    ("iam", "UpdateAccessKey"): _of_user(AccessKeyId=_KEY_OF_NOBODY, Status="Inactive"),
    ("iam", "CreateRole"): _of_role(_nothing, AssumeRolePolicyDocument=_TRUST),
    ("iam", "DeleteRole"): _of_role(),
    ("iam", "GetRole"): _of_role(),
    ("iam", "ListRoleTags"): _of_role(),
    ("iam", "ListRoles"): Example(lambda _: {}, lambda account, _: f"arn:aws:iam::{account}:role/", _nothing),
    ("iam", "TagRole"): _of_role(**_TAGS),
    ("iam", "UntagRole"): _of_role(**_TAG_KEYS),
    ("iam", "UpdateAssumeRolePolicy"): _of_role(PolicyDocument=_TRUST),
    ("iam", "UpdateRole"): _of_role(Description="d"),
    ("iam", "UpdateRoleDescription"): _of_role(Description="d"),
    ("iam", "DeleteRolePermissionsBoundary"): _of_role(_role_with_boundary),
    ("iam", "DeleteRolePolicy"): _of_role(_role_with_policy, PolicyName="one"),
    ("iam", "GetRolePolicy"): _of_role(_role_with_policy, PolicyName="one"),
    ("iam", "ListRolePolicies"): _of_role(),
    ("iam", "PutRolePermissionsBoundary"): _of_role(PermissionsBoundary=_OF_AWS["PolicyArn"]),
    ("iam", "PutRolePolicy"): _of_role(PolicyName="one", PolicyDocument=_POLICY),
    ("iam", "AttachGroupPolicy"): _of_group(**_OF_AWS),
    ("iam", "DetachGroupPolicy"): _of_group(_group_with_attachment, **_OF_AWS),
    ("iam", "ListAttachedGroupPolicies"): _of_group(),
    ("iam", "AttachRolePolicy"): _of_role(**_OF_AWS),
    ("iam", "AttachUserPolicy"): _of_user(**_OF_AWS),
    ("iam", "DetachRolePolicy"): _of_role(_role_with_attachment, **_OF_AWS),
    ("iam", "DetachUserPolicy"): _of_user(_user_with_attachment, **_OF_AWS),
    ("iam", "ListAttachedRolePolicies"): _of_role(),
    ("iam", "ListAttachedUserPolicies"): _of_user(),
    ("iam", "CreatePolicy"): Example(
        lambda name: {"PolicyName": name, "PolicyDocument": _POLICY},
        _managed_policy_arn,
        _nothing,
        lambda _, name: f"policy {name}",
    ),
    ("iam", "CreatePolicyVersion"): _of_policy(PolicyDocument=_POLICY),
    ("iam", "DeletePolicy"): _of_policy(),
    ("iam", "DeletePolicyVersion"): _of_policy(_managed_policy_with_versions, VersionId="v2"),
    ("iam", "GetPolicy"): _of_policy(),
    ("iam", "GetPolicyVersion"): _of_policy(VersionId="v1"),
    ("iam", "ListEntitiesForPolicy"): _of_policy(),
    ("iam", "ListPolicies"): Example(
        lambda _: {},
        lambda account, _: f"arn:aws:iam::{account}:policy/",
        _nothing,
        lambda _account, _name: "policy path /",
    ),
    ("iam", "ListPolicyTags"): _of_policy(),
    ("iam", "ListPolicyVersions"): _of_policy(),
    ("iam", "SetDefaultPolicyVersion"): _of_policy(_managed_policy_with_versions, VersionId="v2"),
    ("iam", "SimulateCustomPolicy"): _without_resource(
        **{"PolicyInputList.member.1": _POLICY, "ActionNames.member.1": "iam:GetUser"}
    ),
    ("iam", "SimulatePrincipalPolicy"): _of_source(**{"ActionNames.member.1": "iam:GetUser"}),
    ("iam", "TagPolicy"): _of_policy(**_TAGS),
    ("iam", "UntagPolicy"): _of_policy(**_TAG_KEYS),
    ("sts", "AssumeRole"): Example(
        lambda name: {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "RoleSessionName": "one"},
        _role_arn,
        _trusting_role,
        _role_arn,
    ),
    ("sts", "DecodeAuthorizationMessage"): _without_resource(EncodedMessage="of nobody"),
    ("sts", "GetAccessKeyInfo"): _without_resource(AccessKeyId=_KEY_OF_NOBODY),
    ("iam", "AddRoleToInstanceProfile"): Example(
        lambda name: {"InstanceProfileName": name, "RoleName": name},
        lambda account, name: [_profile_arn(account, name), _role_arn(account, name)],
        _profile_and_role,
        lambda _, name: f"instance profile {name}",
    ),
    ("iam", "CreateInstanceProfile"): Example(
        lambda name: {"InstanceProfileName": name}, _profile_arn, _nothing, _profile_arn
    ),
    ("iam", "DeleteInstanceProfile"): _of_profile(),
    ("iam", "GetInstanceProfile"): _of_profile(),
    ("iam", "ListInstanceProfileTags"): _of_profile(),
    ("iam", "ListInstanceProfiles"): Example(
        lambda _: {}, lambda account, _: _profile_arn(account, ""), _nothing
    ),
    ("iam", "ListInstanceProfilesForRole"): _of_role(),
    ("iam", "RemoveRoleFromInstanceProfile"): Example(
        lambda name: {"InstanceProfileName": name, "RoleName": name},
        _profile_arn,
        _profile_with_role,
        lambda _, name: f"instance profile {name}",
    ),
    ("iam", "TagInstanceProfile"): _of_profile(**_TAGS),
    ("iam", "UntagInstanceProfile"): _of_profile(**_TAG_KEYS),
    ("iam", "AddClientIDToOpenIDConnectProvider"): _of_provider(ClientID="c"),
    ("iam", "CreateOpenIDConnectProvider"): Example(
        lambda name: {"Url": f"https://{name}"}, _provider_arn, _nothing, _provider_arn
    ),
    ("iam", "DeleteOpenIDConnectProvider"): _of_provider(),
    ("iam", "GetOpenIDConnectProvider"): _of_provider(),
    ("iam", "ListOpenIDConnectProviderTags"): _of_provider(),
    ("iam", "ListOpenIDConnectProviders"): Example(
        lambda _: {}, lambda account, _: _provider_arn(account, "*"), _nothing
    ),
    ("iam", "RemoveClientIDFromOpenIDConnectProvider"): _of_provider(ClientID="c"),
    ("iam", "TagOpenIDConnectProvider"): _of_provider(**_TAGS),
    ("iam", "UntagOpenIDConnectProvider"): _of_provider(**_TAG_KEYS),
    ("iam", "UpdateOpenIDConnectProviderThumbprint"): _of_provider(**{"ThumbprintList.member.1": "a" * 40}),
    ("sts", "GetCallerIdentity"): _without_resource(),
    ("kms", "CancelKeyDeletion"): _of_kms_key(_pending_kms_key),
    ("kms", "CreateAlias"): Example(
        lambda name: {"AliasName": f"alias/{name}", "TargetKeyId": name}, _alias_and_key, _kms_key
    ),
    ("kms", "CreateGrant"): Example(
        lambda name: {
            "KeyId": name.partition("/")[0],
            "GranteePrincipal": name.partition("/")[2] or "arn:aws:iam::000000000000:root",
            "Operations": ["Decrypt"],
        },
        _kms_key_arn,
        _kms_key_and_user,
    ),
    ("kms", "CreateKey"): _without_resource(Description="d"),
    ("kms", "Decrypt"): Example(lambda name: {"CiphertextBlob": name}, _kms_key_arn, _ciphertext),
    ("kms", "DeleteAlias"): Example(
        lambda name: {"AliasName": f"alias/{name}"}, _alias_and_key, _named_kms_key
    ),
    ("kms", "DescribeKey"): _of_kms_key(),
    ("kms", "DisableKey"): _of_kms_key(),
    ("kms", "DisableKeyRotation"): _of_kms_key(),
    ("kms", "EnableKey"): _of_kms_key(),
    ("kms", "EnableKeyRotation"): _of_kms_key(),
    ("kms", "Encrypt"): _of_kms_key(Plaintext=_PLAINTEXT),
    ("kms", "GenerateDataKey"): _of_kms_key(KeySpec="AES_256"),
    ("kms", "GenerateDataKeyWithoutPlaintext"): _of_kms_key(NumberOfBytes=64),
    ("kms", "GenerateRandom"): _without_resource(NumberOfBytes=16),
    ("kms", "GetKeyPolicy"): _of_kms_key(),
    ("kms", "GetKeyRotationStatus"): _of_kms_key(),
    ("kms", "ListAliases"): _without_resource(),
    ("kms", "ListGrants"): _of_kms_key(),
    ("kms", "ListKeyPolicies"): _of_kms_key(),
    ("kms", "ListKeyRotations"): _of_kms_key(),
    ("kms", "ListKeys"): _without_resource(),
    ("kms", "ListResourceTags"): _of_kms_key(),
    ("kms", "ListRetirableGrants"): _without_resource(RetiringPrincipal="arn:aws:iam::111122223333:root"),
    ("kms", "PutKeyPolicy"): _of_kms_key(Policy=_KEY_POLICY),
    ("kms", "ReEncrypt"): Example(
        lambda name: {"CiphertextBlob": name, "DestinationKeyId": _kms_key_id(name)},
        _kms_key_arn,
        _ciphertext,
    ),
    ("kms", "RetireGrant"): _of_grant(),
    ("kms", "RevokeGrant"): _of_grant(),
    ("kms", "RotateKeyOnDemand"): _of_kms_key(),
    ("kms", "ScheduleKeyDeletion"): _of_kms_key(PendingWindowInDays=7),
    ("kms", "TagResource"): _of_kms_key(Tags=[{"TagKey": "k", "TagValue": "v"}]),
    ("kms", "UntagResource"): _of_kms_key(TagKeys=["k"]),
    ("kms", "UpdateAlias"): Example(
        lambda name: {"AliasName": f"alias/{name}", "TargetKeyId": name}, _alias_and_key, _named_kms_key
    ),
    ("kms", "UpdateKeyDescription"): _of_kms_key(Description="d"),
    ("sts", "GetFederationToken"): Example(
        lambda _: {"Name": "bob"},
        _federated_arn,
        _nothing,
        _federated_arn,
    ),
    ("sts", "GetSessionToken"): _without_resource(),
    ("cloudtrail", "LookupEvents"): _without_resource(),
    ("logs", "CreateLogGroup"): _of_log_group(_nothing),
    ("logs", "CreateLogStream"): _of_log_stream(_log_group),
    ("logs", "DeleteLogGroup"): _of_log_group(),
    ("logs", "DeleteLogStream"): _of_log_stream(),
    ("logs", "DeleteRetentionPolicy"): _of_log_group(),
    ("logs", "DescribeLogGroups"): Example(
        lambda _: {},
        lambda account, _: _whole_log_group_arn(account, ""),
        _nothing,
        lambda account, _: _whole_log_group_arn(account, ""),
    ),
    ("logs", "DescribeLogStreams"): _of_log_group(_log_stream),
    ("logs", "FilterLogEvents"): _of_log_group(_written_log_stream, filterPattern=f'"{CANARY}"'),
    ("logs", "GetLogEvents"): _of_log_stream(_written_log_stream),
    ("logs", "ListTagsForResource"): _of_tagged_log_group(),
    ("logs", "ListTagsLogGroup"): _of_log_group(),
    ("logs", "PutLogEvents"): Example(
        lambda name: {
            "logGroupName": name,
            "logStreamName": "s",
            "logEvents": [{"timestamp": time.time_ns() // 1_000_000, "message": CANARY}],
        },
        _log_stream_arn,
        _log_stream,
        _log_stream_arn,
    ),
    ("logs", "PutLogGroupDeletionProtection"): Example(
        lambda name: {"logGroupIdentifier": name, "deletionProtectionEnabled": False},
        _whole_log_group_arn,
        _log_group,
        _whole_log_group_arn,
    ),
    ("logs", "PutRetentionPolicy"): _of_log_group(retentionInDays=7),
    ("logs", "TagLogGroup"): _of_log_group(tags={"k": "w"}),
    ("logs", "TagResource"): _of_tagged_log_group(tags={"k": "w"}),
    ("logs", "UntagLogGroup"): _of_log_group(tags=["k"]),
    ("logs", "UntagResource"): _of_tagged_log_group(tagKeys=["k"]),
}

WITHOUT_PERMISSION: Final = {("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")}
"""What no policy governs (``UNGOVERNED_ACTIONS``). This list may only shrink."""

UNEXPLAINED: Final = {("sts", "AssumeRole")}
"""What is refused without a word about which policy was missing."""

FURTHER_ACTIONS: Final[Mapping[tuple[str, str], str]] = {
    ("secretsmanager", "ValidateResourcePolicy"): "secretsmanager:PutResourcePolicy",
    ("iam", "AddRoleToInstanceProfile"): "iam:PassRole",
    ("kms", "ReEncrypt"): "kms:ReEncryptTo",
    ("lambda", "CreateFunction"): "iam:PassRole",
}
"""What AWS documents as needed besides the action of the operation's own name."""

NOT_WITH_SESSIONS: Final = {("sts", "GetFederationToken"), ("sts", "GetSessionToken")}
"""What only long-term keys may ask for."""

REFUSED_WITH_ALL_RIGHTS: Final = {
    ("sts", "DecodeAuthorizationMessage"): "InvalidAuthorizationMessageException"
}
"""Examples that always end with an error: there is nothing that they could succeed with."""

NOT_FOUND_WITH_ALL_RIGHTS: Final = {
    ("iam", "ChangePassword"),
    ("iam", "DeactivateMFADevice"),
    ("iam", "DeleteAccessKey"),
    ("iam", "EnableMFADevice"),
    ("iam", "GetMFADevice"),
    ("iam", "ResyncMFADevice"),
    ("iam", "UpdateAccessKey"),
}
"""Examples that end with NoSuchEntity: they name a key or a device of nobody, because a real key has no name in
advance, and a real device wants codes of its seed; or the caller has no password to change."""

WITHOUT_SIGNATURE: Final = {("lambda", "DownloadCode"), ("sts", "AssumeRoleWithWebIdentity")}
"""What is asked with a token, without a signature; tried by tests of its own. It may only shrink."""

Entry = tuple[Service, Operation[Any, Any]]

OPERATIONS: Final[tuple[Entry, ...]] = tuple(
    (service, operation)
    for service in SERVICES
    for operation in service.operations
    if (service.name, operation.name) not in WITHOUT_SIGNATURE
)
"""Every operation that is asked with a signature."""


def status_of(entry: Entry) -> int:
    """Say with which status an operation succeeds; a REST binding says it, or the example."""
    service, operation = entry
    bindings = {} if service.bindings is None else service.bindings()
    by_answer = {("lambda", "Invoke"): 202, ("lambda", "DeleteFunction"): 204}
    binding = bindings.get(operation.name)
    return 200 if binding is None else by_answer.get((service.name, operation.name), binding.status)


def name_of(entry: Entry) -> str:
    """Give the name of a case: ``secretsmanager-GetSecretValue``."""
    return f"{entry[0].name}-{entry[1].name}"


def example_of(entry: Entry) -> Example:
    """Give the example of an operation; a new operation without one fails here."""
    return EXAMPLES[entry[0].name, entry[1].name]
