import sys

from papermill.exceptions import PapermillExecutionError

from facestats.reports.kernel import ThisPython, cause


def test_the_kernel_is_this_python():
    assert ThisPython(kernel_name="python3").kernel_spec.argv[0] == sys.executable


def test_a_cause_is_one_line_without_colours():
    error = PapermillExecutionError(1, 2, "x", "ValueError", "\x1b[31mbad\x1b[0m thing\nand more", [])
    assert cause(error) == "ValueError: bad thing"
    assert cause(PapermillExecutionError(1, 2, "x", "SystemExit", "", [])) == "SystemExit"
