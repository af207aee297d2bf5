"""The command line: ``tatara VERB [SUBJECT] [key=value ...] [--json] [--debug]``.

A verb's code is imported when the verb is run, so that help and mistakes answer at once.
"""

import argparse
import difflib
import errno
import importlib
import json
import os
import sys
import traceback
from collections.abc import Sequence

from tatara.core.errors import TataraError, UsageError
from tatara.core.home import apply_library_environment
from tatara.verbs import VERBS, Output, Request

INTERRUPTED = 130
_FLAGS = ("--json", "--debug", "--help", "-h")
_SWITCHES = ("--shadow",)
"""Options that need no value: given, they are true."""


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    shared = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    shared.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    shared.add_argument("--debug", action="store_true", help="print the trace of an error")
    top = argparse.ArgumentParser(prog="tatara", description="From versioned data to a served, traceable model.")
    commands = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, verb in VERBS.items():
        command = commands.add_parser(
            name,
            help=verb.help,
            description=verb.help,
            usage=f"tatara {verb.usage}",
            parents=[shared],
            allow_abbrev=False,
        )
        command.add_argument("words", nargs="*", metavar="WORD|key=value", help=verb.words)
    return top


def request(arguments: Sequence[str]) -> Request:
    """What a command line asks for.

    ``--key value`` and ``--key=value`` mean ``key=value``: MLflow passes parameters that way.

    Raises:
        UsageError: no such verb, an option without a value, or a key given twice.
    """
    ordered = _as_pairs(arguments)
    if ordered and ordered[0] not in (*VERBS, *_FLAGS):
        nearest = difflib.get_close_matches(ordered[0], VERBS, n=1, cutoff=0.5)
        hint = f"did you mean {nearest[0]!r}?" if nearest else "`tatara --help` lists them"
        raise UsageError(f"no verb {ordered[0]!r}; {hint}")
    known = parser().parse_args(ordered)
    options: dict[str, str] = {}
    words: list[str] = []
    for word in known.words:
        key, equals, value = word.partition("=")
        if not equals or not key.isidentifier():
            words.append(word)
        elif key in options:
            raise UsageError(f"{key} is given twice ({options[key]!r} and {value!r}); give it once")
        else:
            options[key] = value
    return Request(known.verb, tuple(words), options, known.json)


def _as_pairs(arguments: Sequence[str]) -> list[str]:
    """The arguments with ``--key value`` written as ``key=value``, flags first: argparse wants words together."""
    flags: list[str] = []
    words: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument in _FLAGS:
            flags.append(argument)
            continue
        if not argument.startswith("--"):
            words.append(argument)
            continue
        if argument in _SWITCHES:
            words.append(f"{argument[2:]}=true")
            continue
        key, equals, value = argument[2:].partition("=")
        if not equals and (value := next(rest, "")) == "":
            raise UsageError(f"{argument} needs a value; write {key}=VALUE")
        words.append(f"{key.replace('-', '_')}={value}")
    return words + flags


STAGES = "tatara.verbs.stages"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    debug, kept = False, ""
    try:
        given = sys.argv[1:] if arguments is None else arguments
        debug = "--debug" in given
        asked = request(given)
        apply_library_environment()
        with Output(asked.json) as output:
            module, _, function = VERBS[asked.verb].function.partition(":")
            kept = "; finished stages are kept" if module == STAGES else ""
            return int(getattr(importlib.import_module(module), function)(asked, output) or 0)
    except KeyboardInterrupt:
        # One that passed through exec(str), as imported dataclasses do, ends the process by the signal even when it is
        # caught, until the next exec(str) (https://docs.python.org/3/c-api/init_config.html, Py_RunMain).
        exec("")  # noqa: S102
        print(f"tatara: interrupted{kept}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except TataraError as error:
        return _fail(str(error), error.exit_code, debug)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        advice = "the disk is full; free some space and run again" if full else "run again with --debug for the trace"
        return _fail(f"{error}; {advice}", 1, debug)
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        return _fail(f"{type(error).__name__}: {first}; run again with --debug for the trace", 1, debug)


def _fail(message: str, code: int, debug: bool) -> int:
    from registry.words import one_line

    message = one_line(message)  # names in it may be anybody's
    if debug:
        traceback.print_exc()
    if "--json" in sys.argv:
        print(json.dumps({"error": message, "exit_code": code}, ensure_ascii=False))
    print(f"tatara: {message}", file=sys.stderr)
    return code
