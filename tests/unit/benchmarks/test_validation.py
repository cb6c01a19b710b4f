"""What the validation benchmark says of what it measured."""

import json

import pytest

from benchmarks.validation.measure import KINDS, Measured
from benchmarks.validation.report import figures, last_line, text
from benchmarks.validation.sample import sample
from domain import manifest
from domain.reports import Kind


@pytest.fixture
def measured() -> Measured:
    alone = {kind: [0.2, 0.4, 0.3] for kind in KINDS}
    return Measured(
        cold=[20.0, 30.0],
        warm=[2.0, 3.0, 2.5],
        together=[1.4, 1.2, 1.3],
        alone={**alone, Kind.TYPES: [1.0, 3.0, 2.0]},
        jail=[0.012, 0.010, 0.011],
        bare=[0.001, 0.001, 0.002],
    )


def test_figures_are_of_medians(measured: Measured) -> None:
    assert measured.slowest is Kind.TYPES
    assert figures(measured) == {
        "together_over_slowest": 0.65,
        "together_over_serial": 0.406,
        "cold_seconds": 25.0,
        "warm_seconds": 2.5,
        "launch_overhead_ms": 10.0,
    }


def test_the_last_line_is_the_named_figures(measured: Measured) -> None:
    wanted = ["together_over_slowest", "together_over_serial", "cold_seconds", "warm_seconds", "launch_overhead_ms"]
    assert list(json.loads(last_line(measured))) == wanted


def test_the_table_names_every_kind_and_figure(measured: Measured) -> None:
    said = text(measured)
    assert all(f"{kind} alone" in said for kind in KINDS)
    assert all(name in said for name in figures(measured))


def test_the_sample_is_a_package_with_its_manifest() -> None:
    files = sample()
    declared = manifest.parse(files[manifest.PATH])
    assert f"{declared.entrypoint.partition(':')[0].replace('.', '/')}.py" in files
    assert any(path.startswith("tests/test_") for path in files)
