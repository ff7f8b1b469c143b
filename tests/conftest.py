"""What every test folder shares: the switch by which CI refuses to pass over a test in silence."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --no-skips: a newcomer may lack keytool or a browser, CI has just installed them."""
    parser.addoption("--no-skips", action="store_true", help="fail when a test was skipped: everything is installed")


def skipped(config: pytest.Config) -> list[pytest.TestReport | pytest.CollectReport]:
    """The reports of what was skipped, whole modules too; a test that was expected to fail is none of them."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return reporter.stats.get("skipped", []) if reporter and config.getoption("--no-skips") else []


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Turn a run with skipped tests into a failed one where --no-skips asks for it."""
    if skipped(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name what --no-skips failed for."""
    for report in skipped(config):
        terminalreporter.write_line(f"skipped under --no-skips: {report.nodeid}", red=True)
