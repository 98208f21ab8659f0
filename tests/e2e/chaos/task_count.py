"""Counts the tasks of a party's event loops, which no service shows."""

import asyncio
import threading
from multiprocessing.connection import Connection


class _NotedLoops(asyncio.DefaultEventLoopPolicy):
    """Makes event loops as usual, and notes them."""

    def __init__(self) -> None:
        super().__init__()
        self.loops: list[asyncio.AbstractEventLoop] = []

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        self.loops.append(super().new_event_loop())
        return self.loops[-1]


def answer_task_counts(questions: Connection) -> None:
    """In the process of a party: answer `ask_task_count` from now on, in a thread of its own."""
    policy = _NotedLoops()
    asyncio.set_event_loop_policy(policy)

    def answer() -> None:
        while True:
            try:
                questions.recv()
            except EOFError:  # the program has ended
                return
            questions.send(sum(len(asyncio.all_tasks(loop)) for loop in policy.loops if not loop.is_closed()))

    threading.Thread(target=answer, daemon=True).start()


def ask_task_count(answers: Connection) -> int:
    """How many tasks the party at the other end has.

    Raises:
        EOFError: it has ended.
    """
    try:
        answers.send(None)
        count: int = answers.recv()
    except (BrokenPipeError, ConnectionResetError) as error:
        raise EOFError from error
    return count
