"""Every benchmark that can be asked for is there."""

import importlib

import pytest

from benchmarks.__main__ import NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_named_benchmark_can_be_imported_and_measures(name: str) -> None:
    assert callable(importlib.import_module(f"benchmarks.{name}").measure)
