"""What follows, what comes before, what stands between: on ways in order and on ways that are not."""

import pytest

from flowaudit.process import Branch, Step
from flowaudit.redesign.ways import between, earlier, later


def way(*after):
    return Branch(1.0, tuple(Step(k, a, -1, -1, k) for k, a in enumerate(after)))


DIAMOND = way((), (0,), (0,), (1, 2), (3,))
TURNED = way((3,), (3, 2), (0,), (4,), ())
"""4, then 3, then 0, then 2, then 1 (which follows 3, too): no step stands after all it follows."""


@pytest.mark.parametrize(
    ("branch", "start", "expected"),
    [
        (DIAMOND, [1], {3, 4}),
        (DIAMOND, [1, 2], {3, 4}),
        (DIAMOND, [4], set()),
        (TURNED, [0], {1, 2}),
        (TURNED, [4], {0, 1, 2, 3}),
    ],
)
def test_what_follows(branch, start, expected):
    assert later(branch, start) == expected


@pytest.mark.parametrize(
    ("branch", "end", "expected"), [(DIAMOND, [3], {0, 1, 2}), (DIAMOND, [0], set()), (TURNED, [2], {0, 3, 4})]
)
def test_what_comes_before(branch, end, expected):
    assert earlier(branch, end) == expected


@pytest.mark.parametrize(
    ("branch", "block", "expected"),
    [
        (DIAMOND, [0, 3], {1, 2}),
        (DIAMOND, [1, 2], set()),
        (DIAMOND, [1, 4], {3}),
        (TURNED, [4, 1], {0, 2, 3}),
        (DIAMOND, [2], set()),
    ],
)
def test_what_stands_between(branch, block, expected):
    assert between(branch, block) == expected
