"""The public data sets that facestats knows: what they are called, on what terms, and which faces are theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from facestats.datasets.faces import FaceData

_NON_COMMERCIAL = "non-commercial research"


@dataclass(frozen=True)
class Source:
    """A public data set, the terms on which its pictures may be used, and whether their names say whom they show."""

    title: str
    terms: str
    names_people: bool = False


#: Data sets that facestats knows, by their name in the ``source`` column.
SOURCES: Mapping[str, Source] = {
    "fer2013": Source(
        "FER2013 (Goodfellow et al., 2013, arXiv 1307.0414) without the images that FER+'s taggers (Barsoum et al., "
        "2016, arXiv 1608.01041) call no face",
        _NON_COMMERCIAL,
    ),
    "fairface": Source("FairFace (Kärkkäinen and Joo, 2021, arXiv 1908.04913)", "CC BY 4.0"),
    "utkface": Source("UTKFace (Zhang, Song and Qi, 2017, arXiv 1702.08423)", _NON_COMMERCIAL),
    "celeba": Source("CelebA (Liu et al., 2015, arXiv 1411.7766)", _NON_COMMERCIAL),
    "genki": Source("GENKI-4K (MPLab, University of California, San Diego, 2009)", _NON_COMMERCIAL),
    "expw": Source("ExpW (Zhang et al., 2018, arXiv 1609.06426)", _NON_COMMERCIAL),
    "imfdb": Source("IMFDB (Setty et al., 2013)", _NON_COMMERCIAL, names_people=True),
    "lfw": Source("LFW (Huang et al., 2007)", _NON_COMMERCIAL, names_people=True),
    "ckplus": Source("CK+ (Lucey et al., 2010)", _NON_COMMERCIAL),
    "jaffe": Source("JAFFE (Lyons et al., 1998)", _NON_COMMERCIAL),
}


def with_source(table: pd.DataFrame, attribute: str) -> pd.DataFrame:
    """Return the table of labelled faces with a ``source`` in every row; FER2013 is known by its label column.

    Examples
    --------
    >>> with_source(pd.DataFrame({"gender": ["male"]}), "gender")["source"].tolist()
    ['unnamed']
    """
    unnamed = "fer2013" if attribute == "expression" else "unnamed"
    if "source" not in table:
        return table.assign(source=unnamed)
    return table.assign(source=table["source"].fillna(unnamed).astype(str))


def sources_of(files: Sequence[Sequence[FaceData]]) -> dict[str, int]:
    """Return the number of faces of each data set, by name.

    Parameters
    ----------
    files : sequence of sequence of FaceData
        Of each file, its faces by attribute, with a ``source``; a face with several labels counts once.

    Examples
    --------
    >>> import numpy as np
    >>> table = pd.DataFrame({"row": [0], "gender": ["male"], "source": ["utkface"]})
    >>> sources_of([[FaceData("gender", np.zeros((1, 48, 48, 3), np.uint8), np.ones(1, bool), table, (1,))]])
    {'utkface': 1}
    """
    names = {
        (file, row): source
        for file, parts in enumerate(files)
        for faces in parts
        for row, source in zip(faces.table["row"], faces.table["source"], strict=True)
    }
    return dict(Counter(names.values()).most_common())


def describe_data(sources: Mapping[str, int], unlabelled: Mapping[str, int] | None = None) -> str:
    """Return one sentence on the training data, and one on faces that were learned from teachers alone, if any.

    Examples
    --------
    >>> describe_data({"celeba": 9000})
    'CelebA (Liu et al., 2015, arXiv 1411.7766), 9,000 training images.'
    """

    def listed(of: Mapping[str, int], kind: str) -> str:
        return "; ".join(f"{SOURCES[name].title if name in SOURCES else name}, {n:,} {kind}" for name, n in of.items())

    text = listed(sources, "training images") + "."
    return text + (f" From teachers alone: {listed(unlabelled, 'faces without labels')}." if unlabelled else "")


def describe_terms(sources: Mapping[str, int]) -> str:
    """Return what the data's terms mean for the use of the weights.

    Examples
    --------
    >>> describe_terms({"fairface": 5})
    'Trained on fairface (CC BY 4.0).'
    """
    terms = {name: SOURCES[name].terms if name in SOURCES else "terms as its owner states them" for name in sources}
    text = "Trained on " + ", ".join(f"{name} ({term})" for name, term in terms.items()) + "."
    if _NON_COMMERCIAL in terms.values():
        text += " Use these weights for non-commercial research only."
    return text
