// What each program needs beside the generated client: a transport with a token, and the reason of an error.

import { readFileSync } from "node:fs";
import { Code, ConnectError, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";

import { ErrorInfoSchema } from "../generated/google/rpc/error_details_pb.js";

// A token is worth as much as a password, so that it is sent over TLS only.
export function connect(address: string, caFile?: string, token?: string): Transport {
  if (!caFile) {
    return createGrpcTransport({ baseUrl: `http://${address}` });
  }
  const withToken: Interceptor = (next) => (request) => {
    if (token) {
      request.header.set("authorization", `Bearer ${token}`);
    }
    return next(request);
  };
  return createGrpcTransport({
    baseUrl: `https://${address}`,
    nodeOptions: { ca: readFileSync(caFile) },
    interceptors: [withToken],
  });
}

// Why a call failed, for programs: docs/errors.md lists the reasons.
export function reason(error: ConnectError): string {
  return error.findDetails(ErrorInfoSchema)[0]?.reason ?? "no reason";
}

// gRPC's own name of a code.
export function codeName(code: Code): string {
  return Code[code].replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}

// The error that a call fails with.
export async function failure(call: Promise<unknown>): Promise<ConnectError> {
  try {
    await call;
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error("no error came");
}
