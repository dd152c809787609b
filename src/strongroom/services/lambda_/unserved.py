"""What Lambda has and Strongroom does not serve, each with the reason that the client is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_NO_SOURCES: Final = (
    "there are no queues or streams here; rules and schedules invoke functions by themselves."
)
_NO_SIGNING: Final = "code is not signed here; who may upload it is decided by policies."
_NO_URLS: Final = "functions have no addresses of their own; call Invoke."
_NO_PROVISIONED: Final = "sandboxes are not kept ready; they are started when they are needed."
_NO_SHARED_LAYERS: Final = "layers belong to one account; publish the layer in each account."
_NO_INSTANCES: Final = "functions run on this server, not on instances of a provider."
_NO_DURABLE: Final = "functions run at most 15 minutes and are not resumed."
_ONE_RUNTIME: Final = "each runtime has one version: the interpreter of this server."
_NO_NEW_POLICIES: Final = "use AddPermission, RemovePermission and GetPolicy."

UNSERVED: Final[Mapping[str, str]] = {
    "AddLayerVersionPermission": _NO_SHARED_LAYERS,
    "CheckpointDurableExecution": _NO_DURABLE,
    "CreateCapacityProvider": _NO_INSTANCES,
    "CreateCodeSigningConfig": _NO_SIGNING,
    "CreateEventSourceMapping": _NO_SOURCES,
    "CreateFunctionUrlConfig": _NO_URLS,
    "DeleteCapacityProvider": _NO_INSTANCES,
    "DeleteCodeSigningConfig": _NO_SIGNING,
    "DeleteDurableExecution": _NO_DURABLE,
    "DeleteEventSourceMapping": _NO_SOURCES,
    "DeleteFunctionCodeSigningConfig": _NO_SIGNING,
    "DeleteFunctionUrlConfig": _NO_URLS,
    "DeleteProvisionedConcurrencyConfig": _NO_PROVISIONED,
    "DeleteResourcePolicy": _NO_NEW_POLICIES,
    "GetCapacityProvider": _NO_INSTANCES,
    "GetCodeSigningConfig": _NO_SIGNING,
    "GetDurableExecution": _NO_DURABLE,
    "GetDurableExecutionHistory": _NO_DURABLE,
    "GetDurableExecutionState": _NO_DURABLE,
    "GetEventSourceMapping": _NO_SOURCES,
    "GetFunctionRecursionConfig": "invocations in a circle are not followed; timeouts and concurrency end them.",
    "GetFunctionScalingConfig": _NO_INSTANCES,
    "GetFunctionUrlConfig": _NO_URLS,
    "GetLayerVersionPolicy": _NO_SHARED_LAYERS,
    "GetProvisionedConcurrencyConfig": _NO_PROVISIONED,
    "GetResourcePolicy": _NO_NEW_POLICIES,
    "GetRuntimeManagementConfig": _ONE_RUNTIME,
    "InvokeAsync": "it is deprecated; use Invoke with the invocation type Event.",
    "InvokeWithResponseStream": "answers are not streamed; use Invoke.",
    "ListCapacityProviders": _NO_INSTANCES,
    "ListCodeSigningConfigs": _NO_SIGNING,
    "ListDurableExecutionsByFunction": _NO_DURABLE,
    "ListFunctionUrlConfigs": _NO_URLS,
    "ListFunctionVersionsByCapacityProvider": _NO_INSTANCES,
    "ListFunctionsByCodeSigningConfig": _NO_SIGNING,
    "ListProvisionedConcurrencyConfigs": _NO_PROVISIONED,
    "PauseDurableExecution": _NO_DURABLE,
    "PutFunctionCodeSigningConfig": _NO_SIGNING,
    "PutFunctionRecursionConfig": "invocations in a circle are not followed; timeouts and concurrency end them.",
    "PutFunctionScalingConfig": _NO_INSTANCES,
    "PutProvisionedConcurrencyConfig": _NO_PROVISIONED,
    "PutResourcePolicy": _NO_NEW_POLICIES,
    "PutRuntimeManagementConfig": _ONE_RUNTIME,
    "RemoveLayerVersionPermission": _NO_SHARED_LAYERS,
    "ResumeDurableExecution": _NO_DURABLE,
    "SendDurableExecutionCallbackFailure": _NO_DURABLE,
    "SendDurableExecutionCallbackHeartbeat": _NO_DURABLE,
    "SendDurableExecutionCallbackSuccess": _NO_DURABLE,
    "StopDurableExecution": _NO_DURABLE,
    "UpdateCapacityProvider": _NO_INSTANCES,
    "UpdateCodeSigningConfig": _NO_SIGNING,
    "UpdateEventSourceMapping": _NO_SOURCES,
    "UpdateFunctionUrlConfig": _NO_URLS,
}
