"""The models that make images: sizes by the papers, parts by choice, and what they are trained on by hand."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipelines.nn.unet import doubled
from pipelines.parameters import resolve, task_module
from pipelines.tasks.image.learning import image_loss, psnr
from pipelines.tasks.image.models.pix2pix import critic
from tatara.core.errors import UsageError


def built(model: str, **given: Any) -> keras.Model:
    keras.backend.clear_session()
    return task_module("image").build(resolve("image", {"data": "x", "model": model, **given}), 0)


def convolution(before: int, after: int, bias: bool) -> int:
    return 16 * before * after + (after if bias else 2 * after + 2 * after)


def test_pix2pix_has_the_papers_size() -> None:
    """Appendix 6.1: C64-C128-C256-C512-C512-C512-C512-C512, the reverse with skips; the critic C64-C128-C256-C512."""
    p = resolve("image", {"data": "x", "model": "pix2pix", "size": 256, "width": 64, "depth": 8, "critic_width": 64})
    down = [3, 64, 128, 256, 512, 512, 512, 512, 512]
    up = [512, 512, 512, 512, 512, 256, 128, 64]
    encoder = sum(convolution(down[i], down[i + 1], bias=i in (0, 7)) for i in range(8))
    entered = [up[0], *(2 * filters for filters in up[1:])]
    decoder = sum(convolution(entered[i], up[i + 1], bias=False) for i in range(7)) + convolution(entered[7], 3, True)
    judge = sum(convolution(*pair, bias=i == 0) for i, pair in enumerate([(6, 64), (64, 128), (128, 256), (256, 512)]))
    judge += convolution(512, 1, bias=True)
    keras.backend.clear_session()
    model = task_module("image").build(p, 0)
    assert model.critic.count_params() == judge
    assert model.count_params() == encoder + decoder + judge


def test_the_critic_judges_patches_of_seventy_pixels() -> None:
    p = resolve("image", {"data": "x", "model": "pix2pix", "size": 128, "width": 4, "critic_width": 4, "norm": "none"})
    judge, image = critic(p), tf.Variable(np.random.default_rng(0).normal(size=(1, 128, 128, 6)).astype(np.float32))
    with tf.GradientTape() as tape:
        middle = judge(image)[0, 8, 8, 0]
    reached = np.argwhere(np.abs(tape.gradient(middle, image)[0]).sum(axis=-1) > 0)
    assert tuple(np.ptp(reached, axis=0) + 1) == (70, 70)


@pytest.mark.parametrize("model", ["unet_image", "autoencoder"])
@pytest.mark.parametrize("norm", ["none", "batch", "instance", "layer"])
@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
def test_parts_are_chosen(model: str, norm: str, upsampling: str) -> None:
    found = built(model, size=32, width=4, depth=2, norm=norm, upsampling=upsampling)
    names = [type(layer).__name__ for layer in found.layers]
    assert ("BatchNormalization" in names, "GroupNormalization" in names) == (
        norm == "batch",
        norm in ("instance", "layer"),
    )
    assert ("Conv2DTranspose" in names, "UpSampling2D" in names) == (upsampling == "transposed", upsampling == "resize")
    answer = found(np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype(np.float32))
    assert answer.shape == (2, 32, 32, 3)
    assert 0 <= float(tf.reduce_min(answer)) <= float(tf.reduce_max(answer)) <= 1


def test_instance_and_layer_normalization_by_hand() -> None:
    from pipelines.nn.unet import normalized

    x = np.random.default_rng(0).normal(3, 2, (2, 8, 8, 4)).astype(np.float32)
    for norm, axes in (("instance", (1, 2)), ("layer", (1, 2, 3))):
        expected = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-3)
        np.testing.assert_allclose(normalized(x, norm), expected, atol=1e-5)


def test_skips_add_or_stand_beside() -> None:
    beside, added = (built("unet_image", size=32, width=4, depth=2, skips=skips) for skips in ("concat", "add"))
    assert beside.count_params() - added.count_params() == 9 * (
        4 * 4 + 8 * 8
    )  # twice the channels enter, at two levels


def test_a_transposed_kernel_that_its_stride_does_not_divide_leaves_a_checkerboard_and_a_resize_none() -> None:
    even = np.ones((1, 8, 8, 1), np.float32)
    for upsampling, spread in (("transposed", True), ("resize", False)):
        inputs = keras.Input((8, 8, 1))
        model = keras.Model(inputs, doubled(inputs, 1, upsampling, side=3))
        model.set_weights([np.ones_like(weight) if weight.ndim > 1 else weight for weight in model.get_weights()])
        inner = np.asarray(model(even))[0, 4:-4, 4:-4, 0]
        assert (inner.max() > inner.min()) == spread


def test_losses_by_hand() -> None:
    truth = np.zeros((1, 16, 16, 3), np.uint8)
    truth[:, :, :8] = 255
    answer = np.full((1, 16, 16, 3), 0.25, np.float32)
    assert float(image_loss("l1")(truth, answer)[0]) == pytest.approx((0.75 + 0.25) / 2)
    assert float(image_loss("l2")(truth, answer)[0]) == pytest.approx((0.75**2 + 0.25**2) / 2)
    assert float(image_loss("bce")(truth, answer)[0]) == pytest.approx(-(np.log(0.25) + np.log(0.75)) / 2)
    same = truth.astype(np.float32) / 255
    assert float(image_loss("ssim")(truth, same)[0]) == pytest.approx(0, abs=1e-6)
    apart = 1 - float(tf.image.ssim(same, answer, 1.0)[0])
    assert float(image_loss("ssim")(truth, answer)[0]) == pytest.approx(0.84 * apart + 0.16 * 0.5, rel=1e-5)
    assert float(psnr(truth, answer)[0]) == pytest.approx(-10 * np.log10((0.75**2 + 0.25**2) / 2), rel=1e-5)


def adversarial(**given: Any) -> keras.Model:
    model = built("pix2pix", size=32, width=4, depth=3, critic_width=4, **given)
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss=image_loss("l1"))
    for optimizer, variables in model.players:
        optimizer.build(variables)
    return model


def batch() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.normal(size=(2, 32, 32, 3)).astype(np.float32), generator.integers(
        0, 256, (2, 32, 32, 3), np.uint8
    )


def test_each_player_moves_its_own_variables_alone() -> None:
    model = adversarial(adversarial=0, reconstruction=0)
    before = {id(variable): np.array(variable) for _, variables in model.players for variable in variables}
    model.train_step(batch())
    (_, generator), (_, judge) = model.players
    moved = [
        [bool(np.any(np.array(variable) != before[id(variable)])) for variable in own] for own in (generator, judge)
    ]
    assert not any(moved[0])
    assert all(moved[1])
    assert {id(v) for v in generator} | {id(v) for v in judge} == {id(v) for v in model.trainable_variables}


def test_the_losses_of_both_players_by_hand() -> None:
    model = adversarial(adversarial=2, reconstruction=10)
    images, truth = batch()
    found = {name: float(value) for name, value in model.test_step((images, truth)).items()}
    answers = np.asarray(model(images, training=False))
    true, made = (
        np.asarray(model.critic(np.concatenate([images, 2 * each - 1], axis=-1), training=False))
        for each in (truth / 255, answers)
    )
    assert found["reconstruction_loss"] == pytest.approx(np.abs(answers - truth / 255).mean(), rel=1e-4)
    assert found["adversarial_loss"] == pytest.approx(np.log1p(np.exp(-made)).mean(), rel=1e-4)
    assert found["critic_loss"] == pytest.approx(
        (np.log1p(np.exp(-true)) + np.log1p(np.exp(made))).mean() / 2, rel=1e-4
    )
    assert found["loss"] == pytest.approx(10 * found["reconstruction_loss"] + 2 * found["adversarial_loss"], rel=1e-4)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model": "unet_image", "size": 100, "depth": 4}, "size=100: depth=4 halves the side 4 times"),
        ({"model": "pix2pix", "size": 16, "depth": 2}, "size=16: the critic judges patches"),
        ({"model": "pix2pix", "mixed_precision": "float16"}, "mixed_precision='float16'"),
        ({"model": "unet_image", "resize": "crop"}, "resize='crop'"),
        ({"model": "unet_image", "tile": "false"}, "tile='false'"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("'", ".")):
        resolve("image", {"data": "x", **given})


def test_symptoms_name_grey_and_even_answers() -> None:
    task, generator = task_module("image"), np.random.default_rng(0)
    truth = generator.integers(0, 256, (2, 16, 16, 3), np.uint8)
    levels = truth.astype(np.float32) / 255
    assert task.symptoms(levels, truth, ()) == []
    assert task.symptoms(levels.mean(axis=3, keepdims=True).repeat(3, 3), truth, ())[0].startswith(
        "the answers are grey"
    )
    assert task.symptoms(np.full_like(levels, 0.5), truth, ())[0].startswith("the answers are one even colour")
    lines = truth.mean(axis=3, keepdims=True).repeat(3, 3).astype(np.uint8)
    assert task.symptoms(lines.astype(np.float32) / 255, lines, ()) == []


@pytest.mark.parametrize("channels", ["rgb", "grey", "bgr"])
def test_a_residual_model_begins_with_the_image_that_it_was_sent(channels: str) -> None:
    from pipelines.nn.prepare import image_prepare, preparation_of

    given = {"size": 32, "width": 4, "depth": 2, "residual": True, "channels": channels}
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    parameters = resolve("image", {"data": "x", **given})
    prepared = image_prepare(preparation_of(parameters))(tf.constant(pixels))
    answer = np.asarray(built("unet_image", **given)(prepared[None]))[0] * 255
    expected = (pixels @ np.array([0.299, 0.587, 0.114]))[..., None].repeat(3, 2) if channels == "grey" else pixels
    np.testing.assert_allclose(answer, expected, atol=0.01)
