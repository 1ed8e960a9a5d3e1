// How the page reaches the server: by a proxy, by Connect or gRPC-Web, with a token.

import { type Client, ConnectError, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";

import { BadRequestSchema, ErrorInfoSchema } from "../generated/google/rpc/error_details_pb";
import { CustomerService } from "../generated/shop/v1/customer_pb";

export interface Connection {
  proxy: string;
  protocol: "connect" | "grpcweb";
  token: string;
}

// A token is worth as much as a password: it goes over HTTPS, or to this machine.
function mayHaveToken(url: URL): boolean {
  return url.protocol === "https:" || ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
}

export function connect(connection: Connection): Transport {
  const withToken: Interceptor = (next) => (request) => {
    if (connection.token && mayHaveToken(new URL(request.url))) {
      request.header.set("authorization", `Bearer ${connection.token}`);
    }
    return next(request);
  };
  const options = {
    baseUrl: connection.proxy,
    useBinaryFormat: true,
    defaultTimeoutMs: 10_000,
    interceptors: [withToken],
  };
  return connection.protocol === "connect" ? createConnectTransport(options) : createGrpcWebTransport(options);
}

export function customersOf(connection: Connection): Client<typeof CustomerService> {
  return createClient(CustomerService, connect(connection));
}

// What a user is told of an error. docs/errors.md lists the reasons.
export function explain(error: unknown): string {
  const failed = ConnectError.from(error);
  const reason = failed.findDetails(ErrorInfoSchema)[0]?.reason ?? "no reason";
  const fields = failed.findDetails(BadRequestSchema).flatMap((detail) => detail.fieldViolations);
  return [`${failed.message} (${reason})`, ...fields.map((one) => `${one.field}: ${one.description}`)].join("; ");
}
