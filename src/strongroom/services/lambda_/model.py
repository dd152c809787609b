"""What functions are: their configuration, versions, aliases and policies. No I/O.

Rules:
 - ``$LATEST`` is what is changed; a published version never is.
 - Whatever changes a function gives it a new revision id.
 - What decides about rights (policies, aliases) is remembered in the one row of the function.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from strongroom.arn import PARTITION
from strongroom.clock import Instant, render_iso

LATEST: Final = "$LATEST"
PYTHON_RUNTIMES: Final = ("python3.10", "python3.11", "python3.12", "python3.13", "python3.14")
NODE_RUNTIMES: Final = ("nodejs20.x", "nodejs22.x", "nodejs24.x")
RUNTIMES: Final = (*NODE_RUNTIMES, *PYTHON_RUNTIMES)
DEPRECATED_RUNTIMES: Final = frozenset(
    {
        *("nodejs", "nodejs4.3", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x", "nodejs14.x"),
        *("nodejs16.x", "nodejs18.x", "python2.7", "python3.6", "python3.7", "python3.8", "python3.9"),
    }
)
TIMEOUT_DEFAULT_S: Final = 3
TIMEOUT_MOST_S: Final = 900
MEMORY_DEFAULT_MB: Final = 128
MEMORY_MOST_MB: Final = 10_240
EPHEMERAL_DEFAULT_MB: Final = 512
EPHEMERAL_MOST_MB: Final = 10_240
LAYERS_MOST: Final = 5
ENVIRONMENT_BYTES_MOST: Final = 4_096
CONCURRENCY_OF_ACCOUNT: Final = 1_000
UNRESERVED_LEAST: Final = 100
ALIASES_MOST: Final = 100
POLICY_BYTES_MOST: Final = 20_480
CODE_OF_ACCOUNT_BYTES: Final = 80_530_636_800
RESERVED_VARIABLES: Final = frozenset(
    {
        *("_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV"),
        *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"),
        *("AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"),
        *("AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_MAX_CONCURRENCY", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
        *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"),
    }
)
"""Variables that the runtime sets.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""


class LayerUse(msgspec.Struct, frozen=True):
    """A layer version of a function version.

    Attributes:
        arn: Of the layer version.
        archive_id: Its code.
        sha256: Digest of that.
        size: Bytes of the archive.
        unzipped: Bytes of what is in it.
    """

    arn: str
    archive_id: str
    sha256: bytes
    size: int
    unzipped: int


class Configuration(msgspec.Struct, frozen=True):
    """What a function version is.

    Attributes:
        version: ``$LATEST`` or a number.
        role: The ARN of the role that it runs as.
        role_id: The unique id of that role (P-07).
        environment: The variables, sealed; empty for none.
        archive_id: The code.
        sha256: Digest of that.
        size: Bytes of the archive.
        unzipped: Bytes of what is in it.
        tracing: ``PassThrough`` or ``Active``.
        architectures: What the owner says; the code runs on the architecture of this machine.
        dead_letter: The ARN that was set; empty for none.
    """

    version: str
    role: str
    role_id: str
    runtime: str
    handler: str
    archive_id: str
    sha256: bytes
    size: int
    unzipped: int
    modified_ms: Instant
    revision_id: str
    description: str = ""
    timeout_s: int = TIMEOUT_DEFAULT_S
    memory_mb: int = MEMORY_DEFAULT_MB
    ephemeral_mb: int = EPHEMERAL_DEFAULT_MB
    environment: bytes = b""
    layers: tuple[LayerUse, ...] = ()
    tracing: str = "PassThrough"
    architectures: tuple[str, ...] = ("x86_64",)
    log_format: str = "Text"
    application_log_level: str | None = None
    system_log_level: str | None = None
    log_group: str = ""


class Alias(msgspec.Struct, frozen=True):
    """A name for a version, or for two.

    Attributes:
        weights: By version, the share of invocations that go there instead.
    """

    version: str
    description: str
    weights: Mapping[str, float]
    revision_id: str


class Policy(msgspec.Struct, frozen=True):
    """Who else may invoke a function, or one version or alias of it.

    Attributes:
        statements: By id, the JSON text of each.
        principal_ids: Unique ids of the users and roles that are named, by their ARNs (P-07).
    """

    statements: Mapping[str, str]
    principal_ids: Mapping[str, str]
    revision_id: str

    @property
    def document(self) -> str:
        """The whole as a policy."""
        joined = ",".join(self.statements.values())
        return f'{{"Version":"2012-10-17","Id":"default","Statement":[{joined}]}}'


class EventRules(msgspec.Struct, frozen=True):
    """How events are tried again.

    Attributes:
        on_success, on_failure: The destinations that were set; empty for none.
    """

    modified_ms: Instant
    attempts: int | None = None
    age_s: int | None = None
    on_success: str | None = None
    on_failure: str | None = None


class Attributes(msgspec.Struct, frozen=True):
    """Everything else of a function.

    Attributes:
        latest: The configuration of ``$LATEST``.
        next_version: The number of the version that is published next.
        published_revision: The revision of ``$LATEST`` that was published last.
        tags: In order of insertion.
        reserved: Invocations at once that are reserved for it; None for none.
        policies: By qualifier; the empty one is that of the function.
        events: By qualifier.
    """

    latest: Configuration
    next_version: int = 1
    published_revision: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    reserved: int | None = None
    aliases: Mapping[str, Alias] = {}
    policies: Mapping[str, Policy] = {}
    events: Mapping[str, EventRules] = {}


class Function(msgspec.Struct, frozen=True):
    """A function.

    Attributes:
        function_id: Our own id; a function that is made anew under an old name is another one.
    """

    function_id: str
    account: str
    region: str
    name: str
    attributes: Attributes

    @property
    def arn(self) -> str:
        """Its ARN, without a qualifier."""
        return function_arn(self.region, self.account, self.name)


def function_arn(region: str, account: str, name: str, qualifier: str = "") -> str:
    """Write the ARN of a function, or of a version or an alias of it."""
    arn = f"arn:{PARTITION}:lambda:{region}:{account}:function:{name}"
    return f"{arn}:{qualifier}" if qualifier else arn


def layer_arn(region: str, account: str, name: str, version: int | None = None) -> str:
    """Write the ARN of a layer, or of one version of it."""
    arn = f"arn:{PARTITION}:lambda:{region}:{account}:layer:{name}"
    return arn if version is None else f"{arn}:{version}"


def render_modified(instant_ms: Instant) -> str:
    """Write an instant as Lambda does: ``2024-08-01T13:52:02.000+0000``."""
    return f"{render_iso(instant_ms)[:-1]}.{instant_ms % 1000:03d}+0000"


class LayerVersion(msgspec.Struct, frozen=True):
    """A layer version."""

    archive_id: str
    sha256: bytes
    size: int
    unzipped: int
    created_ms: Instant
    description: str | None = None
    runtimes: tuple[str, ...] | None = None
    architectures: tuple[str, ...] | None = None
    license: str | None = None


class Event(msgspec.Struct, frozen=True):
    """An event that waits for its function.

    Attributes:
        qualifier: Which version or alias was asked for; empty for none.
        asked_ms: When.
        attempts: How often the function was run.
        delays: How often there was no room for it.
    """

    qualifier: str
    asked_ms: Instant
    attempts: int = 0
    delays: int = 0


class WaitingEvent(msgspec.Struct, frozen=True):
    """An event with its place in the queue.

    Attributes:
        sealed: The payload and the client context.
    """

    event_id: str
    function_id: str
    due_ms: Instant
    lease_until_ms: Instant
    event: Event
    sealed: bytes
