"""The minimizers: on small problems with known answers, and on the real objective."""

import threading
from itertools import islice

import numpy as np
import pytest
import scipy.optimize
import torch

from impasto.core.losses.objective import Evaluation
from impasto.core.optim import LBFGS, Adam, ScipyLBFGSB, lbfgs
from impasto.core.optim.lbfgs import CompactMemory, Memory
from impasto.errors import DivergedError

SHAPE = (1, 3, 6, 8)
CENTER = torch.rand(SHAPE, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 255
STIFFNESS = torch.logspace(-2, 2, CENTER.numel(), dtype=torch.float64).reshape(SHAPE)
START = torch.full(SHAPE, 128.0, dtype=torch.float64)


def bowl(image, objective_unit=1.0, pixel_unit=1.0):
    """An ill-conditioned quadratic with a quartic part, in chosen units of the objective and of the pixels.

    A picture larger than CENTER is compared with as many tiles of it as fit.
    """
    tiles = (1, 1, image.shape[2] // SHAPE[2], image.shape[3] // SHAPE[3])
    center, stiffness = CENTER.to(image.dtype).repeat(tiles), STIFFNESS.to(image.dtype).repeat(tiles)
    away = image / pixel_unit - center
    loss = ((stiffness * away**2 / 2).sum() + (away**4).sum() * 1e-5).item() * objective_unit
    gradient = (stiffness * away + 4e-5 * away**3) * objective_unit / pixel_unit
    return Evaluation(loss, (loss,), gradient)


def path(minimizer, evaluate, start, iterations):
    return [(iterate.image.clone(), iterate.loss) for iterate in minimizer.minimize(evaluate, start, iterations)]


MINIMIZERS = {
    "lbfgs": lambda: LBFGS(20),
    "adam": lambda: Adam(2.0, 0.9, 0.999, 1e-8, clip=False),
    "scipy": lambda: ScipyLBFGSB(20, clip=False),
}


@pytest.mark.parametrize("name", MINIMIZERS)
def test_the_first_iterate_is_the_start_and_each_loss_belongs_to_its_picture(name):
    iterates = path(MINIMIZERS[name](), bowl, START, 12)
    assert torch.equal(iterates[0][0], START)
    assert len(iterates) == 13
    assert all(loss == pytest.approx(bowl(image).loss, rel=1e-9) for image, loss in iterates)
    assert iterates[-1][1] < iterates[0][1]


def test_lbfgs_finds_the_minimum_and_then_ends_by_itself():
    iterates = path(LBFGS(20), bowl, START, 3000)
    assert len(iterates) < 3000
    torch.testing.assert_close(iterates[-1][0], CENTER, rtol=0, atol=1e-9)


@pytest.mark.parametrize("unit", [1e-18, 1e-6, 1e6, 1e18])
def test_the_unit_of_the_objective_changes_nothing_but_rounding(unit):
    plain = path(LBFGS(10), bowl, START.float(), 30)
    scaled = path(LBFGS(10), lambda image: bowl(image, objective_unit=unit), START.float(), 30)
    for (image, loss), (other, other_loss) in zip(plain, scaled, strict=True):
        torch.testing.assert_close(other, image, rtol=0, atol=0.5)
        assert other_loss / unit == pytest.approx(loss, rel=0.02)


@pytest.mark.parametrize("unit", [1 / 255, 1000.0])
def test_the_range_of_the_pixels_changes_nothing_but_rounding(unit):
    plain = path(LBFGS(10, trial_step=3.0), bowl, START, 30)
    scaled = path(LBFGS(10, trial_step=3.0 * unit), lambda image: bowl(image, pixel_unit=unit), START * unit, 30)
    for (image, loss), (other, other_loss) in zip(plain, scaled, strict=True):
        torch.testing.assert_close(other / unit, image, rtol=0, atol=1e-4)
        assert other_loss == pytest.approx(loss, rel=1e-6)


def test_the_size_of_the_picture_changes_nothing_but_rounding():
    plain = path(LBFGS(10), bowl, START, 30)
    tiled = path(LBFGS(10), bowl, START.repeat(1, 1, 4, 4), 30)
    for (image, loss), (other, other_loss) in zip(plain, tiled, strict=True):
        torch.testing.assert_close(other[:, :, :6, :8], image, rtol=0, atol=1e-4)
        assert other_loss / 16 == pytest.approx(loss, rel=1e-6)


def test_lbfgs_cuts_back_a_step_into_values_that_are_not_numbers():
    def cliff(image):
        evaluation = bowl(image)
        return (
            evaluation
            if (image - START).abs().max() < 60
            else Evaluation(float("nan"), (float("nan"),), evaluation.gradient)
        )

    iterates = path(LBFGS(20), cliff, START, 40)
    assert all(np.isfinite(loss) for _, loss in iterates)
    assert iterates[-1][1] < iterates[0][1] / 2


def test_lbfgs_says_so_when_it_must_restart_and_goes_on():
    def kinked(image):
        """The bowl and sum |x - center|: at a kink curvature from one side is wrong on the other."""
        evaluation, away = bowl(image), image - CENTER
        loss = evaluation.loss + 100 * away.abs().sum().item()
        return Evaluation(loss, (loss,), evaluation.gradient + 100 * away.sign())

    iterates = list(LBFGS(20).minimize(kinked, START, 300))
    restarts = [number for number, iterate in enumerate(iterates) if iterate.restart]
    assert restarts
    assert "lowered the loss" in iterates[restarts[0]].restart
    assert iterates[-1].loss < iterates[restarts[0]].loss < iterates[0].loss / 1000


def test_lbfgs_keeps_no_pair_without_positive_curvature():
    memory = Memory(4, torch.zeros(5))
    step = torch.tensor([1.0, 0, 0, 0, 0])
    assert not memory.add(step, -step)
    assert not memory.add(step, torch.tensor([0.0, 1, 0, 0, 0]))
    assert memory.add(step * 1e-12, step * 1e-12)  # tiny, but as curved as any
    assert len(memory) == 1


def test_the_direction_is_that_of_the_textbook_recursion():
    generator = torch.Generator().manual_seed(2)
    memory, pairs = Memory(4, torch.zeros(30, dtype=torch.float64)), []
    for _ in range(7):  # more than are remembered
        step = torch.randn(30, generator=generator, dtype=torch.float64)
        pairs.append((step, step * torch.rand(30, generator=generator, dtype=torch.float64)))
        assert memory.add(*pairs[-1])
    gradient = torch.randn(30, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(memory.direction(gradient), -two_loop(pairs[-4:], gradient))


@pytest.mark.parametrize("piece", [7, 50, 1000])
def test_the_direction_of_a_compact_memory_is_that_of_its_rounded_pairs(monkeypatch, piece):
    monkeypatch.setattr(lbfgs, "_PIECE", piece)
    generator, pairs = torch.Generator().manual_seed(2), []
    memory = CompactMemory(4, torch.zeros(1, 1, 5, 6, dtype=torch.float64))

    def point(image, gradient):
        return lbfgs._Point(image.reshape(1, 1, 5, 6), 0.0, (), gradient)

    zero = torch.zeros(30, dtype=torch.float64)
    for number in range(9):  # more than are remembered, and one that is refused
        step = torch.randn(30, generator=generator, dtype=torch.float64).bfloat16()
        change = (step * torch.rand(30, generator=generator)).bfloat16() * (-1 if number == 6 else 1)
        pairs += [(step.double(), change.double())] if number != 6 else []
        memory.learn(point(zero, zero), point(step.double(), change.double()))
        if number % 2:
            gradient = torch.randn(30, generator=generator, dtype=torch.float64)
            torch.testing.assert_close(memory.direction(gradient), -two_loop(pairs[-4:], gradient))
    memory.clear()
    assert len(memory) == 0


def test_lbfgs_goes_as_far_with_a_compact_memory():
    exact, compact = (path(LBFGS(10, large=large), bowl, START.float(), 40)[-1][1] for large in (None, 1))
    begin = bowl(START).loss
    assert compact - bowl(CENTER).loss < 2 * (exact - bowl(CENTER).loss) + 1e-4 * begin


def two_loop(pairs, gradient):
    """Nocedal and Wright, "Numerical optimization", algorithm 7.4."""
    q, alphas = gradient.clone(), []
    for s, y in reversed(pairs):
        alphas.append((s @ q) / (s @ y))
        q -= alphas[-1] * y
    s, y = pairs[-1]
    r = q * (s @ y) / (y @ y)
    for (s, y), alpha in zip(pairs, reversed(alphas), strict=True):
        r += s * (alpha - (y @ r) / (s @ y))
    return r


@pytest.mark.parametrize(
    ("make", "atol"),
    [
        (MINIMIZERS["lbfgs"], 0),
        (lambda: LBFGS(4), 0),
        (lambda: LBFGS(20, large=1, few=4), 1e-6),
        (MINIMIZERS["adam"], 0),
    ],
)
def test_another_that_gets_its_state_goes_on_as_it_would_have(make, atol):
    first, second = make(), make()
    run = first.minimize(bowl, START, 12)  # once it is closed, nothing is remembered
    iterates = [(it.image.clone(), it.loss) for it in islice(run, 8)]
    state = {name: tensor.clone() for name, tensor in first.state(2**20)}
    wanted = path(make(), bowl, START, 12)
    second.load_state(state)
    found = path(second, bowl, iterates[-1][0], 5)
    assert len(found) == 6
    for (ours, _), (theirs, _) in zip(found, wanted[7:], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=atol)


def test_of_a_state_that_is_too_large_the_newest_pairs_are_given():
    optimizer = LBFGS(20)
    run = optimizer.minimize(bowl, START, 12)
    list(islice(run, 8))
    room = 2 * START.numel() * START.element_size()
    every, few = dict(optimizer.state(2**20)), dict(optimizer.state(3 * room + 1))
    assert (len(every), len(few)) == (4 + 2 * 7, 4 + 2 * 3)
    assert few["order"].tolist() == [0, 1, 2]
    for name in ("step", "difference"):
        assert all(torch.equal(few[f"{name} {slot}"], every[f"{name} {slot + 4}"]) for slot in range(3))
    assert len(dict(optimizer.state(room - 1))) == 4


def test_a_smaller_memory_takes_the_newest_pairs_of_a_larger_one():
    optimizer, few = LBFGS(20), LBFGS(3)
    run = optimizer.minimize(bowl, START, 12)
    iterates = list(islice(run, 8))
    state = {name: tensor.clone() for name, tensor in optimizer.state(2**20)}
    few.load_state(state)
    at = iterates[-1].image
    (first, _) = path(few, bowl, at, 1)[1]
    pairs = [(state[f"step {slot}"], state[f"difference {slot}"]) for slot in (4, 5, 6)]
    wanted = at - two_loop(pairs, bowl(at).gradient.flatten() / state["unit"]).view_as(at)
    torch.testing.assert_close(first, wanted)


def test_a_state_of_another_size_is_forgotten():
    optimizer, wide = LBFGS(20), START.repeat(1, 1, 1, 2)
    run = optimizer.minimize(bowl, wide, 12)
    list(islice(run, 8))
    another = LBFGS(20)
    another.load_state(dict(optimizer.state(2**20)))
    for (ours, _), (theirs, _) in zip(path(another, bowl, START, 5), path(LBFGS(20), bowl, START, 5), strict=True):
        assert torch.equal(ours, theirs)


def test_adam_takes_the_steps_of_tensorflows_formula():
    rate, beta1, beta2, epsilon = 5.0, 0.99, 0.999, 0.1
    image, m, v = START.numpy().copy(), 0.0, 0.0
    iterates = path(Adam(rate, beta1, beta2, epsilon, clip=False), bowl, START, 8)
    for t in range(1, 9):
        g = bowl(torch.from_numpy(image)).gradient.numpy()
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        image = image - rate * np.sqrt(1 - beta2**t) / (1 - beta1**t) * m / (np.sqrt(v) + epsilon)
        np.testing.assert_allclose(iterates[t][0].numpy(), image, rtol=1e-9)


def test_adam_stays_in_the_pixel_range_where_asked():
    far = lambda image: Evaluation(0.0, (0.0,), torch.ones_like(image))  # noqa: E731
    assert path(Adam(50.0, 0.9, 0.999, 1e-8, clip=True), far, START, 10)[-1][0].min() == 0
    assert path(Adam(50.0, 0.9, 0.999, 1e-8, clip=False), far, START, 10)[-1][0].min() < 0


def test_adam_goes_on_with_smaller_steps_after_values_that_are_not_numbers():
    def cliff(image):
        evaluation = bowl(image)
        near = (image - CENTER).abs().max() < 60
        return evaluation if near else Evaluation(float("nan"), (float("nan"),), evaluation.gradient)

    iterates = list(Adam(100.0, 0.9, 0.999, 1e-8, clip=False).minimize(cliff, CENTER + 30, 12))
    assert "half the step" in iterates[1].restart
    assert len(iterates) == 13
    assert iterates[-1].loss < iterates[0].loss


def test_adams_moments_go_along_to_another_size():
    minimizer = Adam(2.0, 0.9, 0.999, 1e-8, clip=False)
    path(minimizer, bowl, START, 5)
    minimizer.rescale(lambda moment: moment.repeat(1, 1, 2, 2))
    large = path(minimizer, bowl, START.repeat(1, 1, 2, 2), 3)
    fresh = path(Adam(2.0, 0.9, 0.999, 1e-8, clip=False), bowl, START.repeat(1, 1, 2, 2), 3)
    assert large[0][0].shape == (1, 3, 12, 16)
    assert not torch.allclose(large[1][0], fresh[1][0])


@pytest.mark.parametrize("name", MINIMIZERS)
def test_an_objective_that_no_step_leaves_a_number_is_a_clear_error(name):
    def peak(image):
        there = bowl(image)
        return there if torch.equal(image, START) else Evaluation(float("inf"), (float("inf"),), there.gradient)

    with pytest.raises(DivergedError, match="not a finite number"):
        path(MINIMIZERS[name](), peak, START, 5)


@pytest.mark.parametrize("name", MINIMIZERS)
def test_an_objective_that_is_never_a_number_is_a_clear_error(name):
    nothing = lambda image: Evaluation(float("nan"), (float("nan"),), torch.zeros_like(image))  # noqa: E731
    with pytest.raises(DivergedError, match="not a finite number"):
        path(MINIMIZERS[name](), nothing, START, 5)


def test_scipys_iterates_are_those_of_scipy_called_directly():
    seen = []

    def flat(vector):
        evaluation = bowl(torch.from_numpy(vector).reshape(SHAPE))
        return evaluation.loss, evaluation.gradient.numpy().ravel()

    scipy.optimize.fmin_l_bfgs_b(
        flat, START.numpy().ravel(), m=10, maxiter=15, callback=lambda x: seen.append(x.copy())
    )
    iterates = path(ScipyLBFGSB(10, clip=False), bowl, START, 15)
    assert len(iterates) == 1 + len(seen)
    for (image, _), vector in zip(iterates[1:], seen, strict=True):
        np.testing.assert_array_equal(image.numpy().ravel(), vector)


def test_scipy_keeps_to_the_pixel_range_where_asked():
    outward = lambda image: bowl(image - 300)  # noqa: E731
    assert path(ScipyLBFGSB(10, clip=True), outward, START, 15)[-1][0].max() == 255


def test_scipys_thread_ends_when_no_more_iterates_are_wanted():
    before = threading.active_count()
    iterates = ScipyLBFGSB(10, clip=False).minimize(bowl, START, 1000)
    assert len(list(islice(iterates, 3))) == 3
    assert threading.active_count() == before + 1
    iterates.close()
    assert threading.active_count() == before


def test_an_error_of_the_objective_comes_through_scipy_and_its_thread():
    def failing(image):
        if not torch.equal(image, START):
            raise MemoryError("out of memory")
        return bowl(image)

    with pytest.raises(MemoryError, match="out of memory"):
        path(ScipyLBFGSB(10, clip=False), failing, START, 5)
