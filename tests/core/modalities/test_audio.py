"""The one decoder of sounds: what it reads, what it refuses, and what it measures."""

import numpy as np
import pytest

from tatara.core import modalities
from tatara.core.contract import AudioPreparation, Contract, ImagePreparation
from tatara.core.errors import DecodeError, SamplesError
from tatara.core.modalities import audio
from tests.services.sounds import sine, sound_file

AT_8K = AudioPreparation(rate=8000, length=8000)


@pytest.mark.parametrize(
    ("form", "subtype"), [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("WAV", "FLOAT"), ("WAVEX", None)]
)
def test_samples_are_those_that_were_stored(form: str, subtype: str | None) -> None:
    samples = np.rint(sine(440) * 2**15) / 2**15
    found = audio.decoded(sound_file(samples, form=form, subtype=subtype), AT_8K)
    assert (found.shape, found.dtype) == ((2400, 1), np.float32)
    np.testing.assert_array_equal(found[:, 0], samples.astype(np.float32))


def test_channels_become_their_mean() -> None:
    samples = np.array([[0.5, -0.25, 0.0], [1 / 4, 1 / 4, 1 / 4]])
    found = audio.decoded(sound_file(samples, subtype="FLOAT"), AT_8K)
    np.testing.assert_allclose(found[:, 0], [0.25 / 3, 0.25], atol=1e-7)


@pytest.mark.parametrize("rate", [4000, 11025, 16000, 44100, 48000])
def test_a_tone_is_the_same_tone_at_another_rate(rate: int) -> None:
    found = audio.decoded(sound_file(sine(440, 1.0, rate), rate, subtype="FLOAT"), AT_8K)
    assert len(found) == 8000
    inner = slice(400, -400)  # the filter rings at both ends
    np.testing.assert_allclose(found[inner, 0], sine(440, 1.0)[inner], atol=2e-3)


def test_what_lies_above_half_the_rate_does_not_fold_back() -> None:
    found = audio.decoded(sound_file(sine(7000, 1.0, 44100), 44100, subtype="FLOAT"), AT_8K)
    assert np.abs(found[400:-400]).max() < 1e-3


def test_measurements_by_hand() -> None:
    samples = np.array([[0.0, 0.0], [0.5, 0.5], [-1.0, -0.5], [0.001, -0.001]])
    _, facts = audio.measure(sound_file(samples, 4, subtype="FLOAT"))
    assert (facts.seconds, facts.rate, facts.channels, facts.encoding) == (1.0, 4.0, 2.0, "WAV FLOAT")
    assert (facts.peak, facts.clipped, facts.silent) == (0.75, 1 / 8, 2 / 4)
    assert facts.rms == pytest.approx(np.sqrt((0.5**2 + 0.75**2) / 4))


def test_a_length_that_a_pipe_could_not_know_is_no_damage() -> None:
    streamed = bytearray(sound_file(sine(440)))
    streamed[4:8] = streamed[40:44] = b"\xff\xff\xff\xff"
    assert len(audio.decoded(bytes(streamed), AT_8K)) == 2400


def test_more_samples_than_are_read() -> None:
    content = sound_file(np.zeros((600, 2)))
    assert len(audio.decode(content, most=1200).samples) == 600
    with pytest.raises(SamplesError, match=r"600 samples of 2 channel\(s\), at most 1,199 in all"):
        audio.decode(content, most=1199)


def test_a_sound_of_less_than_a_sample() -> None:
    with pytest.raises(DecodeError, match="too short: 1 sample"):
        audio.decoded(sound_file(np.zeros(1), 96_000), AudioPreparation(rate=1000, length=16))


def test_a_longer_proof_repeats_and_a_shorter_one_is_cut() -> None:
    samples = np.arange(4, dtype=np.float32)[:, None]
    assert audio.resized(samples, (1.5, 1)).ravel().tolist() == [0, 1, 2, 3, 0, 1]
    assert audio.resized(samples, (0.5, 1)).ravel().tolist() == [0, 1]


def test_a_file_is_shown_as_its_ending_says() -> None:
    shown = modalities.shown("a/b.WAV", sound_file(sine(440)))
    assert (shown.shape, shown.dtype) == ((340, 480, 3), np.uint8)
    assert modalities.modality_of("a.flac") == "audio"
    assert modalities.modality_of("a.jpeg") == "image"


def test_a_contract_tells_its_preparation_by_its_fields() -> None:
    common = {"kind": "classification", "decoder": "x", "labels": ("a", "b"), "outputs": {"probabilities": (2,)}}
    sound = Contract(modality="audio", preparation=AT_8K, **common)
    assert Contract.model_validate_json(sound.canonical()) == sound
    image = Contract(modality="image", preparation=ImagePreparation(size=16), **common)
    assert Contract.model_validate_json(image.canonical()) == image
    assert image.digest == "abc31c3b7a55f33b8ba8e61f91eb423d9f974e00f18bdcf96b729f54705567fa"
