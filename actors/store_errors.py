"""What stores and disks raise, as the page error codes of reading; no store's library is imported.

s3fs, gcsfs and adlfs raise Python's own exceptions where they can, and otherwise those of botocore,
aiobotocore, aiohttp, google and azure: these are known by class name and status code.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator

from actors.errors import PageError
from actors.signatures import without_queries

_BY_NAME = {
    "FSTimeoutError": "read.timeout",
    "ConnectTimeoutError": "read.timeout",
    "ReadTimeoutError": "read.timeout",
    "ServerTimeoutError": "read.timeout",
    "SocketTimeoutError": "read.timeout",
    "ServiceRequestTimeoutError": "read.timeout",
    "NoCredentialsError": "read.denied",
    "PartialCredentialsError": "read.denied",
    "CredentialRetrievalError": "read.denied",
    "TokenRetrievalError": "read.denied",
    "DefaultCredentialsError": "read.denied",
    "RefreshError": "read.denied",
    "ClientAuthenticationError": "read.denied",
    "ResourceNotFoundError": "read.missing",
    "ConfigError": "read.denied",
}
"""Exception class names of the stores' libraries that mean one thing only."""

_BY_STATUS = {
    401: "read.denied",
    403: "read.denied",
    404: "read.missing",
    408: "read.timeout",
    410: "read.missing",
    429: "read.throttled",
    503: "read.throttled",
    504: "read.timeout",
}
"""HTTP status codes (RFC 9110); S3 and Azure say 503 for "slow down"."""

_BY_STORE_CODE = {
    "NoSuchKey": "read.missing",
    "NoSuchBucket": "read.missing",
    "AccessDenied": "read.denied",
    "InvalidAccessKeyId": "read.denied",
    "SignatureDoesNotMatch": "read.denied",
    "ExpiredToken": "read.denied",
    "InvalidObjectState": "read.denied",  # archived (Glacier), to be restored first
    "SlowDown": "read.throttled",
    "Throttling": "read.throttled",
    "ThrottlingException": "read.throttled",
    "RequestLimitExceeded": "read.throttled",
    "TooManyRequests": "read.throttled",
    "ServerBusy": "read.throttled",
    "RequestTimeout": "read.timeout",
}
"""Error codes in the answers of S3 and Azure."""

_BY_ERRNO = {
    errno.ENOENT: "read.missing",
    errno.ENOTDIR: "read.missing",
    errno.ENAMETOOLONG: "read.missing",
    errno.EACCES: "read.denied",
    errno.EPERM: "read.denied",
    errno.EISDIR: "read.denied",
    errno.ELOOP: "read.denied",
    errno.ENXIO: "read.denied",
    errno.EBUSY: "read.throttled",  # s3fs for SlowDown
    errno.EMFILE: "read.throttled",
    errno.ENFILE: "read.throttled",
    errno.ETIMEDOUT: "read.timeout",
}


def read_error(error: BaseException) -> PageError:
    """The page error for what reading raised; what nothing is known of is `read.interrupted`."""
    if isinstance(error, PageError):
        return error
    chain = list(_chain(error))
    code = next((code for one in chain if (code := _specific(one))), None)
    code = code or next((code for one in chain if (code := _general(one))), "read.interrupted")
    message = without_queries(str(error))
    return PageError(code, f"{type(error).__name__}: {message}" if message else type(error).__name__)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _specific(error: BaseException) -> str | None:
    """By what the store itself answered."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):  # botocore's ClientError
        store_code = str(response.get("Error", {}).get("Code", ""))
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        found = _BY_STORE_CODE.get(store_code) or _BY_STATUS.get(status)
        if found:
            return found
    for attribute in ("status_code", "status", "code", "error_code"):
        value = getattr(error, attribute, None)
        if isinstance(value, int) and value in _BY_STATUS:
            return _BY_STATUS[value]
        if isinstance(value, str) and value in _BY_STORE_CODE:
            return _BY_STORE_CODE[value]
    return next((_BY_NAME[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in _BY_NAME), None)


def _general(error: BaseException) -> str | None:
    """By Python's own exceptions."""
    if isinstance(error, FileNotFoundError | NotADirectoryError | ValueError):  # no such name can exist
        return "read.missing"
    if isinstance(error, PermissionError | IsADirectoryError | ImportError):
        return "read.denied"
    if isinstance(error, TimeoutError):
        return "read.timeout"
    if isinstance(error, MemoryError):
        return "read.too_large"
    return _BY_ERRNO.get(error.errno) if isinstance(error, OSError) and error.errno else None
