"""WaveNet: dilated causal convolutions with gates on mu-law codes, pooled to say what is heard."""

from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from pipelines.tasks.classification import parameters as classification

if TYPE_CHECKING:
    import keras

PAPER = "van den Oord et al. 2016, WaveNet: A Generative Model for Raw Audio, arXiv:1609.03499 (section 3.4)"
SMALL = {"length": 1024, "rate": 4000, "channels": 8, "skip": 8, "depth": 4, "stacks": 1, "pool": 64, "batch_size": 8}
"""The smallest configuration that exercises everything, for the conformance tests."""

KERNEL = 2
"""Samples that a causal convolution sees, the present one and one before it."""


class Parameters(classification.AudioParameters):
    """Adds the shape of the stacks; ``tatara models show wavenet`` prints the receptive field.

    Against the paper, which gives no sizes for recognition: 24 channels and one stack of ten layers, so that a CPU
    trains it; pooling over 10 ms and non-causal convolutions after it as there; one loss.
    """

    model: str = "wavenet"
    channels: int = Field(24, ge=4, le=1024, description="of the residual path")
    skip: int = Field(48, ge=4, le=1024, description="channels of the sum of all layers")
    depth: int = Field(10, ge=1, le=16, description="layers of a stack; the dilation doubles from 1")
    stacks: int = Field(1, ge=1, le=8, description="one after the other, each beginning with dilation 1 again")
    pool: int = Field(80, ge=1, le=2**16, description="samples whose mean is one frame of what follows")
    epochs: int = Field(25, ge=1)
    dropout: float = Field(0.3, ge=0, lt=1)

    @model_validator(mode="after")
    def _frames(self) -> "Parameters":
        if 4 * self.pool > self.length:
            raise ValueError(f"pool={self.pool} leaves fewer than 4 frames of length={self.length} samples")
        return self


def dilations(parameters: Parameters) -> list[int]:
    """Of the layers, in order."""
    return [2**layer for _ in range(parameters.stacks) for layer in range(parameters.depth)]


def receptive_field(parameters: Parameters) -> int:
    """Samples that one value of the sum of all layers depends on: 1 + (kernel - 1) (1 + the sum of the dilations).

    The 1 is the first causal convolution.
    """
    return 1 + (KERNEL - 1) * (1 + sum(dilations(parameters)))


def facts(parameters: Parameters) -> dict[str, str]:
    """What there is to know before training it, for ``tatara models show``."""
    samples = receptive_field(parameters)
    return {"receptive field": f"{samples:,} samples, {1000 * samples / parameters.rate:.4g} ms"}


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """Codes, the stacks, the sum of their skips, means of ``pool`` samples, then two convolutions over frames."""
    import keras

    p = parameters
    inputs = keras.Input((p.length, 1))
    x = trunk(inputs, p)
    x = keras.layers.AveragePooling1D(p.pool, name="frames")(x)
    for number in range(2):
        x = keras.layers.Conv1D(2 * p.skip, 3, padding="same", use_bias=False, name=f"frames_{number}")(x)
        x = keras.layers.BatchNormalization(momentum=0.9, name=f"frames_{number}_norm")(x)
        x = keras.layers.ReLU(name=f"frames_{number}_relu")(x)
        x = keras.layers.MaxPooling1D(2, padding="same", name=f"frames_{number}_pool")(x)
    x = keras.layers.GlobalAveragePooling1D()(x)
    x = keras.layers.Dropout(p.dropout, seed=p.seed)(x)
    outputs = keras.layers.Dense(classes, dtype="float32", name="head")(x)
    return keras.Model(inputs, outputs, name="wavenet")


def trunk(waveform: Any, parameters: Parameters) -> Any:
    """Waveform ``(batch, length, 1)`` -> the sum of all layers' skips ``(batch, length, skip)`` after a ReLU.

    The first causal convolution of codes as one-hot vectors is a table of vectors, looked up, and added up over two
    samples.
    """
    import keras

    from pipelines.nn.hearing import CODES, MuLaw, exact_policy

    p = parameters
    codes = MuLaw(dtype=exact_policy(), name="codes")(waveform)
    x = keras.layers.Embedding(CODES, p.channels, name="embedded")(codes)
    x = keras.layers.Conv1D(p.channels, KERNEL, padding="causal", name="first")(x)
    skips = []
    for number, dilation in enumerate(dilations(p)):
        x, skip = _layer(x, p, dilation, f"layer_{number}")
        skips.append(skip)
    total = keras.layers.Add(name="skips")(skips) if len(skips) > 1 else skips[0]
    return keras.layers.ReLU(name="skips_relu")(total)


def _layer(x: Any, p: Parameters, dilation: int, name: str) -> tuple[Any, Any]:
    """z = tanh(W_f * x) . sigmoid(W_g * x), equation 2 of the paper; x plus a projection of z, and another one."""
    import keras

    both = keras.layers.Conv1D(2 * p.channels, KERNEL, padding="causal", dilation_rate=dilation, name=f"{name}_gates")(
        x
    )
    heard, gate = both[..., : p.channels], both[..., p.channels :]
    z = keras.layers.Multiply(name=f"{name}_gated")(
        [keras.layers.Activation("tanh")(heard), keras.layers.Activation("sigmoid")(gate)]
    )
    kept = keras.layers.Conv1D(p.channels, 1, name=f"{name}_residual")(z)
    return keras.layers.Add(name=f"{name}_sum")([x, kept]), keras.layers.Conv1D(p.skip, 1, name=f"{name}_skip")(z)
