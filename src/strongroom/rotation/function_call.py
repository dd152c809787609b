"""What the rotation of a secret asks of the Lambda service: one invocation of its function."""

from __future__ import annotations

from typing import Protocol

import msgspec

from strongroom.crypto.material import Plaintext
from strongroom.functions.invocation import Outcome


class FunctionCall(msgspec.Struct, frozen=True):
    """One invocation.

    Attributes:
        function_arn: Of the function, perhaps with a version or alias.
        secret_arn: Of the secret that is rotated; credentials and sandboxes are for it alone.
        account: Of the secret.
        event: JSON.
        policy: What the credentials of the function are cut down to.
        hosts: Host and port of what it may reach besides our endpoint and what the operator allows.
        scrubbed: Values that must not stand in its log.
    """

    function_arn: str
    secret_arn: str
    account: str
    event: Plaintext
    policy: str
    hosts: tuple[tuple[str, int], ...]
    scrubbed: tuple[Plaintext, ...]


class Invoke(Protocol):
    """Invokes functions in the name of Secrets Manager, and waits for their end."""

    def __call__(self, call: FunctionCall) -> Outcome:
        """Invoke one.

        Raises:
            TargetFailed: It cannot be invoked, or whether it did something is not known.
        """
        ...
