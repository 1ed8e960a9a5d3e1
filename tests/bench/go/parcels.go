package main

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "protogres/bench/contract"
)

const createParcel = "INSERT INTO parcel (name, price, quantity, tags) VALUES ($1, $2::text::numeric, $3, $4)" +
	" RETURNING " + columns + etag

type parcels struct {
	pb.UnimplementedParcelServiceServer
	pool *pgxpool.Pool
}

func (s *parcels) CreateParcel(ctx context.Context, request *pb.CreateParcelRequest) (*pb.Parcel, error) {
	given := request.GetParcel()
	parcel := &pb.Parcel{Id: new(int64), Name: new(string), Price: new(string), Quantity: new(int32), Active: new(bool)}
	var created time.Time
	row := s.pool.QueryRow(ctx, createParcel, given.GetName(), given.GetPrice(), given.GetQuantity(), given.GetTags())
	if err := row.Scan(parcel.Id, parcel.Name, parcel.Price, parcel.Quantity, &parcel.Tags, parcel.Active, &created,
		&parcel.Etag); err != nil {
		return nil, failure(err)
	}
	parcel.CreatedAt = timestamppb.New(created)
	return parcel, nil
}
