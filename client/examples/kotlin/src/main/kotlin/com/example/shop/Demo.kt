// What one does with a database, through a client that is generated from its contract: the rows of the README's table.
package com.example.shop

import com.google.protobuf.fieldMask
import com.google.rpc.BadRequest
import com.google.rpc.ErrorInfo
import io.grpc.Channel
import io.grpc.StatusException
import java.util.concurrent.TimeUnit
import kotlinx.coroutines.flow.asFlow
import kotlinx.coroutines.flow.fold
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.runBlocking
import shop.v1.Customer
import shop.v1.CustomerServiceGrpcKt.CustomerServiceCoroutineStub
import shop.v1.Product
import shop.v1.ProductServiceGrpcKt.ProductServiceCoroutineStub
import shop.v1.address
import shop.v1.batchCreateProductsRequest
import shop.v1.batchGetCustomersRequest
import shop.v1.createCustomerRequest
import shop.v1.createProductRequest
import shop.v1.customer
import shop.v1.deleteCustomerRequest
import shop.v1.deleteProductRequest
import shop.v1.deleteProductsWhereRequest
import shop.v1.getCustomerRequest
import shop.v1.importProductsRequest
import shop.v1.listCustomersRequest
import shop.v1.product
import shop.v1.streamProductsRequest
import shop.v1.undeleteCustomerRequest
import shop.v1.updateCustomerRequest
import shop.v1.updateCustomersWhereRequest

class Demo(channel: Channel) {
    private val customers = CustomerServiceCoroutineStub(channel)
    private val products = ProductServiceCoroutineStub(channel)

    suspend fun read() {
        val found = customers.withDeadlineAfter(30, TimeUnit.SECONDS).getCustomer(getCustomerRequest { id = 7 })
        println("get: ${found.email} of ${found.address.city}")

        val both = customers.batchGetCustomers(batchGetCustomersRequest {
            requests += listOf(getCustomerRequest { id = 8 }, getCustomerRequest { id = 7 })
        })
        println("get many: " + both.customersList.joinToString { it.email })

        val first = customers.listCustomers(listCustomersRequest {
            filter = """newsletter = true AND preferences.color = "red" AND tags:"vip""""
            orderBy = "created_at"
            pageSize = 1
            countTotal = true
        })
        println("first: ${first.customersList.first().email} of ${first.totalSize}")
    }

    suspend fun pages() {
        var request = listCustomersRequest {
            filter = """address.country = "AT""""
            orderBy = "full_name"
            pageSize = 50
        }
        var rows = 0
        var pages = 0
        do {
            val page = customers.listCustomers(request)
            rows += page.customersCount
            pages++
            request = request.toBuilder().setPageToken(page.nextPageToken).build()
        } while (page.nextPageToken.isNotEmpty())
        println("list: $rows rows on $pages pages")
    }

    suspend fun stream() {
        val chunks = products.streamProducts(streamProductsRequest {
            filter = "price < 100"
            readMask = fieldMask { paths += listOf("sku", "price") }
        })
        val count = chunks.fold(0) { sum, chunk -> sum + chunk.productsCount }
        println("stream: $count rows")
    }

    suspend fun create(): Customer {
        val created = customers.createCustomer(createCustomerRequest {
            customer = customer {
                email = "ada-${System.nanoTime()}@example.org"
                fullName = "Ada Example"
                tags += "press"
                address = address {
                    city = "Wien"
                    country = "AT"
                }
            }
        })
        println("create: an id ${created.id > 0}, credit limit ${created.creditLimit} by default")
        return created
    }

    suspend fun createMany(): List<Product> {
        val both = products.batchCreateProducts(batchCreateProductsRequest {
            requests += listOf("TWO-0001", "TWO-0002").map {
                createProductRequest {
                    product = product {
                        sku = it
                        name = "A thing"
                        price = "9.90"
                    }
                }
            }
        }).productsList
        println("create many: " + both.joinToString { "${it.sku} costs ${it.gross}" })
        return both
    }

