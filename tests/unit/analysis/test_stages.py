"""What is loaded once, before there are threads."""

from __future__ import annotations

import subprocess
import sys

_CODE = """
import sys
from facestats.analysis.stages import load_stages
from facestats.options import AnalyzeOptions
none = dict.fromkeys(("expression", "gender", "age", "makeup"), "none")
load_stages(AnalyzeOptions(models=none))
before = {name for name in sys.modules if name.startswith("scipy.")}
import facestats.classify.pose, facestats.tables.clustering
from scipy.spatial.transform import Rotation
print(sorted({name for name in sys.modules if name.startswith("scipy.")} - before))
"""


def test_what_threads_use_of_scipy_is_imported_before_there_are_any():
    ran = subprocess.run([sys.executable, "-c", _CODE], capture_output=True, text=True, timeout=120, check=False)
    assert (ran.stdout.strip(), ran.returncode) == ("[]", 0), ran.stderr
