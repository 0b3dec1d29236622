import pytest

from facestats.errors import OutputError, UsageError
from facestats.reports import pdf


def test_without_a_browser_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(pdf.shutil, "which", lambda _: None)
    with pytest.raises(UsageError, match="apt-get install chromium"):
        pdf.find_browser()


def test_a_browser_that_prints_nothing_is_told(tmp_path):
    page = tmp_path / "a.html"
    page.write_text("<p>a")
    with pytest.raises(OutputError, match=r"/bin/false did not print .*a.html: exit 1"):
        pdf.print_page(page, "/bin/false")
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]
