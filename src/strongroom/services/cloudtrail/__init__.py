"""CloudTrail, API 2013-11-01: the event history today; trails, digests and queries are listed as unserved.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/
"""

from __future__ import annotations

from functools import cache
from typing import Any

from strongroom.gateway.operation import JSON_ERRORS, Operation, Service

_NO_TRAILS = "this version keeps the event history, and no trails yet; search it with LookupEvents."
_NO_QUERIES = "this version does not run queries over the trail yet; search it with LookupEvents."


@cache
def _operations() -> tuple[Operation[Any, Any], ...]:
    from strongroom.services.cloudtrail.lookup_events import LOOKUP_EVENTS

    return (LOOKUP_EVENTS,)


SERVICE = Service(
    name="cloudtrail",
    event_source="cloudtrail.amazonaws.com",
    protocol="json",
    target_prefix="CloudTrail_20131101",
    version="2013-11-01",
    errors=JSON_ERRORS,
    load=_operations,
    unserved={
        **dict.fromkeys(
            (
                "AddTags",
                "CreateTrail",
                "DeleteTrail",
                "DescribeTrails",
                "GetEventSelectors",
                "GetTrail",
                "GetTrailStatus",
                "ListPublicKeys",
                "ListTags",
                "ListTrails",
                "PutEventSelectors",
                "RemoveTags",
                "StartLogging",
                "StopLogging",
                "UpdateTrail",
            ),
            _NO_TRAILS,
        ),
        **dict.fromkeys(
            (
                "CancelQuery",
                "CreateEventDataStore",
                "DeleteEventDataStore",
                "DescribeQuery",
                "GetEventDataStore",
                "GetQueryResults",
                "ListEventDataStores",
                "ListQueries",
                "StartQuery",
            ),
            _NO_QUERIES,
        ),
    },
    # The events of IAM are in its home Region, whether or not the deployment has secrets there.
    regions_also=("us-east-1",),
    message_member="message",
)
