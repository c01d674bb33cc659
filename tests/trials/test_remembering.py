"""What was computed of arrays is not computed again."""

import numpy as np

from app.agreement.remembering import Memory


def test_the_same_of_the_same_is_computed_once() -> None:
    asked = []

    def total(values: np.ndarray, *, times: int) -> float:
        asked.append(times)
        return float(values.sum() * times)

    memory = Memory(most=2)
    one, other = np.array([1.0, 2.0]), np.array([1.0, 3.0])
    assert [memory.of(total, one, times=2), memory.of(total, one.copy(), times=2)] == [6.0, 6.0]
    assert (memory.of(total, other, times=2), memory.of(total, one, times=3)) == (8.0, 9.0)
    assert asked == [2, 2, 3]
    memory.of(total, one, times=2)  # it had to make room
    assert len(asked) == 4


def test_arrays_of_another_shape_or_kind_are_others() -> None:
    memory = Memory()
    flat = np.zeros(4)
    assert memory.of(np.shape, flat) == (4,)
    assert memory.of(np.shape, flat.reshape(2, 2)) == (2, 2)
    assert memory.of(np.isnan, flat.astype(np.float32)).shape == (4,)
