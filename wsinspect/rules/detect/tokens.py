"""Credentials with a form of their own: tokens of the big four, JWT, private keys, URLs.

Owns the formats, from the vendors' documentation, RFC 7519 (JWT), RFC 7468 (PEM), RFC 3986
section 3.2.1 (userinfo). The other providers are in the pack ``secrets``.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Final

from wsinspect.rules.detect.number_sieve import FILLER
from wsinspect.rules.detect.pattern import Context, Pattern
from wsinspect.rules.detect.token_sieve import SPELT, SpeltHint

__all__ = [
    "AWS_ACCESS_KEY",
    "DB_CONNECTION",
    "GITHUB_TOKEN",
    "JWT",
    "PRIVATE_KEY",
    "SLACK_TOKEN",
    "STRIPE_KEY",
    "URL_CREDENTIALS",
]

_MAX_FILLER: Final = 8
_LINE_BREAK: Final = r"[ \t]?\r?\n[ \t]?"
_ALNUM: Final = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def _varied(context: Context) -> bool:
    """Not a placeholder: AKIAXXXXXXXXXXXXXXXX, sk_live_000000000000."""
    tail = context.secret[-16:]
    return len(set(tail)) > 4 and _free(context)


def _free(context: Context) -> bool:
    """Not cut out of a longer run of letters and digits, such as base64."""
    data, start, end = context.data, context.start, context.end
    return not (start and data[start - 1] in _ALNUM) and not (
        end < len(data) and data[end] in _ALNUM
    )


def _has_digit(context: Context) -> bool:
    return _varied(context) and any(0x30 <= byte <= 0x39 for byte in context.secret)


def _hidden(name: str, say: str, head: str, tail: str, low: int, high: int) -> tuple[Pattern, ...]:
    """A token with something between its characters, and one with a line break in it.

    ``head``: its first characters, as atoms with blanks between; ``tail``: the class of the rest.
    """
    atoms = head.split()
    plain = re.compile(f"{''.join(atoms)}{tail}{{{low},{high}}}".encode())

    def check(context: Context) -> bool:
        secret = context.secret
        filler = secret[1 : secret.index(_second(secret), 1)]
        joined = secret.replace(filler, b"") if filler else b"".join(secret.split())
        return (
            len(filler) <= _MAX_FILLER
            and plain.fullmatch(joined) is not None
            and len(set(joined[-16:])) > 4
            and _free(context)
        )

    spread = r"\b" + f"{FILLER}+".join(atoms) + f"(?:{FILLER}+{tail}){{{low},{high}}}"
    broken = f"{''.join(atoms)}{tail}{{2,{high}}}{_LINE_BREAK}{tail}{{2,{high}}}"
    return tuple(
        Pattern(
            id=name,
            say=say,
            regex=regex,
            check=check,
            max_len=(len(atoms) + high) * (_MAX_FILLER + 1),
            trigger=trigger,
            hint=SpeltHint("".join(atom for atom in atoms if atom not in "_-")),
        )
        for regex, trigger in ((spread, SPELT), (broken, None))
    )


def _second(secret: bytes) -> bytes:
    """The second letter or digit, as a byte string."""
    return next(bytes((byte,)) for byte in secret[1:] if byte in _ALNUM)


AWS_ACCESS_KEY: Final[tuple[Pattern, ...]] = (
    Pattern(
        id="aws-access-key",
        say="AWS access key id",
        regex=r"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",
        check=_varied,
        max_len=20,
    ),
    *_hidden("aws-access-key", "AWS access key id, hidden", "A [KS] I A", "[A-Z0-9]", 16, 16),
    Pattern(
        id="aws-access-key",
        say="AWS access key id in groups of four",
        regex=r"\bA[KS]IA(?:[ \t\r\n.\-/_|]{1,3}[A-Z0-9]{4}){4}\b",
        check=_has_digit,
        max_len=32,
    ),
    Pattern(
        id="aws-access-key",
        say="AWS secret access key",
        regex=(
            r"(?i:secret_?access_?key|aws_?secret(?:_?key)?)[\"'\\]{0,4}\s{0,4}(?:=>|[:=])\s{0,4}"
            r"[\"'\\]{0,4}([A-Za-z0-9/+]{40})"
        ),
        keywords=("secret",),
        group=1,
        check=_varied,
        max_len=96,
    ),
)

GITHUB_TOKEN: Final[tuple[Pattern, ...]] = (
    *_hidden("github-token", "GitHub token, hidden", "g h [pousr] _", "[A-Za-z0-9]", 36, 36),
    Pattern(
        id="github-token",
        say="GitHub token",
        regex=r"gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
        check=_varied,
        max_len=260,
    ),
)

SLACK_TOKEN: Final[tuple[Pattern, ...]] = (
    Pattern(
        id="slack-token",
        say="Slack token",
        regex=r"(?i)(?:xox[abcdeoprs](?:\.xox[bp])?|xapp)-[A-Za-z0-9%/+=-]{10,350}",
        check=_has_digit,
        max_len=360,
    ),
    *_hidden("slack-token", "Slack token, hidden", "x o x [abeprs] -", "[A-Za-z0-9-]", 10, 60),
    Pattern(
        id="slack-token",
        say="Slack webhook",
        regex=(
            r"hooks\.slack(?:-gov)?\.com/(?:services/T[A-Z0-9]{6,12}/B[A-Z0-9]{6,12}/"
            r"|workflows/T?[A-Z0-9]{6,12}/A?[A-Z0-9]{6,12}/\d{10,24}/"
            r"|triggers/[ET][A-Z0-9]{6,12}/\d{8,20}/)[A-Za-z0-9]{20,48}"
        ),
        check=_varied,
        max_len=160,
    ),
)

STRIPE_KEY: Final[tuple[Pattern, ...]] = (
    Pattern(
        id="stripe-key",
        say="Stripe secret or restricted key, or webhook secret",
        regex=r"(?:[sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,247}|whsec_[A-Za-z0-9]{32,64})",
        check=_varied,
        max_len=256,
    ),
    *_hidden("stripe-key", "Stripe key, hidden", "[sr] k _ l i v e _", "[A-Za-z0-9]", 24, 36),
    *_hidden("stripe-key", "Stripe key, hidden", "[sr] k _ t e s t _", "[A-Za-z0-9]", 24, 36),
)


def _is_jwt(context: Context) -> bool:
    """The first part must be a JSON object with ``alg`` or ``enc`` (RFC 7515, RFC 7516)."""
    if context.start and context.data[context.start - 1] in _ALNUM:
        return False
    head = b"".join(context.secret.partition(b".")[0].split())
    try:
        header = json.loads(base64.urlsafe_b64decode(head + b"=" * (-len(head) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return False
    return isinstance(header, dict) and ("alg" in header or "enc" in header)


_BREAK: Final = r"(?:[ \t]?\r?\n[ \t]?[A-Za-z0-9_-]+)?"

JWT: Final[tuple[Pattern, ...]] = (
    Pattern(
        id="jwt",
        say="JSON Web Token",
        # A line break only where the part must go on, so that the next line is not taken.
        regex=(
            rf"ey[A-Za-z0-9_-]{{10,1000}}{_BREAK}\.[A-Za-z0-9_-]{{2,}}{_BREAK}(?:\.[A-Za-z0-9_-]*){{1,3}}"
        ),
        check=_is_jwt,
        max_len=8192,
    ),
)

_BEGIN: Final = r"-----BEGIN[ A-Z0-9_-]{0,40}PRIVATE KEY(?: BLOCK)?-----"
# Single dashes occur in "DEK-Info: AES-128-CBC". Escaped line ends (\n) in raw JSON too.
_BODY: Final = r"(?:[A-Za-z0-9+/=\s\\:,.()<>@&#;]|-[A-Za-z0-9])"
_END: Final = re.compile(rb"-----END[ A-Z0-9_-]{0,40}-----")


def _has_body(context: Context) -> bool:
    letters = sum(byte in _ALNUM for byte in context.secret)
    return letters >= 64


def _is_cut_off(context: Context) -> bool:
    """A key whose end is not there: cut, or still to come."""
    return _has_body(context) and not _END.search(context.data, context.start, context.start + 8192)


PRIVATE_KEY: Final[tuple[Pattern, ...]] = (
    Pattern(
        id="private-key",
        say="private key",
        regex=_BEGIN + _BODY + r"+-----END[ A-Z0-9_-]{0,40}-----",
        keywords=("private key",),
        check=_has_body,
        max_len=8192,
    ),
    Pattern(
        id="private-key",
        say="begin of a private key",
        regex=_BEGIN + r"(?:(?:\s|\\[rn])*[A-Za-z0-9+/=]{16,})+",
        keywords=("private key",),
        check=_is_cut_off,
        max_len=8192,
    ),
)

# A password that stands for one: ${PASSWORD}, {{password}}, %s, ****, xxxx.
_PLACEHOLDER: Final = re.compile(
    rb"\$\{?\w+\}?|\{.*\}|%\w|%\(\w+\)s|[*x.X]+|\[.*\]|(?i:pass(?:word)?_here|your[_-]?pass(?:word)?)"
)


def _is_password(context: Context) -> bool:
    password = context.secret.partition(b":")[2] if b":" in context.secret else context.secret
    return not _PLACEHOLDER.fullmatch(password)


_USERINFO: Final = (
    r"([^\s/@:\"'<>\\?#]{0,128}:[^\s/@\"'<>\\]{1,256})@[A-Za-z0-9\[][A-Za-z0-9.:\]_-]{0,253}"
)

URL_CREDENTIALS: Final[tuple[Pattern, ...]] = (
    Pattern(
        id="url-credentials",
        say="user and password in a URL",
        regex=r"[A-Za-z][A-Za-z0-9+.-]{1,20}:\\?/\\?/" + _USERINFO,
        keywords=("://", ":\\/\\/"),
        group=1,
        check=_is_password,
        max_len=680,
    ),
)

DB_CONNECTION: Final[tuple[Pattern, ...]] = (
    Pattern(
        id="db-connection",
        say="database URL with a password",
        regex=(
            r"(?i:postgres(?:ql)?|mysqlx?|mariadb|mongodb|rediss?|valkeys?|amqps?|mssql|sqlserver"
            r"|oracle|clickhouse|cockroachdb|cassandra|neo4j|bolt|couchbases?|couchdb|influxdb|nats"
            r"|ldaps?|snowflake|redshift|db2|sybase|vertica|trino|hive2?|memcached|kafka|mqtts?)"
            r"(?:\+[A-Za-z0-9]{1,20})?(?:\+ssl)?:\\?/\\?/" + _USERINFO
        ),
        keywords=("://", ":\\/\\/"),
        group=1,
        check=_is_password,
        max_len=680,
    ),
    Pattern(
        id="db-connection",
        say="connection string with a password (ADO.NET, ODBC, JDBC, libpq)",
        regex=(
            r"(?i)(?:server|data source|host|hostname|addr(?:ess)?|jdbc:[a-z0-9:]{2,24}|driver|dsn"
            r"|accountendpoint|dbname|database|initial catalog|user id|uid)[\s=:][^\r\n\"]{0,256}?"
            r"[;\s?&,](?:password|pwd|accountkey)\s?=\s?([^\s;&\"'\\,]{3,256})"
        ),
        keywords=("password", "pwd", "accountkey"),
        group=1,
        check=_is_password,
        max_len=640,
    ),
)
