"""The story of this sweep: rows are written to Notion and read back, each once and untouched."""

from tests.ledger_sweep.cases import Case, every_case, sample
from tests.ledger_sweep.lives import watch
from tests.ledger_sweep.mutants import MUTANTS
from tests.ledger_sweep.scenes import SCENES
from tests.ledger_sweep.stage import prepared
from tests.ledger_sweep.worker import lived, numbered
from tests.sweeping.work import Story

STORY = Story(
    place="tests.ledger_sweep.story",
    about="Every fault at every moment of writing to Notion and reading back.",
    case=Case,
    scenes=[*SCENES],
    mutants=MUTANTS,
    many=3,
    watch=watch,
    prepared=prepared,
    numbered=numbered,
    lived=lived,
    every_case=every_case,
    sample=sample,
)
