"""Tokens of an authorization server, checked against a key set on a real socket."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from codeintel.errors import ConfigurationError
from codeintel.server.edge import EdgeOptions
from codeintel.server.http import HttpOptions
from codeintel.server.oauth import OAuthOptions
from fake_codeintel import FakeCodeIntel
from live_server import serve

ISSUER = "https://login.example"
RESOURCE = "https://code.example/mcp"


class Issuer(HTTPServer):
    """Publishes the public half of its keys."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), KeySet)
        self.keys = {}
        self.n_asked = 0
        self.add_key("first")

    def add_key(self, key_id):
        self.keys[key_id] = ec.generate_private_key(ec.SECP256R1())

    def token(self, key_id="first", **changes):
        claims = {
            "iss": ISSUER,
            "aud": RESOURCE,
            "sub": "ada",
            "exp": time.time() + 60,
            "codeintel_repos": ["app"],
        }
        claims = {k: v for k, v in (claims | changes).items() if v is not None}
        return jwt.encode(claims, self.keys[key_id], "ES256", headers={"kid": key_id})


class KeySet(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.n_asked += 1
        algorithm = jwt.algorithms.ECAlgorithm
        keys = [
            algorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": key_id, "alg": "ES256"}
            for key_id, key in self.server.keys.items()
        ]
        body = json.dumps({"keys": keys}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def issuer():
    server = Issuer()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def web(issuer):
    jwks_url = f"http://127.0.0.1:{issuer.server_port}/keys"
    oauth = OAuthOptions(issuer=ISSUER, resource=RESOURCE, jwks_url=jwks_url)
    options = HttpOptions(port=0, edge=EdgeOptions(oauth=oauth))
    with serve(FakeCodeIntel(), options) as url, httpx.Client(base_url=url) as client:
        yield client


def paths(web, token):
    headers = {"authorization": f"Bearer {token}"}
    return web.post("/v1/list_paths", headers=headers)


def test_a_good_token_opens_the_repositories_of_its_claim(web, issuer):
    assert paths(web, issuer.token()).json()["total"] == 3
    assert paths(web, issuer.token(codeintel_repos="app secret")).json()["total"] == 4
    assert paths(web, issuer.token(codeintel_repos="*")).json()["total"] == 4
    assert paths(web, issuer.token(codeintel_repos=None)).json()["total"] == 0
    assert paths(web, issuer.token(codeintel_repos={"app": 1})).json()["total"] == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"exp": None},
        {"iss": "https://evil.example"},
        {"aud": "https://other.example/mcp"},
        {"aud": None},
        {"sub": None},
        {"nbf": 32_503_680_000},
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(web, issuer, changes):
    assert paths(web, issuer.token(**changes)).status_code == 401


def test_clocks_may_differ_by_less_than_a_minute(web, issuer):
    now = time.time()
    for changes in ({"exp": now - 30}, {"nbf": now + 30}, {"iat": now + 30}):
        assert paths(web, issuer.token(**changes)).status_code == 200
    assert paths(web, issuer.token(exp=now - 90)).status_code == 401


def test_a_token_that_is_no_good_signature_is_refused(web, issuer):
    head, claims, signature = issuer.token().split(".")
    other = Issuer()
    other.server_close()
    unsigned = jwt.encode({"sub": "ada"}, None, "none", headers={"kid": "first"})
    shared = jwt.encode({"sub": "ada"}, "x" * 40, "HS256", headers={"kid": "first"})
    for token in (f"{head}.{claims}.{signature[::-1]}", other.token(), unsigned, shared, "x", "é"):
        headers = {b"authorization": b"Bearer " + token.encode()}
        assert web.post("/v1/list_paths", headers=headers).status_code == 401


def test_the_keys_are_not_asked_for_again_and_again(web, issuer):
    paths(web, issuer.token())
    n_asked = issuer.n_asked
    for number in range(20):
        issuer.keys[f"unknown {number}"] = issuer.keys["first"]
        assert paths(web, issuer.token(f"unknown {number}")).status_code == 401
        del issuer.keys[f"unknown {number}"]
    assert issuer.n_asked <= n_asked + 1


def test_clients_learn_who_issues_tokens(web):
    refused = paths(web, "x")
    url = "https://code.example/.well-known/oauth-protected-resource/mcp"
    assert refused.headers["www-authenticate"] == f'Bearer resource_metadata="{url}"'
    for path in ("", "/mcp"):
        told = web.get(f"/.well-known/oauth-protected-resource{path}").json()
        assert told["resource"] == RESOURCE
        assert told["authorization_servers"] == [ISSUER]


def test_without_keys_every_token_is_refused(issuer):
    oauth = OAuthOptions(issuer=ISSUER, resource=RESOURCE, jwks_url="http://127.0.0.1:9/keys")
    with serve(FakeCodeIntel(), HttpOptions(port=0, edge=EdgeOptions(oauth=oauth))) as url:
        headers = {"authorization": f"Bearer {issuer.token()}"}
        assert httpx.post(f"{url}/v1/list_paths", headers=headers).status_code == 401


@pytest.mark.parametrize("url", ["http://login.example", "login.example", "", "file:///etc/keys"])
def test_a_url_that_others_could_change_is_an_error(url):
    with pytest.raises(ConfigurationError, match="https"):
        OAuthOptions(issuer=ISSUER, resource=RESOURCE, jwks_url=url)
