"""Painting with the real network: what a user of the library relies on."""

import itertools
from collections import deque

import numpy as np
import pytest
import torch
from PIL import Image

import impasto
from impasto import Finished, Preview, Restart, Settings, Started, Step, Stylizer, images
from impasto.core.optim import PATIENCE, has_stalled
from impasto.errors import DeviceError, ImageError, SettingsError

SMALL = {"size": 64, "iterations": 4, "precision": "float32", "margin": 0}
SHALLOW = {"style_layers": {"relu1_1": 1.0, "relu2_1": 1.0}, "content_layers": {"relu2_1": 1.0}}


@pytest.fixture(scope="module")
def stylizer():
    return Stylizer()


def events_of(stylizer, photo, painting, **choices):
    return list(stylizer.run(photo, [painting], Settings(**{**SMALL, **choices})))


def steps(events):
    return [event for event in events if isinstance(event, Step)]


def smaller(path):
    """A picture that takes a moment to judge: losses are evaluated at its own size."""
    picture = impasto.images.read(path)
    return impasto.images.resize(picture, picture.width // 8, picture.height // 8)


@pytest.mark.parametrize(
    "init", ["palette", *(pytest.param(name, marks=pytest.mark.slow) for name in ("content", "noise", "file"))]
)
def test_detail_is_the_photographs_whatever_the_start(stylizer, photo, painting, init):
    def fine(detail):
        """What the finer scale begins with beyond the coarser one, of a run that is stopped at once."""
        start = {"init": str(painting) if init == "file" else init, "noise_share": 0.3}
        settings = Settings(
            recipe="painterly", size=256, scales=2, precision="float32", detail=detail, **start, style_detail=0
        )
        *_, finished = stylizer.run(photo, [painting], settings, stop=lambda: True)
        return finished.picture.rgb

    read = images.read(photo)
    shown = images.resize(read, 256, 171).rgb
    soft = images.resize(images.resize(read, 128, 86), 256, 171).rgb
    gained = np.corrcoef((fine(1.0) - fine(0.0)).ravel(), (shown - soft).ravel())[0, 1]
    assert gained > (0.7 if init == "palette" else 0.9)  # other colors, the same edges


def test_a_run_starts_steps_down_and_finishes(stylizer, photo, painting):
    events = events_of(stylizer, photo, painting, size=256, scales=2, iterations_decay=0.5, **SHALLOW)
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    assert [(step.scale, step.width, step.height, step.iteration) for step in steps(events)] == [
        *((1, 128, 86, number) for number in range(1, 5)),
        *((2, 256, 171, number) for number in range(1, 3)),
    ]
    assert events[0].iterations == 6
    assert all(step.loss == pytest.approx(sum(step.terms.values())) for step in steps(events))
    for scale in (1, 2):
        losses = [step.loss for step in steps(events) if step.scale == scale]
        assert losses == sorted(losses, reverse=True)
    assert steps(events)[-1].remaining == 0
    assert [step.elapsed for step in steps(events)] == sorted(step.elapsed for step in steps(events))
    assert events[-1].loss == steps(events)[-1].loss
    assert events[-1].picture.rgb.shape == (171, 256, 3)


@pytest.mark.parametrize("recipe", ["painterly", "tf-adam"])
def test_the_same_seed_gives_the_same_bytes_and_noise_another_picture(photo, painting, recipe):
    def painted(seed):
        return impasto.stylize(photo, painting, recipe=recipe, seed=seed, **SMALL).picture.rgb.tobytes()

    assert painted(1) == painted(1)
    starts_from_noise = Settings(recipe=recipe).init == "noise" or Settings(recipe=recipe).noise_share > 0
    assert (painted(1) != painted(2)) == starts_from_noise


def test_a_run_can_be_stopped_between_any_two_steps_and_yields_its_picture(stylizer, photo, painting):
    whole = steps(events_of(stylizer, photo, painting))
    for wanted in (0, 1, 3):
        taken = itertools.count()
        events = list(
            stylizer.run(
                photo, [painting], Settings(**SMALL), stop=lambda taken=taken, wanted=wanted: next(taken) >= wanted
            )
        )
        assert len(steps(events)) == wanted
        assert isinstance(events[-1], Finished)
        assert events[-1].stopped
        if wanted:
            assert events[-1].loss == whole[wanted - 1].loss


def test_the_first_preview_is_the_start_and_the_last_is_the_result(stylizer, photo, painting):
    events = list(stylizer.run(photo, [painting], Settings(**SMALL, init="content"), preview_every=2))
    previews = [event for event in events if isinstance(event, Preview)]
    assert [preview.total_iterations for preview in previews] == [0, 2, 4]
    start = impasto.images.resize(impasto.images.read(photo), 64, 43)
    np.testing.assert_allclose(previews[0].picture.rgb, start.rgb.clip(0, 255), atol=1e-3)
    assert np.array_equal(previews[-1].picture.rgb, events[-1].picture.rgb)


def test_keras_lbfgs_shows_a_picture_and_its_loss_after_each_round(stylizer, photo, painting):
    events = events_of(stylizer, photo, painting, recipe="keras-lbfgs", iterations=2, rounds=3)
    previews = [event for event in events if isinstance(event, Preview)][1:]
    assert [preview.iteration for preview in previews] == [2, 4, 6]
    assert [preview.loss for preview in previews] == sorted((it.loss for it in previews), reverse=True)
    assert events[0].iterations == 6


def test_tf_adam_keeps_the_best_picture_not_the_last(stylizer, photo, painting):
    events = events_of(stylizer, photo, painting, recipe="tf-adam", learning_rate=120.0, iterations=6)
    losses = [step.loss for step in steps(events)]
    assert losses[-1] > min(losses)
    assert events[-1].loss <= min(losses)
    again = stylizer.losses(events[-1].picture, photo, [painting], events[-1].settings)
    assert again.total == pytest.approx(events[-1].loss, rel=1e-4)


def test_the_average_of_the_last_pictures_is_evaluated_itself(stylizer, photo, painting):
    events = events_of(stylizer, photo, painting, optimizer="adam", keep="average", margin=0)
    assert events[-1].loss != steps(events)[-1].loss
    again = stylizer.losses(events[-1].picture, photo, [painting], events[-1].settings)
    assert again.total == pytest.approx(events[-1].loss, rel=1e-2)


def test_a_stalled_scale_is_left_early(stylizer, photo, painting):
    events = events_of(stylizer, photo, painting, iterations=40, tolerance=0.9)
    assert 10 <= len(steps(events)) < 40


def test_only_a_tolerance_ends_a_scale_early_not_a_rising_loss():
    rising = deque(float(loss) for loss in range(PATIENCE + 1))
    falling = deque(reversed(rising))
    assert not has_stalled(rising, 0)
    assert not has_stalled(falling, 0)
    assert has_stalled(rising, 1e-3)
    assert not has_stalled(falling, 1e-3)


def test_blended_paintings_are_compared_with_the_average_of_their_statistics(stylizer, photo, painting):
    one, other = smaller(painting), photo.with_name("great_wave.jpg")

    def style_losses(*weights):
        chosen = Settings(**SMALL, style_blend=weights)
        terms = stylizer.losses(one, photo, [one, other], chosen).terms
        return sum(term.value for term in terms if term.kind == "style")

    assert style_losses(1, 0) < 1e-3 * style_losses(0.5, 0.5) < style_losses(0, 1)


@pytest.mark.slow
def test_a_blend_moves_from_one_painting_to_the_other(stylizer, photo, painting):
    paintings = [painting, photo.with_name("great_wave.jpg")]
    distances = []
    for blend in ((1, 0), (1, 1), (0, 1)):
        *_, finished = stylizer.run(photo, paintings, Settings(**SMALL | {"iterations": 5}, style_blend=blend))
        judged = [stylizer.losses(finished.picture, photo, one, Settings(**SMALL)).terms for one in paintings]
        distances.append([sum(term.value for term in terms if term.kind == "style") for terms in judged])
    ones, others = zip(*distances, strict=True)
    assert list(ones) == sorted(ones)
    assert list(others) == sorted(others, reverse=True)


def test_a_blend_that_does_not_fit_the_paintings_is_refused(stylizer, photo, painting):
    with pytest.raises(SettingsError, match="3 weights for 1 painting"):
        events_of(stylizer, photo, painting, style_blend=(1, 2, 3))
    with pytest.raises(SettingsError, match="no weight above 0"):
        events_of(stylizer, photo, painting, style_blend=(0,))


def test_larger_style_scale_compares_with_a_larger_painting(stylizer, photo):
    y, x = np.mgrid[:128, :128]
    dots = np.where(np.hypot(x % 16 - 8, y % 16 - 8) < 5, 230, 20).astype(np.uint8)
    dots = images.read(np.repeat(dots[..., np.newaxis], 3, axis=2))
    part = images.read(dots.rgb[:64, :64].astype(np.uint8))

    def style_loss(picture, scale):
        terms = stylizer.losses(picture, photo, [dots], Settings(**SMALL, style_scale=scale)).terms
        return sum(term.value for term in terms if term.kind == "style")

    assert style_loss(part, 2.0) < style_loss(part, 1.0) / 3  # dots of the painting's own size
    assert style_loss(images.resize(dots, 64, 64), 1.0) < style_loss(images.resize(dots, 64, 64), 2.0) / 3


def test_a_picture_file_can_be_the_start(stylizer, photo, painting):
    events = events_of(stylizer, photo, painting, init=str(painting))
    start = next(event for event in events if isinstance(event, Preview)).picture
    expected = impasto.images.resize(impasto.images.read(painting), 64, 43)
    np.testing.assert_allclose(start.rgb, expected.rgb.clip(0, 255), atol=1e-3)
    with pytest.raises(SettingsError, match='"grey" is neither a start nor a file'):
        events_of(stylizer, photo, painting, init="grey")


@pytest.mark.parametrize("init", ["noise", "gaussian", "gray", "style"])
def test_every_start_can_be_painted_from(stylizer, photo, painting, init):
    losses = [step.loss for step in steps(events_of(stylizer, photo, painting, init=init))]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize(
    "choices",
    [
        {"statistic": "moments"},
        {"normalize": True},
        {"pooling": "average-scaled"},
        {"padding": "replicate"},
        {"precision": "float64"},
        pytest.param({"precision": "bfloat16"}, marks=pytest.mark.slow),
        {"tv_weight": 0, "content_weight": 0},
    ],
    ids=str,
)
def test_every_way_to_compare_lowers_its_own_loss(stylizer, photo, painting, choices):
    losses = [step.loss for step in steps(events_of(stylizer, photo, painting, **choices))]
    assert losses[-1] < 0.9 * losses[0]


def test_double_precision_agrees_with_single(stylizer, photo, painting):
    single, double = (
        stylizer.losses(smaller(photo), photo, [painting], Settings(size=64, precision=precision)).total
        for precision in ("float32", "float64")
    )
    assert single == pytest.approx(double, rel=1e-5)


def test_transparency_and_bit_depth_of_the_photograph_come_back(painting):
    pixels = np.full((40, 60, 4), 65535, np.uint16)
    pixels[:, :30, 3] = 0
    result = impasto.stylize(pixels, painting, **SMALL)
    assert result.picture.depth == 16
    assert result.image.mode == "RGBA"
    assert (result.picture.alpha[:, 2:28] == 0).all()
    assert (result.picture.alpha[:, 36:] == 1).all()


def test_a_result_can_be_saved_with_what_made_it(photo, painting, tmp_path):
    result = impasto.stylize(photo, painting, seed=3, **SMALL)
    result.save(tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as saved:
        assert saved.size == (64, 43)
    stored = impasto.images.read_metadata(tmp_path / "out.png")
    assert Settings.model_validate_json(stored["impasto:settings"]) == result.settings
    judged = Stylizer().losses(result.picture, photo, painting, result.settings)
    assert sum(result.losses.values()) == pytest.approx(judged.total, rel=0.02)
    assert "summer_palace.jpg" in stored["impasto:inputs"]


def test_settings_and_single_choices_cannot_both_be_given(photo, painting):
    with pytest.raises(SettingsError, match="one or the other"):
        impasto.stylize(photo, painting, settings=Settings(), size=64)


def test_a_single_painting_need_not_be_a_list(stylizer, photo, painting):
    assert list(stylizer.run(photo, str(painting), Settings(**SMALL)))[-1].picture.width == 64


@pytest.mark.slow
def test_threads_of_one_run_do_not_stay_for_the_next(stylizer, photo, painting):
    before = torch.get_num_threads()
    events_of(stylizer, photo, painting, threads=before + 1, iterations=1)
    assert events_of(stylizer, photo, painting, iterations=1)[0].threads == before


def test_a_picture_that_cannot_fit_into_memory_is_refused_at_once(stylizer, photo, painting):
    with pytest.raises(impasto.errors.OutOfMemoryError, match="megapixels need about"):
        stylizer.run(photo, painting, Settings(size_rule="99999x99999"))


@pytest.mark.parametrize("name", ["gpu", "xpu", "cuda:77"])
def test_a_stylizer_on_a_device_that_is_not_there_is_refused(name):
    with pytest.raises(DeviceError, match=name):
        Stylizer(device=name)


def test_a_run_without_a_painting_is_refused(stylizer, photo):
    with pytest.raises(SettingsError, match="no painting"):
        stylizer.run(photo, [])


def test_pictures_too_small_for_the_network_are_refused_before_anything_starts(stylizer, painting):
    with pytest.raises(ImageError, match=r"8 x 8 pixels is too small"):
        stylizer.run(np.zeros((8, 8, 3), np.uint8), [painting], Settings(**SMALL))
    with pytest.raises(ImageError, match="too small"):
        stylizer.run(np.zeros((20, 2000, 3), np.uint8), [painting], Settings(**SMALL))


def test_a_device_that_is_not_there_is_refused(stylizer, photo, painting):
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(DeviceError, match="no device 'cuda'"):
        stylizer.run(photo, [painting], Settings(device="cuda"))


def test_an_objective_beyond_numbers_is_a_clear_error(stylizer, photo, painting):
    with pytest.raises(impasto.errors.DivergedError, match="not a finite number"):
        events_of(stylizer, photo, painting, style_weight=1e38)


def test_no_restart_is_reported_where_all_is_well(stylizer, photo, painting):
    assert not [event for event in events_of(stylizer, photo, painting) if isinstance(event, Restart)]


def test_strength_0_gives_the_photograph_whatever_the_start(stylizer, photo, painting):
    whole = impasto.images.resize(impasto.images.read(photo), 64, 43)
    for init in ("content", "noise"):
        finished = events_of(stylizer, photo, painting, strength=0, init=init)[-1]
        assert np.array_equal(finished.picture.rgb, whole.rgb)
        assert finished.loss == 0


@pytest.mark.slow
def test_more_strength_brings_the_picture_nearer_to_the_painting(stylizer, photo, painting):
    distances = []
    for strength in (0, 0.5, 1):
        finished = events_of(stylizer, photo, painting, strength=strength, iterations=12)[-1]
        judged = stylizer.losses(finished.picture, photo, painting, Settings(margin=0, precision="float32"))
        distances.append(sum(term.value for term in judged.terms if term.kind == "style"))
    *below, last = distances
    assert below == sorted(below, reverse=True)
    assert last < 1.02 * below[-1]  # hardly anything is left to gain after a ninth of the content's weight
    assert last < distances[0] / 4
