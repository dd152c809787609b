"""What can go wrong, as values.

::

    StrongroomError              root of everything this package raises on purpose
    ├── Fault                    an answer of the API: an AWS code, a message, an HTTP status
    └── (engine errors)          each engine's own, named for the rule that was broken; they know
                                 neither HTTP nor AWS codes and are translated once, by the layer
                                 that called the engine

A ``Fault`` is written to the wire by ``wire/faults.py`` alone.
"""

from __future__ import annotations

from collections.abc import Mapping


class StrongroomError(Exception):
    """Root of the errors that Strongroom raises on purpose."""


class Fault(StrongroomError):
    """An error answer of the AWS API.

    Args:
        code: The AWS error code, for example ``ResourceNotFoundException``.
        message: The text the client sees. It never holds a secret value.
        status: HTTP status. 400 for every client fault of the JSON services (Secrets Manager
            reference 1.1); IAM and STS use 403, 404 and 409 as well.
        cause: What an operator may read in the log besides; never a secret.
        lets_changes_stand: Whether what the handler changed before is committed all the same.
        details: Further members of the error that some services model (``Reason``).
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        cause: str = "",
        lets_changes_stand: bool = False,
        details: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status
        self.cause = cause
        self.lets_changes_stand = lets_changes_stand
        self.details = details

    @property
    def is_server_fault(self) -> bool:
        """Whether the service, not the caller, is to blame."""
        return self.status >= 500
