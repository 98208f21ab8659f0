"""`splitwave export`: a trained run as a model folder, for boards and for serving base stations."""

from pathlib import Path
from typing import Annotated

import typer

from splitwave.common.named_object import add_python_path
from splitwave.experiments.export.exporter import naming_missing_packages
from splitwave.testbed.commands.options import HERE, DataDir, PythonPath
from splitwave.testbed.results.checkpoint_folder import find_checkpoint
from splitwave.testbed.terminal.columns import label_rows
from splitwave.testbed.terminal.reporting import reports_errors

_MOST_SAMPLES = 10_000


@reports_errors
def export(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A results folder, a checkpoint folder, or a file in one.")
    ],
    target: Annotated[Path, typer.Argument(metavar="DIR", help="The model folder, which must not exist.")],
    *,
    beta: Annotated[
        float | None,
        typer.Option(metavar="B", help="β of all links, for β-conditioned networks (default: the run's own).",
                     show_default=False),
    ] = None,
    psnr_db: Annotated[
        float | None,
        typer.Option(metavar="DB", help="PSNR of all links, where it is an input of the networks (default: the run's "
                     "own).", show_default=False),
    ] = None,
    conditions_as_input: Annotated[
        bool,
        typer.Option("--conditions-as-input", help="Leave β and PSNR inputs of the graphs; else they are folded in."),
    ] = False,
    int8: Annotated[
        bool, typer.Option("--int8", help="Also write encoders with 8 bits, and measure their cost.")
    ] = False,
    sign: Annotated[
        Path | None,
        typer.Option(metavar="KEY", help="An Ed25519 private key in PEM form (default: one in your configuration "
                     "folder, made on first use).", show_default=False),
    ] = None,
    samples: Annotated[
        int,
        typer.Option(min=1, max=_MOST_SAMPLES, metavar="N", help="Samples of the test split to compare on, at most."),
    ] = _MOST_SAMPLES,
    data_dir: DataDir = None,
    python_path: PythonPath = HERE,
) -> Path:  # fmt: skip
    """Write what boards and serving base stations need of a trained run, as ONNX graphs compared with torch."""
    # Only the export needs torch, which takes seconds to import.
    with naming_missing_packages("splitwave export"):
        from splitwave.experiments.export.export import ExportRequest, export_run  # noqa: PLC0415

    add_python_path(python_path)
    request = ExportRequest(
        checkpoint=find_checkpoint(run, "RUN"),
        target=target,
        beta=beta,
        psnr_db=psnr_db,
        conditions_as_input=conditions_as_input,
        int8=int8,
        key=sign,
        samples=samples,
        data_dir=data_dir,
        python_path=python_path,
    )
    report = export_run(request, _show_progress)
    where = label_rows([("version", report.version), ("model", str(target))])
    typer.echo("\n".join(["", *report.lines(), "", *where]))
    return target


def _show_progress(line: str) -> None:
    typer.echo(line, err=True)
