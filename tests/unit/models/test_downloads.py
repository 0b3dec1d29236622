import hashlib
import io
import urllib.error

import pytest

from facestats._util.files import sha256_of
from facestats.errors import ModelError, OutputError, UnknownNameError
from facestats.models import downloads
from facestats.models.downloads import Download


class TestPull:
    CONTENT = b"a detector"

    @pytest.fixture(autouse=True)
    def a_download(self, tmp_path, monkeypatch):
        monkeypatch.setenv("FACESTATS_CACHE", str(tmp_path / "cache"))
        digest = hashlib.sha256(self.CONTENT).hexdigest()
        known = {"toy": Download("toy.onnx", "https://example.invalid/toy.onnx", digest, "MIT")}
        monkeypatch.setattr(downloads, "DOWNLOADS", known)

    @staticmethod
    def answer_with(monkeypatch, content):
        asked = []

        def urlopen(url, timeout):
            asked.append(url)
            if isinstance(content, Exception):
                raise content
            return io.BytesIO(content)

        monkeypatch.setattr("urllib.request.urlopen", urlopen)
        return asked

    def test_fetched_once(self, monkeypatch):
        asked = self.answer_with(monkeypatch, self.CONTENT)
        assert downloads.pulled_file("toy") is None
        path = downloads.pull("toy")
        assert downloads.pull("toy") == downloads.pulled_file("toy") == path
        assert path.read_bytes() == self.CONTENT
        assert len(asked) == 1

    def test_a_damaged_copy_is_fetched_again(self, monkeypatch):
        asked = self.answer_with(monkeypatch, self.CONTENT)
        downloads.pull("toy").write_bytes(b"damaged")
        assert downloads.pull("toy").read_bytes() == self.CONTENT
        assert len(asked) == 2

    def test_offline(self, monkeypatch):
        self.answer_with(monkeypatch, urllib.error.URLError("no route"))
        with pytest.raises(ModelError, match=r"cannot fetch https://example\.invalid.*: check the network, or put"):
            downloads.pull("toy")

    def test_another_file(self, monkeypatch):
        self.answer_with(monkeypatch, b"something else")
        with pytest.raises(ModelError, match=r"answered with another file .*: nothing was kept"):
            downloads.pull("toy")
        assert downloads.pulled_file("toy") is None

    def test_unwritable_cache(self, monkeypatch, tmp_path):
        self.answer_with(monkeypatch, self.CONTENT)
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("FACESTATS_CACHE", str(tmp_path / "file"))
        with pytest.raises(OutputError, match="set FACESTATS_CACHE to a writable folder"):
            downloads.pull("toy")

    def test_unknown_name(self):
        with pytest.raises(UnknownNameError, match="nothing called 'other' can be pulled; there is toy"):
            downloads.pull("other")


def test_yunet_is_pinned():
    download = downloads.DOWNLOADS["yunet"]
    assert len(download.sha256) == 64
    assert "/main/" not in download.url
    assert "/master/" not in download.url


def test_the_pinned_yunet_is_the_shared_one(data_folder):
    assert sha256_of(data_folder / "yunet_n.onnx") == downloads.DOWNLOADS["yunet"].sha256
