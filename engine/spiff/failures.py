"""How a step says that it cannot go on."""

from traceback import format_exception

from engine.problems import Problem


class StepFailed(Exception):
    """A step cannot go on; it becomes a failed wait with this text. Raised inside the engine only, never out of it."""

    def __init__(self, kind: str, message: str, next_step: str, traceback: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.next_step = next_step
        self.traceback = traceback

    @classmethod
    def of(cls, problem: Problem, where: str) -> "StepFailed":
        """The failure that a problem at a place of the model makes."""
        return cls(problem.code, f"{where}: {problem.detail}", problem.next_step or "Correct the variables, then retry the step.")


class CallsBroken(Exception):
    """Whoever runs service tasks for us raised: that is no matter of the step, and goes out as it was."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def failure_of(error: Exception, where: str) -> StepFailed:
    """The failure that an exception makes. A defect of ours leaves the instance whole, and the operator sees where it was."""
    if isinstance(error, StepFailed):
        return error
    if isinstance(error, Problem):
        return StepFailed.of(error, where)
    message = f"{where}: {type(error).__name__}: {error}"
    next_step = "This is a defect: report it with the traceback. The step can be retried."
    return StepFailed("defect", message, next_step, "".join(format_exception(error)))
