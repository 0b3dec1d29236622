"""dlib's face recogniser as the teacher of the embedding: what it makes of a face is learned, its weights are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from facestats.classify.crops import align_to
from facestats.training.dlibfile import read_dlib_projection, read_dlib_recognizer
from facestats.training.networks import PIXEL_MEAN, PIXEL_STD, RecognitionNet
from facestats.types import Float32, UInt8

#: Side of the pictures that dlib's network was trained on, in pixels.
SIDE = 150

#: Length of dlib's embeddings.
DIMENSIONS = 128

# Where eyes, tip of the nose and corners of the mouth lie in dlib's mean face, with its margin of a quarter around.
_MEAN_FACE = np.array([[0.2254, 0.2160], [0.7548, 0.2160], [0.4901, 0.5156], [0.2541, 0.7802], [0.7261, 0.7802]])
_MARGIN = 0.25
_PLACES = (_MEAN_FACE + _MARGIN) / (1 + 2 * _MARGIN) * SIDE - 0.5

_BATCH = 32


class Teacher(nn.Module):
    """dlib's recogniser (King, 2017): 128 numbers for a face, near each other for one person.

    Parameters
    ----------
    path : pathlib.Path
        ``dlib_face_recognition_resnet_model_v1.dat``, see :mod:`facestats.training.dlibfile`.

    Raises
    ------
    ModelError
        If it is not the file that dlib published.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        trunk = RecognitionNet(3, {})
        trunk.load_state_dict(read_dlib_recognizer(path))
        self.stem, self.blocks = trunk.stem, trunk.blocks
        self.projection = nn.Linear(256, DIMENSIONS, bias=False)
        self.projection.weight.data.copy_(read_dlib_projection(path))
        self.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        """Return the embeddings, float32 (N, 128), of faces float32 (N, 3, 150, 150), 0 to 255."""
        scaled = (faces - PIXEL_MEAN) / PIXEL_STD
        features = functional.max_pool2d(torch.relu(self.stem(scaled)), 3, stride=2)
        return self.projection(self.blocks(features).mean(dim=(2, 3)))

    def embed(self, crops: UInt8) -> Float32:
        """Return the mean of what the network makes of each face and of its mirror image, float32 (N, 128).

        Parameters
        ----------
        crops : numpy.ndarray
            uint8 (N, 150, 150, 3), RGB, see :func:`teacher_crop`.
        """
        parts = [np.zeros((0, DIMENSIONS), np.float32)]
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            for start in range(0, len(crops), _BATCH):
                # Channels last, as the pictures lie in memory, and 16 bits: three times as fast.
                faces = torch.from_numpy(crops[start : start + _BATCH]).permute(0, 3, 1, 2).float()
                parts.append(((self(faces).float() + self(faces.flip(3)).float()) / 2).numpy())
        return np.concatenate(parts)


def teacher_crop(rgb: UInt8, landmarks: Float32) -> UInt8:
    """Cut a face as dlib cuts it, uint8 (150, 150, 3), from five landmarks instead of 68.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8 (H, W, 3).
    landmarks : numpy.ndarray
        float (5, 2), pixels, in the order of :data:`facestats.types.LANDMARK_NAMES`.

    Examples
    --------
    >>> teacher_crop(np.zeros((90, 90, 3), np.uint8), np.asarray(_PLACES / 2, np.float32)).shape
    (150, 150, 3)
    """
    return align_to(rgb, landmarks, _PLACES, SIDE)
