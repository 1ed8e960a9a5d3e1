// What one does with a database, through a client that is generated from its contract: the rows of the README's table.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"example.com/shop"
	transaction "example.com/shop/generated/protogres/v1"
	pb "example.com/shop/generated/shop/v1"
)

type demo struct {
	customers    pb.CustomerServiceClient
	orders       pb.OrderServiceClient
	products     pb.ProductServiceClient
	transactions transaction.TransactionServiceClient
}

// codeName is gRPC's own name of a code.
func codeName(code codes.Code) string {
	names := map[codes.Code]string{
		codes.OK: "OK", codes.NotFound: "NOT_FOUND", codes.Aborted: "ABORTED", codes.AlreadyExists: "ALREADY_EXISTS",
		codes.InvalidArgument: "INVALID_ARGUMENT", codes.DeadlineExceeded: "DEADLINE_EXCEEDED",
		codes.Unauthenticated: "UNAUTHENTICATED",
	}
	return cmp.Or(names[code], code.String())
}

func (d *demo) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	found, err := d.customers.GetCustomer(ctx, &pb.GetCustomerRequest{Id: proto.Int64(7)})
	if err != nil {
		return err
	}
	fmt.Printf("get: %s of %s\n", found.GetEmail(), found.GetAddress().GetCity())

	both, err := d.customers.BatchGetCustomers(ctx, &pb.BatchGetCustomersRequest{
		Requests: []*pb.GetCustomerRequest{{Id: proto.Int64(8)}, {Id: proto.Int64(7)}}})
	if err != nil {
		return err
	}
	fmt.Printf("get many: %s, %s\n", both.Customers[0].GetEmail(), both.Customers[1].GetEmail())

	first, err := d.customers.ListCustomers(ctx, &pb.ListCustomersRequest{
		Filter:  `newsletter = true AND preferences.color = "red" AND tags:"vip"`,
		OrderBy: "created_at", PageSize: 1, CountTotal: true})
	if err != nil {
		return err
	}
	fmt.Printf("first: %s of %d\n", first.Customers[0].GetEmail(), first.GetTotalSize())
	return nil
}

func (d *demo) pages(ctx context.Context) error {
	request := &pb.ListCustomersRequest{Filter: `address.country = "AT"`, OrderBy: "full_name", PageSize: 50}
	rows, pages := 0, 0
	for {
		page, err := d.customers.ListCustomers(ctx, request)
		if err != nil {
			return err
		}
		rows, pages = rows+len(page.Customers), pages+1
		if page.NextPageToken == "" {
			break
		}
		request.PageToken = page.NextPageToken
	}
	fmt.Printf("list: %d rows on %d pages\n", rows, pages)
	return nil
}

func (d *demo) stream(ctx context.Context) error {
	stream, err := d.products.StreamProducts(ctx, &pb.StreamProductsRequest{
		Filter: "price < 100", ReadMask: &fieldmaskpb.FieldMask{Paths: []string{"sku", "price"}}})
	if err != nil {
		return err
	}
	count := 0
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		count += len(chunk.Products)
	}
	fmt.Printf("stream: %d rows\n", count)
	return nil
}

func (d *demo) create(ctx context.Context) (*pb.Customer, error) {
	created, err := d.customers.CreateCustomer(ctx, &pb.CreateCustomerRequest{Customer: &pb.Customer{
		Email:    proto.String(fmt.Sprintf("ada-%d@example.org", time.Now().UnixNano())),
		FullName: proto.String("Ada Example"),
		Tags:     []string{"press"},
		Address:  &pb.Address{City: proto.String("Wien"), Country: proto.String("AT")},
	}})
	if err != nil {
		return nil, err
	}
	fmt.Printf("create: an id %t, credit limit %s by default\n", created.GetId() > 0, created.GetCreditLimit())
	return created, nil
}

func (d *demo) createMany(ctx context.Context) ([]*pb.Product, error) {
	request := &pb.BatchCreateProductsRequest{}
	for _, sku := range []string{"TWO-0001", "TWO-0002"} {
		request.Requests = append(request.Requests, &pb.CreateProductRequest{Product: &pb.Product{
			Sku: proto.String(sku), Name: proto.String("A thing"), Price: proto.String("9.90")}})
	}
	both, err := d.products.BatchCreateProducts(ctx, request)
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, row := range both.Products {
		texts = append(texts, row.GetSku()+" costs "+row.GetGross())
	}
	fmt.Printf("create many: %s\n", strings.Join(texts, ", "))
	return both.Products, nil
}

func (d *demo) importMany(ctx context.Context) error {
	stream, err := d.products.ImportProducts(ctx)
	if err != nil {
		return err
	}
	for begin := 0; begin < 1000; begin += 250 {
		message := &pb.ImportProductsRequest{}
		for n := begin; n < begin+250; n++ {
			message.Products = append(message.Products, &pb.Product{Sku: proto.String(fmt.Sprintf("IMP-%04d", n)),
				Name: proto.String(fmt.Sprintf("Import %d", n)), Price: proto.String("1.00")})
		}
		if err := stream.Send(message); err != nil {
			break // CloseAndRecv has the reason.
		}
	}
	done, err := stream.CloseAndRecv()
	if err != nil {
		return err
	}
	fmt.Printf("import: %d rows\n", done.Affected)
	return nil
}

