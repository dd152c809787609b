"""Where the operations of Lambda, served or not, stand in paths, queries and headers.

DownloadCode is ours, and so is the host among the members of what answers with an address of code.

Source: the service model that botocore ships; ``tests/services/lambda_/test_conformance.py`` compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from strongroom.wire.rest_json import Binding

_PAGED: Final = {"Marker": "Marker", "MaxItems": "MaxItems"}
_HOST: Final = {"Host": "host"}
_QUALIFIED: Final = {"Qualifier": "Qualifier"}

BINDINGS: Final[Mapping[str, Binding]] = {
    "AddLayerVersionPermission": Binding(
        "POST", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy"
    ),
    "AddPermission": Binding(
        "POST", "/2015-03-31/functions/{FunctionName}/policy", status=201, query=_QUALIFIED
    ),
    "CheckpointDurableExecution": Binding(
        "POST", "/2025-12-01/durable-executions/{DurableExecutionArn}/checkpoint"
    ),
    "CreateAlias": Binding("POST", "/2015-03-31/functions/{FunctionName}/aliases", status=201),
    "CreateCapacityProvider": Binding("POST", "/2025-11-30/capacity-providers"),
    "CreateCodeSigningConfig": Binding("POST", "/2020-04-22/code-signing-configs"),
    "CreateEventSourceMapping": Binding("POST", "/2015-03-31/event-source-mappings"),
    "CreateFunction": Binding("POST", "/2015-03-31/functions", status=201),
    "CreateFunctionUrlConfig": Binding("POST", "/2021-10-31/functions/{FunctionName}/url"),
    "DeleteAlias": Binding("DELETE", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", status=204),
    "DeleteCapacityProvider": Binding("DELETE", "/2025-11-30/capacity-providers/{CapacityProviderName}"),
    "DeleteCodeSigningConfig": Binding("DELETE", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}"),
    "DeleteDurableExecution": Binding("DELETE", "/2025-12-01/durable-executions/{DurableExecutionArn}"),
    "DeleteEventSourceMapping": Binding("DELETE", "/2015-03-31/event-source-mappings/{UUID}"),
    "DeleteFunction": Binding(
        "DELETE", "/2015-03-31/functions/{FunctionName}", query=_QUALIFIED, reply_status="StatusCode"
    ),
    "DeleteFunctionCodeSigningConfig": Binding(
        "DELETE", "/2020-06-30/functions/{FunctionName}/code-signing-config"
    ),
    "DeleteFunctionConcurrency": Binding(
        "DELETE", "/2017-10-31/functions/{FunctionName}/concurrency", status=204
    ),
    "DeleteFunctionEventInvokeConfig": Binding(
        "DELETE", "/2019-09-25/functions/{FunctionName}/event-invoke-config", status=204, query=_QUALIFIED
    ),
    "DeleteFunctionUrlConfig": Binding("DELETE", "/2021-10-31/functions/{FunctionName}/url"),
    "DeleteLayerVersion": Binding(
        "DELETE", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}", status=204
    ),
    "DeleteProvisionedConcurrencyConfig": Binding(
        "DELETE", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency"
    ),
    "DeleteResourcePolicy": Binding("DELETE", "/2026-07-09/resource-policy/{ResourceArn}"),
    "DownloadCode": Binding(
        "GET", "/2015-03-31/code/{Token}", reply_payload="Archive", reply_type="application/zip"
    ),
    "GetAccountSettings": Binding("GET", "/2016-08-19/account-settings"),
    "GetAlias": Binding("GET", "/2015-03-31/functions/{FunctionName}/aliases/{Name}"),
    "GetCapacityProvider": Binding("GET", "/2025-11-30/capacity-providers/{CapacityProviderName}"),
    "GetCodeSigningConfig": Binding("GET", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}"),
    "GetDurableExecution": Binding("GET", "/2025-12-01/durable-executions/{DurableExecutionArn}"),
    "GetDurableExecutionHistory": Binding(
        "GET", "/2025-12-01/durable-executions/{DurableExecutionArn}/history"
    ),
    "GetDurableExecutionState": Binding("GET", "/2025-12-01/durable-executions/{DurableExecutionArn}/state"),
    "GetEventSourceMapping": Binding("GET", "/2015-03-31/event-source-mappings/{UUID}"),
    "GetFunction": Binding("GET", "/2015-03-31/functions/{FunctionName}", query=_QUALIFIED, headers=_HOST),
    "GetFunctionCodeSigningConfig": Binding(
        "GET", "/2020-06-30/functions/{FunctionName}/code-signing-config"
    ),
    "GetFunctionConcurrency": Binding("GET", "/2019-09-30/functions/{FunctionName}/concurrency"),
    "GetFunctionConfiguration": Binding(
        "GET", "/2015-03-31/functions/{FunctionName}/configuration", query=_QUALIFIED
    ),
    "GetFunctionEventInvokeConfig": Binding(
        "GET", "/2019-09-25/functions/{FunctionName}/event-invoke-config", query=_QUALIFIED
    ),
    "GetFunctionRecursionConfig": Binding("GET", "/2024-08-31/functions/{FunctionName}/recursion-config"),
    "GetFunctionScalingConfig": Binding(
        "GET", "/2025-11-30/functions/{FunctionName}/function-scaling-config"
    ),
    "GetFunctionUrlConfig": Binding("GET", "/2021-10-31/functions/{FunctionName}/url"),
    "GetLayerVersion": Binding(
        "GET", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}", headers=_HOST
    ),
    "GetLayerVersionByArn": Binding(
        "GET", "/2018-10-31/layers", query={"Arn": "Arn"}, headers=_HOST, marks=b"find=LayerVersion"
    ),
    "GetLayerVersionPolicy": Binding("GET", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy"),
    "GetPolicy": Binding("GET", "/2015-03-31/functions/{FunctionName}/policy", query=_QUALIFIED),
    "GetProvisionedConcurrencyConfig": Binding(
        "GET", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency"
    ),
    "GetResourcePolicy": Binding("GET", "/2026-07-09/resource-policy/{ResourceArn}"),
    "GetRuntimeManagementConfig": Binding(
        "GET", "/2021-07-20/functions/{FunctionName}/runtime-management-config"
    ),
    "Invoke": Binding(
        "POST",
        "/2015-03-31/functions/{FunctionName}/invocations",
        query=_QUALIFIED,
        headers={
            "InvocationType": "x-amz-invocation-type",
            "LogType": "x-amz-log-type",
            "ClientContext": "x-amz-client-context",
            "DurableExecutionName": "x-amz-durable-execution-name",
            "TenantId": "x-amz-tenant-id",
        },
        payload="Payload",
        reply_status="StatusCode",
        reply_headers={
            "FunctionError": "X-Amz-Function-Error",
            "LogResult": "X-Amz-Log-Result",
            "ExecutedVersion": "X-Amz-Executed-Version",
            "DurableExecutionArn": "X-Amz-Durable-Execution-Arn",
        },
        reply_payload="Payload",
    ),
    "InvokeAsync": Binding("POST", "/2014-11-13/functions/{FunctionName}/invoke-async"),
    "InvokeWithResponseStream": Binding(
        "POST", "/2021-11-15/functions/{FunctionName}/response-streaming-invocations"
    ),
    "ListAliases": Binding(
        "GET",
        "/2015-03-31/functions/{FunctionName}/aliases",
        query={"FunctionVersion": "FunctionVersion", "Marker": "Marker", "MaxItems": "MaxItems"},
    ),
    "ListCapacityProviders": Binding("GET", "/2025-11-30/capacity-providers"),
    "ListCodeSigningConfigs": Binding("GET", "/2020-04-22/code-signing-configs"),
    "ListDurableExecutionsByFunction": Binding(
        "GET", "/2025-12-01/functions/{FunctionName}/durable-executions"
    ),
    "ListEventSourceMappings": Binding(
        "GET",
        "/2015-03-31/event-source-mappings",
        query={"EventSourceArn": "EventSourceArn", "FunctionName": "FunctionName", **_PAGED},
    ),
    "ListFunctionEventInvokeConfigs": Binding(
        "GET", "/2019-09-25/functions/{FunctionName}/event-invoke-config/list", query=_PAGED
    ),
    "ListFunctionUrlConfigs": Binding("GET", "/2021-10-31/functions/{FunctionName}/urls"),
    "ListFunctionVersionsByCapacityProvider": Binding(
        "GET", "/2025-11-30/capacity-providers/{CapacityProviderName}/function-versions"
    ),
    "ListFunctions": Binding(
        "GET",
        "/2015-03-31/functions",
        query={
            "MasterRegion": "MasterRegion",
            "FunctionVersion": "FunctionVersion",
            "Marker": "Marker",
            "MaxItems": "MaxItems",
        },
    ),
    "ListFunctionsByCodeSigningConfig": Binding(
        "GET", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}/functions"
    ),
    "ListLayerVersions": Binding(
        "GET",
        "/2018-10-31/layers/{LayerName}/versions",
        query={
            "CompatibleArchitecture": "CompatibleArchitecture",
            "CompatibleRuntime": "CompatibleRuntime",
            "Marker": "Marker",
            "MaxItems": "MaxItems",
        },
    ),
    "ListLayers": Binding(
        "GET",
        "/2018-10-31/layers",
        query={
            "CompatibleArchitecture": "CompatibleArchitecture",
            "CompatibleRuntime": "CompatibleRuntime",
            "Marker": "Marker",
            "MaxItems": "MaxItems",
        },
    ),
    "ListProvisionedConcurrencyConfigs": Binding(
        "GET", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency", marks=b"List=ALL"
    ),
    "ListTags": Binding("GET", "/2017-03-31/tags/{Resource}"),
    "ListVersionsByFunction": Binding("GET", "/2015-03-31/functions/{FunctionName}/versions", query=_PAGED),
    "PauseDurableExecution": Binding("POST", "/2025-12-01/durable-executions/{DurableExecutionArn}/pause"),
    "PublishLayerVersion": Binding(
        "POST", "/2018-10-31/layers/{LayerName}/versions", status=201, headers=_HOST
    ),
    "PublishVersion": Binding("POST", "/2015-03-31/functions/{FunctionName}/versions", status=201),
    "PutFunctionCodeSigningConfig": Binding(
        "PUT", "/2020-06-30/functions/{FunctionName}/code-signing-config"
    ),
    "PutFunctionConcurrency": Binding("PUT", "/2017-10-31/functions/{FunctionName}/concurrency"),
    "PutFunctionEventInvokeConfig": Binding(
        "PUT", "/2019-09-25/functions/{FunctionName}/event-invoke-config", query=_QUALIFIED
    ),
    "PutFunctionRecursionConfig": Binding("PUT", "/2024-08-31/functions/{FunctionName}/recursion-config"),
    "PutFunctionScalingConfig": Binding(
        "PUT", "/2025-11-30/functions/{FunctionName}/function-scaling-config"
    ),
    "PutProvisionedConcurrencyConfig": Binding(
        "PUT", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency"
    ),
    "PutResourcePolicy": Binding("PUT", "/2026-07-09/resource-policy/{ResourceArn}"),
    "PutRuntimeManagementConfig": Binding(
        "PUT", "/2021-07-20/functions/{FunctionName}/runtime-management-config"
    ),
    "RemoveLayerVersionPermission": Binding(
        "DELETE", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy/{StatementId}"
    ),
    "RemovePermission": Binding(
        "DELETE",
        "/2015-03-31/functions/{FunctionName}/policy/{StatementId}",
        status=204,
        query={"Qualifier": "Qualifier", "RevisionId": "RevisionId"},
    ),
    "ResumeDurableExecution": Binding("POST", "/2025-12-01/durable-executions/{DurableExecutionArn}/resume"),
    "SendDurableExecutionCallbackFailure": Binding(
        "POST", "/2025-12-01/durable-execution-callbacks/{CallbackId}/fail"
    ),
    "SendDurableExecutionCallbackHeartbeat": Binding(
        "POST", "/2025-12-01/durable-execution-callbacks/{CallbackId}/heartbeat"
    ),
    "SendDurableExecutionCallbackSuccess": Binding(
        "POST", "/2025-12-01/durable-execution-callbacks/{CallbackId}/succeed"
    ),
    "StopDurableExecution": Binding("POST", "/2025-12-01/durable-executions/{DurableExecutionArn}/stop"),
    "TagResource": Binding("POST", "/2017-03-31/tags/{Resource}", status=204),
    "UntagResource": Binding(
        "DELETE", "/2017-03-31/tags/{Resource}", status=204, query={"TagKeys": "tagKeys"}
    ),
    "UpdateAlias": Binding("PUT", "/2015-03-31/functions/{FunctionName}/aliases/{Name}"),
    "UpdateCapacityProvider": Binding("PUT", "/2025-11-30/capacity-providers/{CapacityProviderName}"),
    "UpdateCodeSigningConfig": Binding("PUT", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}"),
    "UpdateEventSourceMapping": Binding("PUT", "/2015-03-31/event-source-mappings/{UUID}"),
    "UpdateFunctionCode": Binding("PUT", "/2015-03-31/functions/{FunctionName}/code"),
    "UpdateFunctionConfiguration": Binding("PUT", "/2015-03-31/functions/{FunctionName}/configuration"),
    "UpdateFunctionEventInvokeConfig": Binding(
        "POST", "/2019-09-25/functions/{FunctionName}/event-invoke-config", query=_QUALIFIED
    ),
    "UpdateFunctionUrlConfig": Binding("PUT", "/2021-10-31/functions/{FunctionName}/url"),
}
"""By the name of the operation."""
