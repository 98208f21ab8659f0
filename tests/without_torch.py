"""A pytest plugin for a Python that has no torch: `pytest -p tests.without_torch` skips the tests that need it."""

from collections.abc import Generator

import pytest

_REASON = "torch is not installed"


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Skip a module that cannot be imported without torch."""
    report = yield
    if report.failed and _names_torch(str(report.longrepr)):
        report.outcome = "skipped"
        report.longrepr = (str(collector.path), 0, _REASON)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Skip a test that fails without torch, in this process or in one that it starts."""
    report = yield
    if report.failed and _names_torch(str(report.longrepr) + "".join(text for _, text in report.sections)):
        report.outcome = "skipped"
        report.longrepr = (str(item.path), 0, _REASON)
    return report


def _names_torch(text: str) -> bool:
    return "No module named 'torch'" in text or "No package metadata was found for torch" in text
