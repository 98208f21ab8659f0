"""The bounds that settings, messages and arrays share, whatever a run asks for."""

MAX_MESSAGE_BYTES = 32 * 1024 * 1024
"""Largest size of one serialised message; settings whose blocks would not fit are refused."""

MAX_BREAKPOINTS = 255
"""T of a quantizer: a level index is a byte."""

MAX_LINKS = 64
MAX_DIMENSION = 4096
