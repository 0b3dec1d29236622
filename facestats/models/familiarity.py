"""How a model notices that a face is unlike those that it was trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facestats.types import Float32

#: The output of a model that does nothing but say how familiar a face is: one number, float32 (N, 1).
FAMILIARITY_OUTPUT = "familiarity"

# What a unit of missing energy counts. With 1 animals still had verdicts on gender in 29 % of cases, with 4 in 15 %.
_STEEPNESS = 4.0


@dataclass(frozen=True)
class Familiarity:
    """How a model notices that a face is unlike those that it was trained on: an animal, a mask, a blur.

    The energy of an output, the log of the sum of its exponentiated logits, is low for such faces (Liu et al., 2020,
    "Energy-based out-of-distribution detection", arXiv 2010.03759).

    Attributes
    ----------
    output : str
        Whose energy it is: a head's, or :data:`FAMILIARITY_OUTPUT`, the energy of which is the one number that it has,
        the log of the odds that a face is one like those of the training, see
        :func:`facestats.training.familiarity.learn_familiarity`.
    least : float
        Below this energy the logits of all outputs are divided by ``exp(4 * (least - energy))``, at most by ``exp(3)``,
        so that nothing remains likely enough for a verdict.
    """

    output: str
    least: float

    def divisors(self, logits: Float32) -> Float32:
        """Return what the logits of each face are divided by, float32 (N, 1).

        Parameters
        ----------
        logits : numpy.ndarray
            float (N, K): those of :attr:`output`.

        Examples
        --------
        >>> Familiarity("age", 2.0).divisors(np.array([[3.0, 0.0], [0.0, 0.0]], np.float32)).astype(int).tolist()
        [[1], [20]]
        """
        from scipy.special import logsumexp  # not before: readers of tables need no scipy

        energy = logsumexp(np.asarray(logits, np.float64), axis=1, keepdims=True)
        return np.exp(np.clip(_STEEPNESS * (self.least - energy), 0, 3)).astype(np.float32)
