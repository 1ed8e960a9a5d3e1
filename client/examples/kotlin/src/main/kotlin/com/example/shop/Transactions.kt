// Several requests in one transaction: in one call, and as an open stream.
package com.example.shop

import com.google.protobuf.Any
import com.google.protobuf.Empty
import com.google.protobuf.Message
import com.google.protobuf.kotlin.unpack
import io.grpc.Status
import io.grpc.StatusException
import java.util.concurrent.TimeUnit
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.consumeAsFlow
import kotlinx.coroutines.flow.produceIn
import protogres.v1.Isolation
import protogres.v1.SessionRequest
import protogres.v1.SessionResponse
import protogres.v1.TransactionServiceGrpcKt.TransactionServiceCoroutineStub
import protogres.v1.binding
import protogres.v1.operation
import protogres.v1.sessionRequest
import protogres.v1.transactRequest
import protogres.v1.transactionOptions
import shop.v1.Order
import shop.v1.OrderItem
import shop.v1.OrderServiceGrpcKt.OrderServiceCoroutineStub
import shop.v1.OrderStatus
import shop.v1.createOrderItemRequest
import shop.v1.createOrderRequest
import shop.v1.deleteOrderItemRequest
import shop.v1.getOrderRequest
import shop.v1.order
import shop.v1.orderItem
import shop.v1.updateOrderRequest

class Transactions(channel: io.grpc.Channel) {
    private val transactions = TransactionServiceCoroutineStub(channel)
    private val orders = OrderServiceCoroutineStub(channel)

    suspend fun transact(): Order {
        val order = createOrderRequest { order = order { customerId = 7 } }
        val line = createOrderItemRequest {
            orderItem = orderItem {
                lineNo = 1
                productId = 12
                quantity = 2
                unitPrice = "9.50"
            }
        }
        val done = transactions.transact(transactRequest {
            operations += operation { request = Any.pack(order) }
            operations += operation {
                request = Any.pack(line)
                bindings += binding {
                    field = "order_item.order_id"
                    operation = 0
                    from = "id"
                }
            }
            maxAttempts = 5
        })
        val stored = done.responsesList[0].unpack<Order>()
        val storedLine = done.responsesList[1].unpack<OrderItem>()
        println("transact: the line is of the order ${storedLine.orderId == stored.id}, amount ${storedLine.amount}")
        return stored
    }

    /** An open transaction: a stream of requests, each of which has one answer. */
    private class Session(transactions: TransactionServiceCoroutineStub, scope: CoroutineScope) : AutoCloseable {
        private val requests = Channel<SessionRequest>()
        private val answers = transactions.session(requests.consumeAsFlow()).produceIn(scope)

        suspend fun ask(request: SessionRequest): SessionResponse {
            requests.send(request)
            return answers.receive()
        }

        suspend fun run(message: Message) = ask(sessionRequest { operation = operation { request = Any.pack(message) } })

        /** The server rolls back what was not committed. */
        override fun close() {
            requests.close()
        }
    }

    suspend fun session(row: Order) = coroutineScope {
        Session(transactions, this).use { session ->
            session.ask(sessionRequest { begin = transactionOptions { isolation = Isolation.ISOLATION_READ_COMMITTED } })
            session.run(getOrderRequest {
                id = row.id
                lock = "FOR UPDATE SKIP LOCKED"
            })
            deadline(row)
            session.ask(sessionRequest { savepoint = "before" })
            val failed = session.run(deleteOrderItemRequest {
                orderId = row.id
                lineNo = 9
            }).error
            println("session: an operation that fails: ${Status.fromCodeValue(failed.code).code}, aborted ${failed.aborted}")
            session.ask(sessionRequest { rollbackTo = "before" })
            val updated = session.run(updateOrderRequest {
                order = order {
                    id = row.id
                    status = OrderStatus.ORDER_STATUS_PAID
                }
            }).response.unpack<Order>()
            val committed = session.ask(sessionRequest { commit = Empty.getDefaultInstance() })
            println("session: ${updated.status}, committed ${committed.hasDone()}")
        }
    }

    /** The row is locked, so that another one's update of it waits until its deadline. */
    private suspend fun deadline(row: Order) {
        try {
            orders.withDeadlineAfter(300, TimeUnit.MILLISECONDS).updateOrder(updateOrderRequest {
                order = order {
                    id = row.id
                    note = "Too late"
                }
            })
        } catch (error: StatusException) {
            println("deadline: ${error.status.code}")
        }
    }
}
