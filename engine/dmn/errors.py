"""What a decision model or a decision refuses, and says to a person."""

from engine.problems import Problem


class DmnError(Problem):
    """A decision model cannot be read, or a decision cannot be made as its model says; `element_id` says where."""

    default_code = "dmn"


class DecisionViolation(DmnError):
    """The data break a promise of the model: two rules match where one may, or a value is not among the allowed ones."""

    default_code = "decision_violation"
