// What each program needs beside the generated client: a channel with a token, and the details of an error.
package com.example.shop

import com.google.protobuf.Message
import com.google.protobuf.kotlin.isA
import com.google.protobuf.kotlin.unpack
import com.google.rpc.ErrorInfo
import io.grpc.CallCredentials
import io.grpc.CompositeChannelCredentials
import io.grpc.Grpc
import io.grpc.InsecureChannelCredentials
import io.grpc.ManagedChannel
import io.grpc.Metadata
import io.grpc.TlsChannelCredentials
import io.grpc.protobuf.StatusProto
import java.io.File
import java.util.concurrent.Executor

private val AUTHORIZATION = Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER)

/** Sends a token with each call. */
private class Bearer(private val token: String) : CallCredentials() {
    override fun applyRequestMetadata(request: RequestInfo, executor: Executor, applier: MetadataApplier) =
        applier.apply(Metadata().apply { put(AUTHORIZATION, "Bearer $token") })
}

/** A channel. A token is worth as much as a password, so that it is sent over TLS only. */
fun connect(address: String, caFile: String?, token: String?): ManagedChannel {
    if (caFile == null) return Grpc.newChannelBuilder(address, InsecureChannelCredentials.create()).build()
    val tls = TlsChannelCredentials.newBuilder().trustManager(File(caFile)).build()
    val credentials = if (token == null) tls else CompositeChannelCredentials.create(tls, Bearer(token))
    return Grpc.newChannelBuilder(address, credentials).build()
}

/** The detail of an error that is of this kind. */
inline fun <reified T : Message> detail(error: Throwable): T? =
    StatusProto.fromThrowable(error)?.detailsList?.find { it.isA<T>() }?.unpack<T>()

/** Why a call failed, for programs: docs/errors.md lists the reasons. */
fun reason(error: Throwable): String = detail<ErrorInfo>(error)?.reason ?: "no reason"
