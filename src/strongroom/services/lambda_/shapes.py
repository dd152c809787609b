"""Shapes of single values that several operations of Lambda share; ``structures.py`` has what is made of them.

Source: the service model that botocore ships.
"""

from __future__ import annotations

from typing import Annotated, Literal

from strongroom.wire.shapes import SENSITIVE, limits, within

FunctionName = Annotated[
    str,
    limits(
        1,
        140,
        pattern=r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-"
        r"\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?",
    ),
]
Runtime = Literal[
    "nodejs",
    "nodejs4.3",
    "nodejs6.10",
    "nodejs8.10",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "nodejs16.x",
    "nodejs18.x",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "java8",
    "java8.al2",
    "java11",
    "java17",
    "java21",
    "java25",
    "python2.7",
    "python3.6",
    "python3.7",
    "python3.8",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "dotnet6",
    "dotnet8",
    "dotnet10",
    "nodejs4.3-edge",
    "go1.x",
    "ruby2.5",
    "ruby2.7",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
    "ruby4.0",
    "provided",
    "provided.al2",
    "provided.al2023",
    "nodejs26.x",
    "python3.15",
    "java8.al2023",
    "java11.al2023",
    "java17.al2023",
    "custom",
]
RoleArn = Annotated[
    str, limits(0, 10000, pattern=r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")
]
Handler = Annotated[str, limits(0, 128, pattern=r"[^\s]+")]
Blob = Annotated[bytes, SENSITIVE]
S3Bucket = Annotated[str, limits(3, 63, pattern=r"[0-9A-Za-z\.\-_]*(?<!\.)")]
S3Key = Annotated[str, limits(1, 1024, pattern=r".*")]
S3ObjectVersion = Annotated[str, limits(1, 1024, pattern=r".*")]
S3ObjectStorageMode = Literal["COPY", "REFERENCE"]
EventSourceArn = Annotated[
    str,
    limits(
        0,
        10000,
        pattern=(
            r"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:"
            r"((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)"
        ),
    ),
]
KMSKeyArn = Annotated[str, limits(0, 10000, pattern=r"(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()")]
Description = Annotated[str, limits(0, 256)]
Timeout = Annotated[int, within(1, 5400)]
MemorySize = Annotated[int, within(128, 32768)]
FunctionVersionLatestPublished = Literal["LATEST_PUBLISHED"]
SubnetId = Annotated[str, limits(0, 1024, pattern=r"subnet-[0-9a-z]*")]
SecurityGroupId = Annotated[str, limits(0, 1024, pattern=r"sg-[0-9a-zA-Z]*")]
PackageType = Literal["Zip", "Image"]
ResourceArn = Annotated[str, limits(0, 10000, pattern=r"(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()")]
EnvironmentVariableName = Annotated[str, limits(pattern=r"[a-zA-Z]([a-zA-Z0-9_])+"), SENSITIVE]
EnvironmentVariableValue = Annotated[str, SENSITIVE]
TracingMode = Literal["Active", "PassThrough"]
TagKey = Annotated[str, limits(1, 128, pattern=r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)")]
TagValue = Annotated[str, limits(0, 256, pattern=r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)")]
LayerVersionArn = Annotated[
    str,
    limits(
        1,
        2048,
        pattern=r"((arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d"
        r"{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-"
        r"zA-Z0-9-_]+))",
    ),
]
FileSystemArn = Annotated[
    str,
    limits(
        0,
        256,
        pattern=r"arn:aws[a-zA-Z-]*:elasticfilesystem:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-"
        r"z]+-\d{1}:\d{12}:access-point/fsap-[a-f0-9]{17}$|^arn:aws[-a-z]*:s3files:[0-9a-z"
        r"-:]+:file-system/fs-[0-9a-f]{17,40}/access-point/fsap-[0-9a-f]{17,40}",
    ),
]
LocalMountPath = Annotated[str, limits(0, 160, pattern=r"/mnt/[a-zA-Z0-9-_.]+")]
DirectS3Read = Literal["ENABLED", "DISABLED", "AUTO"]
CodeSigningConfigArn = Annotated[
    str,
    limits(
        0,
        200,
        pattern=r"arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1"
        r"}:\d{12}:code-signing-config:csc-[a-z0-9]{17}",
    ),
]
WorkingDirectory = Annotated[str, limits(0, 1000)]
Architecture = Literal["x86_64", "arm64"]
EphemeralStorageSize = Annotated[int, within(512, 32768)]
SnapStartApplyOn = Literal["PublishedVersions", "None"]
LogFormat = Literal["JSON", "Text"]
ApplicationLogLevel = Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
SystemLogLevel = Literal["DEBUG", "INFO", "WARN"]
LogGroup = Annotated[str, limits(1, 512, pattern=r"[\.\-_/#A-Za-z0-9]+")]
TenantIsolationMode = Literal["PER_TENANT"]
CapacityProviderArn = Annotated[
    str,
    limits(
        1,
        140,
        pattern=r"arn:aws[a-zA-Z-]*:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:"
        r"\d{12}:capacity-provider:[a-zA-Z0-9-_]+",
    ),
]
PerExecutionEnvironmentMaxConcurrency = Annotated[int, within(1, 1600)]
ExecutionEnvironmentMemoryGiBPerVCpu = Annotated[float, within(2, 8)]
RetentionPeriodInDays = Annotated[int, within(1, 90)]
ExecutionTimeout = Annotated[int, within(1, 31622400)]
FunctionRuntimeArn = Annotated[
    str, limits(48, 2048, pattern=r"arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:runtime/.+")
]
FunctionRuntimeAlias = Annotated[str, limits(1, 128)]
NamespacedFunctionName = Annotated[
    str,
    limits(
        1,
        256,
        pattern=r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-"
        r"\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-"
        r"Z0-9-_]+))?",
    ),
]
NameSpacedFunctionArn = Annotated[
    str,
    limits(
        0,
        10000,
        pattern=r"arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1"
        r"}:\d{12}:function:[a-zA-Z0-9-_\.]+(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?",
    ),
]
DateText = Annotated[str, limits(0, 100, pattern=r".*")]
Version = Annotated[str, limits(1, 1024, pattern=r"(\$LATEST|[0-9]+)")]
State = Literal[
    "Pending", "Active", "Inactive", "Failed", "Deactivating", "Deactivated", "ActiveNonInvocable", "Deleting"
]
StateReasonCode = Literal[
    "Idle",
    "Creating",
    "Restoring",
    "EniLimitExceeded",
    "InsufficientRolePermissions",
    "InvalidConfiguration",
    "InternalError",
    "SubnetOutOfIPAddresses",
    "InvalidSubnet",
    "InvalidSecurityGroup",
    "ImageDeleted",
    "ImageAccessDenied",
    "InvalidImage",
    "KMSKeyAccessDenied",
    "KMSKeyNotFound",
    "InvalidStateKMSKey",
    "DisabledKMSKey",
    "EFSIOError",
    "EFSMountConnectivityError",
    "EFSMountFailure",
    "EFSMountTimeout",
    "InvalidRuntime",
    "InvalidZipFileException",
    "FunctionError",
    "ServiceQuotaExceededException",
    "VcpuLimitExceeded",
    "CapacityProviderScalingLimitExceeded",
    "InsufficientCapacity",
    "EC2RequestLimitExceeded",
    "FunctionError.InitTimeout",
    "FunctionError.RuntimeInitError",
    "FunctionError.ExtensionInitError",
    "FunctionError.InvalidEntryPoint",
    "FunctionError.InvalidWorkingDirectory",
    "FunctionError.PermissionDenied",
    "FunctionError.TooManyExtensions",
    "FunctionError.InitResourceExhausted",
    "DisallowedByVpcEncryptionControl",
    "DrainingDurableExecutions",
    "IncompatibleAcceleratorInstanceTypes",
    "DependencyError",
]
LastUpdateStatus = Literal["Successful", "Failed", "InProgress"]
SnapStartOptimizationStatus = Literal["On", "Off"]
RuntimeVersionArn = Annotated[
    str,
    limits(
        26,
        2048,
        pattern=r"((arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{"
        r"1}::runtime:.+)|(arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?"
        r")))?-[a-z]+-\d{1}:\d{12}:runtime/[A-Za-z0-9_.-]{1,128}/version/[A-Za-z0-9_.-]{1,"
        r"128}))",
    ),
]
NumericLatestPublishedOrAliasQualifier = Annotated[
    str, limits(1, 128, pattern=r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+")
]
SensitiveStringOnServerOnly = Annotated[str, limits(0, 10000)]
ReservedConcurrentExecutions = Annotated[int, within(0)]
MasterRegion = Annotated[
    str, limits(1, 50, pattern=r"ALL|(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}")
]
FunctionVersion = Literal["ALL"]
MaxListItems = Annotated[int, within(1, 10000)]
InvocationType = Literal["Event", "RequestResponse", "DryRun"]
LogType = Literal["None", "Tail"]
DurableExecutionName = Annotated[str, limits(1, 64, pattern=r"[a-zA-Z0-9-_]+")]
TenantId = Annotated[str, limits(1, 256, pattern=r"[a-zA-Z0-9\._:\/=+\-@ ]+")]
DurableExecutionArn = Annotated[
    str,
    limits(
        1,
        1024,
        pattern=r"arn:([a-zA-Z0-9-]+):lambda:([a-zA-Z0-9-]+):(\d{12}):function:([a-zA-Z0-9_-]+):("
        r"\$LATEST(?:\.PUBLISHED)?|[0-9]+)/durable-execution/([a-zA-Z0-9_-]+)/([a-zA-Z0-9_"
        r"-]+)",
    ),
]
StatementId = Annotated[str, limits(1, 100, pattern=r"([a-zA-Z0-9-_]+)")]
Action = Annotated[str, limits(0, 10000, pattern=r"(lambda:[*]|lambda:[a-zA-Z]+|[*])")]
Principal = Annotated[str, limits(0, 2048, pattern=r"[^\s]+")]
Arn = Annotated[
    str,
    limits(
        0,
        10000,
        pattern=r"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))"
        r"?-[a-z]+-\d{1})?:(\d{12})?:(.*)",
    ),
]
FunctionUrlAuthType = Literal["NONE", "AWS_IAM"]
SourceOwner = Annotated[str, limits(0, 12, pattern=r"\d{12}")]
EventSourceToken = Annotated[str, limits(0, 256, pattern=r"[a-zA-Z0-9._\-]+")]
PrincipalOrgID = Annotated[str, limits(12, 34, pattern=r"o-[a-z0-9]{10,32}")]
NamespacedStatementId = Annotated[str, limits(1, 100, pattern=r"([a-zA-Z0-9-_.]+)")]
Alias = Annotated[str, limits(1, 128, pattern=r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)")]
VersionWithLatestPublished = Annotated[str, limits(1, 1024, pattern=r"(\$LATEST(\.PUBLISHED)?|[0-9]+)")]
AdditionalVersion = Annotated[str, limits(1, 1024, pattern=r"[0-9]+")]
Weight = Annotated[float, within(0.0, 1.0)]
FunctionArn = Annotated[
    str,
    limits(
        0,
        10000,
        pattern=r"arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1"
        r"}:\d{12}:function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?",
    ),
]
MaximumRetryAttempts = Annotated[int, within(0, 2)]
MaximumEventAgeInSeconds = Annotated[int, within(60, 21600)]
DestinationArn = Annotated[
    str,
    limits(
        0,
        350,
        pattern=r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+"
        r":((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)",
    ),
]
MaxFunctionEventInvokeConfigListItems = Annotated[int, within(1, 50)]
TaggableResource = Annotated[
    str,
    limits(
        1,
        10000,
        pattern=r"arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}"
        r":\d{12}:(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|code-signing-confi"
        r"g:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F"
        r"]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|(capacity-provider|network-connector):[a-zA-"
        r"Z0-9-_]{1,64})",
    ),
]
LayerNameOrArn = Annotated[
    str,
    limits(
        1,
        2048,
        pattern=r"(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{"
        r"1}:\d{12}:layer:[a-zA-Z0-9-_]{1,140}|[a-zA-Z0-9-_]{1,140})",
    ),
]
LicenseInfo = Annotated[str, limits(0, 512, pattern=r".*")]
LayerArn = Annotated[
    str,
    limits(
        1,
        2048,
        pattern=r"arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1"
        r"}:\d{12}:layer:[a-zA-Z0-9-_]+",
    ),
]
MaxLayerListItems = Annotated[int, within(1, 50)]
LayerName = Annotated[
    str,
    limits(
        1,
        140,
        pattern=r"(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{"
        r"1}:\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+",
    ),
]
UnreservedConcurrentExecutions = Annotated[int, within(0)]
