"""Every service that is served; the first is the one that a worker loads before anybody asks."""

from __future__ import annotations

from typing import Final

from strongroom.gateway.operation import Service
from strongroom.services import cloudtrail, iam, kms, lambda_, logs, secretsmanager, sts

SERVICES: Final[tuple[Service, ...]] = (
    secretsmanager.SERVICE,
    iam.SERVICE,
    sts.SERVICE,
    kms.SERVICE,
    cloudtrail.SERVICE,
    logs.SERVICE,
    lambda_.SERVICE,
)
