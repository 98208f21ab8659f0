"""Argument types of command lines, which refuse a number out of range by the name of its option."""

import argparse
import os
from collections.abc import Callable


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return the argument type of whole numbers from `least` to `most`."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{text}: expected a whole number from {least} to {most}")
        return number

    return parse


def open_descriptor(text: str) -> int:
    """Parse the number of a file descriptor of this process; an argument type, too."""
    try:
        number = int(text)
        os.fstat(number)
    except (ValueError, OSError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text}: expected the number of an open file descriptor") from None
    return number
