"""What is in deploy/ fits the server that it deploys."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from codeintel.cli.main import build_parser
from codeintel.server.door import Door
from codeintel.server.http import HttpOptions
from codeintel.server.metrics import Metrics
from codeintel.types import IndexPhase, RepositoryStatus, StatusAnswer
from fake_codeintel import FakeCodeIntel

DEPLOY = Path(__file__).parents[2] / "deploy"


def exposed_names():
    door = Door()
    repository = RepositoryStatus(repo="app", phase=IndexPhase.READY)
    status = StatusAnswer(version="0", repositories=(repository,))
    text = Metrics(door, FakeCodeIntel()).expose(status).decode()
    door.close()
    return set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", ["alerts.yaml", "grafana-dashboard.json"])
def test_every_metric_that_is_watched_is_exposed(name):
    watched = set(re.findall(r"codeintel_\w+", (DEPLOY / name).read_text()))
    watched = {re.sub(r"_(bucket|sum)$", "", metric) for metric in watched}
    assert watched
    assert watched <= exposed_names() | {"codeintel_requests_total"}


def test_every_alert_is_explained():
    rules = yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"][0]["rules"]
    manual = (DEPLOY.parent / "docs" / "operations.md").read_text()
    for rule in rules:
        assert f"### {rule['alert']}" in manual


def test_the_dashboard_is_json_with_a_query_in_each_panel():
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    assert all(panel["targets"][0]["expr"] for panel in dashboard["panels"])


def test_the_dockerfile_passes_its_linter():
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, DEPLOY / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def manifest():
    return list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))


def test_kubernetes_takes_every_part_of_the_manifest():
    for document in manifest():
        kubernetes_validate.validate(document, "1.33", strict=True)


def test_the_container_is_probed_limited_and_given_time_to_stop():
    (pod,) = (d["spec"]["template"]["spec"] for d in manifest() if d["kind"] == "Deployment")
    (container,) = pod["containers"]
    probes = {name: container[name]["httpGet"]["path"] for name in container if "Probe" in name}
    assert probes == {
        "startupProbe": "/healthz",
        "livenessProbe": "/healthz",
        "readinessProbe": "/readyz",
    }
    assert container["resources"]["limits"]["memory"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    drain = build_parser().parse_args(container_arguments()).drain
    assert pod["terminationGracePeriodSeconds"] > drain + HttpOptions().shutdown_s


def unit_arguments():
    text = (DEPLOY / "codeintel.service").read_text().replace("\\\n", " ")
    return shlex.split(re.search(r"^ExecStart=\S+ (.*)$", text, re.MULTILINE)[1])


def container_arguments():
    documents = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())
    deployment = next(d for d in documents if d["kind"] == "Deployment")
    return ["serve", *deployment["spec"]["template"]["spec"]["containers"][0]["args"]]


def image_arguments():
    text = (DEPLOY / "Dockerfile").read_text()
    return ["serve", *json.loads(re.search(r"^CMD (\[.*\])$", text, re.MULTILINE)[1])]


@pytest.mark.parametrize("arguments", [unit_arguments, container_arguments, image_arguments])
def test_the_command_line_is_one_that_the_command_takes(arguments):
    parsed = build_parser().parse_args(arguments())
    assert parsed.workers == 2
    assert parsed.token_file
