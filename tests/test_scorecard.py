"""The scorecard says what eyes say where eyes are sure."""

import math

import numpy as np
import pytest
import torch
from scorecard import close_up, fronts
from scorecard.faces import CLOSE, NOT_FOUND, FaceJudge
from scorecard.measures import Judge, coherence, frame, highest_octave, layers

from impasto import Stylizer, images, weights
from impasto.core.network.vgg import VGG

WIDTH, HEIGHT = 192, 128


def tensor(path):
    rgb = images.resize(images.read(path), WIDTH, HEIGHT).rgb
    return torch.from_numpy(np.ascontiguousarray(rgb)).permute(2, 0, 1).unsqueeze(0)


@pytest.fixture(scope="module")
def pictures(photo, painting):
    return tensor(photo), tensor(painting)


@pytest.fixture(scope="module")
def judge(vgg_weights, pictures):
    second = weights.load("vgg19-8bit").to(torch.device("cpu"), torch.float32)
    with torch.no_grad():
        return Judge(VGG(vgg_weights, layers()), VGG(second, layers()), *pictures)


def test_the_photograph_keeps_all_structure_and_closes_no_gap(judge, pictures):
    scores = judge.scores(pictures[0])
    assert (scores.style, scores.second_style) == pytest.approx((0, 0), abs=1e-5)
    assert scores.second_structure == pytest.approx(1, abs=1e-5)
    assert (scores.structure, scores.ms_ssim) == pytest.approx((1, 1), abs=1e-5)


def test_the_painting_closes_the_whole_gap_and_keeps_little_structure(judge, pictures):
    scores = judge.scores(pictures[1])
    assert (scores.style, scores.second_style) == pytest.approx((1, 1), abs=1e-5)
    assert scores.lengths == scores.chroma == scores.periodic == 0
    assert scores.strokes == scores.palette == scores.clipped == scores.grain == 0
    assert scores.structure < 0.95
    assert scores.ms_ssim < 0.5


def test_noise_is_told_from_paint(judge, pictures):
    photo, painting = pictures
    noise = torch.randn(photo.shape, generator=torch.Generator().manual_seed(0))
    noisy = judge.scores((painting + 40 * noise).clamp(0, 255))
    assert noisy.grain > 0.5
    assert noisy.strokes > 0.05
    assert noisy.style < 0.9
    assert noisy.second_style < 0.9
    assert noisy.chroma > 0.5
    assert noisy.lengths > 0.1


