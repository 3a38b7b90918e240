"""The story of this sweep: released credits are paid by Stripe, exactly once."""

from tests.sweep.cases import Case, every_case, sample
from tests.sweep.life import watch
from tests.sweep.mutants import MUTANTS
from tests.sweep.scenes import SCENES
from tests.sweep.stage import prepared
from tests.sweep.worker import lived, numbered
from tests.sweeping.work import Story

STORY = Story(
    place="tests.sweep.story",
    about="Every fault at every moment of a payment run.",
    case=Case,
    scenes=[*SCENES],
    mutants=MUTANTS,
    many=6,
    watch=watch,
    prepared=prepared,
    numbered=numbered,
    lived=lived,
    every_case=every_case,
    sample=sample,
)
