"""A pytest plugin for a Python that has no torch: `pytest -p tests.without_torch` skips the tests that need it."""

from collections.abc import Generator

import pytest

_REASON = "torch is not installed"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests that say that they need it."""
    for item in items:
        if item.get_closest_marker("needs_torch"):
            item.add_marker(pytest.mark.skip(reason=_REASON))


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
    signs = ("No module named 'torch'", "No package metadata was found for torch", "PackageNotFoundError('torch')")
    return any(sign in text for sign in signs)
