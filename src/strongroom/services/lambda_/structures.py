"""Structures that several operations of Lambda share, made of the shapes of single values in ``shapes.py``.

What a reply never holds here is not declared: networks, file systems, images, signatures.

Source: the service model that botocore ships.
"""

from __future__ import annotations

from typing import Annotated

from strongroom.services.lambda_ import shapes
from strongroom.wire.shapes import SENSITIVE, Shape, Timestamp, limits, renamed

Variables = Annotated[dict[shapes.EnvironmentVariableName, shapes.EnvironmentVariableValue], SENSITIVE]


class FunctionCode(Shape):
    """Where the code of a function comes from; here it is always in the request."""

    zip_file: shapes.Blob | None = None
    s3_bucket: shapes.S3Bucket | None = None
    s3_key: shapes.S3Key | None = None
    s3_object_version: shapes.S3ObjectVersion | None = None
    s3_object_storage_mode: shapes.S3ObjectStorageMode | None = None
    image_uri: str | None = None
    source_kms_key_arn: shapes.KMSKeyArn | None = renamed("SourceKMSKeyArn", default=None)


class VpcConfig(Shape):
    """A network of AWS; there is none here."""

    subnet_ids: Annotated[list[shapes.SubnetId], limits(0, 16)] | None = None
    security_group_ids: Annotated[list[shapes.SecurityGroupId], limits(0, 5)] | None = None
    ipv6_allowed_for_dual_stack: bool | None = None


class DeadLetterConfig(Shape):
    """Where events go that were not handled."""

    target_arn: shapes.ResourceArn | None = None


class Environment(Shape):
    """Variables for the function; their values are secrets."""

    variables: (
        Annotated[dict[shapes.EnvironmentVariableName, shapes.EnvironmentVariableValue], SENSITIVE] | None
    ) = None


class TracingConfig(Shape):
    """Whether calls are traced."""

    mode: shapes.TracingMode | None = None


class S3FilesConfig(Shape):
    """How a file system in S3 is read; there is none here."""

    direct_s3_read: shapes.DirectS3Read | None = None


class FileSystemConfig(Shape):
    """A file system of AWS; there is none here."""

    arn: shapes.FileSystemArn
    local_mount_path: shapes.LocalMountPath
    s3_files_config: S3FilesConfig | None = None


class ImageConfig(Shape):
    """Of container images; there are none here."""

    entry_point: Annotated[list[str], limits(0, 1500)] | None = None
    command: Annotated[list[str], limits(0, 1500)] | None = None
    working_directory: shapes.WorkingDirectory | None = None


class EphemeralStorage(Shape):
    """The size of ``/tmp`` in MiB."""

    size: shapes.EphemeralStorageSize


class SnapStart(Shape):
    """Starting from snapshots; there is none here."""

    apply_on: shapes.SnapStartApplyOn | None = None


class LoggingConfig(Shape):
    """Where and how a function logs."""

    log_format: shapes.LogFormat | None = None
    application_log_level: shapes.ApplicationLogLevel | None = None
    system_log_level: shapes.SystemLogLevel | None = None
    log_group: shapes.LogGroup | None = None


class TenancyConfig(Shape):
    """Isolation of tenants; there is none here."""

    tenant_isolation_mode: shapes.TenantIsolationMode


class LambdaManagedInstancesCapacityProviderConfig(Shape):
    """Instances of AWS; there are none here."""

    capacity_provider_arn: shapes.CapacityProviderArn
    per_execution_environment_max_concurrency: shapes.PerExecutionEnvironmentMaxConcurrency | None = None
    execution_environment_memory_gi_b_per_v_cpu: shapes.ExecutionEnvironmentMemoryGiBPerVCpu | None = None


class CapacityProviderConfig(Shape):
    """Instances of AWS; there are none here."""

    lambda_managed_instances_capacity_provider_config: LambdaManagedInstancesCapacityProviderConfig


class DurableConfig(Shape):
    """Durable executions; there are none here."""

    kms_key_arn: shapes.KMSKeyArn | None = renamed("KMSKeyArn", default=None)
    retention_period_in_days: shapes.RetentionPeriodInDays | None = None
    execution_timeout: shapes.ExecutionTimeout | None = None


class FunctionRuntimeConfig(Shape):
    """A runtime of one's own; there is none here."""

    runtime_arn: shapes.FunctionRuntimeArn
    runtime_alias: shapes.FunctionRuntimeAlias


class AcceleratorConfig(Shape):
    """Accelerators; there are none here."""

    accelerator_memory_size: int


class EnvironmentResponse(Shape):
    """The variables of a function."""

    variables: (
        Annotated[dict[shapes.EnvironmentVariableName, shapes.EnvironmentVariableValue], SENSITIVE] | None
    ) = None


class TracingConfigResponse(Shape):
    """Whether calls are traced."""

    mode: shapes.TracingMode | None = None


class Layer(Shape):
    """A layer of a function."""

    arn: shapes.LayerVersionArn | None = None
    code_size: int | None = None


