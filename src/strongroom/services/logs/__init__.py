"""CloudWatch Logs, API 2014-03-28: the table of its operations. Groups, streams and events.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/
"""

from __future__ import annotations

from functools import cache
from typing import Any

from msgspec.structs import replace

from strongroom.gateway.operation import JSON_ERRORS, Operation, Service
from strongroom.services.logs.unserved import UNSERVED


@cache
def _operations() -> tuple[Operation[Any, Any], ...]:
    from strongroom.services.logs.create_log_group import CREATE_LOG_GROUP
    from strongroom.services.logs.create_log_stream import CREATE_LOG_STREAM
    from strongroom.services.logs.delete_log_group import DELETE_LOG_GROUP
    from strongroom.services.logs.delete_log_stream import DELETE_LOG_STREAM
    from strongroom.services.logs.delete_retention_policy import DELETE_RETENTION_POLICY
    from strongroom.services.logs.describe_log_groups import DESCRIBE_LOG_GROUPS
    from strongroom.services.logs.describe_log_streams import DESCRIBE_LOG_STREAMS
    from strongroom.services.logs.filter_log_events import FILTER_LOG_EVENTS
    from strongroom.services.logs.get_log_events import GET_LOG_EVENTS
    from strongroom.services.logs.list_tags_for_resource import LIST_TAGS_FOR_RESOURCE
    from strongroom.services.logs.list_tags_log_group import LIST_TAGS_LOG_GROUP
    from strongroom.services.logs.put_log_events import PUT_LOG_EVENTS
    from strongroom.services.logs.put_log_group_deletion_protection import PUT_LOG_GROUP_DELETION_PROTECTION
    from strongroom.services.logs.put_retention_policy import PUT_RETENTION_POLICY
    from strongroom.services.logs.tag_log_group import TAG_LOG_GROUP
    from strongroom.services.logs.tag_resource import TAG_RESOURCE
    from strongroom.services.logs.untag_log_group import UNTAG_LOG_GROUP
    from strongroom.services.logs.untag_resource import UNTAG_RESOURCE

    return (
        CREATE_LOG_GROUP,
        CREATE_LOG_STREAM,
        DELETE_LOG_GROUP,
        DELETE_LOG_STREAM,
        DELETE_RETENTION_POLICY,
        DESCRIBE_LOG_GROUPS,
        DESCRIBE_LOG_STREAMS,
        FILTER_LOG_EVENTS,
        GET_LOG_EVENTS,
        LIST_TAGS_FOR_RESOURCE,
        LIST_TAGS_LOG_GROUP,
        PUT_LOG_EVENTS,
        PUT_LOG_GROUP_DELETION_PROTECTION,
        PUT_RETENTION_POLICY,
        TAG_LOG_GROUP,
        TAG_RESOURCE,
        UNTAG_LOG_GROUP,
        UNTAG_RESOURCE,
    )


SERVICE = Service(
    name="logs",
    event_source="logs.amazonaws.com",
    protocol="json",
    target_prefix="Logs_20140328",
    version="2014-03-28",
    # The log service words broken bounds as an error of its own.
    errors=replace(
        JSON_ERRORS,
        validation=("InvalidParameterException", 400),
        internal=("ServiceUnavailableException", 500),
    ),
    load=_operations,
    unserved=UNSERVED,
    message_member="message",
)
