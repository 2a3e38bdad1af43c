"""Rates of devices: fitted on published rows, with leave-one-out errors; the features that they are of."""

from __future__ import annotations

import pytest

from mnetcost.designs import load
from mnetcost.engine.costs import cost
from mnetcost.engine.latency import FORMS, Work, fit, work

MHZ = 400
ROWS = [  # design, ms
    ("keras/v1:alpha=0.25,resolution=224,classes=5", 163.78),
    ("keras/v1:alpha=0.5,resolution=224,classes=5", 485.79),
    ("keras/v1:alpha=0.25,resolution=96,classes=5", 29.94),
    ("keras/v1:alpha=0.25,resolution=96,classes=5,channels=1", 28.34),
    ("keras/v1:alpha=0.25,resolution=224,classes=1000", 166.75),
    ("keras/v1:alpha=0.5,resolution=224,classes=1000", 504.37),
    ("keras/v1:alpha=1,resolution=224,classes=1000", 1641.84),
    ("keras/v2:alpha=0.35,resolution=128,classes=5", 94.34),
    ("keras/v2:alpha=0.35,resolution=224,classes=5", 290.75),
    ("keras/v2:alpha=0.35,resolution=128,classes=1000", 116.13),
    ("keras/v2:alpha=0.35,resolution=224,classes=1000", 313.92),
    ("keras/v2:alpha=1,resolution=224,classes=1000", 1106.64),
    ("keras/v2:alpha=1.4,resolution=224,classes=1000", 2010.66),
    ("fd-mobilenet:alpha=0.25,resolution=128,classes=5", 17.73),
    ("squeezenet-1.1-same:resolution=128,classes=5", 216.67),
]
"""STM32H747I-DISCO, Cortex-M7 at 400 MHz, STM32Cube.AI 10.0.0, int8: the READMEs of STMicroelectronics'
stm32ai-modelzoo, image_classification, 2025.
"""

ERRORS = [  # form, error in per cent: mean and worst of the rows, mean and worst leaving one out
    ("madds", 19.5, 56.0, 21.1, 67.6),
    ("conv, dw", 5.6, 17.2, 6.2, 19.0),
    ("conv, dw, fc", 3.8, 16.1, 4.7, 17.2),
    ("madds, activations", 5.2, 12.9, 6.4, 21.4),
    ("madds, activations, weights", 4.4, 13.7, 6.2, 23.1),
    ("madds, fixed", 16.8, 49.1, 19.1, 61.7),
    ("conv, dw, fixed", 5.6, 17.5, 6.7, 19.4),
    ("madds, per layer", 16.1, 43.9, 18.7, 56.5),
    ("madds, weights, fixed", 13.7, 43.0, 17.1, 55.3),
]
"""Fitted apart from this program, on features that were counted apart from it."""


def of(design: str) -> Work:
    return work(cost(load(design).graph))


@pytest.mark.parametrize(("form", "mean", "worst", "left_mean", "left_worst"), ERRORS)
def test_errors_are_those_of_an_independent_fit(
    form: str, mean: float, worst: float, left_mean: float, left_worst: float
) -> None:
    """To a tenth of a per cent, of every form."""
    found = fit(form, [(of(design), ms * MHZ * 1e3) for design, ms in ROWS])
    got = [round(100 * e, 1) for e in (*found.errors, *found.left_out)]
    assert got == pytest.approx([mean, worst, left_mean, left_worst], abs=0.051)
    assert all(rate >= 0 for rate in found.rates)


def test_rates_that_made_the_rows_are_found_again() -> None:
    """And the estimate of a row is the row."""
    true = (0.9, 8.0, 7.0)
    works = [of(design) for design, _ in ROWS[:8]]
    took = [sum(r * w.feature(n) for r, n in zip(true, ("conv", "dw", "fc"), strict=True)) for w in works]
    found = fit("conv, dw, fc", list(zip(works, took, strict=True)))
    assert found.rates == pytest.approx(true)
    assert found.left_out.worst == pytest.approx(0, abs=1e-9)
    assert found.estimate(works[3]) == pytest.approx(took[3])


def test_a_rate_is_never_negative() -> None:
    """Where least squares alone would make one so, that feature is left at 0."""
    rows = [(Work(1000 * n, 10, 0, 0, 0, 1), 1000.0 * n - 50) for n in range(1, 6)]
    assert fit("conv, dw", rows).rates[1] == 0


def test_too_few_rows_are_refused() -> None:
    """Three rates need four rows."""
    rows = [(of(design), ms) for design, ms in ROWS[:3]]
    with pytest.raises(ValueError, match="3 rows are too few for the 3 rates"):
        fit("conv, dw, fc", rows)
    assert set(FORMS) == {form for form, *_ in ERRORS}


def test_features_of_a_network_by_hand() -> None:
    """Keras' V1 0.25 at 224, 5 classes: the classifier is a convolution of one position, a dense layer."""
    one = of("keras/v1:alpha=0.25,resolution=224,classes=5")
    assert (one.conv, one.dw, one.fc) == (2_709_504 + 33_718_272, 4_346_496, 1_280)
    assert (one.weights, one.layers, one.activations) == (208_880, 28, 2_659_589)
