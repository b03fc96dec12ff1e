"""The exercises of all chapters; importing this registers them."""

from deepstep.course.exercises.backward import *
from deepstep.course.exercises.forward import *
from deepstep.course.exercises.practice import *
