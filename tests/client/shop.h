// The demo's tables, for the tests of the client library.
#ifndef PROTOGRES_TESTS_CLIENT_SHOP_H_
#define PROTOGRES_TESTS_CLIENT_SHOP_H_

#include <string>

#include "gtest/gtest.h"
#include "protogres/client.h"
#include "server.h"
#include "shop/v1/customer.grpc.pb.h"
#include "shop/v1/customer_total.grpc.pb.h"
#include "shop/v1/order.grpc.pb.h"
#include "shop/v1/order_item.grpc.pb.h"
#include "shop/v1/product.grpc.pb.h"

PROTOGRES_TABLE(shop::v1, Customer, Customers);
PROTOGRES_TABLE(shop::v1, CustomerTotal, CustomerTotals);
PROTOGRES_TABLE(shop::v1, Order, Orders);
PROTOGRES_TABLE(shop::v1, OrderItem, OrderItems);
PROTOGRES_TABLE(shop::v1, Product, Products);

namespace protogres::testing {

inline Client ConnectTo(const std::string& address) {
  Options options;
  options.address = address;
  // The server may have to be waited for where the machine is busy.
  options.timeout = absl::Seconds(60);
  options.retry.max_attempts = 30;
  absl::StatusOr<Client> client = Client::Connect(options);
  if (!client.ok()) std::abort();
  return *client;
}

inline Client Shop() {
  static const Client shop = ConnectTo(Demo().address());
  return shop;
}

inline shop::v1::Customer NewCustomer() {
  shop::v1::Customer customer;
  customer.set_email(FreshEmail());
  customer.set_full_name("Ada Test");
  return customer;
}

inline std::string Reason(const absl::Status& status) { return Error(status).reason(); }

}  // namespace protogres::testing

#endif  // PROTOGRES_TESTS_CLIENT_SHOP_H_