    suspend fun importMany() {
        val messages = (0 until 1000).chunked(250).asFlow().map { numbers ->
            importProductsRequest {
                products += numbers.map { n ->
                    product {
                        sku = "IMP-%04d".format(n)
                        name = "Import $n"
                        price = "1.00"
                    }
                }
            }
        }
        println("import: ${products.importProducts(messages).affected} rows")
    }

    suspend fun update(row: Customer) {
        val updated = customers.updateCustomer(updateCustomerRequest {
            customer = customer {
                id = row.id
                fullName = "Ada Changed"
                etag = row.etag
            }
            updateMask = fieldMask { paths += listOf("full_name", "address") }
        })
        println("update: ${updated.fullName}, has an address ${updated.hasAddress()}")
        try { // The row has changed since its etag was read.
            customers.updateCustomer(updateCustomerRequest {
                customer = customer {
                    id = row.id
                    fullName = "Ada Again"
                    etag = row.etag
                }
            })
        } catch (error: StatusException) {
            println("update of what has changed: ${error.status.code} ${reason(error)}")
        }
        try {
            customers.updateCustomer(updateCustomerRequest {
                customer = customer {
                    id = -1
                    fullName = "Nobody"
                }
            })
        } catch (error: StatusException) {
            println("update of nobody: ${error.status.code} ${reason(error)}")
        }
    }

    suspend fun updateWhere(row: Customer) {
        val done = customers.updateCustomersWhere(updateCustomersWhereRequest {
            filter = """id = ${row.id} AND email = "ada-*""""
            customer = customer { newsletter = true }
            maxAffected = 1
        })
        println("update where: ${done.affected} row")
    }

    suspend fun softDelete(row: Customer) {
        val deleted = customers.deleteCustomer(deleteCustomerRequest { id = row.id })
        println("soft delete: deleted_at is there ${deleted.hasDeletedAt()}")
        val restored = customers.undeleteCustomer(undeleteCustomerRequest { id = row.id })
        println("undelete: deleted_at is there ${restored.hasDeletedAt()}")
    }

    suspend fun delete(rows: List<Product>) {
        for (row in rows) products.deleteProduct(deleteProductRequest { id = row.id })
        try {
            products.deleteProduct(deleteProductRequest { id = rows.first().id })
        } catch (error: StatusException) {
            println("delete twice: ${error.status.code} ${reason(error)}")
        }
        val done = products.deleteProductsWhere(deleteProductsWhereRequest { filter = """sku = "IMP-*"""" })
        println("delete where: ${done.affected} rows")
    }

    suspend fun errors() {
        try {
            customers.createCustomer(createCustomerRequest {
                customer = customer {
                    email = "customer7@example.com"
                    fullName = "Ada Again"
                }
            })
        } catch (error: StatusException) {
            val info = detail<ErrorInfo>(error)!!
            println("error: ${error.status.code} ${info.reason} ${info.getMetadataOrThrow("constraint")}")
        }
        try {
            products.createProduct(createProductRequest {
                product = product {
                    sku = "CUP-9999"
                    name = "A cup"
                    price = "five"
                }
            })
        } catch (error: StatusException) {
            val bad = detail<BadRequest>(error)!!
            println("error: ${error.status.code} ${bad.fieldViolationsList.first().field}")
        }
    }

    suspend fun withoutToken() {
        try {
            customers.getCustomer(getCustomerRequest { id = 7 })
            println("without a token: answered")
        } catch (error: StatusException) {
            println("without a token: ${error.status.code} ${reason(error)}")
        }
    }
}

fun main(): Unit = runBlocking {
    val address = System.getenv("ADDRESS") ?: "127.0.0.1:50051"
    val caFile = System.getenv("CA_FILE")
    val channel = connect(address, caFile, System.getenv("TOKEN"))
    try {
        val demo = Demo(channel)
        demo.read()
        demo.pages()
        demo.stream()
        val created = demo.create()
        val products = demo.createMany()
        demo.importMany()
        demo.update(created)
        demo.updateWhere(created)
        demo.softDelete(created)
        demo.delete(products)
        val transactions = Transactions(channel)
        transactions.session(transactions.transact())
        demo.errors()
    } finally {
        channel.shutdownNow()
    }
    val nobodys = connect(address, caFile, null)
    Demo(nobodys).withoutToken()
    nobodys.shutdownNow()
}
