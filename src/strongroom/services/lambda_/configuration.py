"""From the members of a request to a configuration, and from a configuration to what is shown of it.

Rules:
 - What Strongroom does not have (networks, images, file systems, snapshots, own KMS keys) is refused when it is asked
   for, and taken when it is empty: Terraform sends empty blocks.
 - A function is ready as soon as it is made. The answer of CreateFunction says Pending all the same, and the next
   one Active, because clients wait for the change.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from strongroom.arn import PARTITION
from strongroom.gateway.context import Context
from strongroom.ids import new_uuid
from strongroom.services.lambda_ import errors, structures
from strongroom.services.lambda_.environment import check_environment, open_environment, seal_environment
from strongroom.services.lambda_.layer_uses import find_layer_uses
from strongroom.services.lambda_.model import (
    DEPRECATED_RUNTIMES,
    EPHEMERAL_MOST_MB,
    MEMORY_MOST_MB,
    RUNTIMES,
    TIMEOUT_MOST_S,
    Configuration,
    Function,
    function_arn,
    render_modified,
)

HANDLER: Final = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)+", re.ASCII)
"""``file.function``: what becomes part of a path and of a command holds nothing else (F-06)."""
_EMPTY: Final[Mapping[str, Any]] = {}


def refuse_what_is_not_served(request: Any) -> None:
    """Refuse members that ask for what is not there.

    Args:
        request: Of CreateFunction or UpdateFunctionConfiguration.

    Raises:
        Fault: It names the first such member.
    """
    vpc = request.vpc_config
    if vpc is not None and (vpc.subnet_ids or vpc.security_group_ids):
        raise errors.not_served("VpcConfig")
    if request.dead_letter_config is not None and request.dead_letter_config.target_arn:
        raise errors.not_served("DeadLetterConfig")
    if request.kms_key_arn:
        raise errors.not_served("KMSKeyArn")
    if request.file_system_configs:
        raise errors.not_served("FileSystemConfigs")
    if request.image_config is not None:
        raise errors.not_served("ImageConfig")
    if request.snap_start is not None and request.snap_start.apply_on == "PublishedVersions":
        raise errors.not_served("SnapStart")
    for name in ("capacity_provider_config", "durable_config", "runtime_config", "accelerator_config"):
        if getattr(request, name) is not None:
            raise errors.not_served("".join(part.capitalize() for part in name.split("_")))


def check_runtime(runtime: str) -> str:
    """Return a runtime that is here.

    Raises:
        Fault: It is not here, or its time is over.
    """
    if runtime in DEPRECATED_RUNTIMES:
        raise errors.deprecated_runtime(runtime)
    if runtime not in RUNTIMES:
        raise errors.unsupported_runtime(runtime)
    return runtime


def check_handler(handler: str) -> str:
    """Return a handler that names a file and a function in it.

    Raises:
        Fault: It does not (F-06).
    """
    if HANDLER.fullmatch(handler) is None:
        raise errors.invalid(
            "The handler is not valid: it is the name of a file, a dot and the name of a function."
        )
    return handler


def with_settings(
    context: Context, account: str, function_id: str, base: Configuration, request: Any
) -> Configuration:
    """Return a configuration with the settings of a request.

    Args:
        context: Of the request.
        account: Whose function it is.
        function_id: Of the function.
        base: What is kept where the request says nothing.
        request: Of CreateFunction or UpdateFunctionConfiguration.

    Raises:
        Fault: A setting cannot be.
    """
    changes: dict[str, Any] = {}
    if request.runtime is not None:
        changes["runtime"] = check_runtime(request.runtime)
    if request.handler is not None:
        changes["handler"] = check_handler(request.handler)
    if request.description is not None:
        changes["description"] = request.description
    if request.timeout is not None:
        changes["timeout_s"] = _at_most(request.timeout, "timeout", TIMEOUT_MOST_S)
    if request.memory_size is not None:
        changes["memory_mb"] = _at_most(request.memory_size, "memorySize", MEMORY_MOST_MB)
    if request.ephemeral_storage is not None:
        size = _at_most(request.ephemeral_storage.size, "ephemeralStorage.size", EPHEMERAL_MOST_MB)
        changes["ephemeral_mb"] = size
    if request.tracing_config is not None and request.tracing_config.mode is not None:
        changes["tracing"] = request.tracing_config.mode
    if request.environment is not None:
        variables = request.environment.variables or _EMPTY
        check_environment(variables)
        changes["environment"] = seal_environment(context.deployment.keyring, account, function_id, variables)
    if request.layers is not None:
        changes["layers"] = find_layer_uses(context, request.layers)
    if request.logging_config is not None:
        changes.update(_logging(request.logging_config))
    return replace(base, **changes)


def touched(context: Context, configuration: Configuration) -> Configuration:
    """Return a configuration as it is after a change: now, with a new revision id."""
    return replace(configuration, modified_ms=context.now_ms, revision_id=new_uuid())


def check_revision(configuration: Configuration, revision_id: str | None) -> None:
    """Refuse a change of something else than the caller last saw.

    Raises:
        Fault: The revision is another one.
    """
    if revision_id is not None and revision_id != configuration.revision_id:
        raise errors.revision_differs()


def shown(
    context: Context, function: Function, configuration: Configuration, qualifier: str = ""
) -> structures.FunctionConfiguration:
    """Show a function version to who may see its variables.

    Args:
        context: Of the request.
        function: Whose version it is.
        configuration: The version.
        qualifier: What stands behind the name in its ARN; empty for nothing.
    """
    opened = open_environment(
        context.deployment.keyring, function.account, function.function_id, configuration.environment
    )
    environment = structures.EnvironmentResponse(variables=opened.reveal()) if len(opened) else None
    return show_without_environment(function, configuration, qualifier, environment)


def show_without_environment(
    function: Function,
    configuration: Configuration,
    qualifier: str = "",
    environment: structures.EnvironmentResponse | None = None,
) -> structures.FunctionConfiguration:
    """Show a function version."""
    layers = [structures.Layer(arn=layer.arn, code_size=layer.size) for layer in configuration.layers]
    arn = function_arn(function.region, function.account, function.name, qualifier)
    return structures.FunctionConfiguration(
        function_name=function.name,
        function_arn=arn,
        runtime=configuration.runtime,  # type: ignore[arg-type]  # it was one of them when it was set
        role=configuration.role,
        handler=configuration.handler,
        code_size=configuration.size,
        description=configuration.description,
        timeout=configuration.timeout_s,
        memory_size=configuration.memory_mb,
        last_modified=render_modified(configuration.modified_ms),
        code_sha256=base64.b64encode(configuration.sha256).decode(),
        version=configuration.version,
        environment=environment,
        tracing_config=structures.TracingConfigResponse(mode=configuration.tracing),  # type: ignore[arg-type]  # as above
        revision_id=configuration.revision_id,
        layers=layers or None,
        state="Active",
        last_update_status="Successful",
        package_type="Zip",
        architectures=list(configuration.architectures),  # type: ignore[arg-type]  # as above
        ephemeral_storage=structures.EphemeralStorage(size=configuration.ephemeral_mb),
        snap_start=structures.SnapStartResponse(apply_on="None", optimization_status="Off"),
        runtime_version_config=structures.RuntimeVersionConfig(
            runtime_version_arn=_runtime_version_arn(function.region, configuration.runtime)
        ),
        logging_config=structures.LoggingConfig(
            log_format=configuration.log_format,  # type: ignore[arg-type]  # as above
            application_log_level=configuration.application_log_level,  # type: ignore[arg-type]  # as above
            system_log_level=configuration.system_log_level,  # type: ignore[arg-type]  # as above
            log_group=log_group_of(function, configuration),
        ),
    )


def log_group_of(function: Function, configuration: Configuration) -> str:
    """Name the log group of a function version."""
    return configuration.log_group or f"/aws/lambda/{function.name}"


def _at_most(value: int, member: str, most: int) -> int:
    if value > most:
        raise errors.violated(value, member, f"Member must have value less than or equal to {most}")
    return value


def _logging(given: structures.LoggingConfig) -> dict[str, Any]:
    is_json = given.log_format == "JSON"
    if not is_json and (given.application_log_level or given.system_log_level):
        raise errors.invalid("Log levels can only be set when the log format is JSON.")
    changes: dict[str, Any] = {"log_group": given.log_group or ""}
    if given.log_format is not None:
        changes["log_format"] = given.log_format
    changes["application_log_level"] = given.application_log_level or ("INFO" if is_json else None)
    changes["system_log_level"] = given.system_log_level or ("INFO" if is_json else None)
    return changes


def _runtime_version_arn(region: str, runtime: str) -> str:
    """Name the version of a runtime; here there is one of each, that of the machine."""
    digits = runtime.encode().hex().ljust(64, "0")[:64]
    return f"arn:{PARTITION}:lambda:{region}::runtime:{digits}"


def total_unzipped(unzipped: int, layers: Sequence[Any]) -> int:
    """Add up what a function and its layers are unpacked."""
    return unzipped + sum(int(layer.unzipped) for layer in layers)
