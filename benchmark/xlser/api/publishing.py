"""Results sent to the Hub, as options ask for it."""

from xlser.api.options import PublishOptions
from xlser.errors import HubNotFoundError, SettingsError
from xlser.hub.address import local_folder
from xlser.hub.asking import require_token
from xlser.hub.publication import Publication, publication_of, submission_of
from xlser.hub.sending import send
from xlser.protocols import Protocol
from xlser.records.store import known_keys


def publish_results(protocol: Protocol, options: PublishOptions) -> Publication:
    """Gather the results of a protocol and, if `options.yes`, send them.

    Args:
        protocol: of the results.
        options: what is sent, and where.

    Raises:
        SettingsError: options contradict each other, or there is nothing to send.
        RecordError: there are no records, or one is not sound.
        HubError: there is no token, the Hub refuses it, or cannot be reached.
    """
    if options.yes:
        require_token()
    if options.pull_request:
        return _submit(protocol, options)
    gathered = publication_of(
        protocol,
        options.leaderboards,
        options.to,
        space=options.space,
        private=options.private,
        licence=options.licence,
    )
    return send(gathered) if options.yes else gathered


def _submit(protocol: Protocol, options: PublishOptions) -> Publication:
    """Propose records to the owner of a dataset."""
    if options.space or options.private:
        raise SettingsError(
            "A pull request adds records to a dataset that is there: it makes no Space and "
            "nothing private.",
            "Leave out --space and --private.",
        )
    if not options.yes:
        return submission_of(protocol, options.leaderboards, options.to)
    try:
        theirs = local_folder(f"hf://datasets/{options.to}") / protocol.name / "results"
        known = known_keys(theirs)
    except HubNotFoundError as error:
        raise HubNotFoundError(
            error.problem,
            "A pull request needs a dataset with results: correct OWNER/NAME, or publish one of "
            "your own, without --pull-request.",
        ) from error
    return send(submission_of(protocol, options.leaderboards, options.to, known))
