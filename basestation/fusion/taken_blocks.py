"""The blocks of a command that came from one link, in memory that does not grow while they come."""


class TakenBlocks:
    """The numbers of a link's blocks.

    Attributes:
        count: how many came.
    """

    def __init__(self, total: int) -> None:
        """Args: the blocks of the command, whose numbers are those below."""
        self._is_taken = bytearray(total)
        self.count = 0

    def __contains__(self, number: int) -> bool:
        """Whether the block with this number came; it is one of the command's."""
        return bool(self._is_taken[number])

    def add(self, number: int) -> None:
        """Note that a block came, which had not come before."""
        self._is_taken[number] = True
        self.count += 1
