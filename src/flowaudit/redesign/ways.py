"""What lies where on one way of a case: what follows some steps, what stands between them."""

from __future__ import annotations

from collections.abc import Collection

from flowaudit.process import Branch


def later(branch: Branch, start: Collection[int]) -> set[int]:
    """Return the steps that follow one of ``start``, directly or through others.

    Examples
    --------
    >>> from flowaudit.process import Step
    >>> chain = Branch(1.0, tuple(Step(k, (k - 1,) if k else (), -1, -1, k) for k in range(4)))
    >>> later(chain, [1])
    {2, 3}
    """
    marked, found = set(start), set()
    for i, step in enumerate(branch.steps):
        for j in step.after:
            if j >= i:
                return _reached(start, _followers(branch))
            if j in marked:
                marked.add(i)
                found.add(i)
    return found


def earlier(branch: Branch, end: Collection[int]) -> set[int]:
    """Return the steps that one of ``end`` follows, directly or through others."""
    return _reached(end, [step.after for step in branch.steps])


def between(branch: Branch, block: Collection[int]) -> set[int]:
    """Return the steps outside ``block`` that follow one of its steps and that another of them follows."""
    inside = set(block)
    after = later(branch, inside) - inside
    return after & earlier(branch, inside) if after else after


def _followers(branch: Branch) -> list[list[int]]:
    """What directly follows each step, for ways whose steps do not stand in order."""
    followers: list[list[int]] = [[] for _step in branch.steps]
    for i, step in enumerate(branch.steps):
        for j in step.after:
            followers[j].append(i)
    return followers


def _reached(start: Collection[int], neighbours: list[list[int]] | list[tuple[int, ...]]) -> set[int]:
    found: set[int] = set()
    front = list(start)
    while front:
        for j in neighbours[front.pop()]:
            if j not in found:
                found.add(j)
                front.append(j)
    return found
