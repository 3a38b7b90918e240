"""How fast a run writes: at the published rate, halved by a refusal, and slowly back."""

from flows.pacing import Clocks, Limits, Pace, boottime_ms
from tests.flows.far_side import World


def paced(world, **limits):
    """A pace on this world's clock."""
    return Pace(Limits(**limits), world.clocks)


def test_a_published_rate_is_kept_and_used():
    """25 in a second, less three in a hundred: the 101st turn comes after 4.12 s and no sooner."""
    world = World()
    pace, began = paced(world, per_second=25), world.at
    for _ in range(101):
        pace.turn()
    assert 4_120 <= world.at - began <= 4_130  # 100 x 41.2 ms


def test_a_limit_by_the_minute_is_kept():
    """30 in a minute, less three in a hundred: the 31st turn comes after 61.8 s and no sooner."""
    world = World()
    pace, began = paced(world, per_minute=30), world.at
    for _ in range(31):
        pace.turn()
    assert 61_800 <= world.at - began <= 61_810  # 30 x 2,060 ms


def test_time_that_passed_is_not_made_up_for():
    """After a quiet minute the next two turns are as far apart as any."""
    world = World()
    pace = paced(world, per_second=10)
    pace.turn()
    world.pass_by(60_000)
    quiet = world.at
    pace.turn()
    pace.turn()
    assert world.at - quiet == 103  # one gap of 1.03 s / 10


def test_without_a_published_rate_nobody_waits():
    """Then only refusals slow it down."""
    world = World()
    pace, began = paced(world), world.at
    for _ in range(100):
        pace.turn()
    assert world.at == began


def test_writers_grow_one_by_one_up_to_what_is_borne():
    """1 after one success, 2 after two more, 3 after three more; never above four."""
    pace, widths = paced(World(), at_once=4), []
    for _ in range(12):
        pace.went_well()
        widths.append(pace.width)
    assert widths == [2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4]


def test_a_refusal_halves_writers_and_rate_once_a_second():
    """Eight refusals in the same second are one; a second later the next one counts."""
    world = World()
    pace = paced(world, at_once=8, per_second=10)
    for _ in range(40):
        pace.went_well()
    assert pace.width == 8
    for _ in range(8):
        pace.limited()
    assert pace.width == 4
    assert gap(pace, world) == 206  # twice 103 ms
    world.pass_by(1_000)
    pace.limited()
    assert pace.width == 2
    assert gap(pace, world) == 412


def test_a_rate_that_was_halved_comes_back():
    """A twentieth less of a gap each second that goes well; half a minute makes it good."""
    world = World()
    pace = paced(world, per_second=10)
    pace.limited()
    for _ in range(30):
        world.pass_by(1_000)
        pace.went_well()
    assert gap(pace, world) == 103


def test_refusals_without_end_leave_one_writer_that_still_moves():
    """Ten seconds between two turns is the slowest."""
    world = World()
    pace = paced(world, at_once=4, per_second=100)
    for _ in range(30):
        world.pass_by(1_000)
        pace.limited()
    assert pace.width == 1
    assert gap(pace, world) == 10_000


def gap(pace, world):
    """Milliseconds between the next two turns."""
    pace.turn()
    before = world.at
    pace.turn()
    return world.at - before


def test_the_host_s_clock_runs_and_waits():
    """The real one: it counts milliseconds, and a pause is as long as asked."""
    clocks, began = Clocks(), boottime_ms()
    clocks.pause(30)
    assert 30 <= clocks.boottime_ms() - began < 1_000


def test_whoever_knows_its_turns_is_asked_for_them_and_not_slowed_down_again():
    """A connector that shares a rate waits by itself; all its writers may begin at once."""
    asked = []
    pace = Pace(Limits(at_once=8, wait_for_turn=lambda: asked.append(1)), Clocks())
    pace.turn()
    pace.limited()
    assert (len(asked), pace.width) == (1, 8)
