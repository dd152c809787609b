"""Compares shapes, member by member and constraint by constraint, with the service model of botocore.

Use, in the test of a service::

    from tests.wire.conformance import Declared, check, load_model

    def test_every_shape_agrees_with_the_service_model() -> None:
        check(
            load_model("secretsmanager"),
            {"GetSecretValue": Declared(GetSecretValueRequest, GetSecretValueResponse, errors={...})},
            allowed={"GetSecretValue.request.SecretId.max": "why we differ on purpose"},
        )

Rules:
 - Everything counts: absent and extra members, types, ``required``, lengths and ranges, pattern, enumeration,
   ``sensitive``; with ``errors`` given, the codes of the operation too.
 - A deliberate difference is named exactly and has a reason. One that no longer exists fails the check, so
   that the list only shrinks.
 - A member of a response that is not required defaults to ``None``: any other default would be left out of
   the JSON when the value equals it.

The order of members and of enumerations is not compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from botocore.loaders import Loader

from strongroom.wire.describe import Kind, TypeInfo, describe
from strongroom.wire.shapes import Shape

Model = Mapping[str, Any]

_KINDS = {
    "string": Kind.STRING,
    "character": Kind.STRING,
    "integer": Kind.INTEGER,
    "long": Kind.INTEGER,
    "float": Kind.FLOAT,
    "double": Kind.FLOAT,
    "boolean": Kind.BOOLEAN,
    "timestamp": Kind.TIMESTAMP,
    "blob": Kind.BLOB,
    "list": Kind.LIST,
    "map": Kind.MAP,
    "structure": Kind.STRUCTURE,
}


@dataclass(frozen=True)
class Declared:
    """What we declare for one operation.

    Attributes:
        request: The shape of its input.
        response: The shape of its output; ``None`` where it has none.
        errors: The wire codes of its modelled errors; ``None`` to leave them out of the comparison.
    """

    request: type[Shape]
    response: type[Shape] | None
    errors: Set[str] | None = None


def load_model(service: str) -> Model:
    """Load the newest model of a service that botocore ships, for example ``secretsmanager``."""
    model: Model = Loader().load_service_model(service, "service-2")
    return model


def check(
    model: Model, operations: Mapping[str, Declared], *, allowed: Mapping[str, str] | None = None
) -> None:
    """Fail with every difference that is not allowed, and with every allowance that is idle or unreasoned."""
    allowed = allowed or {}
    found = dict(differences(model, operations))
    complaints = [f"{place}: {text}" for place, text in found.items() if place not in allowed]
    complaints += [
        f"{place}: allowed, but there is no such difference" for place in allowed if place not in found
    ]
    complaints += [
        f"{place}: allowed without a reason" for place, reason in allowed.items() if not reason.strip()
    ]
    assert not complaints, "shapes and service model differ:\n" + "\n".join(complaints)


def differences(model: Model, operations: Mapping[str, Declared]) -> Iterator[tuple[str, str]]:
    """Give the place and the text of every difference; a place is ``GetSecretValue.request.SecretId.max``."""
    for name, declared in operations.items():
        operation = model["operations"].get(name)
        if operation is None:
            yield f"{name}.operation", "the model has no such operation"
            continue
        comparison = _Comparison(model["shapes"])
        yield from comparison.top(
            f"{name}.request", operation.get("input"), declared.request, is_request=True
        )
        yield from comparison.top(
            f"{name}.response", operation.get("output"), declared.response, is_request=False
        )
        if declared.errors is not None:
            modelled = {_code(error["shape"], model) for error in operation.get("errors", ())}
            if modelled != declared.errors:
                missing, extra = sorted(modelled - declared.errors), sorted(declared.errors - modelled)
                yield f"{name}.errors", f"missing {missing}, extra {extra}"


def _code(shape: str, model: Model) -> str:
    code: str = model["shapes"][shape].get("error", {}).get("code", shape)
    return code


class _Comparison:
    """Walks one operation; remembers the pairs it has seen, because shapes may contain themselves."""

    def __init__(self, shapes: Mapping[str, Any]) -> None:
        self._shapes = shapes
        self._seen: set[tuple[str, type[Shape], bool]] = set()

    def top(
        self, place: str, modelled: Mapping[str, Any] | None, ours: type[Shape] | None, *, is_request: bool
    ) -> Iterator[tuple[str, str]]:
        if modelled is None:
            if ours is not None and describe(ours):
                yield f"{place}.shape", "the model has none"
        elif ours is None:
            # An output without members is an empty body in every protocol here.
            if self._shapes[modelled["shape"]]["members"]:
                yield f"{place}.shape", f"the model has {modelled['shape']}"
        else:
            yield from self._structure(place, modelled["shape"], ours, is_request=is_request)

    def _structure(
        self, place: str, name: str, ours: type[Shape], *, is_request: bool
    ) -> Iterator[tuple[str, str]]:
        if (name, ours, is_request) in self._seen:
            return
        self._seen.add((name, ours, is_request))
        modelled = self._shapes[name]
        required = set(modelled.get("required", ()))
        members = {member.wire_name: member for member in describe(ours)}
        for wire_name in members.keys() - modelled["members"].keys():
            yield f"{place}.{wire_name}.unknown", "the model has no such member"
        for wire_name, reference in modelled["members"].items():
            here = f"{place}.{wire_name}"
            member = members.get(wire_name)
            if member is None:
                yield f"{here}.missing", f"the model has it as {reference['shape']}"
                continue
            # We may promise to always send what the model leaves open, but not ask for it.
            if member.is_required != (wire_name in required) and (is_request or not member.is_required):
                yield (
                    f"{here}.required",
                    f"required here: {member.is_required}, in the model: {wire_name in required}",
                )
            if not is_request and member.default is not None:
                yield f"{here}.default", "a default other than None is left out of replies"
            yield from self._type(here, reference["shape"], member.type, is_request=is_request)

    def _type(self, place: str, name: str, ours: TypeInfo, *, is_request: bool) -> Iterator[tuple[str, str]]:
        modelled = self._shapes[name]
        kind = _KINDS[modelled["type"]]
        if ours.kind is not kind:
            yield f"{place}.type", f"{ours.kind} here, {kind} in the model"
            return
        if kind in (Kind.INTEGER, Kind.FLOAT):
            least, most, floor = ours.minimum, ours.maximum, modelled.get("min")
        else:
            # A smallest length of 0 says nothing.
            least, most, floor = ours.least or None, ours.most, modelled.get("min") or None
        facts = [
            ("min", least, floor),
            ("max", most, modelled.get("max")),
            ("pattern", ours.pattern, modelled.get("pattern")),
            ("enum", set(ours.choices), set(modelled.get("enum", ()))),
            ("sensitive", ours.is_sensitive, modelled.get("sensitive", False)),
        ]
        for fact, here, there in facts:
            if here != there:
                yield f"{place}.{fact}", f"{here!r} here, {there!r} in the model"
        if kind is Kind.STRUCTURE:
            assert ours.shape is not None
            yield from self._structure(place, name, ours.shape, is_request=is_request)
        elif kind is Kind.LIST:
            assert ours.element is not None
            yield from self._type(
                f"{place}.member", modelled["member"]["shape"], ours.element, is_request=is_request
            )
        elif kind is Kind.MAP:
            assert ours.key is not None
            assert ours.element is not None
            yield from self._type(f"{place}.key", modelled["key"]["shape"], ours.key, is_request=is_request)
            yield from self._type(
                f"{place}.value", modelled["value"]["shape"], ours.element, is_request=is_request
            )
