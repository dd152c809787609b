"""The errors of IAM, worded as AWS words them.

Source: identity reference 4.4 (recorded there unless marked); the texts about characters of names are those
that AWS gives to its clients in place of the general constraint text.
"""

from __future__ import annotations

from strongroom.errors import Fault


def identity_not_found(word: str, name: str) -> Fault:
    """There is no user, group or role of this name."""
    return Fault("NoSuchEntity", f"The {word} with name {name} cannot be found.", status=404)


def inline_policy_not_found(word: str, name: str) -> Fault:
    """The user, group or role has no inline policy of this name."""
    return Fault("NoSuchEntity", f"The {word} policy with name {name} cannot be found.", status=404)


def access_key_not_found(access_key_id: str) -> Fault:
    """The user has no such access key."""
    return Fault("NoSuchEntity", f"The Access Key with id {access_key_id} cannot be found.", status=404)


def identity_exists(word: str, name: str) -> Fault:
    """The name is taken, perhaps in another case."""
    return Fault("EntityAlreadyExists", f"{word.capitalize()} with name {name} already exists.", status=409)


def must_detach_policies() -> Fault:
    """Managed policies are attached to it."""
    return Fault("DeleteConflict", "Cannot delete entity, must detach all policies first.", status=409)


def must_delete_policies() -> Fault:
    """It has inline policies."""
    return Fault("DeleteConflict", "Cannot delete entity, must delete policies first.", status=409)


def must_delete_access_keys() -> Fault:
    """The user has access keys."""
    return Fault("DeleteConflict", "Cannot delete entity, must delete access keys first.", status=409)


def must_remove_users() -> Fault:
    """The group has users, or the user is in groups."""
    return Fault("DeleteConflict", "Cannot delete entity, must remove users from group first.", status=409)


def no_boundary(word: str, name: str) -> Fault:
    """The user or role has no permissions boundary that could be removed."""
    text = f"The {word} with name {name} has no permissions boundary."
    return Fault("NoSuchEntity", text, status=404)


def policy_not_found(arn: str) -> Fault:
    """There is no managed policy of this ARN, or it is not attached where it should be."""
    return Fault("NoSuchEntity", f"Policy {arn} was not found.", status=404)


def not_attachable(arn: str) -> Fault:
    """There is no managed policy of this ARN that could be attached here."""
    return Fault("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.", status=404)


def version_not_found(arn: str, version_id: str) -> Fault:
    """The managed policy has no such version."""
    text = f"Policy {arn} version {version_id} does not exist or is not attachable."
    return Fault("NoSuchEntity", text, status=404)


def policy_exists(name: str) -> Fault:
    """The name of a managed policy is taken, perhaps in another case."""
    text = f"A policy called {name} already exists. Duplicate names are not allowed."
    return Fault("EntityAlreadyExists", text, status=409)


def too_many_versions(most: int) -> Fault:
    """The managed policy has as many versions as it may have."""
    return Fault(
        "LimitExceeded",
        f"A managed policy can have up to {most} versions. Before you create a new version, you must delete an "
        "existing version.",
        status=409,
    )


def policy_is_attached() -> Fault:
    """The managed policy is attached to something, or is somebody's boundary."""
    return Fault("DeleteConflict", "Cannot delete a policy attached to entities.", status=409)


def policy_has_versions() -> Fault:
    """The managed policy has versions besides the default one."""
    return Fault(
        "DeleteConflict",
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
        "The default version is deleted with the policy.",
        status=409,
    )


def version_is_default() -> Fault:
    """The default version is deleted with the policy only."""
    return Fault("DeleteConflict", "Cannot delete the default version of a policy.", status=409)


def not_your_policy(doing: str) -> Fault:
    """The policy is AWS's.

    Args:
        doing: What cannot be done: ``update policies``, ``delete policies``, ``delete policy versions for policies``.
    """
    return Fault("AccessDenied", f"Cannot {doing} outside your own account.", status=403)


def unparsable_arn() -> Fault:
    """It does not begin as an ARN does; the two spaces are AWS's (recorded)."""
    return Fault("ValidationError", "Invalid ARN:  Could not be parsed!")


