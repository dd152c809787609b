"""IAM, API 2010-05-08: users, their access keys and their inline policies.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/
"""

from __future__ import annotations

from strongroom.gateway.operation import QUERY_ERRORS, Service
from strongroom.services.iam.get_user import GET_USER

SERVICE = Service(
    name="iam",
    event_source="iam.amazonaws.com",
    protocol="query",
    target_prefix="",
    version="2010-05-08",
    namespace="https://iam.amazonaws.com/doc/2010-05-08/",
    home_region="us-east-1",
    errors=QUERY_ERRORS,
    prints_values=False,
    operations=(GET_USER,),
    unserved={},
)
