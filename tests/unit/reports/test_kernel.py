import json
import os
import sys

import nbformat
import pytest
from nbclient.exceptions import DeadKernelError
from pages import write_notebook
from papermill.exceptions import PapermillExecutionError

from facestats.reports.kernel import Kernel, ThisPython, cause, execute, own_event_loop


def test_the_kernel_is_this_python():
    assert ThisPython(kernel_name="python3").kernel_spec.argv[0] == sys.executable


def test_a_cause_is_one_line_without_colours():
    error = PapermillExecutionError(1, 2, "x", "ValueError", "\x1b[31mbad\x1b[0m thing\nand more", [])
    assert cause(error) == "ValueError: bad thing"
    assert cause(PapermillExecutionError(1, 2, "x", "SystemExit", "", [])) == "SystemExit"


def test_one_kernel_serves_notebooks_each_as_if_it_were_the_first(tmp_path):
    tells = write_notebook(
        tmp_path / "tells.ipynb",
        "store = ''",
        "import json, os\nprint(json.dumps([os.getpid(), sorted(n for n in globals() if n[0] != '_'), _ih[1:]]))\n7",
        "left_behind = 1; _ == 7",
    )
    dies = write_notebook(tmp_path / "dies.ipynb", "store = ''", "print('before')", "import os; os._exit(9)")
    out = tmp_path / "out.ipynb"

    def told(kernel):
        execute(tells, out, {"store": "s"}, progress=False, kernel=kernel)
        cells = [cell for cell in nbformat.read(out, as_version=4).cells if cell.cell_type == "code"]
        counts = [cell.execution_count for cell in cells]
        return *json.loads(cells[2].outputs[0].text), counts

    with own_event_loop(), Kernel(serves=2) as kernel:
        first, names, ran, counts = told(kernel)
        assert "left_behind" not in names
        assert kernel.is_running
        assert told(kernel) == (first, names, ran, counts)  # the same process, and nothing of the first is there
        assert not kernel.is_running  # it has served as many as it may
        other = told(kernel)
        assert other[0] != first
        assert other[1:] == (names, ran, counts)
        with pytest.raises(DeadKernelError):
            execute(dies, out, {"store": "s"}, progress=False, kernel=kernel)
        assert not kernel.is_running
        assert "before" in out.read_text(encoding="utf-8")
        execute(tells, out, {"store": "s"}, progress=False, kernel=kernel)  # the next does not suffer
        last = kernel._manager.provisioner.pid
    assert not kernel.is_running
    with pytest.raises(ProcessLookupError):
        os.kill(last, 0)
