"""The program dermc."""

import os
import sys

from ._program import path


def main() -> None:
    """Becomes the program."""
    program = path()
    os.execv(program, [program, *sys.argv[1:]])


if __name__ == "__main__":
    main()
