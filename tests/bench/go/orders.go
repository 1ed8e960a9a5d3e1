package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "protogres/bench/contract"
)

// What is to one comes with its row by a join: by hand that is one statement less.
const (
	orderColumns    = "o.id, o.customer_id, o.status, o.placed_at"
	customerColumns = "c.id, c.full_name, c.email, c.country, c.created_at"
	itemColumns     = "i.id, i.order_id, i.product_id, i.quantity, i.unit_price::text"
	productColumns  = "p.id, p.sku, p.name, p.price::text, p.stock"

	selectOrders = "SELECT " + orderColumns + ", " + customerColumns +
		" FROM orders o JOIN customer c ON c.id = o.customer_id"
	selectItems = "SELECT " + itemColumns + ", " + productColumns +
		" FROM order_item i JOIN product p ON p.id = i.product_id"

	getOrder     = selectOrders + " WHERE o.id = $1"
	itemsOfOrder = selectItems + " WHERE i.order_id = $1 ORDER BY i.id"
	listOrders   = selectOrders + " WHERE o.id > $1 ORDER BY o.id LIMIT $2"
	itemsOfMany  = selectItems + " WHERE i.order_id = ANY($1) ORDER BY i.order_id, i.id"

	createOrder = "INSERT INTO orders AS o (customer_id, status) VALUES ($1, $2) RETURNING " + orderColumns
	createItems = "INSERT INTO order_item AS i (order_id, product_id, quantity, unit_price)" +
		" SELECT currval('orders_id_seq'), r.* FROM unnest($1::bigint[], $2::integer[], $3::text[]::numeric[]) AS r" +
		" RETURNING " + itemColumns
)

type orders struct {
	pb.UnimplementedOrderServiceServer
	pool *pgxpool.Pool
}

func newOrder() (*pb.Order, *time.Time, []any) {
	order := &pb.Order{Id: new(int64), CustomerId: new(int64), Status: new(string)}
	placed := new(time.Time)
	return order, placed, []any{order.Id, order.CustomerId, order.Status, placed}
}

func newOrderItem() (*pb.OrderItem, []any) {
	item := &pb.OrderItem{
		Id: new(int64), OrderId: new(int64), ProductId: new(int64), Quantity: new(int32), UnitPrice: new(string),
	}
	return item, []any{item.Id, item.OrderId, item.ProductId, item.Quantity, item.UnitPrice}
}

// scanOrder reads a row of selectOrders.
func scanOrder(row pgx.Row) (*pb.Order, error) {
	order, placed, targets := newOrder()
	customer := &pb.Customer{Id: new(int64), FullName: new(string), Email: new(string), Country: new(string)}
	var created time.Time
	targets = append(targets, customer.Id, customer.FullName, customer.Email, customer.Country, &created)
	if err := row.Scan(targets...); err != nil {
		return nil, err
	}
	order.PlacedAt = timestamppb.New(*placed)
	customer.CreatedAt = timestamppb.New(created)
	order.Customer = customer
	return order, nil
}

// addItems gives each row of selectItems to its order.
func addItems(rows pgx.Rows, order func(id int64) *pb.Order) error {
	defer rows.Close()
	for rows.Next() {
		item, targets := newOrderItem()
		product := &pb.Product{Id: new(int64), Sku: new(string), Name: new(string), Price: new(string), Stock: new(int32)}
		targets = append(targets, product.Id, product.Sku, product.Name, product.Price, product.Stock)
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		item.Product = product
		to := order(item.GetOrderId())
		to.OrderItems = append(to.OrderItems, item)
	}
	return rows.Err()
}

// GetOrder reads all that the bench's mask asks for, in one round trip.
func (s *orders) GetOrder(ctx context.Context, request *pb.GetOrderRequest) (*pb.Order, error) {
	batch := &pgx.Batch{}
	batch.Queue(getOrder, request.GetId())
	batch.Queue(itemsOfOrder, request.GetId())
	results := s.pool.SendBatch(ctx, batch)
	defer results.Close()
	order, err := scanOrder(results.QueryRow())
	if err != nil {
		return nil, failure(err)
	}
	rows, err := results.Query()
	if err != nil {
		return nil, failure(err)
	}
	if err := addItems(rows, func(int64) *pb.Order { return order }); err != nil {
		return nil, failure(err)
	}
	return order, nil
}

func (s *orders) ListOrders(ctx context.Context, request *pb.ListOrdersRequest) (*pb.ListOrdersResponse, error) {
	var after int64
	if _, err := fmt.Sscanf(request.Filter, "id > %d", &after); err != nil {
		return nil, status.Error(codes.InvalidArgument, "filter must be of the form id > N")
	}
	size := int(request.PageSize)
	if size <= 0 || size > 1000 {
		size = 50
	}
	connection, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, failure(err)
	}
	defer connection.Release()
	answer := &pb.ListOrdersResponse{}
	byID := make(map[int64]*pb.Order, size)
	ids := make([]int64, 0, size)
	rows, err := connection.Query(ctx, listOrders, after, size+1)
	if err != nil {
		return nil, failure(err)
	}
	defer rows.Close()
	for rows.Next() {
		if len(ids) == size {
			answer.NextPageToken = fmt.Sprint(ids[size-1])
			break
		}
		order, err := scanOrder(rows)
		if err != nil {
			return nil, failure(err)
		}
		answer.Orders = append(answer.Orders, order)
		byID[order.GetId()] = order
		ids = append(ids, order.GetId())
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return nil, failure(err)
	}
	items, err := connection.Query(ctx, itemsOfMany, ids)
	if err != nil {
		return nil, failure(err)
	}
	if err := addItems(items, func(id int64) *pb.Order { return byID[id] }); err != nil {
		return nil, failure(err)
	}
	return answer, nil
}

// CreateOrder writes the order, and its items by one INSERT: in one round trip, which is one transaction.
func (s *orders) CreateOrder(ctx context.Context, request *pb.CreateOrderRequest) (*pb.Order, error) {
	given := request.GetOrder()
	var products []int64
	var quantities []int32
	var prices []string
	for _, item := range given.GetOrderItems() {
		products = append(products, item.GetProductId())
		quantities = append(quantities, item.GetQuantity())
		prices = append(prices, item.GetUnitPrice())
	}
	batch := &pgx.Batch{}
	batch.Queue(createOrder, given.GetCustomerId(), given.GetStatus())
	batch.Queue(createItems, products, quantities, prices)
	results := s.pool.SendBatch(ctx, batch)
	order, err := readCreated(results)
	// The transaction is at its end when the batch is.
	if closed := results.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, failure(err)
	}
	return order, nil
}

func readCreated(results pgx.BatchResults) (*pb.Order, error) {
	order, placed, targets := newOrder()
	if err := results.QueryRow().Scan(targets...); err != nil {
		return nil, err
	}
	order.PlacedAt = timestamppb.New(*placed)
	rows, err := results.Query()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		item, targets := newOrderItem()
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		order.OrderItems = append(order.OrderItems, item)
	}
	return order, rows.Err()
}

// functions calls the function of the bench.
type functions struct {
	pb.UnimplementedFunctionServiceServer
	pool *pgxpool.Pool
}

const findItem = "SELECT " + columns + " FROM find_item($1)"

func (s *functions) FindItem(ctx context.Context, request *pb.FindItemRequest) (*pb.Item, error) {
	item, err := newItem().scan(s.pool.QueryRow(ctx, findItem, request.GetKey()))
	if err != nil {
		return nil, failure(err)
	}
	return item, nil
}
