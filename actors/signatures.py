"""Secrets in addresses: user info, signatures and tokens, which reading needs and nobody else may see.

An address is published (in rows, keys, messages and logs) without them. A document is named by what is left,
so that it stays the same document when its address is signed again. Parameters that may as well name a
document (`key`, `token` ...) stay, with a digest in the place of their value; ids are made with the value.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_plus

_WEB = ("http", "https")
_BUCKETS = ("s3", "s3a", "gs", "gcs")

_AWS = """x-amz-algorithm x-amz-credential x-amz-date x-amz-expires x-amz-signedheaders x-amz-signature
x-amz-security-token x-amz-content-sha256 awsaccesskeyid"""
"""Amazon S3 API reference, "Authenticating Requests: Using Query Parameters"; the last is of version 2."""
_GOOGLE = """x-goog-algorithm x-goog-credential x-goog-date x-goog-expires x-goog-signedheaders
x-goog-signature x-goog-security-token x-goog-content-sha256 googleaccessid"""
"""Cloud Storage, "Signed URLs"; the last is of version 2."""
_CLOUDFRONT = "key-pair-id"
"""CloudFront developer guide, "Use signed URLs"."""
_ALIBABA = """ossaccesskeyid x-oss-signature x-oss-signature-version x-oss-credential x-oss-date x-oss-expires
x-oss-additional-headers x-oss-security-token"""
"""OSS developer reference, "Add signatures to URLs"; not x-oss-process, which names a rendition."""
_TENCENT = """q-sign-algorithm q-ak q-sign-time q-key-time q-header-list q-url-param-list q-signature
x-cos-security-token"""
"""COS API reference, "Request Signature"."""
_OPENSTACK = "temp_url_sig temp_url_expires temp_url_ip_range"
"""Swift API guide, "Temporary URL middleware"."""
_AKAMAI = "hdnts hdnea __token__ __gda__"
"""Akamai, "Token authentication": names that its examples use."""
_SIGNED = frozenset(" ".join((_AWS, _GOOGLE, _CLOUDFRONT, _ALIBABA, _TENCENT, _OPENSTACK, _AKAMAI)).split())
"""Parameters that only a signature has, in small letters: left out wherever they are."""


@dataclass(frozen=True, slots=True)
class _Scheme:
    """A way to sign whose parameters have everyday names: they are a signature where all `marks` are."""

    marks: frozenset[str]
    names: frozenset[str]


def _scheme(marks: str, names: str = "") -> _Scheme:
    return _Scheme(frozenset(marks.split()), frozenset(f"{marks} {names}".split()))


_SCHEMES = (
    _scheme("awsaccesskeyid signature", "expires"),  # S3, version 2
    _scheme("googleaccessid signature", "expires"),  # Cloud Storage, version 2
    _scheme("ossaccesskeyid signature", "expires security-token"),  # OSS, version 1
    _scheme("key-pair-id signature", "policy expires hash-algorithm"),  # CloudFront
    _scheme("keyname signature", "expires urlprefix"),  # Cloud CDN, "Use signed URLs"
    _scheme(  # Azure Storage, "Create a service SAS", "... an account SAS", "... a user delegation SAS"
        "sig sv",
        "ss srt sp se st spr sip si sr sdd ses skoid sktid skt ske sks skv saoid suoid scid sduoid skdutid",
    ),
    _scheme("sig se", "sp st spr sip si sr"),
    _scheme("ex is hm"),  # Discord developer docs, "Signed Attachment CDN URLs"
    _scheme("signature expires"),  # what many frameworks do
    _scheme("sig expires"),
    _scheme("token expires", "token_path"),  # bunny.net, "Token authentication"
)

_WHO = """access_token accesstoken access-token refresh_token id_token auth_token authtoken oauth_token
oauth_signature oauth_nonce oauth_timestamp bearer bearer_token private_token session_token api_key apikey
api-key x-api-key x-auth-token subscription-key ocp-apim-subscription-key client_secret clientsecret secret
secret_key secretkey secret_access_key aws_secret_access_key password passwd pwd passphrase authorization jwt
tempauth rlkey resourcekey jsessionid phpsessid sas_token"""
_CREDENTIALS = frozenset(_WHO.split())
"""Parameters that name who asks and never what for: left out of web addresses (RFC 6750, 2.3: access_token;
GitLab: private_token; Azure API Management: subscription-key; SharePoint: tempauth; Dropbox: rlkey; Google
Drive: resourcekey; Servlet specification, 7.1.3: jsessionid)."""

_AMBIGUOUS = re.compile(
    r"(?:key|pass|pw|pin|otp|passcode|passkey|auth|code|sign?|sas|hmac|mac|sid|session|ticket|cred)|auth[_-].*|"
    r".*(?:[_-]key|app[_-]?key|token|signature|secret|password|passwd|passphrase|credentials?|api[_-]?key|access[_-]?key"
    r"|secret[_-]?key|private[_-]?key)"
)
"""Parameters that may be a secret or the name of a document: their values are hidden."""

_MASK = "..."
_MASKED = re.compile(r"\.\.\.[0-9a-f]{12}")
_MOST_QUOTED = 3
"""Times that an address in an address may be percent-encoded."""
_DIGITS = 12
"""Hex digits of a hidden value's SHA-256: enough to tell documents apart, and no more."""

