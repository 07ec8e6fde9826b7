"""Sending files to the Hub: one commit a repository, or one pull request."""

from pathlib import PurePosixPath

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

from xlser.hub.asking import asking
from xlser.hub.publication import Publication, Upload, with_sent

_PACKED = "results/*/*/*/*.parquet"

_FORMER = "records.parquet"


def send(publication: Publication) -> Publication:
    """Send what was gathered, and return it with the addresses of the commits.

    A repository that is not there is made. Each commit is whole or not at all, and files that the
    repository has as they are stay: a call that was killed can be repeated.

    Raises:
        HubAccessError: the Hub refuses the token.
        HubNotFoundError: a pull request for a dataset that is not there.
        HubUnavailableError: the Hub cannot be reached, or takes no more requests now.
        HubError: another refusal.
    """
    return with_sent(publication, [_send(upload) for upload in publication.uploads])


def _send(upload: Upload) -> str:
    api = HfApi()
    with asking(upload.repository):
        if not upload.pull_request:
            api.create_repo(
                upload.repository,
                repo_type=upload.kind,
                private=upload.private,
                space_sdk="static" if upload.kind == "space" else None,
                exist_ok=True,
            )
        done = api.create_commit(
            upload.repository,
            [
                *(CommitOperationAdd(path, content) for path, content in upload.files.items()),
                *(CommitOperationDelete(path) for path in _outgrown(api, upload)),
            ],
            commit_message=upload.summary,
            repo_type=upload.kind,
            create_pr=upload.pull_request,
        )
    return str(done.pr_url or done.commit_url)


def _outgrown(api: HfApi, upload: Upload) -> list[str]:
    """Return the files into which earlier versions packed records that are sent.

    They held all records of a target, then of a target, track and encoder.
    """
    sent = [path for path in map(PurePosixPath, upload.files) if path.match(_PACKED)]
    former = {str(above / _FORMER) for path in sent for above in (path.parent, path.parents[2])}
    if upload.pull_request or not former:
        return []
    return sorted(former & {*api.list_repo_files(upload.repository, repo_type=upload.kind)})
