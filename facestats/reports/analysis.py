"""The analysis that a notebook asks for where it is given a video and no store."""

from __future__ import annotations

from facestats.errors import UsageError


def analyze_first(store: str, video: str, *, out: str = "facestats-out") -> tuple[str, str]:
    """Return the store and the video to report on; without a store, analyse the video first.

    Parameters
    ----------
    store : str
        A store, or ``""``.
    video : str
        Without a store the video, image, camera or URL to analyse.
    out : str
        The store that a video analysed here goes into, with its annotated clip.

    Returns
    -------
    tuple of str
        ``store`` and ``video`` as they are, or ``out`` and the id of the video that was analysed.

    Raises
    ------
    UsageError
        If neither is given, or if ``video`` holds several videos.
    FacestatsError
        As :func:`facestats.analyze_collection` raises it.

    Examples
    --------
    >>> analyze_first("facestats-out", "clip.mp4")
    ('facestats-out', 'clip.mp4')
    """
    if store:
        return store, video
    if not video:
        raise UsageError("nothing to report on: give store, or video (a file to analyse), or both")
    from facestats.batch.collection import analyze_collection  # takes a second, and most reports have a store

    found = analyze_collection([video], out=out)
    if len(found.video_ids) != 1:
        raise UsageError(f"{video} holds {len(found.video_ids)} videos: use collection_report on the store {out}")
    return out, found.video_ids[0]
