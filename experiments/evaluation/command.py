"""`splitwave evaluate`: the error of a trained run against PSNR, over other channels, and without some of its links."""

from pathlib import Path
from typing import Annotated

import typer

from splitwave.common.named_object import add_python_path
from splitwave.experiments.evaluation.conditions import link_numbers, psnr_values
from splitwave.experiments.sweep.intervals import MAX_SEEDS
from splitwave.testbed.commands.options import HERE, RESULTS, DataDir, Device, PythonPath, Results, on_device
from splitwave.testbed.engine import IN_THIS_PROCESS
from splitwave.testbed.results.checkpoint_folder import find_checkpoint, read_checkpoint
from splitwave.testbed.terminal.columns import label_rows
from splitwave.testbed.terminal.reporting import print_figures, reports_errors

_PSNR_HELP = "PSNR of all links: a value, a list 0,5,10 or a range -5:20:2.5 (default: the run's own)."
_CHANNEL_HELP = "Channel models, such as awgn, in order and separated by commas (default: the run's own)."
_ENGINE_HELP = "What measures: inprocess, or a testbed of the engine process or compose, with equal answers."


@reports_errors
def evaluate(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A results folder, a checkpoint folder, or a file in one.")
    ],
    *,
    psnr_db: Annotated[str | None, typer.Option(metavar="DB", help=_PSNR_HELP, show_default=False)] = None,
    channel: Annotated[str | None, typer.Option(metavar="NAMES", help=_CHANNEL_HELP, show_default=False)] = None,
    links_down: Annotated[
        str | None,
        typer.Option(metavar="LINKS", help="Links whose symbols are lost, such as 0 or 0,2.", show_default=False),
    ] = None,
    noise_seeds: Annotated[
        int, typer.Option(help="Realisations of the noise that each error is averaged over.", min=1, max=MAX_SEEDS)
    ] = 5,
    ablation: Annotated[bool, typer.Option(help="Also measure the error without each link, and with it alone.")] = True,
    engine: Annotated[str, typer.Option(metavar="NAME", help=_ENGINE_HELP)] = IN_THIS_PROCESS,
    device: Device = None,
    data_dir: DataDir = None,
    python_path: PythonPath = HERE,
    results: Results = RESULTS,
) -> Path:
    """Measure a trained run at other PSNRs, over other channels and without some links, without training."""
    # Only the measurement needs torch, which takes seconds to import.
    from splitwave.experiments.evaluation.evaluation import Request  # noqa: PLC0415
    from splitwave.experiments.evaluation.session import result_lines, run_evaluation  # noqa: PLC0415

    add_python_path(python_path)
    request = Request(
        psnr_db=() if psnr_db is None else tuple(psnr_values(psnr_db)),
        channel=None if channel is None else tuple(name.strip() for name in channel.split(",")),
        links_down=() if links_down is None else tuple(link_numbers(links_down, "--links-down")),
        noise_seeds=noise_seeds,
        ablation=ablation,
    )
    checkpoint = find_checkpoint(run, "RUN")
    config = on_device(read_checkpoint(checkpoint).config, device)
    done = run_evaluation(
        checkpoint,
        config,
        request,
        engine=engine,
        data_dir=data_dir,
        python_path=python_path,
        results=results,
        show=_show_progress,
    )
    typer.echo("\n".join(["", *result_lines(done.result), "", *label_rows([("results", str(done.folder))])]))
    print_figures(done.folder / "figs", len("results"))
    return done.folder


def _show_progress(line: str) -> None:
    typer.echo(line, err=True)
