"""Sending files to the Hub: one commit a repository, or one pull request."""

from pathlib import PurePosixPath

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

from xlser.hub.asking import asking
from xlser.hub.publication import Publication, Upload, with_sent
from xlser.records.packed import NAME


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
    """Return the files into which earlier versions packed all records of a target that is sent."""
    sent = [PurePosixPath(path) for path in upload.files if PurePosixPath(path).name == NAME]
    of_targets = {str(PurePosixPath(*path.parts[:3], NAME)) for path in sent}
    if upload.pull_request or not of_targets:
        return []
    return sorted(of_targets & {*api.list_repo_files(upload.repository, repo_type=upload.kind)})
