"""Where the files of an openly licensed corpus are, and how to know that they are right."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Remote:
    """A file to download.

    Attributes:
        urls: of the same file: the official one first, then mirrors.
        path: where it belongs: an archive's name, or a recording's path in the official layout.
        size: in bytes; None where it is not known in advance.
        digest: "md5:..." or "sha256:..."; None where it is not known in advance.
        facts: address that states size and digest: a record of Zenodo's API, or a Git LFS pointer.
        strip: leading folders of an archive's members to leave away.
    """

    urls: tuple[str, ...]
    path: str
    size: int | None = None
    digest: str | None = None
    facts: str | None = None
    strip: int = 0

    @property
    def is_archive(self) -> bool:
        """Whether the download is an archive, to be unpacked."""
        return self.path.endswith((".zip", ".tar.gz"))


@dataclass(frozen=True)
class Download:
    """How a corpus is fetched.

    Attributes:
        files: all that make up the corpus.
        size: of all of them, in words, for people.
    """

    files: tuple[Remote, ...]
    size: str


def github(owner: str, name: str, commit: str, size: str) -> Download:
    """Return the download of a repository at one commit.

    GitHub packs anew for each request, so an archive has no lasting digest: the commit pins it.

    Args:
        owner: of the repository.
        name: of the repository.
        commit: SHA-1, in hex.
        size: of the download, for people: "500 MB".
    """
    url = f"https://codeload.github.com/{owner}/{name}/tar.gz/{commit}"
    return Download((Remote((url,), f"{name}.tar.gz", strip=1),), size)
