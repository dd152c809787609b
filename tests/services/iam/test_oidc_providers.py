"""OpenID Connect providers, as a client and the other services see them."""

from __future__ import annotations

from typing import Any

import pytest

from strongroom.services.iam.contract import find_oidc_provider
from strongroom.services.iam.oidc_providers import OIDCProvider, ProviderAttributes, insert_provider
from tests.services.iam.answers import denied, new_key, only_record, refusal
from tests.services.iam.store import ACCOUNT, NOW_MS, IAMStore

THUMBPRINT = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"


def make(iam: Any, url: str = "https://issuer.example/path", **more: Any) -> str:
    """Make a provider; return its ARN."""
    return str(iam.create_open_id_connect_provider(Url=url, **more)["OpenIDConnectProviderArn"])


def not_found(arn: str) -> tuple[int, str, str]:
    """Word the refusal of an ARN that no provider has."""
    return 404, "NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}"


def test_a_provider_is_made_shown_and_recorded(iam: Any, server: Any, account: Any) -> None:
    """The URL is shown without its scheme (recorded)."""
    tags = [{"Key": "k", "Value": "v"}]
    answer = iam.create_open_id_connect_provider(
        Url="https://issuer.example/path",
        ClientIDList=["a", "b", "a"],
        ThumbprintList=[THUMBPRINT],
        Tags=tags,
    )
    arn = f"arn:aws:iam::{account.account_id}:oidc-provider/issuer.example/path"
    assert (answer["OpenIDConnectProviderArn"], answer["Tags"]) == (arn, tags)
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert found["Url"] == "issuer.example/path"
    assert (found["ClientIDList"], found["ThumbprintList"]) == (["a", "b"], [THUMBPRINT])
    assert found["Tags"] == tags
    record = only_record(server, answer)
    assert record["requestParameters"] == {
        "url": "https://issuer.example/path",
        "clientIDList": ["a", "b", "a"],
        "thumbprintList": [THUMBPRINT],
        "tags": [{"key": "k", "value": "v"}],
    }
    assert record["responseElements"] == {"openIDConnectProviderArn": arn}
    assert only_record(server, found)["requestParameters"] == {"openIDConnectProviderArn": arn}
    assert "Tags" not in iam.create_open_id_connect_provider(Url="https://other.example")


def test_an_account_has_one_provider_for_each_url(iam: Any, server: Any) -> None:
    """Listed by URL; another account may have the same."""
    second, first = make(iam, "https://b.example"), make(iam, "https://a.example:6443/x")
    assert refusal(make, iam=iam, url="https://b.example") == (
        409,
        "EntityAlreadyExists",
        "Provider with url https://b.example already exists.",
    )
    listed = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert [each["Arn"] for each in listed] == [first, second]
    other = server.client("iam", server.new_account())
    assert other.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
    assert make(other, "https://b.example") != second


@pytest.mark.parametrize(
    "url",
    [
        "http://issuer.example",
        "issuer.example",
        "https://",
        "https://user@issuer.example",
        "https://issuer.example?x=y",
        "https://issuer.example#x",
        "https://issuer.example/*",
        "https://issuer.example/\n",
        "https://ïssuer.example",
        "HTTPS://issuer.example",
    ],
)
def test_e04_what_is_no_url_of_an_issuer_is_refused(iam: Any, url: str) -> None:
    """Only https, a host, perhaps a port and a path."""
    expected = (400, "ValidationError", "Invalid Open ID Connect Provider URL")
    assert refusal(make, iam=iam, url=url) == expected
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []


def test_client_ids_are_added_and_removed(iam: Any, server: Any) -> None:
    """At most 100; adding or removing twice changes nothing."""
    arn = make(iam)
    answer = iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="a")
    assert only_record(server, answer)["requestParameters"] == {
        "openIDConnectProviderArn": arn,
        "clientID": "a",
    }
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="a")
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="b")
    for _ in range(2):
        iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="a")
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"] == ["b"]
    too_many = (409, "LimitExceeded", "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100")
    many = [f"c{number}" for number in range(101)]
    assert refusal(make, iam=iam, url="https://x.example", ClientIDList=many) == too_many
    full = make(iam, "https://x.example", ClientIDList=many[:100])
    add = iam.add_client_id_to_open_id_connect_provider
    assert refusal(add, OpenIDConnectProviderArn=full, ClientID="one-more") == too_many


