"""Zip and tar archives made in memory."""

import io
import tarfile
import zipfile


def zipped(members: dict[str, bytes], link: str | None = None) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o120777 if name == link else 0o100644) << 16
            archive.writestr(info, content)
    return file.getvalue()


def tarred(members: dict[str, bytes], link: tuple[bytes, str] | None = None) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if link:
                info.type, info.linkname, info.size = link[0], link[1], 0
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()
