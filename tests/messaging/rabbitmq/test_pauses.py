"""The pauses between tries."""

from config_admin.messaging.rabbitmq.pauses import Pauses


def test_they_double_up_to_ten_seconds():
    pauses = Pauses(lambda: 0.0)

    assert [round(pauses.next_s(), 1) for _ in range(8)] == [
        0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0,
    ]  # fmt: skip


def test_what_broke_again_at_once_waits_longer():
    now_s = 0.0
    pauses = Pauses(lambda: now_s)
    pauses.next_s()
    pauses.worked()
    now_s = 9.0

    assert pauses.next_s() == 0.4


def test_what_worked_for_long_begins_anew():
    now_s = 0.0
    pauses = Pauses(lambda: now_s)
    pauses.next_s()
    pauses.worked()
    now_s = 10.0

    assert pauses.next_s() == 0.2
