package main

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"

	transaction "example.com/shop/generated/protogres/v1"
	pb "example.com/shop/generated/shop/v1"
)

func operation(request proto.Message, bindings ...*transaction.Binding) (*transaction.Operation, error) {
	packed, err := anypb.New(request)
	return &transaction.Operation{Request: packed, Bindings: bindings}, err
}

func (d *demo) transact(ctx context.Context) (*pb.Order, error) {
	order, err := operation(&pb.CreateOrderRequest{Order: &pb.Order{CustomerId: proto.Int64(7)}})
	if err != nil {
		return nil, err
	}
	line, err := operation(&pb.CreateOrderItemRequest{OrderItem: &pb.OrderItem{
		LineNo: proto.Int32(1), ProductId: proto.Int64(12), Quantity: proto.Int32(2), UnitPrice: proto.String("9.50")}},
		&transaction.Binding{Field: "order_item.order_id", Operation: 0, From: "id"})
	if err != nil {
		return nil, err
	}
	done, err := d.transactions.Transact(ctx, &transaction.TransactRequest{
		Operations: []*transaction.Operation{order, line}, MaxAttempts: 5})
	if err != nil {
		return nil, err
	}
	stored, storedLine := &pb.Order{}, &pb.OrderItem{}
	if err := done.Responses[0].UnmarshalTo(stored); err != nil {
		return nil, err
	}
	if err := done.Responses[1].UnmarshalTo(storedLine); err != nil {
		return nil, err
	}
	fmt.Printf("transact: the line is of the order %t, amount %s\n", storedLine.GetOrderId() == stored.GetId(),
		storedLine.GetAmount())
	return stored, nil
}

type session struct {
	stream grpc.BidiStreamingClient[transaction.SessionRequest, transaction.SessionResponse]
}

// ask sends one request and waits for its answer.
func (s session) ask(request *transaction.SessionRequest) (*transaction.SessionResponse, error) {
	if err := s.stream.Send(request); err != nil {
		return nil, err
	}
	return s.stream.Recv()
}

// run runs one operation; an error of it is in the answer.
func (s session) run(request proto.Message) (*transaction.SessionResponse, error) {
	run, err := operation(request)
	if err != nil {
		return nil, err
	}
	return s.ask(&transaction.SessionRequest{Request: &transaction.SessionRequest_Operation{Operation: run}})
}

// session holds a transaction open. It is rolled back unless the commit was answered.
func (d *demo) session(ctx context.Context, order *pb.Order) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := d.transactions.Session(ctx)
	if err != nil {
		return err
	}
	open := session{stream}
	if _, err := open.ask(&transaction.SessionRequest{Request: &transaction.SessionRequest_Begin{
		Begin: &transaction.TransactionOptions{Isolation: transaction.Isolation_ISOLATION_READ_COMMITTED}}}); err != nil {
		return err
	}
	if _, err := open.run(&pb.GetOrderRequest{Id: order.Id, Lock: "FOR UPDATE SKIP LOCKED"}); err != nil {
		return err
	}
	d.deadline(ctx, order)
	if _, err := open.ask(&transaction.SessionRequest{Request: &transaction.SessionRequest_Savepoint{Savepoint: "before"}}); err != nil {
		return err
	}
	failed, err := open.run(&pb.DeleteOrderItemRequest{OrderId: order.Id, LineNo: proto.Int32(9)})
	if err != nil {
		return err
	}
	fmt.Printf("session: an operation that fails: %s, aborted %t\n", codeName(codes.Code(failed.GetError().GetCode())),
		failed.GetError().GetAborted())
	if _, err := open.ask(&transaction.SessionRequest{Request: &transaction.SessionRequest_RollbackTo{RollbackTo: "before"}}); err != nil {
		return err
	}
	answer, err := open.run(&pb.UpdateOrderRequest{
		Order: &pb.Order{Id: order.Id, Status: pb.OrderStatus_ORDER_STATUS_PAID.Enum()}})
	if err != nil {
		return err
	}
	updated := &pb.Order{}
	if err := answer.GetResponse().UnmarshalTo(updated); err != nil {
		return err
	}
	committed, err := open.ask(&transaction.SessionRequest{Request: &transaction.SessionRequest_Commit{Commit: &emptypb.Empty{}}})
	if err != nil {
		return err
	}
	fmt.Printf("session: %s, committed %t\n", updated.GetStatus(), committed.GetDone() != nil)
	return stream.CloseSend()
}

// deadline updates a row that is locked, so that the update waits until its deadline.
func (d *demo) deadline(ctx context.Context, order *pb.Order) {
	ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	_, err := d.orders.UpdateOrder(ctx, &pb.UpdateOrderRequest{Order: &pb.Order{Id: order.Id, Note: proto.String("Too late")}})
	fmt.Printf("deadline: %s\n", codeName(status.Code(err)))
}
