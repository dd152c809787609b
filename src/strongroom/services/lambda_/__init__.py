"""Lambda, API 2015-03-31: the table of its operations.

The folder's name has an underscore because ``lambda`` is a word of Python.

Source: https://docs.aws.amazon.com/lambda/latest/api/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from strongroom.gateway.operation import REST_ERRORS, Operation, Service
from strongroom.services.lambda_.errors import LOWER_CODES
from strongroom.services.lambda_.unserved import UNSERVED
from strongroom.wire.rest_json import Binding


def _bindings() -> Mapping[str, Binding]:
    # Imported with the first request to such a path.
    from strongroom.services.lambda_.bindings import BINDINGS

    return BINDINGS


def _operations() -> Iterator[Operation[Any, Any]]:
    # Each is imported when it is asked for.
    from strongroom.services.lambda_.add_permission import ADD_PERMISSION

    yield ADD_PERMISSION
    from strongroom.services.lambda_.create_alias import CREATE_ALIAS

    yield CREATE_ALIAS
    from strongroom.services.lambda_.create_function import CREATE_FUNCTION

    yield CREATE_FUNCTION
    from strongroom.services.lambda_.delete_alias import DELETE_ALIAS

    yield DELETE_ALIAS
    from strongroom.services.lambda_.delete_function import DELETE_FUNCTION

    yield DELETE_FUNCTION
    from strongroom.services.lambda_.delete_function_concurrency import DELETE_FUNCTION_CONCURRENCY

    yield DELETE_FUNCTION_CONCURRENCY
    from strongroom.services.lambda_.delete_function_event_invoke_config import (
        DELETE_FUNCTION_EVENT_INVOKE_CONFIG,
    )

    yield DELETE_FUNCTION_EVENT_INVOKE_CONFIG
    from strongroom.services.lambda_.delete_layer_version import DELETE_LAYER_VERSION

    yield DELETE_LAYER_VERSION
    from strongroom.services.lambda_.download_code import DOWNLOAD_CODE

    yield DOWNLOAD_CODE
    from strongroom.services.lambda_.get_account_settings import GET_ACCOUNT_SETTINGS

    yield GET_ACCOUNT_SETTINGS
    from strongroom.services.lambda_.get_alias import GET_ALIAS

    yield GET_ALIAS
    from strongroom.services.lambda_.get_function import GET_FUNCTION

    yield GET_FUNCTION
    from strongroom.services.lambda_.get_function_code_signing_config import GET_FUNCTION_CODE_SIGNING_CONFIG

    yield GET_FUNCTION_CODE_SIGNING_CONFIG
    from strongroom.services.lambda_.get_function_concurrency import GET_FUNCTION_CONCURRENCY

    yield GET_FUNCTION_CONCURRENCY
    from strongroom.services.lambda_.get_function_configuration import GET_FUNCTION_CONFIGURATION

    yield GET_FUNCTION_CONFIGURATION
    from strongroom.services.lambda_.get_function_event_invoke_config import GET_FUNCTION_EVENT_INVOKE_CONFIG

    yield GET_FUNCTION_EVENT_INVOKE_CONFIG
    from strongroom.services.lambda_.get_layer_version import GET_LAYER_VERSION

    yield GET_LAYER_VERSION
    from strongroom.services.lambda_.get_layer_version_by_arn import GET_LAYER_VERSION_BY_ARN

    yield GET_LAYER_VERSION_BY_ARN
    from strongroom.services.lambda_.get_policy import GET_POLICY

    yield GET_POLICY
    from strongroom.services.lambda_.invoke import INVOKE

    yield INVOKE
    from strongroom.services.lambda_.list_aliases import LIST_ALIASES

    yield LIST_ALIASES
    from strongroom.services.lambda_.list_event_source_mappings import LIST_EVENT_SOURCE_MAPPINGS

    yield LIST_EVENT_SOURCE_MAPPINGS
    from strongroom.services.lambda_.list_function_event_invoke_configs import (
        LIST_FUNCTION_EVENT_INVOKE_CONFIGS,
    )

    yield LIST_FUNCTION_EVENT_INVOKE_CONFIGS
    from strongroom.services.lambda_.list_functions import LIST_FUNCTIONS

    yield LIST_FUNCTIONS
    from strongroom.services.lambda_.list_layer_versions import LIST_LAYER_VERSIONS

    yield LIST_LAYER_VERSIONS
    from strongroom.services.lambda_.list_layers import LIST_LAYERS

    yield LIST_LAYERS
    from strongroom.services.lambda_.list_tags import LIST_TAGS

    yield LIST_TAGS
    from strongroom.services.lambda_.list_versions_by_function import LIST_VERSIONS_BY_FUNCTION

    yield LIST_VERSIONS_BY_FUNCTION
    from strongroom.services.lambda_.publish_layer_version import PUBLISH_LAYER_VERSION

    yield PUBLISH_LAYER_VERSION
    from strongroom.services.lambda_.publish_version import PUBLISH_VERSION

    yield PUBLISH_VERSION
    from strongroom.services.lambda_.put_function_concurrency import PUT_FUNCTION_CONCURRENCY

    yield PUT_FUNCTION_CONCURRENCY
    from strongroom.services.lambda_.put_function_event_invoke_config import PUT_FUNCTION_EVENT_INVOKE_CONFIG

    yield PUT_FUNCTION_EVENT_INVOKE_CONFIG
    from strongroom.services.lambda_.remove_permission import REMOVE_PERMISSION

    yield REMOVE_PERMISSION
    from strongroom.services.lambda_.tag_resource import TAG_RESOURCE

    yield TAG_RESOURCE
    from strongroom.services.lambda_.untag_resource import UNTAG_RESOURCE

    yield UNTAG_RESOURCE
    from strongroom.services.lambda_.update_alias import UPDATE_ALIAS

    yield UPDATE_ALIAS
    from strongroom.services.lambda_.update_function_code import UPDATE_FUNCTION_CODE

    yield UPDATE_FUNCTION_CODE
    from strongroom.services.lambda_.update_function_configuration import UPDATE_FUNCTION_CONFIGURATION

    yield UPDATE_FUNCTION_CONFIGURATION
    from strongroom.services.lambda_.update_function_event_invoke_config import (
        UPDATE_FUNCTION_EVENT_INVOKE_CONFIG,
    )

    yield UPDATE_FUNCTION_EVENT_INVOKE_CONFIG


SERVICE = Service(
    name="lambda",
    event_source="lambda.amazonaws.com",
    protocol="rest-json",
    target_prefix="",
    version="2015-03-31",
    errors=REST_ERRORS,
    load=_operations,
    unserved=UNSERVED,
    bindings=_bindings,
    lower_codes=LOWER_CODES,
)
