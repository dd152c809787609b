"""Pools of members for random requests of functions and logs: names that meet what others made, and odd values."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from strongroom.clock import system_clock

FUNCTIONS: Final = ("f1", "f2", "f3")
LAYERS: Final = ("l1", "l2")
ALIASES: Final = ("d", "e", "f", "g")
STATEMENTS: Final = ("s1", "s2", "s3")
FUNCTION_ROLE: Final = "r-functions"
LOG_GROUPS: Final = ("lg1", "lg2", "lg3")
LOG_STREAMS: Final = ("ls1", "ls2")
SOURCE: Final = "def handler(event, context):\n    return event\n"


class Drawing(Protocol):
    """What the pools need of a source of random requests."""

    @property
    def account_id(self) -> str:
        """Whose objects are named."""

    def mostly(self, likely: Sequence[Any], odd: Sequence[Any]) -> Any:
        """Draw a likely value, or now and then an odd one."""


def archive() -> str:
    """Make the archive of a function, in base64."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as writing:
        writing.writestr("app.py", SOURCE)
    return base64.b64encode(made.getvalue()).decode()


_ARCHIVE: Final = archive()
_ABSENT: Final[tuple[tuple[Any, ...], tuple[Any, ...]]] = ((None,), ({}, "x"))


def _function_arn(draw: Drawing) -> str:
    return (
        f"arn:aws:lambda:us-east-1:{draw.account_id}:function:{draw.mostly(FUNCTIONS, ('absent', 'x' * 65))}"
    )


def _layer_arn(draw: Drawing) -> str:
    return f"arn:aws:lambda:us-east-1:{draw.account_id}:layer:{draw.mostly(LAYERS, ('absent',))}:1"


def _group_arn(draw: Drawing) -> str:
    return f"arn:aws:logs:us-east-1:{draw.account_id}:log-group:{draw.mostly(LOG_GROUPS, ('absent', ''))}"


def _code(draw: Drawing) -> dict[str, Any]:
    return draw.mostly(({"ZipFile": _ARCHIVE},), ({"ZipFile": "AA=="}, {}, {"S3Bucket": "b", "S3Key": "k"}))  # type: ignore[no-any-return]


def _log_events(draw: Drawing) -> list[dict[str, Any]]:
    now = system_clock()
    at = draw.mostly((now,), (0, now + 10**10, -1))
    return [
        {"timestamp": at + number, "message": draw.mostly(("hello", '{"a": 1}'), ("", "é" * 9))}
        for number in range(2)
    ]


