"""The errors of IAM, worded as AWS words them.

Source: identity reference 4.4 (recorded there unless marked); the texts about characters of names are those
that AWS gives to its clients in place of the general constraint text.
"""

from __future__ import annotations

from strongroom.errors import Fault


def user_not_found(name: str) -> Fault:
    """There is no user of this name."""
    return Fault("NoSuchEntity", f"The user with name {name} cannot be found.", status=404)


def user_policy_not_found(name: str) -> Fault:
    """The user has no inline policy of this name."""
    return Fault("NoSuchEntity", f"The user policy with name {name} cannot be found.", status=404)


def access_key_not_found(access_key_id: str) -> Fault:
    """The user has no such access key."""
    return Fault("NoSuchEntity", f"The Access Key with id {access_key_id} cannot be found.", status=404)


def user_exists(name: str) -> Fault:
    """The name is taken, perhaps in another case."""
    return Fault("EntityAlreadyExists", f"User with name {name} already exists.", status=409)


def must_detach_policies() -> Fault:
    """Managed policies are attached to the user."""
    return Fault("DeleteConflict", "Cannot delete entity, must detach all policies first.", status=409)


def must_delete_policies() -> Fault:
    """The user has inline policies."""
    return Fault("DeleteConflict", "Cannot delete entity, must delete policies first.", status=409)


def must_delete_access_keys() -> Fault:
    """The user has access keys."""
    return Fault("DeleteConflict", "Cannot delete entity, must delete access keys first.", status=409)


def quota_exceeded(quota: str, most: int) -> Fault:
    """There are as many as there may be."""
    return Fault("LimitExceeded", f"Cannot exceed quota for {quota}: {most}", status=409)


def inline_policies_too_long(name: str, most: int) -> Fault:
    """The inline policies of a user are too long together."""
    return Fault("LimitExceeded", f"Maximum policy size of {most} bytes exceeded for user {name}", status=409)


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


def invalid_path() -> Fault:
    """A path does not begin and end with a slash, or has characters that paths do not have."""
    return Fault(
        "ValidationError",
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric "
        "characters and/or / characters.",
    )


def invalid_marker() -> Fault:
    """A marker that was not given to this caller for this listing."""
    return Fault("ValidationError", "Invalid Marker.")


def user_name_missing() -> Fault:
    """The caller is no user, so that a call without a name means nobody."""
    return Fault("ValidationError", "Must specify userName when calling with non-User credentials")


def duplicate_tag_keys() -> Fault:
    """Two tag keys are the same but for their case."""
    return Fault("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")


def reserved_tag_key() -> Fault:
    """A tag key begins with the prefix that belongs to AWS."""
    return Fault("InvalidInput", "Tag keys that begin with aws: are reserved.")


def boundary_not_served() -> Fault:
    """Refused rather than ignored: a user without its boundary could do more than its maker wants."""
    return Fault(
        "InvalidInput",
        "PermissionsBoundary is not served by this version of Strongroom; the user was not created.",
    )


def status_not_settable() -> Fault:
    """Only ``Active`` and ``Inactive`` are set by callers."""
    return Fault("InvalidInput", "The status of an access key can be set to Active or Inactive only.")
