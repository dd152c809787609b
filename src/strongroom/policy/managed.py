"""The AWS managed policies that Strongroom ships, word for word as AWS publishes them.

Rules:
 - ARN, path, version, dates and document are facts of AWS's reference; statements about services that are not
   served here stay in, so that what clients compare is equal.
 - They belong to the account ``aws``: nobody changes or deletes them.

Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html (read September 2026)
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

_OLDEST = "2015-02-06T18:39:46Z"


class ManagedPolicy(msgspec.Struct, frozen=True):
    """One AWS managed policy in its default version.

    Attributes:
        name: For example ``AdministratorAccess``.
        path: ``/`` or, for example, ``/service-role/``.
        version_id: Its default version.
        created: When AWS made the policy; ISO 8601, UTC.
        updated: When AWS made the default version.
        document: The JSON text.
    """

    name: str
    path: str
    version_id: str
    created: str
    updated: str
    document: str

    @property
    def arn(self) -> str:
        """``arn:aws:iam::aws:policy/path/name``."""
        return f"arn:aws:iam::aws:policy{self.path}{self.name}"


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2)


def _allow(action: str | list[str], resource: str | list[str] = "*", **members: Any) -> dict[str, Any]:
    return {**members, "Effect": "Allow", "Action": action, "Resource": resource}


_POLICIES = (
    ManagedPolicy(
        name="AdministratorAccess",
        path="/",
        version_id="v1",
        created=_OLDEST,
        updated=_OLDEST,
        document=_document(_allow("*")),
    ),
    ManagedPolicy(
        name="PowerUserAccess",
        path="/",
        version_id="v12",
        created="2015-02-06T18:39:47Z",
        updated="2026-02-12T17:59:14Z",
        document=_document(
            {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
            _allow(
                [
                    "account:GetAccountInformation",
                    "account:GetGovCloudAccountInformation",
                    "account:GetPrimaryEmail",
                    "account:ListRegions",
                    "iam:CreateServiceLinkedRole",
                    "iam:DeleteServiceLinkedRole",
                    "iam:ListRoles",
                    "organizations:DescribeEffectivePolicy",
                    "organizations:DescribeOrganization",
                ]
            ),
        ),
    ),
    ManagedPolicy(
        name="SecretsManagerReadWrite",
        path="/",
        version_id="v6",
        created="2018-04-04T18:05:29Z",
        updated="2026-08-25T23:37:10Z",
        document=_document(
            _allow(
                [
                    "secretsmanager:*",
                    "cloudformation:CreateChangeSet",
                    "cloudformation:DescribeChangeSet",
                    "cloudformation:DescribeStackResource",
                    "cloudformation:DescribeStacks",
                    "cloudformation:ExecuteChangeSet",
                    "docdb-elastic:GetCluster",
                    "docdb-elastic:ListClusters",
                    "ec2:DescribeSecurityGroups",
                    "ec2:DescribeSubnets",
                    "ec2:DescribeVpcs",
                    "kms:DescribeKey",
                    "kms:ListAliases",
                    "kms:ListKeys",
                    "lambda:ListFunctions",
                    "rds:DescribeDBClusters",
                    "rds:DescribeDBInstances",
                    "redshift:DescribeClusters",
                    "redshift-serverless:ListWorkgroups",
                    "redshift-serverless:GetNamespace",
                    "tag:GetResources",
                ],
                Sid="BasePermissions",
            ),
            _allow(
                [
                    "lambda:AddPermission",
                    "lambda:CreateFunction",
                    "lambda:GetFunction",
                    "lambda:InvokeFunction",
                    "lambda:UpdateFunctionConfiguration",
                ],
                "arn:aws:lambda:*:*:function:SecretsManager*",
                Sid="LambdaPermissions",
            ),
            _allow(
                ["serverlessrepo:CreateCloudFormationChangeSet", "serverlessrepo:GetApplication"],
                "arn:aws:serverlessrepo:*:*:applications/SecretsManager*",
                Sid="SARPermissions",
            ),
            _allow(
                ["s3:GetObject"],
                [
                    "arn:aws:s3:::awsserverlessrepo-changesets*",
                    "arn:aws:s3:::secrets-manager-rotation-apps-*/*",
                ],
                Sid="S3Permissions",
            ),
            _allow(
                ["cloudformation:TagResource", "cloudformation:UntagResource"],
                Sid="CloudFormationTagOnCreate",
                Condition={
                    "StringEquals": {
                        "cloudformation:CreateAction": ["CreateChangeSet", "ExecuteChangeSet"],
                    }
                },
            ),
        ),
    ),
    ManagedPolicy(
        name="AWSSecretsManagerClientReadOnlyAccess",
        path="/",
        version_id="v4",
        created="2025-11-05T20:04:08Z",
        updated="2026-06-02T20:42:11Z",
        document=_document(
            _allow(
                ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
                "arn:aws:secretsmanager:*:*:secret:*",
                Sid="SecretsManagerGetAndDescribeSecret",
            ),
            _allow(
                ["secretsmanager:BatchGetSecretValue", "secretsmanager:ListSecrets"],
                Sid="SecretsManagerBatchGetSecrets",
            ),
            _allow(
                ["kms:Decrypt"],
                "arn:aws:kms:*:*:key/*",
                Sid="KMSDecryptKey",
                Condition={
                    "StringLike": {
                        "kms:EncryptionContext:SecretARN": "arn:aws:secretsmanager:*:*:secret:*",
                        "kms:ViaService": "secretsmanager.*.amazonaws.com",
                    }
                },
            ),
        ),
    ),
    ManagedPolicy(
        name="IAMFullAccess",
        path="/",
        version_id="v2",
        created="2015-02-06T18:40:38Z",
        updated="2019-06-21T19:40:00Z",
        document=_document(
            _allow(
                [
                    "iam:*",
                    "organizations:DescribeAccount",
                    "organizations:DescribeOrganization",
                    "organizations:DescribeOrganizationalUnit",
                    "organizations:DescribePolicy",
                    "organizations:ListChildren",
                    "organizations:ListParents",
                    "organizations:ListPoliciesForTarget",
                    "organizations:ListRoots",
                    "organizations:ListPolicies",
                    "organizations:ListTargetsForPolicy",
                ]
            )
        ),
    ),
    ManagedPolicy(
        name="IAMReadOnlyAccess",
        path="/",
        version_id="v4",
        created="2015-02-06T18:40:39Z",
        updated="2018-01-25T19:11:27Z",
        document=_document(
            _allow(
                [
                    "iam:GenerateCredentialReport",
                    "iam:GenerateServiceLastAccessedDetails",
                    "iam:Get*",
                    "iam:List*",
                    "iam:SimulateCustomPolicy",
                    "iam:SimulatePrincipalPolicy",
                ]
            )
        ),
    ),
    ManagedPolicy(
        name="IAMUserChangePassword",
        path="/",
        version_id="v5",
        created="2016-11-15T00:25:16Z",
        updated="2026-02-12T17:58:57Z",
        document=_document(
            _allow(
                ["iam:ChangePassword"],
                ["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/*/${aws:username}"],
            ),
            _allow(["iam:GetAccountPasswordPolicy"]),
        ),
    ),
    ManagedPolicy(
        name="AWSKeyManagementServicePowerUser",
        path="/",
        version_id="v2",
        created="2015-02-06T18:40:40Z",
        updated="2017-03-07T00:55:11Z",
        document=_document(
            _allow(
                [
                    "kms:CreateAlias",
                    "kms:CreateKey",
                    "kms:DeleteAlias",
                    "kms:Describe*",
                    "kms:GenerateRandom",
                    "kms:Get*",
                    "kms:List*",
                    "kms:TagResource",
                    "kms:UntagResource",
                    "iam:ListGroups",
                    "iam:ListRoles",
                    "iam:ListUsers",
                ]
            )
        ),
    ),
    ManagedPolicy(
        name="AWSLambdaBasicExecutionRole",
        path="/service-role/",
        version_id="v1",
        created="2015-04-09T15:03:43Z",
        updated="2015-04-09T15:03:43Z",
        document=_document(_allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"])),
    ),
)

MANAGED_POLICIES = {policy.arn: policy for policy in _POLICIES}
"""The policies by their ARN."""

ADMINISTRATOR_ACCESS = MANAGED_POLICIES["arn:aws:iam::aws:policy/AdministratorAccess"]
"""What the administrator made by ``init`` has."""


def find_managed_policy(arn: str) -> ManagedPolicy | None:
    """Return the AWS managed policy with this ARN, or None."""
    return MANAGED_POLICIES.get(arn)
