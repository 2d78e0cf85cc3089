"""``flowaudit ...``: reads words, calls the other rooms, says what came of it."""

from flowaudit.cli.entry import main

__all__ = ["main"]
