"""The remark on a result that is hardly better than answers that are given without the input."""

from splitwave.common.tasks.task import ChanceLevel, Task


def remarks_on(task: Task, error: float, chance: ChanceLevel | None) -> list[str]:
    """Sentences about a result; none where there is nothing to remark.

    Args:
        task: the task of the run.
        error: the mean error on the test split, which may be not a number.
        chance: the chance level of the same split; None if it is not known.
    """
    if chance is None or error < chance.error - chance.margin:
        return []
    wording = task.wording
    reached, trivial = wording.error_in_remark(error), wording.error_in_remark(chance.error)
    better = "no better" if chance.margin == 0 else "not clearly better"
    return [f"the test error, {reached}, is {better} than that of always answering {wording.trivial_answer}, {trivial}"]
