"""``export``: a registered model in other formats, with a table of what each keeps and costs."""

from tatara.core.errors import UsageError
from tatara.verbs import Output, Request
from tatara.verbs.options import options, subject


def export(request: Request, output: Output) -> int:
    """Write the exports and print the table; 3 where no format that was asked for can carry the model."""
    given = options(request, format=str)
    reference = subject(request, 0, "registered model")
    if "format" not in given:
        raise UsageError(f"give a format, like: tatara {request.usage}")
    from pipelines.exporting.export import export as exported
    from pipelines.exporting.export import formats_of
    from pipelines.exporting.row import table

    found = exported(reference, formats_of(given["format"]))
    examples = next((row.examples for row in found.rows if row.examples), 0)
    lines = [table(found.rows)]
    if examples:
        lines.append(f"on all {examples} test examples of {found.name}/{found.version}; change against its ONNX graphs")
    lines.append(f"exports   {found.folder}")
    value = {
        "model": {"name": found.name, "version": found.version},
        "folder": str(found.folder),
        "rows": [row.model_dump(mode="json") for row in found.rows],
    }
    output.give(value, "\n".join(lines))
    return 0 if examples else 3
