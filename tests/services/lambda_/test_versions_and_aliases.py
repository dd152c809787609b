"""Versions and aliases: what was published stays as it was, and names lead to it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.every_operation import CODE, make_zip
from tests.services.lambda_.test_functions import fetch, refused
from tests.support.accounts import Account

OTHER = make_zip(index="def handler(event, context): return 2\n")


def arn_of(account: Account, name: str, qualifier: str = "") -> str:
    """Write the ARN of a function."""
    tail = f":{qualifier}" if qualifier else ""
    return f"arn:aws:lambda:us-east-1:{account.account_id}:function:{name}{tail}"


def test_a_version_keeps_code_and_settings_whatever_latest_becomes(
    lambda_: Any, function: str, account: Account
) -> None:
    """The first version is that of the first code; publishing again without a change gives the same."""
    first = lambda_.publish_version(FunctionName=function, Description="one")
    assert first["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (first["Version"], first["Description"]) == ("1", "one")
    assert first["FunctionArn"] == arn_of(account, function, "1")
    assert lambda_.publish_version(FunctionName=function)["Version"] == "1"
    lambda_.update_function_code(FunctionName=function, ZipFile=OTHER, Publish=True)
    lambda_.update_function_configuration(FunctionName=function, Timeout=99)
    assert fetch(lambda_.get_function(FunctionName=function, Qualifier="1")["Code"]["Location"]) == CODE
    assert fetch(lambda_.get_function(FunctionName=f"{function}:2")["Code"]["Location"]) == OTHER
    assert lambda_.get_function_configuration(FunctionName=function, Qualifier="2")["Timeout"] == 3
    listed = lambda_.list_versions_by_function(FunctionName=function)["Versions"]
    assert [version["Version"] for version in listed] == ["$LATEST", "1", "2"]
    pages = lambda_.get_paginator("list_versions_by_function").paginate(
        FunctionName=function, PaginationConfig={"PageSize": 1}
    )
    assert [page["Versions"][0]["Version"] for page in pages] == ["$LATEST", "1", "2"]
    every = lambda_.list_functions(FunctionVersion="ALL")["Functions"]
    assert [one["Version"] for one in every if one["FunctionName"] == function] == ["$LATEST", "1", "2"]


def test_what_is_published_can_be_named_by_its_digest_and_revision(lambda_: Any, function: str) -> None:
    """Another digest and a stale revision are refused."""
    assert (
        "is different from current CodeSHA256"
        in refused(lambda_.publish_version, FunctionName=function, CodeSha256="other")[2]
    )
    assert refused(lambda_.publish_version, FunctionName=function, RevisionId="other")[1] == 412


def test_an_alias_leads_to_a_version_and_is_changed_and_deleted(
    lambda_: Any, function: str, account: Account
) -> None:
    """Its ARN stays when its version changes."""
    lambda_.publish_version(FunctionName=function)
    lambda_.update_function_code(FunctionName=function, ZipFile=OTHER, Publish=True)
    made = lambda_.create_alias(FunctionName=function, Name="live", FunctionVersion="1", Description="d")
    assert made["AliasArn"] == arn_of(account, function, "live")
    assert lambda_.get_alias(FunctionName=function, Name="live")["FunctionVersion"] == "1"
    assert lambda_.get_function(FunctionName=f"{function}:live")["Configuration"]["Version"] == "1"
    text = f"Alias already exists: {arn_of(account, function, 'live')}"
    assert refused(lambda_.create_alias, FunctionName=function, Name="live", FunctionVersion="1")[2] == text
    stale = refused(lambda_.update_alias, FunctionName=function, Name="live", RevisionId="x")
    assert stale[0] == "PreconditionFailedException"
    moved = lambda_.update_alias(FunctionName=function, Name="live", FunctionVersion="2")
    assert (moved["FunctionVersion"], moved["Description"]) == ("2", "d")
    assert [alias["Name"] for alias in lambda_.list_aliases(FunctionName=function)["Aliases"]] == ["live"]
    assert lambda_.list_aliases(FunctionName=function, FunctionVersion="1")["Aliases"] == []
    text = refused(lambda_.delete_function, FunctionName=function, Qualifier="2")[2]
    assert text.startswith("Version is used by alias(es), can't delete")
    lambda_.delete_alias(FunctionName=function, Name="live")
    lambda_.delete_alias(FunctionName=function, Name="live")
    text = f"Cannot find alias arn: {arn_of(account, function, 'live')}"
    assert refused(lambda_.get_alias, FunctionName=function, Name="live") == (
        "ResourceNotFoundException",
        404,
        text,
    )
    assert (
        lambda_.delete_function(FunctionName=function, Qualifier="2")["ResponseMetadata"]["HTTPStatusCode"]
        == 204
    )
    assert refused(lambda_.get_function, FunctionName=function, Qualifier="2")[1] == 404


@pytest.mark.parametrize(
    ("version", "weights", "text"),
    [
        ("7", {}, "Function not found"),
        ("1", {"1": 0.5}, "Invalid function version"),
        ("1", {"9": 0.5}, "Function not found"),
        ("$LATEST", {"1": 0.5}, "$LATEST is not supported"),
    ],
)
def test_an_alias_names_versions_that_exist(
    lambda_: Any, function: str, version: str, weights: dict[str, float], text: str
) -> None:
    """Nothing is kept of one that does not."""
    lambda_.publish_version(FunctionName=function)
    routing = {"AdditionalVersionWeights": weights}
    answer = refused(
        lambda_.create_alias,
        FunctionName=function,
        Name="live",
        FunctionVersion=version,
        RoutingConfig=routing,
    )
    assert text in answer[2]
    assert lambda_.list_aliases(FunctionName=function)["Aliases"] == []


def test_a_reservation_is_a_number_that_leaves_enough_for_others(lambda_: Any, function: str) -> None:
    """At least a hundred stay; zero blocks the function."""
    assert "ReservedConcurrentExecutions" not in lambda_.get_function_concurrency(FunctionName=function)
    text = refused(lambda_.put_function_concurrency, FunctionName=function, ReservedConcurrentExecutions=901)[
        2
    ]
    assert "below its minimum value of [100]" in text
    lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=900)
    settings = lambda_.get_account_settings()
    assert settings["AccountLimit"]["UnreservedConcurrentExecutions"] == 100
    assert settings["AccountUsage"] == {"FunctionCount": 1, "TotalCodeSize": len(CODE)}
    lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    assert lambda_.get_function(FunctionName=function)["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    answer = refused(lambda_.invoke, FunctionName=function)
    assert answer[:2] == ("TooManyRequestsException", 429)
    lambda_.delete_function_concurrency(FunctionName=function)
    assert "ReservedConcurrentExecutions" not in lambda_.get_function_concurrency(FunctionName=function)


def test_rules_for_events_are_kept_by_version_and_alias(
    lambda_: Any, function: str, account: Account
) -> None:
    """Put sets all of them, update those that it names; a destination is not served."""
    missing = refused(lambda_.get_function_event_invoke_config, FunctionName=function)
    assert missing[:2] == ("ResourceNotFoundException", 404)
    assert missing[2].endswith("doesn't have an EventInvokeConfig")
    put = lambda_.put_function_event_invoke_config(
        FunctionName=function, MaximumRetryAttempts=1, MaximumEventAgeInSeconds=60
    )
    assert put["FunctionArn"] == arn_of(account, function, "$LATEST")
    lambda_.update_function_event_invoke_config(FunctionName=function, MaximumRetryAttempts=0)
    shown = lambda_.get_function_event_invoke_config(FunctionName=function)
    assert (shown["MaximumRetryAttempts"], shown["MaximumEventAgeInSeconds"]) == (0, 60)
    assert shown["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}}
    listed = lambda_.list_function_event_invoke_configs(FunctionName=function)
    assert len(listed["FunctionEventInvokeConfigs"]) == 1
    destination = {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:queue"}}
    text = refused(
        lambda_.put_function_event_invoke_config, FunctionName=function, DestinationConfig=destination
    )[2]
    assert text == "DestinationConfig is not served by Strongroom."
    lambda_.delete_function_event_invoke_config(FunctionName=function)
    assert refused(lambda_.delete_function_event_invoke_config, FunctionName=function)[1] == 404


def test_tags_are_put_shown_and_taken_away(lambda_: Any, function: str, account: Account) -> None:
    """By the ARN of the function, which stands percent-encoded in the path."""
    arn = arn_of(account, function)
    lambda_.tag_resource(Resource=arn, Tags={"team": "ünï / x", "k": "v"})
    assert lambda_.list_tags(Resource=arn)["Tags"] == {"team": "ünï / x", "k": "v"}
    lambda_.untag_resource(Resource=arn, TagKeys=["k", "absent"])
    assert lambda_.get_function(FunctionName=function)["Tags"] == {"team": "ünï / x"}
    assert "aliases and versions are not supported" in refused(lambda_.list_tags, Resource=arn + ":1")[2]


def test_layers_are_published_used_listed_and_deleted(lambda_: Any, function: str, account: Account) -> None:
    """A version that is deleted goes on working in the functions that have it; no number is given twice."""
    content = {"ZipFile": OTHER}
    first = lambda_.publish_layer_version(
        LayerName="tools", Content=content, CompatibleRuntimes=["python3.12"]
    )
    second = lambda_.publish_layer_version(LayerName="tools", Content=content, Description="two")
    assert (first["Version"], second["Version"]) == (1, 2)
    assert fetch(first["Content"]["Location"]) == OTHER
    arn = first["LayerVersionArn"]
    assert lambda_.get_layer_version_by_arn(Arn=arn)["CompatibleRuntimes"] == ["python3.12"]
    assert (
        fetch(lambda_.get_layer_version(LayerName="tools", VersionNumber=2)["Content"]["Location"]) == OTHER
    )
    versions = lambda_.list_layer_versions(LayerName="tools")["LayerVersions"]
    assert [version["Version"] for version in versions] == [2, 1]
    layers = lambda_.list_layers(CompatibleRuntime="python3.12")["Layers"]
    assert [(layer["LayerName"], layer["LatestMatchingVersion"]["Version"]) for layer in layers] == [
        ("tools", 1)
    ]
    used = lambda_.update_function_configuration(FunctionName=function, Layers=[arn])
    assert used["Layers"] == [{"Arn": arn, "CodeSize": len(OTHER)}]
    for number in (1, 2, 2):
        lambda_.delete_layer_version(LayerName="tools", VersionNumber=number)
    assert refused(lambda_.get_layer_version, LayerName="tools", VersionNumber=1)[1] == 404
    assert lambda_.list_layers()["Layers"] == []
    assert lambda_.publish_layer_version(LayerName="tools", Content=content)["Version"] == 3
    assert lambda_.get_function_configuration(FunctionName=function)["Layers"] == [
        {"Arn": arn, "CodeSize": len(OTHER)}
    ]
    two = [arn.rpartition(":")[0] + ":3"] * 2  # an account may begin with the number that would be replaced
    assert (
        "Two different versions"
        in refused(lambda_.update_function_configuration, FunctionName=function, Layers=two)[2]
    )