_PARTS = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>[^/?#]*))?(?P<path>[^?#]*)"
    r"(?P<query>\?[^#]*)?(?P<fragment>#.*)?",
    re.DOTALL,
)
_NO_PORT = r"(?!\d{0,5}(?:[/?#\s'\":,)]|\Z))"
_USER_INFO = re.compile(
    r"\b(https?(?=:)|[A-Za-z][A-Za-z0-9+.-]{0,20}(?=://))(:/{0,3})"
    rf"([^\s/?#]{{0,2048}}@|[^\s/?#@:\[\]]{{1,256}}:{_NO_PORT}(?:\S{{0,2048}}@|[^/?#@'\"\n]{{1,80}}@))",
    re.IGNORECASE,
)
"""User info in a text (RFC 3986, 3.2.1), and what people write as one: with a space, `/`, `?` or `#` in the
password, or another number of slashes before it. Bounded, so that no text takes long."""
_ITS_USER_INFO = re.compile(
    rf"\A([A-Za-z][A-Za-z0-9+.-]*)(://)([^/?#]*@|[^/?#@:\[\]]+:{_NO_PORT}.*@)", re.DOTALL
)
"""That at the start of an address, which may hold any character."""
_REPOSITORIES = ("github", "git")
"""Schemes of fsspec whose `owner:repository@reference` is no user info."""
_SESSION = re.compile(r";jsessionid=[^;/?#]*", re.IGNORECASE)
_WITH_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_URL = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]{0,20}://[^\s'\"<>]+")
_PARAMETER = re.compile(r"([?&;#](?:amp;)?)([\w.%+-]+)=([^&;#\s'\"<>()]*)")
_QUERY = re.compile(r"(\bhttps?://[^\s?#]{0,4096})\?[^\s'\"<>)]+", re.IGNORECASE)


def published(address: str, *, is_web: bool = False) -> str:
    """An address as others may see it; one without secrets as it stands. Local paths stay.

    `is_web`: a relative one, which is relative to a web address.
    """
    if not is_web and _WITH_SCHEME.match(address) is None:
        return address
    if not any(mark in address for mark in "@?#;"):
        return address
    if address[:7].lower() == "file://":
        return address
    address = _USER_INFO.sub(_without_user_info, _ITS_USER_INFO.sub(_without_user_info, address))
    found = _PARTS.fullmatch(address)
    assert found is not None
    scheme, host, path, query, fragment = found.groups(default="")
    web = scheme.lower() in _WEB or (is_web and not scheme)
    if web:
        path = _SESSION.sub("", path)
    start = f"{scheme}://{host}" if scheme else ""
    return f"{start}{path}{_clean(query, web=web)}{_clean(fragment, web=web)}"


def revealed(text: str, address: str | None) -> str:
    """A published key with the hidden values of its address in their places: what a document's id is made of,
    so that no two documents are one."""
    if address is None or _MASK not in text:
        return text
    for value in set(_values(address)):
        text = text.replace(_masked(value), value)
    return text


def without_query(address: str) -> str:
    """A web address without query and fragment; any other as it stands."""
    scheme = address.partition("://")[0].lower()
    return re.split("[?#]", address, maxsplit=1)[0] if scheme in _WEB else address


