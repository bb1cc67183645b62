"""`seq2seq predict`: whole files through a pushed model, without a server."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.beam_arguments import beam_arguments
from pipeline.cli.options import ConfigPath, Overrides
from pipeline.cli.quiet import quiet_libraries
from pipeline.cli.refusal import refuse, refused
from pipeline.cli.run_session import watched
from pipeline.config import Config
from pipeline.config_file import load_config
from pipeline.package_wheel import wheel_for_workers
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from components.prediction.job import Job, Settings

_INPUT_ENDINGS = {".jsonl": "jsonl", ".jsonl.gz": "jsonl"}
_OUTPUT_ENDINGS = {".txt": "text", ".jsonl": "jsonl", ".parquet": "parquet"}


def predict(
    config: ConfigPath,
    overrides: Overrides,
    inputs: Annotated[
        list[str],
        typer.Option(
            "--input",
            metavar="FILE",
            help="File or glob of sources, .gz is unpacked; may be given several times.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path, typer.Option(metavar="PLACE", help="File of the answers: .txt, .jsonl or .parquet.", show_default=False)
    ],
    version: Annotated[
        int | None, typer.Option(metavar="V", help="Pushed version to translate with.  [default: the newest]")
    ] = None,
    input_format: Annotated[
        str | None,
        typer.Option(metavar="[text|jsonl]", help="A source on each line, or an object.  [default: by the ending]"),
    ] = None,
    output_format: Annotated[
        str | None,
        typer.Option("--format", metavar="[text|jsonl|parquet]", help="Of the answers.  [default: by the ending]"),
    ] = None,
    field: Annotated[str, typer.Option(help="Key of the source in jsonl; the answers have it under it too.")] = "text",
    id_field: Annotated[
        str | None, typer.Option(help="Key of the id in jsonl.  [default: the number of the line is the id]")
    ] = None,
    n_best: Annotated[
        int | None, typer.Option(min=1, help="In jsonl and parquet: write so many candidates of each source.")
    ] = None,
    shards: Annotated[
        int, typer.Option(min=1, max=99_999, help="Files that the answers are written to; each is done as a whole.")
    ] = 1,
    force: Annotated[bool, typer.Option("--force", help="Replace answers of another prediction.")] = False,
) -> None:
    """Translate files of any size with the newest pushed model, on Beam.

    Answers stand in the order of the sources. The same call, made again after an interruption, goes on with the shards
    that are not there yet. Exits with 1 when a shard failed, with 2 when input, model or place cannot be used, and with
    130 when it was interrupted.
    """
    settings = load_config(config, overrides)
    model = _version(settings, version, config)
    read_as = input_format or _one_format(inputs)
    write_as = output_format or _OUTPUT_ENDINGS.get(output.suffix)
    _check_formats(read_as, write_as, output, id_field, n_best)
    with quiet_libraries():
        from components.prediction.job import JobError, Settings  # imports Beam
        from components.prediction.sources import InputError
    wanted = Settings(input_format=read_as, field=field, id_field=id_field, output_format=write_as, n_best=n_best)
    names = wanted.names()
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        refuse(f"{twice!r} would be there twice in the answers: they have {', '.join(names)}")
    with refused(JobError, InputError):
        job = _job(wanted, inputs, output, model, shards, force)
    _run(settings, job)


def _run(config: Config, job: "Job") -> None:
    waiting = job.unfinished()
    sources = sum(shard.count for shard in job.shards)
    done = len(job.shards) - len(waiting)
    with watched(config, interrupted="The same call goes on with the shards that are not there yet.") as console:
        from components.prediction.predict import predict as run  # imports TensorFlow
        from pipeline.runners.beam_jobs import run_jobs

        console.print(
            f"{sources:,} sources, version {Path(job.model).name}"
            + (f", {done} of {len(job.shards)} shards are there already" if done else ""),
            soft_wrap=True,
        )
        if waiting:
            arguments = beam_arguments(config.beam, wheel_for_workers(config))
            run_jobs("The prediction", arguments, lambda: run(job, arguments))
    console.print(f"{sources:,} answers in {', '.join(_named(job.paths()))}", soft_wrap=True)


def _job(settings: "Settings", inputs: list[str], output: Path, model: Path, shards: int, force: bool) -> "Job":
    from components.prediction.job import Job, begin, check_same, read_job, remove
    from components.prediction.scan import cut_into_shards
    from components.prediction.sources import find_inputs

    found = find_inputs(inputs)
    place = str(output.absolute())
    earlier = read_job(place)
    if earlier and not force:
        check_same(earlier, str(model), found, settings, shards)
        return earlier
    job = Job(
        model=str(model),
        inputs=found,
        settings=settings,
        output=place,
        shards=cut_into_shards(found, settings, shards),
    )
    if force:
        remove(earlier or job)
        remove(job)
    begin(job)
    return job


def _version(config: Config, version: int | None, path: Path) -> Path:
    from components.model_versions import newest_version

    served = Workspace.of(config).served
    newest = newest_version(served)
    if newest is None:
        refuse(f"nothing has been pushed to {served} yet: seq2seq run {path} does that")
    folder = served / str(newest if version is None else version)
    if not folder.is_dir():
        there = ", ".join(sorted((each.name for each in served.iterdir() if each.name.isdecimal()), key=int))
        refuse(f"{served} has no version {version}: there are {there}")
    return folder


def _one_format(inputs: list[str]) -> str:
    formats = {next((kind for end, kind in _INPUT_ENDINGS.items() if name.endswith(end)), "text") for name in inputs}
    if len(formats) > 1:
        refuse(f"--input names lines of text and .jsonl ({', '.join(inputs)}): --input-format says how all are read")
    return formats.pop()


def _check_formats(
    input_format: str, output_format: str | None, output: Path, id_field: str | None, n_best: int | None
) -> None:
    for option, given, allowed in (
        ("--input-format", input_format, ("text", "jsonl")),
        ("--format", output_format or "text", ("text", "jsonl", "parquet")),
    ):
        if given not in allowed:
            refuse(f"{option} is {given!r}: allowed are {', '.join(allowed)}")
    if output_format is None:
        refuse(f"--output {output} ends in none of {', '.join(_OUTPUT_ENDINGS)}: --format says what it is to be")
    if id_field is not None and input_format != "jsonl":
        refuse("--id-field goes with jsonl: lines of text have their number")
    if n_best is not None and output_format == "text":
        refuse("--n-best goes with --format jsonl and parquet: text has the best translation alone")


def _named(paths: list[str]) -> list[str]:
    return paths if len(paths) < 3 else [paths[0], "…", paths[-1]]
