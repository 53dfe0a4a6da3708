"""Options that do not go together, before anything is begun."""

from __future__ import annotations

from ..coverage.reads import DepthRules
from ..errors import UsageError
from ..io.inputs import check_inputs
from ..options import LONGEST_NAME, PartOptions, RunOptions, can_name_bins


def check_options(options: RunOptions) -> None:
    """Options that contradict each other, or are none; inputs that are not there.

    Raises:
        UsageError: options do not go together.
        InputError: an input is missing, a folder or a device.
    """
    check_coverage_options(options)
    if options.features and options.ray:
        raise UsageError("--features are found already, --ray finds them; give one of them")
    if options.ray and options.cache is not None:
        raise UsageError("--cache is kept by one machine; leave it out with --ray")
    if options.force and options.resume:
        raise UsageError("--force starts again and --resume continues; give one of them")
    if options.recruit_length > options.min_length:
        raise UsageError(
            f"--recruit-length {options.recruit_length} is more than --min-length "
            f"{options.min_length}; it can be at most that"
        )
    if not options.sample_id.isprintable():
        raise UsageError("--sample-id must be of one line, without tabs")
    check_prefix(options.prefix)
    check_inputs(options.inputs)


def check_coverage_options(options: RunOptions | PartOptions) -> None:
    """What depths come from, and how they are measured.

    Raises:
        UsageError: options do not go together.
    """
    if options.bams and options.depth:
        raise UsageError("--bam and --depth are two ways to say the same; give one of them")
    if options.samples and not (options.bams or options.depth):
        raise UsageError("--samples names the samples of --bam or --depth, and there are none")
    if options.min_identity is not None and not options.bams:
        raise UsageError("--min-identity says which reads of --bam count, and there are none")
    if options.pool and not (options.bams and options.samples):
        raise UsageError("--pool adds up --bam files of one name in --samples; give both")
    DepthRules(min_identity=options.min_identity)


def check_prefix(prefix: str) -> None:
    """Names of bins are names of files.

    Raises:
        UsageError: they could not be.
    """
    if not can_name_bins(prefix):
        raise UsageError(
            f"--prefix {prefix[:LONGEST_NAME]!r} cannot be part of a file name; "
            "letters, digits, '.', '-', '_' and one '{}' can"
        )
