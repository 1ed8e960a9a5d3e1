// The bench's Go contestant: what a good engineer writes by hand for the bench's
// table with grpc-go and a pgx pool. It serves those methods of the exported
// contract that the bench calls, and answers with the same messages. pgx prepares
// each statement once a connection and moves values in the binary format.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "protogres/bench/contract"
)

func main() {
	database := flag.String("database", "", "connection string of libpq's form")
	connections := flag.Int("connections", 12, "the pool's size")
	flag.Parse()
	if err := run(*database, int32(*connections)); err != nil {
		log.Fatal(err)
	}
}

func run(database string, connections int32) error {
	config, err := pgxpool.ParseConfig(database)
	if err != nil {
		return err
	}
	config.MaxConns = connections
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return err
	}
	defer pool.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	pb.RegisterItemServiceServer(server, &items{pool: pool})
	pb.RegisterParcelServiceServer(server, &parcels{pool: pool})
	pb.RegisterOrderServiceServer(server, &orders{pool: pool})
	pb.RegisterFunctionServiceServer(server, &functions{pool: pool})
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-stop
		server.Stop()
	}()
	fmt.Printf("port %d\n", listener.Addr().(*net.TCPAddr).Port)
	return server.Serve(listener)
}

// failure is the status of an error of the database.
func failure(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return status.Error(codes.NotFound, "there is no such row")
	}
	return status.Error(codes.Internal, err.Error())
}
