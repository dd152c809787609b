"""Rotates the password of a PostgreSQL account that changes its own.

The secret is {"engine": "postgres", "host", "port", "username", "password", "dbname"}; other members stay.
"""

import psycopg
from four_steps import secrets, take_step
from psycopg import sql


def handler(event, context):
    """Do one step."""
    take_step(event, make=make, install=install, test=test)


def make(current):
    """Choose a new password."""
    password = secrets.get_random_password(ExcludeCharacters=":/@\"'\\")["RandomPassword"]
    return {**current, "password": password}


def install(current, pending):
    """Let the server take the new password, unless it has it."""
    if any(current.get(name) != pending.get(name) for name in ("host", "port", "username")):
        raise ValueError("the pending version is of another account")
    if logs_in(pending):
        return
    with connect(current) as connection:
        user = pending["username"]
        verifier = connection.pgconn.encrypt_password(
            pending["password"].encode(), user.encode(), b"scram-sha-256"
        )
        change = sql.SQL("ALTER ROLE {} PASSWORD {}")
        connection.execute(change.format(sql.Identifier(user), sql.Literal(verifier.decode())))


def test(pending):
    """Log in with the new password, and ask something."""
    with connect(pending) as connection:
        connection.execute("SELECT now()")


def connect(value):
    """Log in."""
    return psycopg.connect(
        host=value["host"],
        port=int(value.get("port", 5432)),
        user=value["username"],
        password=value["password"],
        dbname=value.get("dbname", "postgres"),
        sslmode="verify-full" if value.get("ssl", True) else "disable",
        connect_timeout=5,
    )


def logs_in(value):
    """Whether a password is accepted. That the server cannot be reached says nothing, and ends the step."""
    try:
        connect(value).close()
    except psycopg.OperationalError as problem:
        if "password authentication failed" not in str(problem):
            raise
        return False
    return True
