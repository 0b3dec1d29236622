"""What a store does to take things out of it, and to lie in fewer files."""

from __future__ import annotations

from pathlib import Path

from facestats.store.compact import Compacted, compact
from facestats.store.forget import Forgotten, forget, forget_clip, prune, sweep
from facestats.store.manifest import read_entries


class Removable:
    """A store that videos can be taken out of.

    Attributes
    ----------
    path : pathlib.Path
    video_id : str or None
        The one video that it is restricted to.
    """

    path: Path
    video_id: str | None

    def compact(self) -> Compacted:
        """Merge the short tables of all videos, so that thousands are read quickly.

        See :func:`facestats.store.compact.compact`. Results stay as they are, and whoever reads meanwhile is not
        disturbed.
        """
        return compact(self.path)

    def forget(self, *videos: str, keep_out: bool = True) -> tuple[Forgotten, ...]:
        """Remove videos, by default the one that the store is restricted to, with all that is known of them.

        See :func:`facestats.store.forget.forget`; with ``keep_out`` no later run analyses them again.
        """
        named = videos or (() if self.video_id is None else (self.video_id,))
        return forget(self.path, named, kept_out=keep_out)

    def prune(
        self, *, gone: bool = False, replaced: bool = False, failed: bool = False, dry_run: bool = False
    ) -> tuple[Forgotten, ...]:
        """Remove what has gone, was replaced, or failed; see :func:`facestats.store.forget.prune`."""
        return prune(self.path, gone=gone, replaced=replaced, failed=failed, dry_run=dry_run)

    def drop_clip(self, video_id: str) -> None:
        """Remove a video's clip, see :func:`facestats.store.forget.forget_clip`."""
        forget_clip(self.path, video_id)

    def sweep(self) -> None:
        """Remove what runs that were cut off left behind, see :func:`facestats.store.forget.sweep`."""
        sweep(self.path, {each.video_id: each for each in read_entries(self.path)})
