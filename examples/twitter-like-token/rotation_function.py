"""Rotates a bearer token that an HTTP endpoint issues and invalidates, with a key pair from another secret.

The secret is {"token_type": "bearer", "access_token", "masterarn"}; the one of masterarn holds {"api_key",
"api_secret_key", "token_url", "revoke_url", "test_url"}. The endpoint holds one token: asked again it gives the
same one, so the old one is invalidated first.
"""

import base64
import json
import urllib.parse
import urllib.request

from four_steps import CURRENT, read, take_step


def handler(event, context):
    """Do one step; the endpoint is told of no new token, it made it."""
    take_step(event, make=make, test=test)


def make(current):
    """Obtain a token; it is stored at once."""
    key = read(current["masterarn"], CURRENT)
    obtained = ask(key, "token_url", {"grant_type": "client_credentials"})
    if obtained["access_token"] == current.get("access_token"):
        ask(key, "revoke_url", {"access_token": current["access_token"]})
        obtained = ask(key, "token_url", {"grant_type": "client_credentials"})
    if obtained["access_token"] == current.get("access_token"):
        raise ValueError("the endpoint gives the old token again")
    return {**current, "token_type": obtained["token_type"], "access_token": obtained["access_token"]}


def test(pending):
    """Call the API with the new token."""
    key = read(pending["masterarn"], CURRENT)
    call = urllib.request.Request(
        key["test_url"], headers={"Authorization": f"Bearer {pending['access_token']}"}
    )
    with urllib.request.urlopen(call, timeout=5) as answer:
        answer.read()


def ask(key, url, form):
    """Post a form with the key pair."""
    pair = ":".join(urllib.parse.quote_plus(key[name]) for name in ("api_key", "api_secret_key"))
    headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    call = urllib.request.Request(key[url], urllib.parse.urlencode(form).encode(), headers)
    with urllib.request.urlopen(call, timeout=5) as answer:
        return json.load(answer)
