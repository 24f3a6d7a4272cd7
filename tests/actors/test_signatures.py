"""Addresses are published without user info and signatures, and name the same document as before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.attached import Attachment, attached_ref, container_of
from actors.contracts import DocRef, document_id
from actors.errors import ConfigError, PageError
from actors.signatures import published, revealed, without_queries, without_secrets
from actors.transport import documents_from_table, documents_to_table, page_schema

CANARY = "CANARY"
HOST = "https://host/a.png"
AWS = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=CANARY%2F20260101%2Fus-east-1%2Fs3%2Faws4_request"
    "&X-Amz-Date=20260101T000000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=CANARY"
    "&X-Amz-Signature=CANARY"
)
SIGNATURES = [
    AWS,
    AWS.lower(),
    AWS.replace("X-Amz-", "X-Goog-"),
    AWS.replace("X-Amz-Signature", "X%2DAmz%2DSignature"),
    "AWSAccessKeyId=CANARY&Expires=17&Signature=CANARY%3D",
    "GoogleAccessId=CANARY&Expires=17&Signature=CANARY",
    "sv=2022-11-02&st=1&se=2&sr=b&sp=r&spr=https&sip=1.2.3.4&skoid=CANARY&sktid=CANARY&skt=1&ske=2&sks=b"
    "&skv=2022-11-02&sig=CANARY%3D",
    "se=2026-01-01&sp=r&sr=b&sig=CANARY",
    "Policy=CANARY_&Signature=CANARY~&Key-Pair-Id=CANARY",
    "Expires=1&Signature=CANARY&Key-Pair-Id=CANARY",
    "OSSAccessKeyId=CANARY&Expires=1&Signature=CANARY",
    "x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-credential=CANARY&x-oss-date=1&x-oss-signature=CANARY",
    "q-sign-algorithm=sha1&q-ak=CANARY&q-sign-time=1;2&q-key-time=1;2&q-header-list=&q-url-param-list="
    "&q-signature=CANARY",
    "temp_url_sig=CANARY&temp_url_expires=1",
    "ex=CANARY&is=CANARY&hm=CANARY",
    "token=CANARY&expires=17",
    "access_token=CANARY",
    "ACCESS_TOKEN=CANARY",
    "api_key=CANARY&password=CANARY",
    "Expires=1&Signature=CANARY;CANARY",
]
NAMES = [
    "id=7",
    "page=2&id=7",
    "id=7&page=2",
    "versionId=3",
    "Expires=1",
    "sv=2&se=3&sr=b",
    "policy=7",
    "x-oss-process=image/resize,w_100",
    "a=%2F&&b",
    "tokens=7",
    "monkey=1",
    "url=https%3A%2F%2Fother%2Fk%3Fid%3D7",
    "url=https://other/k?id=7",
    "q=100%&r=a;b;c=d",
    "",
]
"""Queries that have no secret, some with names that signatures have too."""


@pytest.mark.parametrize("signature", SIGNATURES)
@pytest.mark.parametrize("name", ["id=7&page=2", "snapshot=3"])
def test_a_signature_leaves_and_the_rest_stays_in_order(signature: str, name: str) -> None:
    first, _, rest = name.partition("&")
    for query in (f"{name}&{signature}", f"{signature}&{name}", f"{first}&{signature}&{rest}".rstrip("&")):
        assert published(f"{HOST}?{query}") == f"{HOST}?{name}"
    assert published(f"{HOST}?{signature}") == HOST
    assert published(f"{HOST}#{signature}") == HOST
    assert published(f"{HOST}?{name}&amp;{signature.replace('&', '&amp;')}") == f"{HOST}?{name}"


@pytest.mark.parametrize("query", NAMES)
@pytest.mark.parametrize(
    "start",
    [
        HOST,
        "http://host:8080/x@y/a;b",
        "http://[::1]:80/x@y",
        "s3://b/a@b#c",
        "s3://arn:aws:s3:eu:1:accesspoint/n/a@b",
    ],
)
def test_an_address_without_secrets_stays_as_it_is(start: str, query: str) -> None:
    address = f"{start}?{query}"
    assert published(address) == address == revealed(address, None) == without_secrets(address)


@given(
    st.text(max_size=40), st.sampled_from(["/scans/", "./", "x/s3://u:p@b/", "file:///a/http://u:p@h/?sig=1"])
)
def test_a_local_path_stays_as_it_is(name: str, start: str) -> None:
    assert published(start + name) == start + name


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://CANARY:CANARY@host/a", "https://host/a"),
        ("HTTPS://CANARY@host:8/a", "HTTPS://host:8/a"),
        ("https://CANARY:CAN@ARY@host/a", "https://host/a"),
        ("https://CANARY:CAN/ARY@host/a", "https://host/a"),
        ("https://CANARY:CAN#ARY?@host/a", "https://host/a"),
        ("ftp://CANARY:CANARY@host/a", "ftp://...fe0344af3e43@host/a"),
        (f"https://CANARY:{'x' * 1500}@host/a", "https://host/a"),
        ("https://p[CANARY]@host/a", "https://host/a"),
        ("https://CANARY:12345@host/a", "https://host/a"),
        ("https://u:my CANARY@host/a", "https://host/a"),
        ("github://owner:repository@main/a", "github://owner:repository@main/a"),
        ("sftp://user@host/a", "sftp://user@host/a"),
        (
            "abfs://container@account.dfs.core.windows.net/a",
            "abfs://container@account.dfs.core.windows.net/a",
        ),
        ("s3://id:CANARY@bucket/a@b", "s3://bucket/a@b"),
        ("https://host/a;jsessionid=CANARY?id=7", "https://host/a?id=7"),
    ],
)
def test_user_info_leaves(address: str, shown: str) -> None:
    assert published(address) == shown == published(shown)
    assert without_secrets(f"cannot open '{address}': why") == f"cannot open '{shown}': why"


@pytest.mark.parametrize("name", ["key", "token", "sig", "signature", "Code", "download_token", "auth_key"])
def test_what_may_name_a_document_is_hidden_and_still_tells_documents_apart(name: str) -> None:
    one, other = f"{HOST}?{name}=CANARY1&id=7", f"{HOST}?{name}=CANARY2&id=7"
    assert "CANARY" not in published(one) + published(other)
    assert published(one) != published(other)
    assert published(published(one)) == published(one) == without_secrets(published(one))
    assert revealed(published(one), one) == one


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("url=https://u:CANARY@other/k?X-Amz-Signature=CANARY&id=7", "url=https://other/k&id=7"),
        ("id=7?token=CANARY", None),
        ("url=https%3A%2F%2Fu%3ACANARY%40other%2Fk&id=7", None),
        ("url=https%3A%2F%2Fother%2Fk%3FX-Amz-Signature%3DCANARY", None),
        ("url=https%253A%252F%252Fother%252Fk%253Fsig%253DCANARY", None),
    ],
)
def test_an_address_within_an_address_has_no_secret_either(query: str, shown: str | None) -> None:
    address = f"https://u:CANARY@host/a?{query}"
    assert CANARY not in published(address)
    if shown is None:
        assert revealed(published(address), address) == f"https://host/a?{query}"
    else:
        assert published(address) == f"https://host/a?{shown}"


def test_what_is_attached_is_read_from_its_documents_address_and_named_apart() -> None:
    address = f"{HOST}?key=CANARY&X-Amz-Signature=CANARY"
    key = published(address)
    parent = DocRef(document_id(revealed(key, address)), key, key, "v", address=address)
    child = attached_ref(parent, Attachment(3, "x.pdf"))
    assert child.document_id == document_id(f"{HOST}?key=CANARY{child.key.removeprefix(key)}")
    assert container_of(child)[0].location == address
    assert "CANARY" not in f"{parent} {child}"


def test_a_space_in_user_info_of_an_address() -> None:
    assert published("https://CANARY my:CANARY 'x'@host/a") == "https://host/a"


def test_users_of_one_server_have_documents_of_their_own_whatever_their_passwords() -> None:
    alice = [published(f"ftp://alice:{password}@host/a") for password in ("1", "2")]
    assert alice[0] == alice[1] != published("ftp://bob:1@host/a")


def test_an_address_travels_with_a_document_and_not_with_its_pages() -> None:
    ref = DocRef("id", "key", "https://host/a", "v", address="https://u:p@host/a")
    assert documents_from_table(documents_to_table([ref])) == [ref]
    assert "address" not in page_schema().names


@pytest.mark.parametrize(
    "text",
    [
        f"URL('{HOST}?{AWS}')",
        f"Max retries exceeded with url: /a.png?{AWS} (caused by ...)",
        f"<a href={HOST}?id=7&amp;sig=CANARY>",
        "GET /my file.pdf?a=1&X-Amz-Signature=CANARY HTTP/1.1",
        "https://u:CANARY@host, https://CANARY@other/",
        "https:/u:CANARY@host/a and /nowhere/https:///CANARY@host/a",
        "url=https://host/it's.pdf?token=CANARY",
    ],
)
def test_errors_and_texts_have_no_secrets(text: str) -> None:
    assert "CANARY" not in without_secrets(text)
    assert "CANARY" not in without_queries(text)
    assert "CANARY" not in PageError("read.denied", text).message
    error = ConfigError(text, text, text)
    assert "CANARY" not in f"{error} {error.args} {error!r}"
    assert without_secrets(without_secrets(text)) == without_secrets(text)
