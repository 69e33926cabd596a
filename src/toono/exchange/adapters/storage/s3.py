"""Archives in a storage that speaks S3: that of Amazon, MinIO, Ceph and others.

Each file goes with its SHA-256, which the storage compares before it says that it has it. Retention and locks of objects are set at the bucket, by whoever runs it.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from toono.exchange import limits
from toono.exchange.errors import ArchiveUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_REGION = "us-east-1"
"""Only a word in the signature of a request where the storage is not Amazon's; there the environment names the right one."""


class S3Storage:
    """One object for each archive. Without a key the login of the machine is used, as ``boto3`` finds it."""

    def __init__(self, *, bucket: str, prefix: str, endpoint: str, key_id: str, secret: str) -> None:
        self._bucket, self._prefix = bucket, f"{prefix}/" if prefix else ""
        self._client: S3Client = boto3.client(
            "s3",
            endpoint_url=endpoint or None,
            aws_access_key_id=key_id or None,
            aws_secret_access_key=secret or None,
            region_name=_REGION if endpoint else None,
            config=Config(
                connect_timeout=5,
                read_timeout=limits.ARCHIVE_STORAGE_SECONDS,
                retries={"max_attempts": 3, "mode": "standard"},
                s3={"addressing_style": "path"} if endpoint else {},
            ),
        )

    def write(self, name: str, content: bytes) -> None:
        """:raises ArchiveUnavailable: the storage did not say that it has exactly these bytes."""
        checksum = b64encode(hashlib.sha256(content).digest()).decode()
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=self._prefix + name, Body=content, ContentType="application/zip", ChecksumAlgorithm="SHA256",
                ChecksumSHA256=checksum,
            )  # fmt: skip
        except (BotoCoreError, ClientError) as error:
            raise ArchiveUnavailable(f"s3://{self._bucket}/{self._prefix}{name}: {error}") from error

    def read(self, name: str) -> bytes:
        """:raises ArchiveUnavailable: there is no such object, or its bytes are not those of its checksum."""
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name, ChecksumMode="ENABLED")
            return found["Body"].read()
        except (BotoCoreError, ClientError) as error:
            raise ArchiveUnavailable(f"s3://{self._bucket}/{self._prefix}{name}: {error}") from error
