"""CloudWatch for the tests that need it: moto's server, over HTTP, in a thread of this process.

Mark such a test `peer`, and give it `xdist_group(name="cloudwatch")`. What Amazon's own server does
and moto's leaves out is in `tests/standins/cloudwatch`.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.request import Request, urlopen

import pytest

from models.intervals import utc

REGION = "eu-central-1"
KEY_ID, SECRET = "AKIAMADEUPFORTESTS00", "Ge:h/e@im 1"
MOST_AT_ONCE = 1000
"""Values of one writing call."""


@dataclass(frozen=True, slots=True)
class CloudWatch:
    """A running server."""

    address: str

    def put(
        self,
        metric: str,
        points: Mapping[int, int],
        *,
        namespace: str = "Shop",
        dimensions: Mapping[str, str] | None = None,
    ) -> None:
        """Write values by their instants."""
        import boto3  # noqa: PLC0415  It takes long to import, and only these tests wait for it.
        from botocore.config import Config  # noqa: PLC0415  As above.

        named = [{"Name": k, "Value": v} for k, v in (dimensions or {}).items()]
        written = [
            {"MetricName": metric, "Dimensions": named, "Timestamp": utc(at), "Value": value}
            for at, value in points.items()
        ]
        client = boto3.client(
            "cloudwatch",
            region_name=REGION,
            endpoint_url=self.address,
            config=Config(retries={"total_max_attempts": 1}),
        )
        for first in range(0, len(written), MOST_AT_ONCE):
            some = written[first : first + MOST_AT_ONCE]
            client.put_metric_data(Namespace=namespace, MetricData=some)
        client.close()

    def forget(self) -> None:
        """Empty it."""
        request = Request(f"{self.address}/moto-api/reset", method="POST")  # noqa: S310  As below.
        urlopen(request).close()  # noqa: S310  Our own server.


@pytest.fixture(scope="session")
def cloudwatch_server() -> Iterator[CloudWatch]:
    """One server for all tests of a worker."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415  As above.

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield CloudWatch(f"http://{host}:{port}")
    server.stop()


@pytest.fixture
def cloudwatch(cloudwatch_server: CloudWatch, monkeypatch: pytest.MonkeyPatch) -> CloudWatch:
    """The server, empty, and credentials in the environment as boto3 looks for them."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    cloudwatch_server.forget()
    return cloudwatch_server
