// What a table can do, taken at compile time from the stub that protoc made of its service.
#ifndef PROTOGRES_TABLE_H_
#define PROTOGRES_TABLE_H_

#include <memory>
#include <string>
#include <utility>

#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"
#include "grpcpp/support/sync_stream.h"

namespace protogres {

// Tells the library of a table, once a program and table, outside of any namespace:
//
//   PROTOGRES_TABLE(shop::v1, Customer, Customers);
//
// The message of a row, and the name that its methods of many rows have, as in ListCustomers. Which of the methods the
// table has comes from shop::v1::CustomerService; a name that none of them has is an error at this line.
#define PROTOGRES_TABLE(package, row, rows)                                          \
  template <>                                                                        \
  struct protogres::Table<package::row> {                                            \
    PROTOGRES_METHOD(Get, package::row##Service, Get##row, false);                   \
    PROTOGRES_METHOD(BatchGet, package::row##Service, BatchGet##rows, false);        \
    PROTOGRES_METHOD(List, package::row##Service, List##rows, false);                \
    PROTOGRES_METHOD(Stream, package::row##Service, Stream##rows, false);            \
    PROTOGRES_METHOD(Create, package::row##Service, Create##row, true);              \
    PROTOGRES_METHOD(BatchCreate, package::row##Service, BatchCreate##rows, true);   \
    PROTOGRES_METHOD(Import, package::row##Service, Import##rows, true);             \
    PROTOGRES_METHOD(Update, package::row##Service, Update##row, true);              \
    PROTOGRES_METHOD(BatchUpdate, package::row##Service, BatchUpdate##rows, true);   \
    PROTOGRES_METHOD(UpdateWhere, package::row##Service, Update##rows##Where, true); \
    PROTOGRES_METHOD(Delete, package::row##Service, Delete##row, true);              \
    PROTOGRES_METHOD(BatchDelete, package::row##Service, BatchDelete##rows, true);   \
    PROTOGRES_METHOD(DeleteWhere, package::row##Service, Delete##rows##Where, true); \
    PROTOGRES_METHOD(Undelete, package::row##Service, Undelete##row, true);          \
  };                                                                                 \
  static_assert(protogres::Serves<protogres::Table<package::row>::List> ||           \
                    protogres::Serves<protogres::Table<package::row>::BatchCreate>,  \
                #package "::" #row "Service has neither List" #rows " nor BatchCreate" #rows)

// A method of any service as a type, for Client::Call: a write is only sent again with a request_id.
//
//   PROTOGRES_METHOD(Transfer, bank::v1::FunctionService, Transfer, true);
#define PROTOGRES_METHOD(name, service, rpc, write)             \
  struct name {                                                 \
    using Service = service;                                    \
    static constexpr bool kWrite = write;                       \
    template <class Stub>                                       \
    requires requires { &Stub::rpc; }                           \
    static constexpr auto Pointer() { return &Stub::rpc; }      \
    template <class Async, class... Arguments>                  \
    static void Start(Async* async, Arguments&&... arguments) { \
      async->rpc(std::forward<Arguments>(arguments)...);        \
    }                                                           \
  }

template <class Row>
struct Table;  // PROTOGRES_TABLE defines it

// Whether a Method's service has it.
template <class Method>
concept Serves = requires {
  Method::template Pointer<typename Method::Service::Stub>();
};

// Whether a table has a method.
template <class Row>
concept HasGet = Serves<typename Table<Row>::Get>;
template <class Row>
concept HasBatchGet = Serves<typename Table<Row>::BatchGet>;
template <class Row>
concept HasList = Serves<typename Table<Row>::List>;
template <class Row>
concept HasStream = Serves<typename Table<Row>::Stream>;
template <class Row>
concept HasCreate = Serves<typename Table<Row>::Create>;
template <class Row>
concept HasBatchCreate = Serves<typename Table<Row>::BatchCreate>;
template <class Row>
concept HasImport = Serves<typename Table<Row>::Import>;
template <class Row>
concept HasUpdate = Serves<typename Table<Row>::Update>;
template <class Row>
concept HasBatchUpdate = Serves<typename Table<Row>::BatchUpdate>;
template <class Row>
concept HasUpdateWhere = Serves<typename Table<Row>::UpdateWhere>;
template <class Row>
concept HasDelete = Serves<typename Table<Row>::Delete>;
template <class Row>
concept HasBatchDelete = Serves<typename Table<Row>::BatchDelete>;
template <class Row>
concept HasDeleteWhere = Serves<typename Table<Row>::DeleteWhere>;
template <class Row>
concept HasUndelete = Serves<typename Table<Row>::Undelete>;

namespace internal {

// The messages of a method, from the type of the stub's member function.
template <class Function>
struct Signature;

template <class Stub, class RequestMessage, class ResponseMessage>
struct Signature<grpc::Status (Stub::*)(grpc::ClientContext*, const RequestMessage&, ResponseMessage*)> {
  using Request = RequestMessage;
  using Response = ResponseMessage;
};

template <class Stub, class RequestMessage, class ResponseMessage>
struct Signature<std::unique_ptr<grpc::ClientReader<ResponseMessage>> (Stub::*)(grpc::ClientContext*,
                                                                                const RequestMessage&)> {
  using Request = RequestMessage;
  using Response = ResponseMessage;
};

template <class Stub, class RequestMessage, class ResponseMessage>
struct Signature<std::unique_ptr<grpc::ClientWriter<RequestMessage>> (Stub::*)(grpc::ClientContext*,
                                                                               ResponseMessage*)> {
  using Request = RequestMessage;
  using Response = ResponseMessage;
};

template <class Method>
using SignatureOf = Signature<decltype(Method::template Pointer<typename Method::Service::Stub>())>;

}  // namespace internal

template <class Method>
using RequestOf = typename internal::SignatureOf<Method>::Request;
template <class Method>
using ResponseOf = typename internal::SignatureOf<Method>::Response;

}  // namespace protogres

#endif  // PROTOGRES_TABLE_H_
