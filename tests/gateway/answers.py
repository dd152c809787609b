"""How the tests of the request path read an error, whatever the protocol."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import NamedTuple

from strongroom.gateway.operation import Service
from tests.support.signed_http import RawAnswer


class Refusal(NamedTuple):
    """What an error says."""

    status: int
    code: str
    message: str


def read_refusal(service: Service, answer: RawAnswer) -> Refusal:
    """Read an error in the one form that the service's protocol has for it."""
    if service.protocol == "json":
        assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"
        says = answer.json()
        code = says.pop("__type")
        message = says.popitem()[1] if says else ""
        assert not says
        return Refusal(answer.status, code, message)
    if service.protocol == "rest-json":
        assert answer.headers["Content-Type"] == "application/json"
        says = answer.json()
        assert says.pop("Type") == ("Service" if answer.status >= 500 else "User")
        message = says.popitem()[1] if says else ""
        assert not says
        return Refusal(answer.status, answer.headers["x-amzn-ErrorType"], message)
    assert answer.headers["Content-Type"] == "text/xml"
    root = ElementTree.fromstring(answer.body)
    space = f"{{{service.namespace}}}"
    assert root.tag == f"{space}ErrorResponse"
    assert root.findtext(f"{space}RequestId") == answer.headers["x-amzn-RequestId"]
    error = root.find(f"{space}Error")
    assert error is not None
    assert error.findtext(f"{space}Type") == ("Receiver" if answer.status >= 500 else "Sender")
    return Refusal(
        answer.status, error.findtext(f"{space}Code") or "", error.findtext(f"{space}Message") or ""
    )


def without_ids(answer: RawAnswer, *own: str) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Give everything of an answer but its request id, its date and the ids that the caller sent."""
    body = answer.body.replace(answer.headers["x-amzn-RequestId"].encode(), b"<id>")
    for text in own:
        body = body.replace(text.encode(), b"<own>")
    varying = {"x-amzn-requestid", "date", "content-length"}
    headers = [(name, value) for name, value in answer.headers.items() if name.lower() not in varying]
    return answer.status, body, headers