class SnapStartResponse(Shape):
    """That functions do not start from snapshots."""

    apply_on: shapes.SnapStartApplyOn | None = None
    optimization_status: shapes.SnapStartOptimizationStatus | None = None


class RuntimeVersionConfig(Shape):
    """Which version of the runtime runs the function."""

    runtime_version_arn: shapes.RuntimeVersionArn | None = None


class FunctionConfiguration(Shape):
    """What a function version is."""

    function_name: shapes.NamespacedFunctionName | None = None
    function_arn: shapes.NameSpacedFunctionArn | None = None
    runtime: shapes.Runtime | None = None
    role: shapes.RoleArn | None = None
    handler: shapes.Handler | None = None
    code_size: int | None = None
    description: shapes.Description | None = None
    timeout: shapes.Timeout | None = None
    memory_size: shapes.MemorySize | None = None
    last_modified: shapes.DateText | None = None
    code_sha256: str | None = None
    version: shapes.Version | None = None
    environment: EnvironmentResponse | None = None
    tracing_config: TracingConfigResponse | None = None
    revision_id: str | None = None
    layers: list[Layer] | None = None
    state: shapes.State | None = None
    state_reason: str | None = None
    state_reason_code: shapes.StateReasonCode | None = None
    last_update_status: shapes.LastUpdateStatus | None = None
    package_type: shapes.PackageType | None = None
    architectures: Annotated[list[shapes.Architecture], limits(1, 1)] | None = None
    ephemeral_storage: EphemeralStorage | None = None
    snap_start: SnapStartResponse | None = None
    runtime_version_config: RuntimeVersionConfig | None = None
    logging_config: LoggingConfig | None = None


class FunctionCodeLocation(Shape):
    """Where the code of a function can be fetched."""

    repository_type: str | None = None
    location: shapes.SensitiveStringOnServerOnly | None = None


class Concurrency(Shape):
    """How many invocations are reserved for a function."""

    reserved_concurrent_executions: shapes.ReservedConcurrentExecutions | None = None


class AliasRoutingConfiguration(Shape):
    """Which share of the invocations goes to another version."""

    additional_version_weights: dict[shapes.AdditionalVersion, shapes.Weight] | None = None


class AliasConfiguration(Shape):
    """An alias."""

    alias_arn: shapes.FunctionArn | None = None
    name: shapes.Alias | None = None
    function_version: shapes.Version | None = None
    description: shapes.Description | None = None
    routing_config: AliasRoutingConfiguration | None = None
    revision_id: str | None = None


class OnSuccess(Shape):
    """Where the results of events go."""

    destination: shapes.DestinationArn | None = None


class OnFailure(Shape):
    """Where events go that failed."""

    destination: shapes.DestinationArn | None = None


class DestinationConfig(Shape):
    """Where the results of events go."""

    on_success: OnSuccess | None = None
    on_failure: OnFailure | None = None


class FunctionEventInvokeConfig(Shape):
    """How events of a function are tried again."""

    last_modified: Timestamp | None = None
    function_arn: shapes.FunctionArn | None = None
    maximum_retry_attempts: shapes.MaximumRetryAttempts | None = None
    maximum_event_age_in_seconds: shapes.MaximumEventAgeInSeconds | None = None
    destination_config: DestinationConfig | None = None


class LayerVersionContentInput(Shape):
    """Where the code of a layer comes from; here it is always in the request."""

    s3_bucket: shapes.S3Bucket | None = None
    s3_key: shapes.S3Key | None = None
    s3_object_version: shapes.S3ObjectVersion | None = None
    s3_object_storage_mode: shapes.S3ObjectStorageMode | None = None
    zip_file: shapes.Blob | None = None


class LayerVersionContentOutput(Shape):
    """Where the code of a layer can be fetched."""

    location: shapes.SensitiveStringOnServerOnly | None = None
    code_sha256: str | None = None
    code_size: int | None = None


class LayerVersionsListItem(Shape):
    """A layer version in a list."""

    layer_version_arn: shapes.LayerVersionArn | None = None
    version: int | None = None
    description: shapes.Description | None = None
    created_date: shapes.DateText | None = None
    compatible_architectures: Annotated[list[shapes.Architecture], limits(0, 2)] | None = None
    compatible_runtimes: Annotated[list[shapes.Runtime], limits(0, 15)] | None = None
    license_info: shapes.LicenseInfo | None = None


class LayersListItem(Shape):
    """A layer in a list."""

    layer_name: shapes.LayerName | None = None
    layer_arn: shapes.LayerArn | None = None
    latest_matching_version: LayerVersionsListItem | None = None


class AccountLimit(Shape):
    """What an account may have."""

    total_code_size: int | None = None
    code_size_unzipped: int | None = None
    code_size_zipped: int | None = None
    concurrent_executions: int | None = None
    unreserved_concurrent_executions: shapes.UnreservedConcurrentExecutions | None = None


class AccountUsage(Shape):
    """What an account has."""

    total_code_size: int | None = None
    function_count: int | None = None
