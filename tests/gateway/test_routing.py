"""The operations of a service are loaded when they are asked for, and refused all the same when there are none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from strongroom.gateway.operation import Operation, Service
from strongroom.gateway.routing import Router, Unroutable
from strongroom.http_message import RawRequest
from strongroom.services.table import SERVICES

SECRETSMANAGER = next(service for service in SERVICES if service.name == "secretsmanager")
SERVED = SECRETSMANAGER.operations


def ask(name: str) -> RawRequest:
    """Give the head of a request for an operation."""
    headers = (
        (b"content-type", b"application/x-amz-json-1.1"),
        (b"x-amz-target", b"secretsmanager." + name.encode()),
    )
    return RawRequest(b"POST", b"/", b"", headers, b"{}", "127.0.0.1", False, "id")


def router_of(load: Callable[[], Iterator[Operation[Any, Any]]]) -> Router:
    """Make a router that knows one service."""
    service: Service = msgspec.structs.replace(SECRETSMANAGER, load=load)
    return Router((service,))


def test_operations_are_loaded_up_to_the_one_that_is_asked_for() -> None:
    """What is loaded already, and what is not served, loads no more."""
    loaded: list[str] = []

    def load() -> Iterator[Operation[Any, Any]]:
        for operation in SERVED:
            loaded.append(operation.name)
            yield operation

    router = router_of(load)
    for _ in range(2):
        assert router.find(ask(SERVED[2].name)).operation is SERVED[2]
        assert router.find(ask(SERVED[0].name)).operation is SERVED[0]
        assert router.find(ask("StopReplicationToReplica")).operation is None
        assert loaded == [operation.name for operation in SERVED[:3]]
    assert router.find(ask(SERVED[-1].name)).operation is SERVED[-1]
    assert loaded == [operation.name for operation in SERVED]


@pytest.mark.parametrize(
    "changes", [{"method": b"GET"}, {"method": b"PUT"}, {"path": b"/x"}, {"query": b"?"}]
)
def test_a_known_target_is_one_on_its_own_path_and_by_post_alone(changes: dict[str, bytes]) -> None:
    """The same headers with another method or path find nothing, before and after they found something."""
    for routers in (Router(SERVICES), Router(SERVICES)):
        request = ask("GetSecretValue")
        other = msgspec.structs.replace(request, **changes)
        for _ in range(2):
            if "query" in changes:
                assert routers.find(other).name == "GetSecretValue"
            else:
                with pytest.raises(Unroutable):
                    routers.find(other)
            assert routers.find(request).name == "GetSecretValue"


def test_an_unknown_operation_is_refused_at_once_and_the_known_ones_are_found_after_it() -> None:
    """Whether a service was loaded does not show in its answers."""
    router = router_of(lambda: iter(SERVED))
    for _ in range(2):
        with pytest.raises(Unroutable) as refused:
            router.find(ask("GetSecretValues"))
        assert refused.value.code == "UnknownOperationException"
    assert [router.find(ask(operation.name)).operation for operation in SERVED] == list(SERVED)


def test_an_operation_that_cannot_be_loaded_is_not_taken_for_an_unknown_one() -> None:
    """The failure goes up, each time: the client is answered with a 500, and tries again."""
    is_broken = True

    def load() -> Iterator[Operation[Any, Any]]:
        yield SERVED[0]
        if is_broken:
            raise ImportError
        yield SERVED[1]

    router = router_of(load)
    for _ in range(2):
        with pytest.raises(ImportError):
            router.find(ask(SERVED[1].name))
        assert router.find(ask(SERVED[0].name)).operation is SERVED[0]
    is_broken = False
    assert router.find(ask(SERVED[1].name)).operation is SERVED[1]
