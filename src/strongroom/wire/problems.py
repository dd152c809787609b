"""What can be wrong with the bytes of a request, as values.

::

    StrongroomError
    └── WireProblem
        ├── SerializationProblem     the bytes cannot be read as the shape: bad form or a wrong type
        └── ConstraintViolations     the shape was read, but members break its constraints

Rules:
 - No message repeats the bytes that were received, and no problem carries them as an attribute, a cause
   or a context (threat model J-05). ``ConstraintViolations`` quotes values as AWS does, cut short and
   never those of a sensitive member.
 - No AWS code and no HTTP status stands here: the gateway gives each problem the code of its service.
"""

from __future__ import annotations

from strongroom.errors import StrongroomError


class WireProblem(StrongroomError):
    """Root of what can be wrong with the bytes of a request.

    Attributes:
        message: The text that the client may see.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SerializationProblem(WireProblem):
    """The bytes cannot be read as the shape of the request."""


class ConstraintViolations(WireProblem):
    """Members of the request break their constraints; the message lists them as Coral words them."""
