from facestats.reports import Report, ReportResult


def test_in_a_notebook_it_shows_headlines_with_links(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = (
        Report("<b>one</b>", "Two <3 were seen.", tmp_path / "a b.ipynb", tmp_path / "a b.html"),
        Report("two", "", tmp_path / "c.ipynb", tmp_path / "c.html", None, "failed", "KeyError: 'x'"),
    )
    result = ReportResult(tmp_path, made)
    shown = result._repr_html_()
    assert '<a href="a%20b.html">&lt;b&gt;one&lt;/b&gt;</a>' in shown
    assert "Two &lt;3 were seen." in shown
    assert "KeyError: &#39;x&#39;" in shown
    assert 'href="index.html"' in shown
    assert result.exit_code == 3
    assert result.problems == (f"{tmp_path / 'c.ipynb'} stopped: KeyError: 'x'",)
    assert ReportResult(tmp_path, ()).exit_code == 0
