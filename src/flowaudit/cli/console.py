"""How the program talks while and after it works: stages on stderr, tables on stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from flowaudit.messages import translate as _

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID


PAPER = 120
"""Characters to a line where there is no terminal."""


def console(*, error: bool = False) -> Console:
    """Return a console that leaves words alone: no markup, no emoji, no highlighting of numbers."""
    from rich.console import Console

    # A file or a pipe has no width; tables are then as wide as they like, within reason.
    width = None if (sys.stderr if error else sys.stdout).isatty() else PAPER
    return Console(stderr=error, markup=False, emoji=False, highlight=False, width=width)


class Stages:
    """The stages of a run on stderr: a bar on a terminal, one line per stage elsewhere.

    Parameters
    ----------
    names : mapping of str to str
        Key of every stage, in order, and what people call it.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = dict(names)
        self._order = list(self._names)
        self._stage = ""
        self._reached = -1
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Stages:
        if sys.stderr.isatty():
            from rich.progress import (
                BarColumn,
                Progress,
                SpinnerColumn,
                TaskProgressColumn,
                TextColumn,
                TimeElapsedColumn,
            )

            self._progress = Progress(
                SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(),
                TimeElapsedColumn(), console=console(error=True), transient=True,
            )  # fmt: skip
            self._progress.start()
            self._task = self._progress.add_task("", total=len(self._order))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def __call__(self, stage: str, done: int = 0, total: int = 1) -> None:
        """Say that ``done`` of ``total`` parts of a stage are done.

        Stages passed over on the way are told as not needed: only the work itself finds out which it needs, and a
        number left out looks like a failure.
        """
        index, name = self._order.index(stage), self._names[stage]
        if self._progress is not None and self._task is not None:
            share = done / total if total else 0.0
            self._progress.update(self._task, completed=index + share, description=name)
        elif stage != self._stage:
            for passed in range(self._reached + 1, index):
                self._print(passed, _("{stage}: not needed", stage=self._names[self._order[passed]]))
            self._print(index, name)
        self._stage, self._reached = stage, max(self._reached, index)

    def _print(self, index: int, words: str) -> None:
        print(f"[{index + 1:>2}/{len(self._order)}] {words}", file=sys.stderr, flush=True)


def show_table(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """Print a table on stdout; columns numbered in ``right`` are aligned to the right."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, title in enumerate(head):
        table.add_column(title, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console().print(table)


def say(text: str = "") -> None:
    """Print one line on stdout, unwrapped, so that it can be copied."""
    print(text)
