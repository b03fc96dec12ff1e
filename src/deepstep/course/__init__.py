"""The course: exercises, and a grader that names the mistake in a submission."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepstep.course.chapters import CHAPTERS, starter
    from deepstep.course.exercise import EXERCISES
    from deepstep.course.grader import Grade, check, check_file

__all__ = ["CHAPTERS", "EXERCISES", "Grade", "check", "check_file", "starter"]

_MODULES = {"CHAPTERS": "chapters", "starter": "chapters", "EXERCISES": "exercise"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "EXERCISES":
        import_module("deepstep.course.exercises")  # fills the registry
    return getattr(import_module(f"deepstep.course.{_MODULES.get(name, 'grader')}"), name)
