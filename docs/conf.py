"""The documentation's settings; `make docs` builds it. What is generated comes from generate.py beside this file."""

from __future__ import annotations

import re
import shutil
import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from docutils import nodes

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import generate  # noqa: E402

project = "facestats"
author = "the authors of facestats"
release = version = version_of("facestats")
language = "en-GB"
smartquotes = False  # `--option` is no dash

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_copybutton",
]
exclude_patterns = ["_build", "_generated/parts", "**/.ipynb_checkpoints"]
rst_prolog = ".. default-role:: code\n"

# Pages
html_theme = "furo"
html_title = f"facestats {release}"
html_static_path = ["_static"]
html_css_files = ["facestats.css"]
html_js_files = ["facestats.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False
copybutton_exclude = ".linenos, .gp, .go"
copybutton_prompt_text = ">>> "
suppress_warnings = ["misc.highlighting_failure"]

# Markdown
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

# The notebooks are run here, once: what they show is kept until they or the package change.
nb_execution_mode = "cache"  # make docs EXECUTE=off
nb_execution_cache_path = str(HERE / "_build" / f"notebooks-{generate.digest_of_package()}")
nb_execution_in_temp = True
nb_execution_show_tb = True  # a cell that fails is a warning, and so the end of the build
nb_execution_timeout = 300
nb_output_stderr = "remove"  # progress bars
nb_merge_streams = True
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # nothing is loaded from elsewhere

# The reference
autodoc_member_order = "bysource"
autosummary_generate = False
numpydoc_show_class_members = False
python_maximum_signature_line_length = 80
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"

_LONG_SIGNATURE = re.compile(r'<dl>\n<dd><em class="sig-param.*?</dl>', re.DOTALL)
_LINK_TO_FILE = re.compile(r"""<a\b[^>]*\shref=["'](?!https?:|data:|mailto:|\#)[^"']*["'][^>]*>(.*?)</a>""", re.DOTALL)


def setup(app: Any) -> None:
    """Write the generated pages before Sphinx looks for pages, and mend what comes out of docstrings and notebooks."""
    app.connect("config-inited", _prepare)
    app.connect("missing-reference", generate.public_reference)
    app.connect("autodoc-process-signature", _readable)
    app.connect("doctree-read", _without_links_to_what_was_made)
    app.connect("html-page-context", _accessible, priority=900)  # after the theme


def _prepare(_app: Any, config: Any) -> None:
    generate.write_all()
    cache = Path(config.nb_execution_cache_path)
    for other in cache.parent.glob("notebooks-*"):
        if other != cache:
            shutil.rmtree(other, ignore_errors=True)


def _accessible(_app: Any, _page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Tell screen readers the level of headings in the navigation, and that a long signature is no list of terms."""
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace('role="heading">', 'role="heading" aria-level="2">')
    if "body" in context:
        context["body"] = _LONG_SIGNATURE.sub(
            lambda found: (
                found[0]
                .replace("<dl>", '<span class="sig-lines">')
                .replace("</dl>", "</span>")
                .replace("<dd>", '<span class="sig-line">')
                .replace("</dd>", "</span>")
            ),
            context["body"],
        )


def _readable(_app: Any, _what: str, _name: str, _obj: Any, _options: Any, signature: str, returns: str) -> Any:
    """Write the defaults that a dataclass makes anew each time as what Python can read."""
    return (signature.replace("<factory>", "..."), returns) if "<factory>" in (signature or "") else None


def _without_links_to_what_was_made(_app: Any, doctree: nodes.document) -> None:
    """Take the links to files that a notebook made out of its outputs: they lay in a folder that is gone."""
    for output in doctree.findall(lambda node: "cell_output" in getattr(node, "attributes", {}).get("classes", ())):
        for raw in output.findall(nodes.raw):
            text = _LINK_TO_FILE.sub(r"\1", raw.astext())
            raw.children = [nodes.Text(text)]
            raw.rawsource = text
