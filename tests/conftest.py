"""What every test folder shares: how CI refuses to pass over a comparison in silence, and how it samples."""

from __future__ import annotations

import pytest

COMPARISONS = {"interop", "browser", "packaging"}  # what a newcomer may lack the programs for

LONGEST_NAME = 200


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --all-installed: a newcomer may lack keytool or a browser, CI has just installed them."""
    parser.addoption(
        "--all-installed",
        action="store_true",
        help="fail when a test marked interop, browser or packaging was skipped, for all it needs is installed",
    )
    parser.addoption(
        "--thin",
        type=int,
        metavar="N",
        help="of a test with more than N cases run about N, evenly spread: for a further Python, after a whole run",
    )


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a long case by its length: older versions of pytest write out all of it, megabytes that nobody reads."""
    return f"{argname} of {len(val):,}" if isinstance(val, (bytes, str)) and len(val) > LONGEST_NAME else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what --thin does not want."""
    wanted = config.getoption("--thin")
    if wanted is None:
        return
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    kept = {item for each in cases.values() for item in each[:: -(-len(each) // wanted)]}
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]


def passed_over(config: pytest.Config) -> list[pytest.TestReport | pytest.CollectReport]:
    """The reports of skipped comparisons, and of whole modules that were skipped."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not config.getoption("--all-installed"):
        return []
    reports: list[pytest.TestReport | pytest.CollectReport] = reporter.stats.get("skipped", [])
    return [each for each in reports if isinstance(each, pytest.CollectReport) or COMPARISONS & set(each.keywords)]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Turn a run that passed over a comparison into a failed one where --all-installed asks for it."""
    if passed_over(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name what --all-installed failed for."""
    for report in passed_over(config):
        terminalreporter.write_line(f"skipped under --all-installed: {report.nodeid}", red=True)
