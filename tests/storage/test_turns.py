import threading
import time

from app.storage.turns import Turns


def waiting(turns, number):
    """A thread that notes its number when it is its turn."""
    order = []

    def wait(mine):
        assert turns.acquire(20)
        order.append(mine)
        turns.release()

    threads = []
    for mine in range(number):
        thread = threading.Thread(target=wait, args=(mine,))
        thread.start()
        threads.append(thread)
        while len(turns._waiting) <= mine:  # each is in the queue before the next comes
            time.sleep(0.001)
    return threads, order


def test_turns_are_given_in_the_order_in_which_they_were_asked_for():
    turns = Turns()
    assert turns.acquire(0)
    threads, order = waiting(turns, 8)
    turns.release()
    for thread in threads:
        thread.join(20)
    assert order == list(range(8))


def test_whoever_loses_patience_is_passed_over():
    turns = Turns()
    assert turns.acquire(0)
    assert not turns.acquire(0.01)
    turns.release()
    assert turns.acquire(0)
    assert not turns.acquire(0)
