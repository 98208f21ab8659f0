"""The bounds that settings, messages and arrays share, whatever a run asks for."""

MAX_MESSAGE_BYTES = 32 * 1024 * 1024
"""Largest size of one serialised message; settings whose blocks would not fit are refused."""

MAX_MODEL_FILE_BYTES = 1024**3
"""Largest file of a model folder, and largest sum of the files of a device's part.

A party writes what a peer sends to its disk, and then reads each file whole, so that what it checks is what it uses: an
unbounded model would fill the disk or the memory of a board. The largest networks of the shipped configurations take
less than a tenth of it.
"""

MAX_BREAKPOINTS = 255
"""T of a quantizer: a level index is a byte."""

MAX_LINKS = 64
MAX_DIMENSION = 4096

MAX_NAME_CHARACTERS = 256
"""Longest id, version or digest that a peer sends."""

MAX_REASON_CHARACTERS = 4096
"""Longest reason that a peer gives for what it does."""

MAX_SETTINGS_CHARACTERS = 1024 * 1024
"""Longest settings of a run as JSON, 64 links with channels of their own included."""

MAX_UNANSWERED_QUERIES = 1024
"""Most live queries of a link that wait for their answers."""
