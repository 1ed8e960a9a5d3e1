package com.example.shop;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import io.grpc.CallCredentials;
import io.grpc.ChannelCredentials;
import io.grpc.CompositeChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.TlsChannelCredentials;
import io.grpc.protobuf.StatusProto;
import java.io.File;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Executor;

/** What each program needs beside the generated client: a channel with a token, and the details of an error. */
final class Connection {
  private Connection() {}

  /** Sends a token with each call. */
  private static final class Bearer extends CallCredentials {
    private static final Metadata.Key<String> HEADER = Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private final String token;

    Bearer(String token) {
      this.token = token;
    }

    @Override
    public void applyRequestMetadata(RequestInfo request, Executor executor, MetadataApplier applier) {
      Metadata headers = new Metadata();
      headers.put(HEADER, "Bearer " + token);
      applier.apply(headers);
    }
  }

  /** A channel. A token is worth as much as a password, so that it is sent over TLS only. */
  static ManagedChannel connect(String address, String caFile, String token) throws IOException {
    if (caFile == null) {
      return Grpc.newChannelBuilder(address, InsecureChannelCredentials.create()).build();
    }
    ChannelCredentials credentials = TlsChannelCredentials.newBuilder().trustManager(new File(caFile)).build();
    if (token != null) {
      credentials = CompositeChannelCredentials.create(credentials, new Bearer(token));
    }
    return Grpc.newChannelBuilder(address, credentials).build();
  }

  /** The detail of an error that is of this kind. */
  static <T extends Message> Optional<T> detail(Throwable error, Class<T> kind) {
    com.google.rpc.Status status = StatusProto.fromThrowable(error);
    if (status != null) {
      for (Any detail : status.getDetailsList()) {
        if (detail.is(kind)) {
          try {
            return Optional.of(detail.unpack(kind));
          } catch (InvalidProtocolBufferException broken) {
            throw new IllegalArgumentException(broken);
          }
        }
      }
    }
    return Optional.empty();
  }

  /** Why a call failed, for programs: docs/errors.md lists the reasons. */
  static String reason(Throwable error) {
    return detail(error, ErrorInfo.class).map(ErrorInfo::getReason).orElse("no reason");
  }
}