def invalid_provider_url() -> Fault:
    """It is not the URL of an OpenID Connect issuer."""
    return Fault("ValidationError", "Invalid Open ID Connect Provider URL")


def provider_exists(url: str) -> Fault:
    """The account has a provider of this URL."""
    return Fault("EntityAlreadyExists", f"Provider with url {url} already exists.", status=409)


def provider_not_found(arn: str) -> Fault:
    """There is no OpenID Connect provider of this ARN."""
    return Fault("NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}", status=404)


def provider_not_found_to_delete(arn: str) -> Fault:
    """The same, in the words of DeleteOpenIDConnectProvider (recorded)."""
    return Fault("NoSuchEntity", f"OpenId connect Provider {arn} cannot be found.", status=404)


def too_many_thumbprints() -> Fault:
    """There are more than 5, whatever the text says (recorded)."""
    return Fault("InvalidInput", "Thumbprint list must contain fewer than 5 entries.")


def invalid_thumbprint() -> Fault:
    """One is no SHA-1 in hexadecimal digits."""
    return Fault("InvalidInput", "Each thumbprint must have 40 hexadecimal digits.")


def profile_exists(name: str) -> Fault:
    """The name of an instance profile is taken, perhaps in another case."""
    return Fault("EntityAlreadyExists", f"Instance Profile {name} already exists.", status=409)


def profile_not_found(name: str) -> Fault:
    """There is no instance profile of this name."""
    return Fault("NoSuchEntity", f"Instance Profile {name} cannot be found.", status=404)


def role_not_in_profile(role: str, profile: str) -> Fault:
    """The instance profile does not hold the role."""
    text = f"Role {role} in Instance Profile {profile} cannot be found."
    return Fault("NoSuchEntity", text, status=404)


def must_remove_roles() -> Fault:
    """The instance profile holds a role, or the role is in one."""
    return Fault(
        "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.", status=409
    )


def must_delete_devices() -> Fault:
    """The user has MFA devices."""
    return Fault("DeleteConflict", "Cannot delete entity, must delete MFA device first.", status=409)


def must_delete_login() -> Fault:
    """The user has a login profile."""
    return Fault("DeleteConflict", "Cannot delete entity, must delete login profile first.", status=409)


def device_not_found(serial: str) -> Fault:
    """There is no virtual MFA device of this serial number, or the user does not have it."""
    text = f"VirtualMFADevice with serial number {serial} doesn't exist."
    return Fault("NoSuchEntity", text, status=404)


def device_exists() -> Fault:
    """The path and the name are taken."""
    text = "MFADevice entity at the same path and name already exists."
    return Fault("EntityAlreadyExists", text, status=409)


def device_in_use() -> Fault:
    """A user has the device already."""
    return Fault("EntityAlreadyExists", "MFA Device is already in use.", status=409)


def device_must_be_deactivated() -> Fault:
    """A user has the device that is to be deleted."""
    return Fault("DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.", status=409)


def serial_too_long(most: int) -> Fault:
    """Path and name make a serial number that no operation would take."""
    text = f"The path and the name are too long: a serial number has at most {most} characters."
    return Fault("InvalidInput", text)


def login_exists(name: str) -> Fault:
    """The user has a console password."""
    return Fault("EntityAlreadyExists", f"Login Profile for user {name} already exists.", status=409)


def login_not_found(name: str) -> Fault:
    """The user has no console password."""
    return Fault("NoSuchEntity", f"Login Profile for User {name} cannot be found.", status=404)


def password_missing() -> Fault:
    """AWS makes login profiles without a password for the root of member accounts only."""
    return Fault(
        "ValidationError",
        "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must not be null",
    )


def password_policy_violated() -> Fault:
    """The password is too weak, or was used not long ago."""
    return Fault("PasswordPolicyViolation", "Password does not conform to the account password policy.")


def no_password_policy(account: str) -> Fault:
    """The account has set no rules for passwords."""
    text = f"The Password Policy with domain name {account} cannot be found."
    return Fault("NoSuchEntity", text, status=404)


def not_a_user() -> Fault:
    """The caller has no password to change."""
    return Fault("InvalidUserType", "Only IAM Users can change their own password.")


def wrong_old_password() -> Fault:
    """The old password is not the one in force."""
    return Fault("AccessDenied", "The old password was incorrect.", status=403)


