"""The door of the program: console, language, and one exit code for every way to end."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import threading
import traceback
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from flowaudit.errors import FlowAuditError, nearest
from flowaudit.messages import speaking
from flowaudit.messages import translate as _

DONE, BUG, USAGE, INTERRUPTED = 0, 1, 2, 130


class _Interrupted(KeyboardInterrupt):
    """Ctrl-C. Python ends itself by the signal, past our exit code, once KeyboardInterrupt itself went through exec()."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0 done, 1 an error of flowaudit itself, 2 wrong usage, 3 a file given or the output folder is unusable, 4 the data
    cannot support what was asked, 130 interrupted.
    """
    words = list(sys.argv[1:] if words is None else words)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    with _readable_console(), _interruptible(), warnings.catch_warnings():
        if not debug:
            # Warnings of other packages are for developers; what a user must know is in the documents.
            warnings.simplefilter("ignore")
        try:
            return _run(words)
        except FlowAuditError as error:
            _complain(error.message, error.hint)
            return error.exit_code
        except KeyboardInterrupt:
            _complain(_("interrupted; nothing was written."), None)
            return INTERRUPTED
        except BrokenPipeError:
            # The reader of our output has gone (`| head`): nothing is left to say, not even while Python closes.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return DONE
        except Exception as error:
            if debug:
                traceback.print_exc()
            _complain(
                _("flowaudit itself failed: {kind}: {error}", kind=type(error).__name__, error=error),
                _("please report it with this file: {file}", file=_record(error)),
            )
            return BUG


def _run(words: list[str]) -> int:
    import typer

    from flowaudit.cli.commands import build

    # typer brings its own copy of click or needs it installed, by version: its exceptions are found by kinship.
    usage_error: type[Exception] = typer.BadParameter.__bases__[0]
    try:
        code = build()(args=words, prog_name="flowaudit", standalone_mode=False)
    except usage_error as error:
        return _usage(error)
    except typer.Abort:
        raise KeyboardInterrupt from None
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    return code if isinstance(code, int) else DONE


def _usage(error: Any) -> int:
    """Say what is wrong with the words of the command line: typer finds it, but says it in English only."""
    kind, context = type(error).__name__, error.ctx
    if kind == "NoArgsIsHelpError":
        print(error, file=sys.stderr)
        return USAGE
    path = "flowaudit" if context is None else context.command_path
    commands = {} if context is None else dict(getattr(context.command, "commands", {}))
    hint = _("'{command} --help' shows what it takes.", command=path)
    text, near = str(error.message), []
    if kind == "NoSuchOption":
        text = _("there is no option {name}.", name=error.option_name)
        near = nearest(error.option_name, [word for param in context.command.params for word in param.opts], n=1)
    elif kind == "MissingParameter":
        word = error.param.opts[0]
        name = word if word.startswith("-") else error.param.metavar
        text = _("{name} is missing.", name=name)
    elif kind == "BadOptionUsage":
        text = _("{name} needs a value.", name=error.option_name)
    elif commands and (word := text.partition("'")[2].partition("'")[0]):
        text, near = _("there is no command {name}.", name=word), nearest(word, commands, n=1)
    elif not commands and kind == "UsageError":
        words = text.partition("(")[2].rpartition(")")[0].removeprefix("s) (")
        text = _("more words than '{command}' takes: {words}.", command=path, words=words)
    _complain(text, _("did you mean '{near}'?", near=near[0]) if near else hint)
    return USAGE


def _complain(message: str, hint: str | None) -> None:
    print(_("Error: {message}", message=message), file=sys.stderr)
    if hint:
        print(_("Hint: {hint}", hint=hint), file=sys.stderr)


def _record(error: Exception) -> str:
    """Write the traceback to a file of its own; a person can send that, and the console stays readable."""
    text = "".join(traceback.format_exception(error))
    try:
        handle, name = tempfile.mkstemp(prefix="flowaudit-error-", suffix=".txt")
        os.close(handle)
        Path(name).write_text(f"flowaudit {' '.join(sys.argv[1:])}\n{text}", encoding="utf-8")
    except OSError:
        return "-"
    return name


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    def interrupt(_number: int, _frame: object) -> None:
        raise _Interrupted

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _readable_console() -> Iterator[None]:
    """Never fail on a character the console lacks; speak English where it lacks Chinese and nobody asked for it."""
    lacking = False
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
        try:
            "办件".encode(stream.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            lacking = True
    if lacking and not os.environ.get("FLOWAUDIT_LANG"):
        with speaking("en"):
            yield
    else:
        yield
