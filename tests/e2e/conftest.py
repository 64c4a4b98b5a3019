"""Fixtures of the end-to-end tests: a certificate authority and running proxies."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.certs import TestAuthority
from tests.support.proxy import ProxyProcess

StartProxy = Callable[..., ProxyProcess]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    """The CA of the tests' TLS servers."""
    return TestAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def proxy(
    tmp_path_factory: pytest.TempPathFactory, authority: TestAuthority
) -> Iterator[ProxyProcess]:
    """A regular proxy that all tests share; each finds its connections by their target."""
    trust = f"ssl_verify_upstream_trusted_ca={authority.ca_file}"
    with ProxyProcess(tmp_path_factory.mktemp("regular"), "--set", trust) as process:
        yield process


@pytest.fixture
def start_proxy(tmp_path: Path) -> Iterator[StartProxy]:
    """Starts proxies of a test's own: ``start_proxy("--mode", "socks5")``."""
    numbers = itertools.count()
    with ExitStack() as stack:

        def start(*args: str, **options: object) -> ProxyProcess:
            folder = tmp_path / f"proxy{next(numbers)}"
            process = ProxyProcess(folder, *args, **options)  # type: ignore[arg-type]
            return stack.enter_context(process)

        yield start


@pytest.fixture
def target(request: pytest.FixtureRequest) -> str:
    """A request target that is this test's alone."""
    where = request.node.nodeid.rpartition("/")[2]
    name = "".join(char if char.isalnum() else "-" for char in where)
    return f"/{name.strip('-')}?q=1"