MEMBERS: Final[dict[str, Callable[[Drawing], Any]]] = {
    "FunctionName": lambda draw: draw.mostly(
        (*FUNCTIONS, _function_arn(draw)),
        ("absent", "f 1", "x" * 141, "f1:1", "é", "SecretsManagerHTTPBearerTokenRotation"),
    ),
    "LayerName": lambda draw: draw.mostly(LAYERS, ("absent", "l 1", "arn:aws:lambda:us-east-1:x:layer:l1")),
    "Arn": _layer_arn,
    "Resource": _function_arn,
    "Qualifier": lambda draw: draw.mostly((None, None, None, None, "1", "d"), ("2", "é", "$X", "$LATEST")),
    "FunctionVersion": lambda draw: draw.mostly(("1", "$LATEST", None), ("99", "x")),
    "VersionNumber": lambda draw: draw.mostly((1, 2, 3), (0, -1, 2**40, "x")),
    "Role": lambda draw: (
        f"arn:aws:iam::{draw.account_id}:role/{draw.mostly((FUNCTION_ROLE,), ('r1', 'absent'))}"
    ),
    "Runtime": lambda draw: draw.mostly(("python3.12",), ("python2.7", "java21", "x")),
    "Handler": lambda draw: draw.mostly(("app.handler",), ("", "é", "x" * 129)),
    "Code": _code,
    "Content": _code,
    "ZipFile": lambda draw: draw.mostly((_ARCHIVE,), ("AA==", "!!")),
    "Timeout": lambda draw: draw.mostly((1, 3), (0, 901)),
    "MemorySize": lambda draw: draw.mostly((128,), (127, 10_241)),
    "Environment": lambda draw: draw.mostly(
        ({"Variables": {"a": "b"}},), ({"Variables": {"AWS_REGION": "x"}},)
    ),
    "Layers": lambda draw: draw.mostly((None, []), (["x"], [_layer_arn(draw)])),
    "StatementId": lambda draw: draw.mostly(STATEMENTS, ("s 1", "")),
    "Principal": lambda draw: draw.mostly(
        ("secretsmanager.amazonaws.com", draw.account_id), ("*", "nobody", "x.y")
    ),
    "Action": lambda draw: draw.mostly(("lambda:InvokeFunction",), ("lambda:*", "iam:GetUser", "x")),
    "SourceAccount": lambda draw: draw.mostly((None, draw.account_id), ("1", "x")),
    "SourceArn": lambda draw: draw.mostly((None,), ("arn:aws:secretsmanager:us-east-1:1:secret:d", "x")),
    "RevisionId": lambda draw: draw.mostly((None,), ("x", "00000000-0000-4000-8000-000000000000")),
    "CodeSha256": lambda draw: draw.mostly((None,), ("x",)),
    "Payload": lambda draw: draw.mostly(("{}", '{"a":1}'), ("{", "", "\ud800", "[" * 70)),
    "InvocationType": lambda draw: draw.mostly(("DryRun",) * 9 + ("RequestResponse",), ("x",)),
    "LogType": lambda draw: draw.mostly((None, "Tail"), ("x",)),
    "ClientContext": lambda draw: draw.mostly((None,), ("e30=", "!")),
    "ReservedConcurrentExecutions": lambda draw: draw.mostly((1, 10), (0, 10**6, -1)),
    "MaximumRetryAttempts": lambda draw: draw.mostly((0, 2), (3, -1)),
    "MaximumEventAgeInSeconds": lambda draw: draw.mostly((60, 21_600), (59, 21_601)),
    "CompatibleRuntimes": lambda draw: draw.mostly((None, ["python3.12"]), (["x"],)),
    "CompatibleArchitectures": lambda draw: draw.mostly((None, ["x86_64"]), (["x"],)),
    "Architectures": lambda draw: draw.mostly((None, ["x86_64"]), (["arm64"], [])),
    "PackageType": lambda draw: draw.mostly((None, "Zip"), ("Image",)),
    "Host": lambda _: None,
    **dict.fromkeys(
        (
            *("AcceleratorConfig", "CapacityProviderConfig", "CodeSigningConfigArn", "DeadLetterConfig"),
            *(
                "DestinationConfig",
                "DurableConfig",
                "DurableExecutionName",
                "EphemeralStorage",
                "EventSourceToken",
            ),
            *("FileSystemConfigs", "FunctionUrlAuthType", "ImageConfig", "ImageUri", "InvokedViaFunctionUrl"),
            *("KMSKeyArn", "LoggingConfig", "MasterRegion", "PrincipalOrgID", "PublishTo", "RoutingConfig"),
            *("RuntimeConfig", "S3Bucket", "S3Key", "S3ObjectStorageMode", "S3ObjectVersion", "SnapStart"),
            *("SourceKMSKeyArn", "TenancyConfig", "TenantId", "TracingConfig", "VpcConfig"),
        ),
        lambda draw: draw.mostly(*_ABSENT),
    ),
    "logGroupName": lambda draw: draw.mostly(LOG_GROUPS, ("absent", "g g", "x" * 513)),
    "logGroupIdentifier": lambda draw: draw.mostly((None, "lg1", _group_arn(draw)), ("absent", "x:y")),
    "logStreamName": lambda draw: draw.mostly(LOG_STREAMS, ("absent", "a:b", "")),
    "logStreamNames": lambda draw: draw.mostly((None, ["ls1"]), ([], ["absent"])),
    "logStreamNamePrefix": lambda draw: draw.mostly((None,), ("ls", "")),
    "resourceArn": _group_arn,
    "logEvents": _log_events,
    "sequenceToken": lambda draw: draw.mostly((None,), ("x", "")),
    "entity": lambda draw: draw.mostly(*_ABSENT),
    "kmsKeyId": lambda draw: draw.mostly((None,), ("x",)),
    "logGroupClass": lambda draw: draw.mostly((None, "STANDARD"), ("DELIVERY",)),
    "deletionProtectionEnabled": lambda draw: draw.mostly((False,), (None, True)),
    "retentionInDays": lambda draw: draw.mostly((1, 30), (2, 0)),
    "filterPattern": lambda draw: draw.mostly((None, "hello", "{ $.a = 1 }"), ("{", "%x%", "[a, b")),
    "nextToken": lambda draw: draw.mostly((None,), ("x", "")),
    "startTime": lambda draw: draw.mostly((None, 0), (-1, 2**62)),
    "endTime": lambda draw: draw.mostly((None,), (0, 2**62)),
    "limit": lambda draw: draw.mostly((1, 50), (0, 10_001)),
    "accountIdentifiers": lambda draw: draw.mostly((None,), (["x"],)),
    "logGroupIdentifiers": lambda draw: draw.mostly((None,), (["lg1"], ["x y"])),
    "includeLinkedAccounts": lambda draw: draw.mostly((None, False), (True,)),
    "logGroupNamePattern": lambda draw: draw.mostly((None,), ("lg",)),
    "logGroupNamePrefix": lambda draw: draw.mostly((None, "lg"), ("",)),
    "tags": lambda draw: draw.mostly(({"k": "v"},), ({}, {"aws:x": "y"})),
    "tagKeys": lambda draw: draw.mostly((["k"],), ([], [""])),
    "unmask": lambda draw: draw.mostly((None, False), (True,)),
}
"""By the member's name on the wire."""
