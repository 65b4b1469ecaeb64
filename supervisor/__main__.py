"""python -m supervisor COMMAND ...: what ./hotline hands over to once the environment stands."""

import sys
from collections.abc import Callable

from supervisor import once
from supervisor.errors import Refusal, sentence_of
from supervisor.up import up
from supervisor.usage import Options, parse

COMMANDS: dict[str, Callable[[Options], int]] = {
    "up": up,
    "test": once.test,
    "bench": once.bench,
    "flask": once.flask,
}


def main(arguments: list[str]) -> int:
    """The exit code of the command."""
    try:
        options = parse(arguments)
        return COMMANDS[options.command](options)
    except Refusal as refusal:
        print(f"hotline: {refusal}", file=sys.stderr)
    except OSError as error:
        print(f"hotline: {sentence_of(error)}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
