"""The built-in functions, as Lambda shows them: they exist everywhere, and run in the rotation process.

They have no code, role or runtime of their own to show; what is shown is true of them.
"""

from __future__ import annotations

from typing import Final

from strongroom.services.lambda_ import structures
from strongroom.services.lambda_.model import LATEST, function_arn
from strongroom.services.secretsmanager.contract import BUILT_IN

_SINCE: Final = "2026-01-01T00:00:00.000+0000"
_REVISION: Final = "00000000-0000-4000-8000-000000000000"
_DESCRIPTION: Final = (
    "Built into Strongroom: rotates secrets in its own rotation process. It can be neither changed nor deleted, and "
    "needs no permission statement."
)


def show_built_in(account: str, region: str, name: str) -> structures.FunctionConfiguration:
    """Show a built-in function."""
    return structures.FunctionConfiguration(
        function_name=name,
        function_arn=function_arn(region, account, name),
        code_size=0,
        description=_DESCRIPTION,
        last_modified=_SINCE,
        version=LATEST,
        revision_id=_REVISION,
        state="Active",
        last_update_status="Successful",
    )


def built_in_names(after: str) -> list[str]:
    """List the names of the built-in functions behind ``after``, in order."""
    return sorted(name for name in BUILT_IN if name > after)
