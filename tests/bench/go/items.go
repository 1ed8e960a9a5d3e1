package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "protogres/bench/contract"
)

const (
	columns = "id, name, price::text, quantity, tags, active, created_at"
	etag    = ", xmin::text || '-' || ctid::text"

	getItem      = "SELECT " + columns + etag + " FROM item WHERE id = $1"
	batchGetItem = "SELECT " + columns + " FROM item WHERE id = ANY($1)"
	listItems    = "SELECT " + columns + " FROM item WHERE id > $1 AND quantity < $2 ORDER BY id LIMIT $3"
	updateItem   = "UPDATE item SET quantity = $2 WHERE id = $1 RETURNING " + columns + etag
)

type items struct {
	pb.UnimplementedItemServiceServer
	pool *pgxpool.Pool
}

// itemFields is where a row's columns go. Pointers, since the contract has explicit presence.
type itemFields struct {
	item    *pb.Item
	created time.Time
}

func newItem() *itemFields {
	return &itemFields{item: &pb.Item{
		Id: new(int64), Name: new(string), Price: new(string), Quantity: new(int32), Active: new(bool),
	}}
}

func (f *itemFields) scan(row pgx.Row, more ...any) (*pb.Item, error) {
	item := f.item
	targets := append([]any{item.Id, item.Name, item.Price, item.Quantity, &item.Tags, item.Active, &f.created}, more...)
	if err := row.Scan(targets...); err != nil {
		return nil, err
	}
	item.CreatedAt = timestamppb.New(f.created)
	return item, nil
}

func scanWithEtag(row pgx.Row) (*pb.Item, error) {
	fields := newItem()
	item, err := fields.scan(row, &fields.item.Etag)
	if err != nil {
		return nil, failure(err)
	}
	return item, nil
}

func (s *items) rows(ctx context.Context, sql string, arguments ...any) ([]*pb.Item, error) {
	rows, err := s.pool.Query(ctx, sql, arguments...)
	if err != nil {
		return nil, failure(err)
	}
	defer rows.Close()
	var found []*pb.Item
	for rows.Next() {
		item, err := newItem().scan(rows)
		if err != nil {
			return nil, failure(err)
		}
		found = append(found, item)
	}
	if err := rows.Err(); err != nil {
		return nil, failure(err)
	}
	return found, nil
}

func (s *items) GetItem(ctx context.Context, request *pb.GetItemRequest) (*pb.Item, error) {
	return scanWithEtag(s.pool.QueryRow(ctx, getItem, request.GetId()))
}

func (s *items) BatchGetItems(
	ctx context.Context, request *pb.BatchGetItemsRequest,
) (*pb.BatchGetItemsResponse, error) {
	ids := make([]int64, len(request.Requests))
	for i, get := range request.Requests {
		ids[i] = get.GetId()
	}
	found, err := s.rows(ctx, batchGetItem, ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]*pb.Item, len(found))
	for _, item := range found {
		byID[item.GetId()] = item
	}
	answer := &pb.BatchGetItemsResponse{Items: make([]*pb.Item, len(ids))}
	for i, id := range ids {
		if answer.Items[i] = byID[id]; answer.Items[i] == nil {
			return nil, status.Errorf(codes.NotFound, "there is no item %d", id)
		}
	}
	return answer, nil
}

// ListItems knows one shape of filter, as a service written for one purpose would.
func (s *items) ListItems(ctx context.Context, request *pb.ListItemsRequest) (*pb.ListItemsResponse, error) {
	var after int64
	var below int32
	if _, err := fmt.Sscanf(request.Filter, "id > %d AND quantity < %d", &after, &below); err != nil {
		return nil, status.Error(codes.InvalidArgument, "filter must be of the form id > N AND quantity < N")
	}
	if request.PageToken != "" {
		token, err := strconv.ParseInt(request.PageToken, 10, 64)
		if err != nil {
			return nil, status.Error(codes.InvalidArgument, "page_token is not one of this service")
		}
		after = max(after, token)
	}
	size := int(request.PageSize)
	if size <= 0 || size > 1000 {
		size = 50
	}
	// One more than asked for tells whether there is another page.
	found, err := s.rows(ctx, listItems, after, below, size+1)
	if err != nil {
		return nil, err
	}
	answer := &pb.ListItemsResponse{Items: found}
	if len(found) > size {
		answer.Items = found[:size]
		answer.NextPageToken = strconv.FormatInt(found[size-1].GetId(), 10)
	}
	return answer, nil
}

// UpdateItem writes the one field that the bench changes.
func (s *items) UpdateItem(ctx context.Context, request *pb.UpdateItemRequest) (*pb.Item, error) {
	if paths := request.GetUpdateMask().GetPaths(); len(paths) != 1 || paths[0] != "quantity" {
		return nil, status.Error(codes.InvalidArgument, "update_mask must be quantity")
	}
	return scanWithEtag(s.pool.QueryRow(ctx, updateItem, request.Item.GetId(), request.Item.GetQuantity()))
}
