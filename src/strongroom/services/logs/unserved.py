"""What of the log service is not served, each with the reason that the client is told."""

from __future__ import annotations

from typing import Final

_METRICS: Final = "this version makes no metrics of log events yet."
_KEYS: Final = "log events are sealed under the deployment's own keyring; a key of KMS cannot be chosen."
_QUERIES: Final = "this version has no query language for logs; search with FilterLogEvents."
_LIVE: Final = "poll FilterLogEvents instead, as aws logs tail --follow does."
_DELIVERY: Final = "log events are not delivered to other services."
_SUBSCRIPTIONS: Final = "log events are not passed on to other services as they arrive."
_EXPORT: Final = (
    "log events are neither exported to nor imported from buckets; read them with FilterLogEvents."
)
_POLICIES: Final = "rights to logs are given by policies of IAM alone."
_ACCOUNT: Final = "there are no settings of logs for a whole account."
_MASKING: Final = "log events are shown as they were written to whoever may read them."
_CHANGING: Final = "log events are kept as they were written."
_ANOMALIES: Final = "no anomalies are looked for in logs."
_SYSLOG: Final = "log events arrive through PutLogEvents alone."
_ELSEWHERE: Final = "log events lie in the store of the deployment alone."

UNSERVED: Final = {
    **dict.fromkeys(
        ("DeleteMetricFilter", "DescribeMetricFilters", "PutMetricFilter", "TestMetricFilter"), _METRICS
    ),
    **dict.fromkeys(("AssociateKmsKey", "DisassociateKmsKey"), _KEYS),
    **dict.fromkeys(
        (
            "CreateLookupTable",
            "CreateScheduledQuery",
            "DeleteLookupTable",
            "DeleteQueryDefinition",
            "DeleteScheduledQuery",
            "DescribeFieldIndexes",
            "DescribeLookupTables",
            "DescribeQueries",
            "DescribeQueryDefinitions",
            "GetLogFields",
            "GetLogGroupFields",
            "GetLogObject",
            "GetLogRecord",
            "GetLookupTable",
            "GetQueryResults",
            "GetScheduledQuery",
            "GetScheduledQueryHistory",
            "ListAggregateLogGroupSummaries",
            "ListLogGroupsForQuery",
            "ListScheduledQueries",
            "PutQueryDefinition",
            "StartQuery",
            "StopQuery",
            "UpdateLookupTable",
            "UpdateScheduledQuery",
        ),
        _QUERIES,
    ),
    "ListLogGroups": "list log groups with DescribeLogGroups.",
    "StartLiveTail": _LIVE,
    **dict.fromkeys(
        (
            "CreateDelivery",
            "DeleteDelivery",
            "DeleteDeliveryDestination",
            "DeleteDeliveryDestinationPolicy",
            "DeleteDeliverySource",
            "DescribeConfigurationTemplates",
            "DescribeDeliveries",
            "DescribeDeliveryDestinations",
            "DescribeDeliverySources",
            "GetDelivery",
            "GetDeliveryDestination",
            "GetDeliveryDestinationPolicy",
            "GetDeliverySource",
            "PutDeliveryDestination",
            "PutDeliveryDestinationPolicy",
            "PutDeliverySource",
            "UpdateDeliveryConfiguration",
        ),
        _DELIVERY,
    ),
    **dict.fromkeys(
        (
            "DeleteDestination",
            "DeleteSubscriptionFilter",
            "DescribeDestinations",
            "DescribeSubscriptionFilters",
            "PutDestination",
            "PutDestinationPolicy",
            "PutSubscriptionFilter",
        ),
        _SUBSCRIPTIONS,
    ),
    **dict.fromkeys(
        (
            "CancelExportTask",
            "CancelImportTask",
            "CreateExportTask",
            "CreateImportTask",
            "DescribeExportTasks",
            "DescribeImportTaskBatches",
            "DescribeImportTasks",
        ),
        _EXPORT,
    ),
    **dict.fromkeys(
        (
            "DeleteResourcePolicy",
            "DescribeResourcePolicies",
            "PutBearerTokenAuthentication",
            "PutResourcePolicy",
        ),
        _POLICIES,
    ),
    **dict.fromkeys(
        (
            "DeleteAccountPolicy",
            "DeleteIndexPolicy",
            "DescribeAccountPolicies",
            "DescribeIndexPolicies",
            "PutAccountPolicy",
            "PutIndexPolicy",
        ),
        _ACCOUNT,
    ),
    **dict.fromkeys(
        ("DeleteDataProtectionPolicy", "GetDataProtectionPolicy", "PutDataProtectionPolicy"), _MASKING
    ),
    **dict.fromkeys(("DeleteTransformer", "GetTransformer", "PutTransformer", "TestTransformer"), _CHANGING),
    **dict.fromkeys(
        (
            "CreateLogAnomalyDetector",
            "DeleteLogAnomalyDetector",
            "GetLogAnomalyDetector",
            "ListAnomalies",
            "ListLogAnomalyDetectors",
            "UpdateAnomaly",
            "UpdateLogAnomalyDetector",
        ),
        _ANOMALIES,
    ),
    **dict.fromkeys(
        ("DeleteSyslogConfiguration", "ListSyslogConfigurations", "PutSyslogConfiguration"), _SYSLOG
    ),
    **dict.fromkeys(
        (
            "AssociateSourceToS3TableIntegration",
            "DeleteIntegration",
            "DisassociateSourceFromS3TableIntegration",
            "GetIntegration",
            "GetStorageTierPolicy",
            "ListIntegrations",
            "ListSourcesForS3TableIntegration",
            "PutIntegration",
            "PutStorageTierPolicy",
        ),
        _ELSEWHERE,
    ),
}
