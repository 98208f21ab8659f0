"""A fuzz target: a decoder, valid inputs to start from, and how to mutate them."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message

from tests.fuzz.mutation import mutate_message, mutated_bytes


@dataclass(frozen=True)
class Target:
    """One decoder.

    Attributes:
        name: unique; also the name of its folder in the corpus.
        decode: takes any bytes; its only exceptions are subclasses of SplitwaveError.
        seeds: valid inputs.
        message: the type of the inputs, if they are protobuf messages.
        tokens: pieces of the inputs' format, which mutations insert.
    """

    name: str
    decode: Callable[[bytes], object]
    seeds: Sequence[bytes]
    message: type[Message] | None = None
    tokens: Sequence[bytes] = ()

    def mutation(self, rng: random.Random) -> bytes:
        """A mutated seed; a message's fields are changed in three of four cases, its bytes in the rest."""
        seed = rng.choice(self.seeds)
        if self.message is None or rng.random() < 0.25:
            return mutated_bytes(seed, rng, self.tokens)
        message = self.message.FromString(seed)
        mutate_message(message, rng)
        return message.SerializeToString()
