"""Forms: form-js schemas, with the server as the authority over what is submitted.

`parse_form(bytes)` reads a schema and refuses what cannot be vouched for; `validate(form, submitted, trusted)` answers what form-js would
answer in the browser, with the same words, and never believes a hidden, read-only or unknown field. May import engine.feel and
engine.problems. Where to look: `schema` (what a form is), `parser` (bytes to form), `validation` (the walk over fields), `values` (one
value of one kind of field), `patterns` (regular expressions as JavaScript means them).
"""

from engine.forms.parser import FormInvalid, FormProblem, parse_form
from engine.forms.schema import Component, Form
from engine.forms.validation import Submission, fillable, validate

__all__ = ["Component", "Form", "FormInvalid", "FormProblem", "Submission", "fillable", "parse_form", "validate"]
