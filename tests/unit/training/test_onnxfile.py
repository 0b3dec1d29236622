import io
import warnings

import numpy as np
import onnxruntime
import torch
from torch import nn

from facestats.training.export import round_weights
from facestats.training.onnxfile import halve_weights


def exported(layer):
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(layer, (torch.zeros(1, 300),), content, input_names=["x"], output_names=["y"], dynamo=False)
    return content.getvalue()


def answers(content):
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(["y"], {"x": np.linspace(-1, 1, 300, dtype=np.float32)[None]})[0]


def test_rounded_weights_are_kept_in_half_the_bytes_and_say_the_same():
    layer = nn.Linear(300, 100).eval()
    round_weights(layer)
    whole = exported(layer)
    halved = halve_weights(whole)
    assert len(halved) < 0.6 * len(whole)
    assert np.array_equal(answers(halved), answers(whole))


def test_weights_that_half_precision_does_not_hold_stay():
    whole = exported(nn.Linear(300, 100).eval())
    assert np.array_equal(answers(halve_weights(whole)), answers(whole))
    assert len(halve_weights(whole)) > 0.95 * len(whole)