def test_thumbprints_are_replaced(iam: Any) -> None:
    """At most 5, of 40 hexadecimal digits."""
    arn = make(iam, ThumbprintList=[THUMBPRINT])
    update = iam.update_open_id_connect_provider_thumbprint
    update(OpenIDConnectProviderArn=arn, ThumbprintList=["A" * 40, "b" * 40])
    shown = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ThumbprintList"]
    assert shown == ["A" * 40, "b" * 40]
    too_many = (400, "InvalidInput", "Thumbprint list must contain fewer than 5 entries.")
    six = [str(number) * 40 for number in range(6)]
    assert refusal(update, OpenIDConnectProviderArn=arn, ThumbprintList=six) == too_many
    assert refusal(make, iam=iam, url="https://x.example", ThumbprintList=six) == too_many
    refused = refusal(update, OpenIDConnectProviderArn=arn, ThumbprintList=["x" * 40])
    assert refused[:2] == (400, "InvalidInput")
    update(OpenIDConnectProviderArn=arn, ThumbprintList=six[:5])


def test_a_provider_is_deleted_once(iam: Any, account: Any) -> None:
    """The second time and everything else says that it is gone, each in its own words (recorded)."""
    arn = make(iam)
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert refusal(iam.delete_open_id_connect_provider, OpenIDConnectProviderArn=arn) == (
        404,
        "NoSuchEntity",
        f"OpenId connect Provider {arn} cannot be found.",
    )
    for call, more in (
        (iam.get_open_id_connect_provider, {}),
        (iam.list_open_id_connect_provider_tags, {}),
        (iam.add_client_id_to_open_id_connect_provider, {"ClientID": "c"}),
        (iam.update_open_id_connect_provider_thumbprint, {"ThumbprintList": []}),
    ):
        assert refusal(call, OpenIDConnectProviderArn=arn, **more) == not_found(arn)
    get = iam.get_open_id_connect_provider
    role = f"arn:aws:iam::{account.account_id}:role/x"
    assert refusal(get, OpenIDConnectProviderArn=role) == (
        400,
        "ValidationError",
        f"ARN {role} is not valid.",
    )
    assert refusal(get, OpenIDConnectProviderArn="x" * 20) == (
        400,
        "ValidationError",
        "Invalid ARN:  Could not be parsed!",
    )


def test_tags_of_a_provider_are_told_apart_by_case_and_are_condition_keys(iam: Any) -> None:
    """Set, listed by key, removed."""
    arn = make(iam, Tags=[{"Key": "a", "Value": "1"}])
    iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn, Tags=[{"Key": "A", "Value": "2"}])
    listed = iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=arn)["Tags"]
    assert listed == [{"Key": "A", "Value": "2"}, {"Key": "a", "Value": "1"}]
    iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=arn, TagKeys=["a"])
    left = iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=arn)["Tags"]
    assert left == [{"Key": "A", "Value": "2"}]


def test_p09_existing_and_absent_providers_look_the_same_without_rights(
    iam: Any, server: Any, account: Any
) -> None:
    """The refusal repeats what the caller sent."""
    iam.create_user(UserName="caller")
    caller = server.client("iam", key=new_key(iam, "caller"))
    me = f"arn:aws:iam::{account.account_id}:user/caller"
    arn = make(iam)
    for there in (arn, arn + "x"):
        got = refusal(caller.get_open_id_connect_provider, OpenIDConnectProviderArn=there)
        assert got == denied(me, "iam:GetOpenIDConnectProvider", there)


def test_e04_a_provider_is_found_by_the_exact_issuer(store: IAMStore) -> None:
    """Scheme, case, port, path and trailing slash count, and so does the account."""
    provider = OIDCProvider(ACCOUNT, "issuer.example/a", NOW_MS, ProviderAttributes(client_ids=("c",)))
    with store.change() as transaction:
        insert_provider(transaction, provider)
    assert find_oidc_provider(store.rows, ACCOUNT, "https://issuer.example/a") == provider
    for url in (
        "http://issuer.example/a",
        "issuer.example/a",
        "https://issuer.example/a/",
        "https://issuer.example/A",
        "https://issuer.example:443/a",
        "HTTPS://issuer.example/a",
    ):
        assert find_oidc_provider(store.rows, ACCOUNT, url) is None
    assert find_oidc_provider(store.rows, "111122223333", "https://issuer.example/a") is None
