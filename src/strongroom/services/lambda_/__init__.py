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
    from strongroom.services.lambda_.create_function import CREATE_FUNCTION

    yield CREATE_FUNCTION
    from strongroom.services.lambda_.delete_function import DELETE_FUNCTION

    yield DELETE_FUNCTION
    from strongroom.services.lambda_.download_code import DOWNLOAD_CODE

    yield DOWNLOAD_CODE
    from strongroom.services.lambda_.get_function import GET_FUNCTION

    yield GET_FUNCTION
    from strongroom.services.lambda_.get_function_code_signing_config import GET_FUNCTION_CODE_SIGNING_CONFIG

    yield GET_FUNCTION_CODE_SIGNING_CONFIG
    from strongroom.services.lambda_.get_function_configuration import GET_FUNCTION_CONFIGURATION

    yield GET_FUNCTION_CONFIGURATION
    from strongroom.services.lambda_.get_policy import GET_POLICY

    yield GET_POLICY
    from strongroom.services.lambda_.invoke import INVOKE

    yield INVOKE
    from strongroom.services.lambda_.list_functions import LIST_FUNCTIONS

    yield LIST_FUNCTIONS
    from strongroom.services.lambda_.remove_permission import REMOVE_PERMISSION

    yield REMOVE_PERMISSION
    from strongroom.services.lambda_.update_function_code import UPDATE_FUNCTION_CODE

    yield UPDATE_FUNCTION_CODE
    from strongroom.services.lambda_.update_function_configuration import UPDATE_FUNCTION_CONFIGURATION

    yield UPDATE_FUNCTION_CONFIGURATION


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