def test_long_strokes_are_more_coherent_than_hatching():
    across = torch.arange(WIDTH).expand(HEIGHT, WIDTH)
    down = torch.arange(HEIGHT).reshape(-1, 1).expand(HEIGHT, WIDTH)
    stripes, crossed = torch.sin(across / 2) * 80 + 128, torch.sin(down / 2) * 80 + 128
    patches = (across // 6 + down // 6) % 2 == 0
    strokes, hatching = (it.expand(1, 3, HEIGHT, WIDTH) for it in (stripes, torch.where(patches, stripes, crossed)))
    assert min(coherence(strokes)) > 0.99
    assert coherence(hatching)[-1] < 0.5


def test_a_frame_and_grain_are_seen(pictures):
    photo, _ = pictures
    framed = photo.clone()
    framed[..., :5] = framed[..., -5:] = 0
    assert frame(framed) > 3 * frame(photo)
    assert highest_octave(photo.round()) < highest_octave(photo + 20 * torch.rand(photo.shape))


def test_fronts_are_read_at_equal_structure():
    ours = [(0.9, 0.7), (0.96, 0.5)]
    assert fronts.style_at(ours, 0.93) == pytest.approx(0.6)
    assert fronts.style_at(ours, 0.98) == pytest.approx(0.25)
    assert fronts.style_at(ours, 0.8) == 0.7
    found = fronts.compared(("a", "b"), ours, [(0.93, 0.5), (0.8, 0.8)])
    assert (found.ours, found.theirs, found.ahead) == pytest.approx((0.65, 0.65, 0))


def test_a_grid_is_periodic_and_noise_and_one_fence_are_not(pictures):
    painting = pictures[1]
    across = torch.arange(WIDTH)
    grid = 12 * torch.sin(across * 2 * torch.pi / 5).expand(HEIGHT, WIDTH)
    fence = 60 * torch.sin(across * 2 * torch.pi / 5) * (torch.arange(HEIGHT) < 20).unsqueeze(1)
    noise = 20 * torch.randn(painting.shape, generator=torch.Generator().manual_seed(0))
    assert close_up.periodic(painting + grid) > close_up.periodic(painting) + 0.05
    assert close_up.periodic(painting + noise) < close_up.periodic(painting)
    assert close_up.periodic(noise + fence) < 0.7 * close_up.periodic(noise + 5 * grid)


@pytest.mark.parametrize("turn", [0.0, 0.6])
def test_strokes_have_the_length_with_which_they_were_drawn(turn):
    generator = torch.Generator().manual_seed(0)
    found = []
    for length in (3.0, 9.0, 27.0):
        y, x = torch.meshgrid(torch.arange(-40.0, 41), torch.arange(-40.0, 41), indexing="ij")
        along, across = math.cos(turn) * x + math.sin(turn) * y, math.cos(turn) * y - math.sin(turn) * x
        stroke = torch.exp(-(along**2) / (2 * length**2) - across**2 / (2 * 1.5**2))[None, None]
        noise = torch.randn(1, 1, 240, 280, generator=generator)
        drawn = torch.nn.functional.conv2d(noise, stroke)
        found.append(close_up.stroke_lengths((128 + 40 * drawn / drawn.std()).repeat(1, 3, 1, 1))[0])
    assert found == sorted(found)
    assert found[2] > 2 * found[0]


def test_empty_places_are_those_of_the_photograph(pictures):
    photo, painting = pictures
    plain = photo.clone()
    plain[..., : WIDTH // 3] = 128
    assert close_up.empty(plain, plain, painting) < 0.05
    scribbled = plain.clone()
    scribbled[..., : WIDTH // 3 : 4] = 0
    assert close_up.empty(scribbled, plain, painting) > 5
    busy = plain.clone()
    busy[..., WIDTH // 2 :: 4] = 0
    assert close_up.empty(busy, plain, painting) < 0.5 * close_up.empty(scribbled, plain, painting)


@pytest.mark.slow
def test_a_face_that_is_moved_has_drifted_by_that_and_none_is_found_where_there_is_none(photo, vgg_weights):
    portrait = images.resize(images.read(photo.with_name("astronaut.jpg")).cut(*CLOSE), 256, 256)
    face = torch.from_numpy(np.ascontiguousarray(portrait.rgb)).permute(2, 0, 1).unsqueeze(0)
    with torch.no_grad():
        judge = FaceJudge(VGG(vgg_weights, layers()), face, face.flip(2))
        same, moved, none = (judge.scores(it) for it in (face, face.roll(11, dims=3), face.flip(2)))
    assert (same.drift, same.style) == pytest.approx((0, 0), abs=1e-4)
    assert same.confidence > 0.99
    assert moved.drift == pytest.approx(11 / 44, rel=0.15)
    assert (none.drift, none.confidence) == (NOT_FOUND, 0)


@pytest.mark.slow
def test_a_gentle_face_drifts_less_than_one_that_is_painted_like_the_sky_and_is_painted_still(photo, vgg_weights):
    portrait = images.read(photo.with_name("astronaut.jpg")).cut(*CLOSE)
    painting = images.read(photo.with_name("the_scream.jpg"))
    sources = [images.resize(portrait, 256, 256), images.resize(painting, 201, 256)]
    judge = FaceJudge(
        VGG(vgg_weights, layers()), *(torch.from_numpy(it.rgb.copy()).permute(2, 0, 1).unsqueeze(0) for it in sources)
    )
    stylizer, found = Stylizer("cpu"), {}
    for faces in ("paint", "gentle"):
        picture = stylizer.stylize(portrait, painting, size=256, faces=faces).picture
        with torch.no_grad():
            found[faces] = judge.scores(torch.from_numpy(picture.rgb.copy()).permute(2, 0, 1).unsqueeze(0).float())
    assert found["gentle"].drift < min(0.04, 0.8 * found["paint"].drift)  # 0.019 and 0.031
    assert found["gentle"].style > 0.6 * found["paint"].style  # 0.30 and 0.39
