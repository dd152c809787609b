"""Members that the operations on OpenID Connect providers share.

Source: the service model ``iam`` 2010-05-08.
"""

from __future__ import annotations

from typing import Annotated

from strongroom.services.iam.shapes import Arn
from strongroom.wire.shapes import limits

ProviderArn = Arn
ProviderUrl = Annotated[str, limits(1, 255)]
ClientId = Annotated[str, limits(1, 255)]
Thumbprint = Annotated[str, limits(40, 40)]

ARN_MEMBER = "OpenIDConnectProviderArn"
"""The name of the member on the wire, where the case of its Python name does not give it."""
