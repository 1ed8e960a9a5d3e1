"""client/examples/browser in a headless Chromium, with tokens and from other origins, through the proxies of deploy/web."""

import contextlib
import functools
import http.client
import http.server
import platform
import re
import shutil
import subprocess
import sys
import threading
import time
import venv

import chromium
from harness import ROOT
from processes import BUILD, Background, Clock, Failure, Outcome, lay, missing, outcome, run
from transcripts import free_port

WEB = ROOT / "deploy/web"
LOG = BUILD / "browsers.log"
PATH = "/shop.v1.CustomerService/GetCustomer"
CONNECT = {"Content-Type": "application/proto", "Connect-Protocol-Version": "1"}
# What the files of deploy/web say, where the test has ports and files of its own.
LISTEN, SERVER, ORIGIN, CA = "port_value: 8080", "port_value: 50051", "http://127.0.0.1:8000", "/etc/envoy/ca.pem"


class Pages:
    """A folder on a port of its own, which makes it an origin."""

    def __init__(self, folder):
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def commands():
    """Those by which docs/clients/browsers.md builds the proxy and, last, starts it."""
    section = (ROOT / "docs/clients/browsers.md").read_text().split("\n## The program\n")[1]
    return re.search(r"```sh\n(.*?)```", section, re.DOTALL).group(1).splitlines()


class Site:
    """A server with its database, the page on an origin that proxies allow, and the same page on another one."""

    def __init__(self, service):
        self.service = service
        self.server = service.start("browser")
        self.reach = service.reach(self.server)
        self.page, self.other = Pages(BUILD / "browser/dist"), Pages(BUILD / "browser/dist")

    def use(self, proxy, protocol, details="yes"):
        """A user's visit; what was saved is looked at in the database."""
        email = chromium.drive("page.mjs", LOG, PAGE=self.page.origin, OTHER_PAGE=self.other.origin, PROXY=proxy,
                               PROTOCOL=protocol, DETAILS=details, TOKEN=self.reach["TOKEN"])
        name = self.service.postgres.psql("browser", f"SELECT full_name FROM shop.customer WHERE email = '{email}'")
        if name != "Zoë Changed":
            raise Failure(f"the customer that the page has made and changed is '{name}' in the database")

    def start_web(self, *options):
        """The proxy as the page says, with the addresses of the test."""
        here = [*options, "--listen=127.0.0.1:0", f"--server=https://{self.reach['ADDRESS']}",
                f"--server_ca={self.reach['CA_FILE']}", f"--origin={self.page.origin}"]
        web = Background(["bash", "-c", f"cd '{ROOT}' && exec {commands()[-1]} {' '.join(here)}"], BUILD / "web.log")
        return web, web.wait_for(r"listening on ([\d.:]+),")

    def close(self):
        self.page.close()
        self.other.close()
        self.server.close()


def build_page(contract):
    place = lay(BUILD / "browser", ROOT / "client/examples/browser")
    shutil.rmtree(place / "contract", ignore_errors=True)
    shutil.rmtree(place / "generated", ignore_errors=True)
    lay(place / "contract", contract)
    run([place / "build"], LOG)
    chromium.build(LOG)


def ask(address, origin, method="POST", body=b"", **headers):
    """What a browser would get: the status, the headers, the body."""
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request(method, PATH, body, {"Origin": origin, **CONNECT, **headers})
    answer = connection.getresponse()
    text = answer.read().decode(errors="replace")
    connection.close()
    return answer.status, answer.headers, text


def expect(seen, wanted, what):
    if seen != wanted:
        raise Failure(f"{what}: {seen}, not {wanted}")


def check_preflights(site, address):
    """What browsers ask beforehand."""
    question = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    for origin, allowed in ((site.page.origin, site.page.origin), (site.other.origin, None)):
        seen = ask(address, origin, "OPTIONS", **question)[1]["Access-Control-Allow-Origin"]
        expect(seen, allowed, f"the origin that may call, asked by {origin}")


def check_origins(site, address):
    check_preflights(site, address)
    status, headers, _ = ask(address, site.other.origin)
    expect((status, headers["Access-Control-Allow-Origin"]), (403, None), "a page that does not ask")


