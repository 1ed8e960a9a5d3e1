"""What values the options of the bench may have, for argparse."""

import argparse


def levels_of(text):
    try:
        levels = sorted({int(part) for part in text.split(",")})
    except ValueError:
        levels = []
    if not levels or levels[0] < 1:
        raise argparse.ArgumentTypeError(f"'{text}' must be numbers of calls, as in 1,64,1024")
    return levels


def positive(kind):
    def parse(text):
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if value <= 0:
            raise argparse.ArgumentTypeError(f"'{text}' must be a number above 0")
        return value
    return parse
