import pytest
import torch


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """For models so small, starting threads takes longer than computing."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