def check_limits(site):
    web, address = site.start_web("--max_calls=1", "--max_message=1000", "--call_timeout=3s")
    try:
        token = {"Authorization": f"Bearer {site.reach['TOKEN']}"}
        status, _, text = ask(address, site.page.origin, body=b"\x08\x07", **token)
        expect((status, "customer7@example.com" in text), (200, True), "a call within the limits")
        status, _, text = ask(address, site.page.origin, body=b"x" * 3000, **token)
        expect((status, "resource_exhausted" in text), (429, True), "a request that is too large")
        held = http.client.HTTPConnection(address, timeout=60)
        held.putrequest("POST", PATH)
        for name, value in {**CONNECT, "Content-Length": "9", **token}.items():
            held.putheader(name, value)
        held.endheaders()
        time.sleep(1)
        expect(ask(address, site.page.origin, body=b"\x08\x07", **token)[0], 503, "one call more than --max_calls")
        with contextlib.suppress(OSError, http.client.HTTPException):
            held.getresponse().read()  # its time is over
        held.close()
        expect(ask(address, site.page.origin, body=b"\x08\x07", **token)[0], 200, "a call after it")
    finally:
        web.close()


def check_json(site, address, taken):
    """Connect's JSON, for those who have no generated client."""
    json = {"Content-Type": "application/json", "Authorization": f"Bearer {site.reach['TOKEN']}"}
    status, _, text = ask(address, site.page.origin, body=b'{"id": "7", "readMask": "fullName"}', **json)
    expect('"fullName":"Hugo Ueda"' in text, taken, f"a call in JSON, answered {status} '{text}'")


def check_refused_options():
    for option, why in (("--origin=*", "must be a scheme and a host"), ("--max_calls=0", "no --origin"), ("--nonsense", "nonsense")):
        done = subprocess.run([ROOT / "build/web", option], capture_output=True, text=True, timeout=60)
        expect((done.returncode, why in done.stderr, done.stderr.count("\n")), (2, True, 1), f"{option}: {done.stderr}")


def check_web(site):
    for command in commands()[:-1]:
        run(["bash", "-c", f"cd '{ROOT}' && {command}"], LOG)
    clock = Clock()
    web, address = site.start_web()
    try:
        site.use(f"http://{address}", "connect")
        site.use(f"http://{address}", "grpcweb")
        check_json(site, address, True)
        check_origins(site, address)
    finally:
        web.close()
    check_limits(site)
    check_refused_options()
    return f"a page by Connect and gRPC-Web, its origins, the limits ({clock})"


def install_envoy():
    folder = BUILD / "envoy"
    if not (folder / "bin/pip").exists():
        venv.create(folder, with_pip=True)
    run([folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r",
         ROOT / "tests/clients/envoy.txt"], LOG)
    return folder / "bin/envoy"


def envoy_configuration(site, port, connect):
    """deploy/web/envoy.yaml with the ports and files of the test. `connect`: with the filter that it has as a comment."""
    text = (WEB / "envoy.yaml").read_text()
    for what, here in ((LISTEN, f"port_value: {port}"), (SERVER, f"port_value: {site.server.port}"),
                       (ORIGIN, site.page.origin), (CA, site.reach["CA_FILE"])):
        expect(text.count(what), 1, f"how often envoy.yaml has {what}")
        text = text.replace(what, here)
    if connect:
        lines = text.splitlines()
        begin = next(n for n, line in enumerate(lines) if "# - name: envoy.filters.http.connect_grpc_bridge" in line)
        lines[begin:begin + 3] = [line.replace("# ", "", 1) for line in lines[begin:begin + 3]]
        text = "\n".join(lines)
    file = BUILD / "envoy.yaml"
    file.write_text(text)
    return file


def check_envoy(site):
    program = install_envoy()
    clock = Clock()
    for protocol, details in (("grpcweb", "yes"), ("connect", "no")):
        port = free_port()
        file = envoy_configuration(site, port, protocol == "connect")
        run([program, "--mode", "validate", "--config-path", file], LOG)
        envoy = Background([program, "--config-path", file, "--concurrency", "1", "--disable-hot-restart"], BUILD / "envoy.log")
        try:
            address = f"127.0.0.1:{port}"
            envoy.wait_for(r"(starting main dispatch loop)")
            site.use(f"http://{address}", protocol, details)
            check_preflights(site, address)
            check_json(site, address, False)
        finally:
            envoy.close()
    return f"a page by gRPC-Web, and by Connect without the details of errors ({clock})"


def check_all(service):
    lacking = missing("go", "protoc", *chromium.NEEDS)
    if lacking:
        yield Outcome("browsers", "skipped", f"{' and '.join(lacking)} not installed")
        return
    LOG.write_text("")
    clock = Clock()
    built = outcome("browsers/page", lambda: build_page(service.contract) or f"built ({clock})")
    yield built
    if built.verdict != "passed":
        return
    site = Site(service)
    try:
        yield outcome("browsers/web", lambda: check_web(site))
        if sys.platform == "linux" and platform.machine() == "x86_64":
            yield outcome("browsers/envoy", lambda: check_envoy(site))
        else:
            yield Outcome("browsers/envoy", "skipped", "there is no package of Envoy for this kind of machine")
    finally:
        site.close()
