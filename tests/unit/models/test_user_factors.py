from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from marquee.domain.errors import CorruptBundle
from marquee.models.user_factors import read_user_factors, write_user_factors

IDS = ("a/b c", "привет 🎬", "x" * 100_000)
FACTORS = np.arange(6, dtype=np.float32).reshape(3, 2)
BIASES = np.array([0.5, -0.5, 0.0], dtype=np.float32)


def test_factors_come_back_as_they_were(tmp_path: Path) -> None:
    write_user_factors(tmp_path / "user_factors.npz", IDS, FACTORS, BIASES)
    users = read_user_factors(tmp_path / "user_factors.npz")
    assert users.user_ids == IDS
    assert_array_equal(users.state("привет 🎬"), np.array([2, 3, -0.5], dtype=np.float32))
    assert users.state("nobody") is None
    assert [path.name for path in tmp_path.iterdir()] == ["user_factors.npz"]


def test_the_same_factors_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_user_factors(tmp_path / name, IDS, FACTORS, BIASES)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not really", b"\x80\x04\x95"])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(CorruptBundle, match="holds no user factors"):
        read_user_factors(tmp_path / "file")
