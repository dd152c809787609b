"""Identifiers that are drawn in advance are still drawn once."""

from __future__ import annotations

import os
import re
import threading

from strongroom.ids import UUIDS_DRAWN, new_uuid

UUID_4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_each_is_a_uuid_of_version_4_and_comes_once() -> None:
    """Several times over what is drawn at once."""
    drawn = [new_uuid() for _ in range(5 * UUIDS_DRAWN)]
    assert len(set(drawn)) == len(drawn)
    assert all(UUID_4.fullmatch(one) for one in drawn)


def test_a_forked_process_gives_out_none_that_its_parent_drew() -> None:
    """Workers are forked from one process; the ids of their requests and records must differ."""
    new_uuid()  # now some are left over
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, "\n".join(new_uuid() for _ in range(UUIDS_DRAWN)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        of_child = set(answer.read().splitlines())
    assert len(of_child) == UUIDS_DRAWN
    assert of_child.isdisjoint({new_uuid() for _ in range(2 * UUIDS_DRAWN)})


def test_threads_share_them_without_getting_one_twice() -> None:
    """The writer thread and the event loop both draw."""
    drawn: list[list[str]] = [[] for _ in range(4)]

    def draw(into: list[str]) -> None:
        into.extend(new_uuid() for _ in range(20 * UUIDS_DRAWN))

    threads = [threading.Thread(target=draw, args=(into,)) for into in drawn]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one for into in drawn for one in into}) == 4 * 20 * UUIDS_DRAWN