def without_secrets(text: str) -> str:
    """A text with its addresses as they are published, and with the secrets of those that are cut or odd left
    out."""
    if "@" not in text and "=" not in text:
        return text
    text = _USER_INFO.sub(_without_user_info, text)
    text = _URL.sub(lambda found: published(found[0]), text)
    return _PARAMETER.sub(_hidden, text)


def without_queries(text: str) -> str:
    """As `without_secrets`, with no query at all: for the words of libraries, which quote addresses whole."""
    return without_secrets(_QUERY.sub(r"\1?...", _USER_INFO.sub(_without_user_info, text)))


def _without_user_info(found: re.Match[str]) -> str:
    """Users of one web address or bucket read the same; a user of another server may have files of their own,
    so something stands for the name. `abfs://container@account` and `sftp://user@host` have no password."""
    scheme, slashes, info = found.groups()
    if scheme.lower() in _BUCKETS and "/" in info:
        return found[0]  # an access point's ARN has colons, and a key may have an @
    if scheme.lower() in (*_WEB, *_BUCKETS):
        return f"{scheme}{slashes}"
    if slashes != "://" or ":" not in info or scheme.lower() in _REPOSITORIES:
        return found[0]
    return f"{scheme}{slashes}{_masked(info.partition(':')[0])}@"


def _clean(part: str, *, web: bool) -> str:
    """A query or fragment, with its first character, without secrets."""
    if "=" not in part:
        return part
    pieces = list(_pieces(part[1:]))
    leaving = _leaving({name for _, name, _ in pieces}, web=web)
    kept = ""
    for separator, name, text in pieces:
        if name in leaving:
            continue
        label, _, value = text.partition("=")
        is_hidden = web and _is_hidden(name, value)
        kept += (separator if kept else "") + (f"{label}={_masked(value)}" if is_hidden else text)
    return f"{part[0]}{kept}" if kept or not pieces else ""


def _pieces(query: str) -> Iterator[tuple[str, str, str]]:
    """Separator, name in small letters, and text of each parameter. What has no `=` after a semicolon belongs
    to the value before it."""
    separator = text = ""
    for piece in re.split(r"(&(?:amp;)?|;|\?)", query):
        if piece.startswith(("&", "?")):  # `?`: an address in a parameter may have a query
            yield separator, _name(text), text
            separator, text = piece, ""
        elif text.endswith(";") and "=" in piece:
            yield separator, _name(text[:-1]), text[:-1]
            separator, text = ";", piece
        else:
            text += piece
    yield separator, _name(text), text


def _name(text: str) -> str:
    return unquote_plus(text.partition("=")[0]).strip().lower()


def _leaving(names: set[str], *, web: bool) -> set[str]:
    leaving = names & _SIGNED
    for scheme in _SCHEMES:
        if scheme.marks <= names:
            leaving |= names & scheme.names
    return leaving | (names & _CREDENTIALS) if web else leaving


def _values(address: str) -> Iterator[str]:
    """Values that are hidden in a published address."""
    found = _PARTS.fullmatch(address)
    for part in (found["query"], found["fragment"]) if found else ():
        for _, name, text in _pieces(part[1:] if part else ""):
            value = text.partition("=")[2]
            if _is_hidden(name, value):
                yield value


def _is_hidden(name: str, value: str) -> bool:
    """Whether a value may be a secret, or is an address, quoted, that holds one."""
    if not value or _AMBIGUOUS.fullmatch(name):
        return bool(value)
    inner = value
    for _ in range(_MOST_QUOTED):
        if "%" not in inner:
            break
        inner = unquote_plus(inner)
    return inner != value and without_secrets(inner) != inner


def _masked(value: str) -> str:
    if _MASKED.match(value):  # in a text, punctuation may follow
        return value
    return _MASK + hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGITS]


def _hidden(found: re.Match[str]) -> str:
    """A parameter of a text that may be no address."""
    name = _name(found[2])
    if name in _SIGNED or name in _CREDENTIALS:
        return f"{found[1]}{found[2]}={_MASK}"
    if found[3] and _AMBIGUOUS.fullmatch(name):
        return f"{found[1]}{found[2]}={_MASK if found[3] == _MASK else _masked(found[3])}"
    return found[0]
