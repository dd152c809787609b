"""A log-in to MySQL or MariaDB that is prepared before a change, and made after it."""

from __future__ import annotations

import contextlib

import pymysql

from strongroom.rotation.machine import Evidence
from strongroom.rotation.rotator import Document, Probe
from strongroom.rotation.rotators import Reach
from strongroom.rotation.rotators.mysql_names import DEFAULT_PORT
from strongroom.rotation.rotators.mysql_target import (
    PluginRefused,
    Session,
    make_connection,
    open_socket,
)
from strongroom.rotation.rotators.places import encryption_of, locate
from strongroom.rotation.rotators.watch import Watch


class PreparedProbe:
    """A log-in that is connected while the value is not in force yet, and made when it is.

    Between the change and the move of AWSCURRENT no value works for an application that reads it. So the log-in that
    stands between the two does no more than it must: who the server is, and how the account checks passwords, was
    asked a moment ago, and is asked again when AWSCURRENT has moved.

    Args:
        document: What logs in.
        session: An open one of the same account, whose address is used.
        reach: As for every log-in.

    Raises:
        TargetFailed: The document cannot be used, or nothing can be connected any more.
    """

    def __init__(self, document: Document, session: Session, reach: Reach) -> None:
        place = locate(document, reach, DEFAULT_PORT)
        self._user = document.text("username")
        self._server = session.server
        self._connection = make_connection(document, place, encryption_of(document, place, reach), reach)
        self._socket = open_socket(place, session.address)
        self._watch = Watch(self._socket.fileno())

    def end(self) -> Probe | None:
        """Log in and out; None unless it succeeds: another log-in says better why."""
        try:
            self._connection.connect(self._socket)
            with self._connection.cursor() as cursor:
                cursor.execute("SELECT CURRENT_USER()")
                [[account]] = cursor.fetchall()
        except (pymysql.Error, OSError, PluginRefused):
            return None
        is_own = str(account).rpartition("@")[0] == self._user
        return Probe(Evidence.ACCEPTED, server=self._server) if is_own else None

    def close(self) -> None:
        """Close it, and watch it no longer."""
        self._watch.end()
        if self._connection.open:
            with contextlib.suppress(pymysql.Error):
                self._connection.close()
        self._socket.close()
