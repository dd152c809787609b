"""One-time passwords against the vectors of the RFCs, and the windows in which they count."""

from __future__ import annotations

import pytest

from strongroom.crypto.totp import STEP_MS, code_of, find_consecutive, find_step, new_seed, step_of

SEED = b"12345678901234567890"


# RFC 6238, appendix B, the rows of SHA-1: seconds since the epoch and eight digits.
@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    """Eight digits as printed; six digits are the last six of them."""
    step = step_of(seconds * 1000)
    assert code_of(SEED, step, 8) == code
    assert code_of(SEED, step) == code[2:]


# RFC 4226, appendix D: the first ten values of the counter.
@pytest.mark.parametrize(
    ("counter", "code"),
    list(
        enumerate(
            [
                "755224",
                "287082",
                "359152",
                "969429",
                "338314",
                "254676",
                "287922",
                "162583",
                "399871",
                "520489",
            ]
        )
    ),
)
def test_the_vectors_of_rfc_4226(counter: int, code: str) -> None:
    """Six digits, zeros in front kept."""
    assert code_of(SEED, counter) == code


def test_a_step_lasts_thirty_seconds() -> None:
    """Its first and last millisecond belong to it."""
    assert (step_of(0), step_of(STEP_MS - 1), step_of(STEP_MS)) == (0, 0, 1)


def test_a_code_counts_inside_the_window_only() -> None:
    """One step early or late, not two."""
    for distance, expected in ((-2, None), (-1, 999), (0, 1000), (1, 1001), (2, None)):
        assert find_step(SEED, code_of(SEED, 1000 + distance), 1000, 1, 0) == expected


def test_w03_a_code_that_was_used_or_is_older_does_not_count() -> None:
    """Only steps after the last used one."""
    code = code_of(SEED, 1000)
    assert find_step(SEED, code, 1000, 1, 999) == 1000
    assert find_step(SEED, code, 1000, 1, 1000) is None
    assert find_step(SEED, code, 1000, 1, 1001) is None


def test_consecutive_codes_are_in_order_next_to_each_other_and_unused() -> None:
    """Swapped, repeated and distant ones are none, and the first must not have been used."""
    one, two, three = (code_of(SEED, step) for step in (1000, 1001, 1002))
    assert find_consecutive(SEED, one, two, 1010, 40, 0) == 1001
    assert find_consecutive(SEED, two, one, 1010, 40, 0) is None
    assert find_consecutive(SEED, one, one, 1010, 40, 0) is None
    assert find_consecutive(SEED, one, three, 1010, 40, 0) is None
    assert find_consecutive(SEED, one, two, 1042, 40, 0) is None
    assert find_consecutive(SEED, one, two, 1010, 40, 1000) is None
    assert find_consecutive(SEED, one, two, 1010, 40, 999) == 1001


def test_seeds_differ() -> None:
    """Forty bytes of randomness each."""
    seeds = {new_seed() for _ in range(20)}
    assert len(seeds) == 20
    assert {len(seed) for seed in seeds} == {40}
