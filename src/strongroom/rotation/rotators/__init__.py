"""The built-in rotators, by the name of the function that each one is.

A module of a driver is imported when its rotator is first asked for, and only in the rotation process.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from strongroom.egress.fetch import Egress
from strongroom.rotation.issuer import Issuer
from strongroom.rotation.rotator import Rotator

_POSTGRESQL: Final = frozenset(
    {"SecretsManagerRDSPostgreSQLRotationSingleUser", "SecretsManagerRDSPostgreSQLRotationMultiUser"}
)
_MYSQL: Final = frozenset(
    {
        *("SecretsManagerRDSMySQLRotationSingleUser", "SecretsManagerRDSMySQLRotationMultiUser"),
        *("SecretsManagerRDSMariaDBRotationSingleUser", "SecretsManagerRDSMariaDBRotationMultiUser"),
    }
)


class Reach(NamedTuple):
    """What a rotator may reach, and how it knows whom it reached.

    Attributes:
        ca_file: Certificates of the authorities that sign the targets' certificates.
        is_local: Whether targets on this machine may be reached: loopback addresses and unix sockets.
        egress: The way to targets that are asked over HTTP.
    """

    ca_file: Path | None
    is_local: bool
    egress: Egress | None = None


def find_rotator(function: str, reach: Reach) -> Rotator | Issuer | None:
    """Make the rotator of a built-in function; None for a function that is not built in."""
    single = function.endswith("RotationSingleUser")
    if function in _POSTGRESQL:
        if single:
            from strongroom.rotation.rotators.postgresql import SingleUser

            return SingleUser(reach)
        from strongroom.rotation.rotators.postgresql_alternating import AlternatingUsers

        return AlternatingUsers(reach)
    if function == "SecretsManagerHTTPBearerTokenRotation" and reach.egress is not None:
        from strongroom.rotation.rotators.http_bearer import BearerToken

        return BearerToken(reach.egress)
    if function in _MYSQL:
        if single:
            from strongroom.rotation.rotators import mysql

            return mysql.SingleUser(reach)
        from strongroom.rotation.rotators import mysql_alternating

        return mysql_alternating.AlternatingUsers(reach)
    return None
