"""How long to wait before the obvious is done."""

import pytest

from config_admin.fileinstall.pace import (
    Absences,
    Retries,
    Settling,
    Timing,
    UnwrittenChanges,
)


class Time:
    """Seconds that the test counts."""

    now = 100.0

    def __call__(self):
        return self.now

    def passes(self, seconds):
        self.now += seconds


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def unwritten(time):
    return UnwrittenChanges(Timing(), time)


def test_a_change_is_written_when_it_was_quiet_for_50_milliseconds(time, unwritten):
    unwritten.add("p")
    assert unwritten.left_s("p") == pytest.approx(0.05)

    time.passes(0.03)
    unwritten.add("p")
    assert unwritten.left_s("p") == pytest.approx(0.05)

    time.passes(0.06)
    assert unwritten.left_s("p") == 0.0


def test_a_change_is_written_after_half_a_second_however_loud_it_is(time, unwritten):
    unwritten.add("p")
    for _ in range(12):
        time.passes(0.04)
        unwritten.add("p")
        assert unwritten.left_s("p") > 0.0

    time.passes(0.03)

    assert unwritten.left_s("p") == 0.0


def test_hurrying_makes_every_change_due(unwritten):
    unwritten.add("p")
    unwritten.add("q")

    assert set(unwritten.hurry()) == {"p", "q"}
    assert unwritten.left_s("p") == unwritten.left_s("q") == 0.0
    assert unwritten


def test_a_change_that_was_written_is_not_there_any_more(unwritten):
    unwritten.add("p")

    unwritten.remove("p")
    unwritten.remove("never there")

    assert not unwritten
    assert unwritten.left_s("p") == 0.0
    assert unwritten.hurry() == ()


def test_a_new_change_after_a_write_has_its_own_half_second(time, unwritten):
    unwritten.add("p")
    time.passes(0.49)
    unwritten.remove("p")

    unwritten.add("p")

    assert unwritten.left_s("p") == pytest.approx(0.05)


def test_a_file_settles_when_it_held_the_same_bytes_for_a_second(time):
    settling = Settling(Timing(), time)
    assert settling.left_s("p", "one") == pytest.approx(1.0)

    time.passes(0.9)
    assert settling.left_s("p", "one") == pytest.approx(0.1)
    assert settling.left_s("p", "two") == pytest.approx(1.0)

    time.passes(1.0)
    assert settling.left_s("p", "two") == 0.0
    settling.end("p")
    assert settling.left_s("p", "two") == pytest.approx(1.0)


def test_an_absence_is_believed_after_its_grace(time):
    absences = Absences(Timing(), time)
    assert absences.left_s("p") == pytest.approx(0.25)

    time.passes(0.2)
    assert absences.left_s("p") == pytest.approx(0.05)

    time.passes(0.1)
    assert absences.left_s("p") == 0.0


def test_a_file_that_came_back_has_its_whole_grace_again(time):
    absences = Absences(Timing(), time)
    absences.left_s("p")
    time.passes(0.2)

    absences.end("p")

    assert absences.left_s("p") == pytest.approx(0.25)


def test_while_more_files_go_none_of_them_is_gone_for_good(time):
    absences = Absences(Timing(), time)
    absences.left_s("p")

    time.passes(0.2)
    absences.left_s("q")

    assert absences.left_s("p") == pytest.approx(0.25)


def test_files_that_go_on_and_on_do_not_hold_the_first_back_for_ever(time):
    absences = Absences(Timing(), time)
    absences.left_s("p")
    for number in range(100):
        time.passes(0.1)
        absences.left_s(str(number))

    assert absences.left_s("p") == 0.0


def test_what_fails_again_is_tried_again_later_and_later():
    retries = Retries(Timing())

    waited_s = [retries.next_s("p") for _ in range(7)]

    assert waited_s == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert retries.next_s("q") == 1.0
    retries.end("p")
    assert retries.next_s("p") == 1.0
