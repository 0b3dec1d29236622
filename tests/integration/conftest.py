"""What several of these tests need."""

import os
import subprocess

import pytest


@pytest.fixture
def disk(tmp_path):
    """Mounts a small disk, if this user may; returns how to mount it again with other options."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options):
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"this user may not mount a disk: {done.stderr.strip()}")
        return folder

    try:
        yield mount
    finally:
        while os.path.ismount(folder):
            subprocess.run(["umount", "-l", folder], check=True)