def temporarily_unmodifiable(name: str) -> Fault:
    """The password was changed while this request compared it."""
    text = f"Login Profile for User {name} is being changed by another request. Try again."
    return Fault("EntityTemporarilyUnmodifiable", text, status=409)


def alias_exists(alias: str) -> Fault:
    """Another account has the alias."""
    return Fault("EntityAlreadyExists", f"The account alias {alias} already exists.", status=409)


def alias_not_found(alias: str) -> Fault:
    """The account does not have the alias."""
    return Fault("NoSuchEntity", f"The account alias {alias} cannot be found.", status=404)


def unknown_access_key(caller: str, access_key_id: str) -> Fault:
    """There is no such key; without the colon after "perform" (recorded)."""
    return Fault(
        "AccessDenied",
        f"User: {caller} is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key "
        f"{access_key_id}",
        status=403,
    )


def report_not_present() -> Fault:
    """No credential report was made yet."""
    return Fault("ReportNotPresent", "Credential report has not been generated.", status=410)


def report_expired() -> Fault:
    """The last credential report is too old to be shown."""
    return Fault("ReportExpired", "Credential report has expired.", status=410)


def invalid_code() -> Fault:
    """The two codes are not consecutive codes of the device, or were used."""
    return Fault("InvalidAuthenticationCode", "Authentication code for device is not valid.", status=403)


def quota_exceeded(quota: str, most: int) -> Fault:
    """There are as many as there may be."""
    return Fault("LimitExceeded", f"Cannot exceed quota for {quota}: {most}", status=409)


def inline_policies_too_long(word: str, name: str, most: int) -> Fault:
    """The inline policies of a user, group or role are too long together."""
    text = f"Maximum policy size of {most} bytes exceeded for {word} {name}"
    return Fault("LimitExceeded", text, status=409)


def malformed_policy(message: str) -> Fault:
    """The document breaks a rule; the text is that of the policy engine."""
    return Fault("MalformedPolicyDocument", message)


def invalid_name(member: str) -> Fault:
    """A name has characters that names do not have."""
    return Fault(
        "ValidationError",
        f"The specified value for {member} is invalid. It must contain only alphanumeric characters and/or "
        "the following: +=,.@_-",
    )


def invalid_path(member: str) -> Fault:
    """A path does not begin and end with a slash, or has characters that paths do not have."""
    return Fault(
        "ValidationError",
        f"The specified value for {member} is invalid. It must begin and end with / and contain only alphanumeric "
        "characters and/or / characters.",
    )


def invalid_marker() -> Fault:
    """A marker that was not given to this caller for this listing."""
    return Fault("ValidationError", "Invalid Marker.")


def user_name_missing() -> Fault:
    """The caller is no user, so that a call without a name means nobody."""
    return Fault("ValidationError", "Must specify userName when calling with non-User credentials")


def invalid_input(message: str) -> Fault:
    """A member is well-formed but cannot be used here. AWS does not publish its texts."""
    return Fault("InvalidInput", message)


def duplicate_tag_keys(*, folds_case: bool) -> Fault:
    """Two tag keys are the same, where case does not count perhaps but for their case."""
    more = " Please note that Tag keys are case insensitive." if folds_case else ""
    return Fault("InvalidInput", f"Duplicate tag keys found.{more}")


def too_many_tags() -> Fault:
    """There would be more than 50."""
    return Fault("LimitExceeded", "The number of tags has reached the maximum limit.", status=409)


def reserved_tag_key() -> Fault:
    """A tag key begins with the prefix that belongs to AWS."""
    return Fault("InvalidInput", "Tag keys that begin with aws: are reserved.")


def invalid_arn(arn: str) -> Fault:
    """It does not have the form of an ARN of the kind that is wanted."""
    return Fault("ValidationError", f"ARN {arn} is not valid.")


def boundary_not_found(arn: str) -> Fault:
    """There is no managed policy of this ARN that could be a permissions boundary."""
    return Fault("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.", status=404)


def status_not_settable() -> Fault:
    """Only ``Active`` and ``Inactive`` are set by callers."""
    return Fault("InvalidInput", "The status of an access key can be set to Active or Inactive only.")
