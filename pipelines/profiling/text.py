"""A profile in words."""

from pipelines.profiling.profile import Profile


def told(profile: Profile) -> str:
    """The profile as lines for a terminal."""
    shares = ", ".join(f"{name} {share:.0%}" for name, share in profile.shares.items())
    reached = profile.floor_ms / profile.step_ms
    normalized = {"none": "no batch normalization"}.get(
        profile.normalization, f"batch normalization {profile.normalization}, {profile.normalization_share:.0%} of time"
    )
    lines = [
        f"step        {profile.step_ms:.1f} ms for {profile.batch} examples, mean of {profile.steps}: {shares}",
        f"input       {profile.input_ms:.1f} ms a batch by itself, {profile.bare_input_ms:.1f} ms without augmentation",
        (
            f"floor       {profile.floor_ms:.1f} ms for {profile.gflops:.2f} GFLOP, at the "
            f"{profile.gflops_per_second:,.0f} GFLOP/s of a large product of matrices here; "
            f"the step reaches {reached:.0%} of that rate"
        ),
        (
            f"memory      weights {_size(profile.weights)}, optimizer {_size(profile.optimizer)}, kept for the "
            f"backward pass {_size(profile.kept)}; the process took {_size(profile.resident)} at most"
        ),
        f"normalizing {normalized}",
        "operations  processor time a step",
        *(f"  {one.milliseconds:8.2f} ms  {one.share:4.0%}  {one.kind}  {one.name}" for one in profile.operations),
        *(f"finding     {finding}" for finding in profile.findings or ["nothing stands out"]),
        f"picture     {profile.folder / 'profile.png'}",
        f"trace       {profile.folder / 'trace.json.gz'} (Perfetto); tensorboard --logdir {profile.folder}",
    ]
    return "\n".join(lines)


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
