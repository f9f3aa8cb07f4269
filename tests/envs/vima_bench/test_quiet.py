"""Nothing gets through, whoever prints it, and afterwards everything does."""

import ctypes
import os

import pytest

from uio2_agent.envs.vima_bench.quiet import quiet_stdout, stdout_as_stderr

_LIBC = ctypes.CDLL(None)


def test_python_the_descriptor_and_c_are_all_silent_inside(capfd):
    print("before")
    with quiet_stdout():
        print("from Python")
        os.write(1, b"from the descriptor\n")
        _LIBC.puts(b"from C")
    print("after")
    assert capfd.readouterr().out == "before\nafter\n"


def test_an_exception_gets_through_and_the_output_is_back(capfd):
    with pytest.raises(ZeroDivisionError), quiet_stdout():
        print(1 / 0)
    print("after")
    os.write(1, b"as well\n")
    out = capfd.readouterr().out
    assert "after\n" in out and "as well\n" in out


def test_warnings_of_the_simulator_are_told_on_stderr(capfd):
    with stdout_as_stderr():
        print("movej exceeded")
    captured = capfd.readouterr()
    assert captured.out == "" and captured.err == "movej exceeded\n"