func (d *demo) update(ctx context.Context, row *pb.Customer) error {
	updated, err := d.customers.UpdateCustomer(ctx, &pb.UpdateCustomerRequest{
		Customer:   &pb.Customer{Id: row.Id, FullName: proto.String("Ada Changed"), Etag: row.Etag},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"full_name", "address"}}})
	if err != nil {
		return err
	}
	fmt.Printf("update: %s, has an address %t\n", updated.GetFullName(), updated.Address != nil)

	// The row has changed since its etag was read.
	_, err = d.customers.UpdateCustomer(ctx, &pb.UpdateCustomerRequest{
		Customer: &pb.Customer{Id: row.Id, FullName: proto.String("Ada Again"), Etag: row.Etag}})
	fmt.Printf("update of what has changed: %s %s\n", codeName(status.Code(err)), shop.Reason(err))

	_, err = d.customers.UpdateCustomer(ctx, &pb.UpdateCustomerRequest{
		Customer: &pb.Customer{Id: proto.Int64(-1), FullName: proto.String("Nobody")}})
	fmt.Printf("update of nobody: %s %s\n", codeName(status.Code(err)), shop.Reason(err))
	return nil
}

func (d *demo) updateWhere(ctx context.Context, row *pb.Customer) error {
	done, err := d.customers.UpdateCustomersWhere(ctx, &pb.UpdateCustomersWhereRequest{
		Filter:      fmt.Sprintf(`id = %d AND email = "ada-*"`, row.GetId()),
		Customer:    &pb.Customer{Newsletter: proto.Bool(true)},
		MaxAffected: 1})
	if err != nil {
		return err
	}
	fmt.Printf("update where: %d row\n", done.Affected)
	return nil
}

func (d *demo) softDelete(ctx context.Context, row *pb.Customer) error {
	deleted, err := d.customers.DeleteCustomer(ctx, &pb.DeleteCustomerRequest{Id: row.Id})
	if err != nil {
		return err
	}
	fmt.Printf("soft delete: deleted_at is there %t\n", deleted.DeletedAt != nil)
	restored, err := d.customers.UndeleteCustomer(ctx, &pb.UndeleteCustomerRequest{Id: row.Id})
	if err != nil {
		return err
	}
	fmt.Printf("undelete: deleted_at is there %t\n", restored.DeletedAt != nil)
	return nil
}

func (d *demo) delete(ctx context.Context, products []*pb.Product) error {
	for _, row := range products {
		if _, err := d.products.DeleteProduct(ctx, &pb.DeleteProductRequest{Id: row.Id}); err != nil {
			return err
		}
	}
	_, err := d.products.DeleteProduct(ctx, &pb.DeleteProductRequest{Id: products[0].Id})
	fmt.Printf("delete twice: %s %s\n", codeName(status.Code(err)), shop.Reason(err))

	done, err := d.products.DeleteProductsWhere(ctx, &pb.DeleteProductsWhereRequest{Filter: `sku = "IMP-*"`})
	if err != nil {
		return err
	}
	fmt.Printf("delete where: %d rows\n", done.Affected)
	return nil
}

func (d *demo) errors(ctx context.Context) error {
	_, err := d.customers.CreateCustomer(ctx, &pb.CreateCustomerRequest{Customer: &pb.Customer{
		Email: proto.String("customer7@example.com"), FullName: proto.String("Ada Again")}})
	if info := shop.Detail[errdetails.ErrorInfo](err); info != nil {
		fmt.Printf("error: %s %s %s\n", codeName(status.Code(err)), info.Reason, info.Metadata["constraint"])
	}
	_, err = d.products.CreateProduct(ctx, &pb.CreateProductRequest{Product: &pb.Product{
		Sku: proto.String("CUP-9999"), Name: proto.String("A cup"), Price: proto.String("five")}})
	if bad := shop.Detail[errdetails.BadRequest](err); bad != nil {
		fmt.Printf("error: %s %s\n", codeName(status.Code(err)), bad.FieldViolations[0].Field)
	}
	return nil
}

func newDemo(connection *grpc.ClientConn) *demo {
	return &demo{
		customers:    pb.NewCustomerServiceClient(connection),
		orders:       pb.NewOrderServiceClient(connection),
		products:     pb.NewProductServiceClient(connection),
		transactions: transaction.NewTransactionServiceClient(connection),
	}
}

func withoutToken(ctx context.Context, address, caFile string) error {
	connection, err := shop.Connect(address, caFile, "")
	if err != nil {
		return err
	}
	defer connection.Close()
	_, err = newDemo(connection).customers.GetCustomer(ctx, &pb.GetCustomerRequest{Id: proto.Int64(7)})
	if err == nil {
		fmt.Println("without a token: answered")
	} else {
		fmt.Printf("without a token: %s %s\n", codeName(status.Code(err)), shop.Reason(err))
	}
	return nil
}

func run(ctx context.Context, address, caFile, token string) error {
	connection, err := shop.Connect(address, caFile, token)
	if err != nil {
		return err
	}
	defer connection.Close()
	d := newDemo(connection)
	if err := errors.Join(d.read(ctx), d.pages(ctx), d.stream(ctx)); err != nil {
		return err
	}
	created, err := d.create(ctx)
	if err != nil {
		return err
	}
	products, err := d.createMany(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(d.importMany(ctx), d.update(ctx, created), d.updateWhere(ctx, created), d.softDelete(ctx, created),
		d.delete(ctx, products)); err != nil {
		return err
	}
	order, err := d.transact(ctx)
	if err != nil {
		return err
	}
	return errors.Join(d.session(ctx, order), d.errors(ctx), withoutToken(ctx, address, caFile))
}

func main() {
	address := cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50051")
	if err := run(context.Background(), address, os.Getenv("CA_FILE"), os.Getenv("TOKEN")); err != nil {
		log.Fatal(err)
	}
}
