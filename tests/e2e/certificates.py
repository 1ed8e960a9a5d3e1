"""Certificates for tests: an authority, a server of 127.0.0.1, and clients with names."""

import subprocess

import grpc


class Authority:
    """Makes certificates, as PEM files in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                      "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem")
        self.certificate = folder / "ca.pem"
        self.server = self.make("server", "/CN=server", "IP:127.0.0.1")

    def _openssl(self, *args):
        subprocess.run(["openssl", *args], cwd=self.folder, capture_output=True, check=True)

    def make(self, name, subject, alternatives=None):
        """The paths of a certificate and its key."""
        extensions = ["-addext", f"subjectAltName={alternatives}"] if alternatives else []
        self._openssl("req", "-utf8", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject, *extensions,
                      "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
                      "-copy_extensions", "copy", "-out", f"{name}.pem")
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def server_options(self):
        certificate, key = self.server
        return f"--tls_cert={certificate}", f"--tls_key={key}", f"--tls_client_ca={self.certificate}"

    def channel(self, server, pair):
        """A channel whose client shows the certificate `pair`."""
        certificate, key = pair
        channel = grpc.secure_channel(
            f"127.0.0.1:{server.port}",
            grpc.ssl_channel_credentials(self.certificate.read_bytes(), key.read_bytes(), certificate.read_bytes()),
            options=[("grpc.use_local_subchannel_pool", 1)])
        server.channels.append(channel)
        return channel
