"""The entry point: the group of commands, and the single place where errors become messages and exit codes.

An error is one line on stderr, without a traceback: ``Error: problem. hint``. With ``--json`` stdout gets one
object as well, with the error in it.
"""

import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from typing import NoReturn, TextIO, cast

import click

from deepstep import __version__
from deepstep.cli.screen import (
    FAILED,
    GOOD,
    INTERRUPTED,
    READER_GONE,
    WRONG_INPUT,
    Output,
    OutputError,
    as_json,
    fill_closed,
    forget,
    harmless_warnings,
    program,
    say,
)
from deepstep.environment import naming_packages
from deepstep.errors import DeepStepError, DivergenceError, unknown_name

COMMANDS = {
    "demo": "demo",
    "describe-columns": "summary",
    "train": "train",
    "predict": "predict",
    "serve": "serve",
    "evaluate": "evaluate",
    "importance": "evaluate",
    "check": "evaluate",
    "summary": "summary",
    "explore": "explore",
    "course": "course",
    "lesson": "course",
    "worksheet": "course",
    "report": "report",
    "export": "export",
    "doctor": "report",
    "trace": "trace",
    "check-gradients": "trace",
    "equations": "trace",
    "engines": "trace",
    "warmup": "trace",
}
"""Each command and its module, in the order of the help."""


BYTES = {"encoding": "utf-8", "newline": "\n"}
"""How text is written to a file or a pipe."""


class Commands(click.Group):
    """The commands, each imported when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        if cmd_name not in COMMANDS:
            raise unknown_name("command", cmd_name, COMMANDS)
        module = import_module(f"deepstep.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        return command


@click.command(
    cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="deepstep")
@click.pass_context
def deepstep(context: click.Context) -> None:
    """Deep fully-connected networks in which every training step can be inspected.

    Begin with "deepstep demo".
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line, ``sys.argv[1:]`` by default, and leave with its exit code."""
    try:
        arguments = sys.argv[1:] if arguments is None else list(arguments)
        fill_closed()
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                # A terminal without Unicode shows ? and does not stop the work. Files and pipes get the bytes
                # that --output writes: on Windows they would have the encoding of old programs and \r\n.
                stream.reconfigure(errors="replace", **({} if stream.isatty() else BYTES))
        with (
            redirect_stdout(_watched(sys.stdout)),
            redirect_stderr(_watched(sys.stderr)),
            harmless_warnings(),
        ):
            code = _run(arguments)
            sys.stdout.flush()
    except KeyboardInterrupt:  # before a command begins, or after it
        code = INTERRUPTED
        _last_words("Interrupted.")
    except OutputError as error:
        code = READER_GONE if error.reader_gone else WRONG_INPUT
        forget(error.stream)
        if not error.reader_gone:
            _last_words(f"Error: {error}")
    sys.exit(code)


def _watched(stream: TextIO) -> TextIO:
    return cast(TextIO, Output(stream))


def _last_words(sentence: str) -> None:
    try:
        say(sentence, err=True)
    except OSError:  # stderr goes to the same full disk: the exit code alone tells
        forget(sys.stderr)


def _run(arguments: Sequence[str]) -> int:
    try:
        # Not by deepstep.main(), which has exit codes of its own.
        with naming_packages(), deepstep.make_context("deepstep", list(arguments)) as context:
            return deepstep.invoke(context) or GOOD
    except click.exceptions.Exit as leave:  # --help, --version
        return leave.exit_code
    except KeyboardInterrupt as interrupt:  # a training says where it can go on
        return _report(arguments, interrupt, str(interrupt) or "Interrupted.", INTERRUPTED)
    except click.ClickException as error:
        return _report(arguments, error, _usage(error), WRONG_INPUT)
    except OutputError:
        raise
    except MemoryError as error:  # where the limit is not known before, as on Windows, or a copy is large
        sentence = f"the memory is too small. Use fewer rows, or a smaller network. {error}"
        return _report(arguments, error, sentence, WRONG_INPUT)
    except DeepStepError as error:
        record = {"problem": error.problem, "hint": error.hint, "setting": error.setting}
        if isinstance(error, DivergenceError):
            where = {"layer": error.layer, "step": error.step}
            return _report(arguments, error, str(error), FAILED, {**record, **where})
        return _report(arguments, error, str(error), WRONG_INPUT, record)


def _report(
    arguments: Sequence[str],
    error: BaseException,
    sentence: str,
    code: int,
    record: Mapping[str, str | int | None] | None = None,
) -> int:
    """Say what ended the command; with --json the record of it, too, which is the sentence unless given."""
    words = sentence if code == INTERRUPTED else f"Error: {sentence}"
    say(" ".join(words.split()), err=True)
    if "--json" in arguments:
        record = {"kind": type(error).__name__, **(record or {"message": sentence})}
        click.echo(as_json({"error": record, "exit_code": code}))
    return code


def _usage(error: click.ClickException) -> str:
    """Click's message as one sentence, with the way to the help."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context is not None else "deepstep"
    help_command = path.replace("deepstep", program(), 1)
    message = error.format_message().rstrip(".")
    return f"{path}: {message}{'' if message.endswith(('?', '?)')) else '.'} See {help_command} --help."
