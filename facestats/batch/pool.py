"""Where jobs are run: in this process, in processes of this machine, or in a cluster; one interface for all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol, Self

from facestats.analysis.progress import Progress
from facestats.analysis.sampling import FrameCallback
from facestats.analysis.stages import Stages
from facestats.batch.answers import Answer, Bench, Job, perform

#: Called now and then with a job and how far it is.
JobReport = Callable[[Job, Progress], object]


class Pool(Protocol):
    """Runs jobs; a context manager."""

    def free(self) -> int:
        """Return how many more jobs can be given; 0 or less if none."""

    def give(self, job: Job) -> None:
        """Give a job, to be run as soon as can be."""

    def next(self, report: JobReport) -> tuple[Job, Answer]:
        """Wait until any job that was given has its answer; meanwhile ``report`` how far the jobs are.

        Raises
        ------
        FacestatsError
            If no job can go on, for a reason that holds for all: a full disk, a model that is damaged.
        """

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


class ThisProcess:
    """Runs one job after the other in this process; see :class:`Pool`.

    Parameters
    ----------
    stages : Stages
    on_frame : callable, optional
        See :data:`facestats.analysis.sampling.FrameCallback`.

    Examples
    --------
    >>> with ThisProcess(stages) as pool:  # doctest: +SKIP
    ...     pool.give(job)
    ...     job, answer = pool.next(print)
    """

    def __init__(self, stages: Stages, on_frame: FrameCallback | None = None) -> None:
        self._stages, self._on_frame = stages, on_frame
        self._job: Job | None = None

    def free(self) -> int:
        """See :class:`Pool`."""
        return int(self._job is None)

    def give(self, job: Job) -> None:
        """See :class:`Pool`."""
        self._job = job

    def next(self, report: JobReport) -> tuple[Job, Answer]:
        """See :class:`Pool`."""
        job, self._job = self._job, None
        return job, perform(job, Bench(self._stages, partial(report, job), self._on_frame))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._job = None
