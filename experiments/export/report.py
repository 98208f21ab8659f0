"""The report of an export: the tables that are printed, and `report.json`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

from splitwave.common.records.link_format import ConditionsFormat
from splitwave.common.tasks.task import Task
from splitwave.experiments.export.proof import Proof
from splitwave.testbed.terminal.columns import columns

REPORT_FILE = "report.json"
_PACKAGES = ("splitwave", "torch", "onnx", "onnxruntime", "numpy")


@dataclass(frozen=True, slots=True)
class Report:
    """A finished export.

    Attributes:
        version: of the model.
        conditions: that it was exported for.
        psnr_db: of the channel that the errors are of: one value, or one a link.
        proof: what was compared.
        sizes: the bytes of each graph, by its path.
        task: has the names and units of the errors.
    """

    version: str
    conditions: ConditionsFormat
    psnr_db: float | list[float]
    proof: Proof
    sizes: Mapping[str, int]
    task: Task

    def tree(self) -> Mapping[str, object]:
        """The content of `report.json`."""
        return {
            "version": self.version,
            "samples": self.proof.samples,
            "conditions": self.conditions.tree(),
            "psnr_db": self.psnr_db,
            "comparisons": [asdict(each) for each in self.proof.comparisons],
            self.task.wording.error_key: self.proof.errors,
            "bytes": dict(self.sizes),
            "packages": {name: _installed(name) for name in _PACKAGES},
        }

    def lines(self) -> list[str]:
        """Tables of the comparisons, the errors and the sizes."""
        rows = [("compared with torch", "equal", "different", "of these ties", "largest difference")]
        rows += [
            (f"{each.what}, {each.unit}", f"{each.equal:,}", f"{each.different:,}", f"{each.ties:,}",
             f"{each.largest_difference:.1e}")
            for each in self.proof.comparisons
        ]  # fmt: skip
        wording = self.task.wording
        errors = [(f"{wording.error}, {self.proof.samples:,} samples", "")]
        errors += [(f"  encoders {kind}", wording.error_in_full(error)) for kind, error in self.proof.errors.items()]
        sizes = [("graph", "bytes"), *((name, f"{size:,}") for name, size in self.sizes.items())]
        return [*columns(rows), "", *columns(errors), "", *columns(sizes)]


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
