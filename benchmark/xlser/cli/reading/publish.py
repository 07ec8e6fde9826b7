"""`xlser publish`: results to the Hugging Face Hub; a dry run unless it is asked for."""

from typing import TYPE_CHECKING

import typer

from xlser.cli.output import messages, print_json, print_table
from xlser.cli.parameters import AsJson, with_options

if TYPE_CHECKING:
    from xlser.api.options import PublishOptions
    from xlser.hub.publication import Upload


@with_options()
def publish(*, options: "PublishOptions", as_json: AsJson = False) -> None:
    """Send results to the Hugging Face Hub.

    The records of a protocol go to a dataset, its page to a Space. Without --yes it shows what
    would be sent, and makes no request.
    """
    from xlser.api.functions import publish as send

    messages.form = "json" if as_json else "text"
    done = send(**{name: getattr(options, name) for name in options.model_fields_set})
    if as_json:
        print_json(done.as_values())
        return
    for upload in done.uploads:
        _show(upload)
    for address in done.sent:
        typer.echo(f"sent: {address}")
    if not done.sent:
        typer.echo(f"{done.records} records. Nothing is sent: the same command with --yes does it.")


def _show(upload: "Upload") -> None:
    made = f"{'private' if upload.private else 'public'} if it has to be made"
    how = "as a pull request, without the records it has" if upload.pull_request else made
    typer.echo(f"to the {upload.kind} {upload.repository}, {how}:")
    print_table([{"file": path, "bytes": len(of)} for path, of in upload.files.items()])
