// Reads the rows of kinds.samples and compares each value with what psql says of it, then writes each row again, built
// from what psql says. The file of rows is named by the argument; tests/clients/shown.sql says how it writes values.
package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"math"
	"os"
	"reflect"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"example.com/shop"
	pb "example.com/shop/generated/kinds/v1"
)

// kind says how a value becomes what psql shows, and how that becomes the value.
type kind[T any] struct {
	to   func(T) any
	from func(any) T
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func integer[T ~int32 | ~int64 | ~uint32]() kind[T] {
	return kind[T]{
		func(value T) any { return strconv.FormatInt(int64(value), 10) },
		func(shown any) T { return T(must(strconv.ParseInt(shown.(string), 10, 64))) },
	}
}

var (
	text    = kind[string]{func(value string) any { return value }, func(shown any) string { return shown.(string) }}
	boolean = kind[bool]{func(value bool) any { return strconv.FormatBool(value) }, func(shown any) bool { return shown == "true" }}
	float   = kind[float32]{
		func(value float32) any { return fmt.Sprintf("%08x", math.Float32bits(value)) },
		func(shown any) float32 {
			return math.Float32frombits(uint32(must(strconv.ParseUint(shown.(string), 16, 32))))
		},
	}
	double = kind[float64]{
		func(value float64) any { return fmt.Sprintf("%016x", math.Float64bits(value)) },
		func(shown any) float64 { return math.Float64frombits(must(strconv.ParseUint(shown.(string), 16, 64))) },
	}
	bytes = kind[[]byte]{
		func(value []byte) any { return hex.EncodeToString(value) },
		func(shown any) []byte { return must(hex.DecodeString(shown.(string))) },
	}
	moment = kind[*timestamppb.Timestamp]{
		func(value *timestamppb.Timestamp) any { return strconv.FormatInt(value.AsTime().UnixMicro(), 10) },
		func(shown any) *timestamppb.Timestamp {
			return timestamppb.New(time.UnixMicro(must(strconv.ParseInt(shown.(string), 10, 64))))
		},
	}
	// The text of a document, which psql writes with spaces of its own, is compared by what it says.
	document = kind[*structpb.Value]{
		func(value *structpb.Value) any { return value.AsInterface() },
		func(shown any) *structpb.Value { return must(structpb.NewValue(parsed(shown))) },
	}
	place = kind[*pb.Place]{
		func(value *pb.Place) any {
			return map[string]any{"x": shownOf(integer[int32](), value.X), "y": shownOf(double, value.Y), "label": shownOf(text, value.Label)}
		},
		func(shown any) *pb.Place {
			fields := shown.(map[string]any)
			return &pb.Place{X: valueOf(integer[int32](), fields["x"]), Y: valueOf(double, fields["y"]), Label: valueOf(text, fields["label"])}
		},
	}
)

func parsed(shown any) (value any) {
	if err := json.Unmarshal([]byte(shown.(string)), &value); err != nil {
		log.Fatal(err)
	}
	return value
}

// shownOf and valueOf are for fields that a pointer holds: nil is NULL.
func shownOf[T any](k kind[T], value *T) any {
	if value == nil {
		return nil
	}
	return k.to(*value)
}

func valueOf[T any](k kind[T], shown any) *T {
	if shown == nil {
		return nil
	}
	value := k.from(shown)
	return &value
}

// check compares a row with what psql shows of it.
type check struct {
	shown map[string]any
	wrong []error
	count int
}

func (c *check) compare(name string, got, wanted any) {
	c.count++
	if !reflect.DeepEqual(got, wanted) {
		c.wrong = append(c.wrong, fmt.Errorf("row %v %s: %.200v instead of %.200v", c.shown["id"], name, got, wanted))
	}
}

// field is of a scalar.
func field[T any](c *check, name string, k kind[T], got *T) *T {
	c.compare(name, shownOf(k, got), c.shown[name])
	return valueOf(k, c.shown[name])
}

// message is of a message, or of bytes: nil is NULL for them, too.
func message[T any](c *check, name string, k kind[T], got T, isSet bool) (value T) {
	var present *T
	if isSet {
		present = &got
	}
	if value := field(c, name, k, present); value != nil {
		return *value
	}
	return value
}

// json is of a document. JSON's null is a value, and not the absence of one.
func (c *check) document(name string, got *structpb.Value) *structpb.Value {
	var value *structpb.Value
	var wanted any
	if c.shown[name] != nil {
		value, wanted = document.from(c.shown[name]), parsed(c.shown[name])
	}
	c.compare(name+" is set", got != nil, value != nil)
	if got != nil {
		c.compare(name, document.to(got), wanted)
		c.count--
	}
	return value
}

func array[T any](c *check, name string, k kind[T], got []T) (values []T) {
	shown := []any{}
	for _, value := range got {
		shown = append(shown, k.to(value))
	}
	c.compare(name, shown, c.shown[name])
	for _, each := range c.shown[name].([]any) {
		values = append(values, k.from(each))
	}
	return values
}

func built(c *check, row *pb.Sample) *pb.Sample {
	return &pb.Sample{
		Id: field(c, "id", integer[int32](), row.Id), Small: field(c, "small", integer[int32](), row.Small),
		Whole: field(c, "whole", integer[int32](), row.Whole), Big: field(c, "big", integer[int64](), row.Big),
		ObjectId: field(c, "object_id", integer[uint32](), row.ObjectId), Narrow: field(c, "narrow", float, row.Narrow),
		Wide: field(c, "wide", double, row.Wide), Truth: field(c, "truth", boolean, row.Truth),
		Exact: field(c, "exact", text, row.Exact), Cash: field(c, "cash", text, row.Cash),
		Share: field(c, "share", text, row.Share), Words: field(c, "words", text, row.Words),
		Code: field(c, "code", text, row.Code), Uid: field(c, "uid", text, row.Uid),
		Address: field(c, "address", text, row.Address), Flags: field(c, "flags", text, row.Flags),
		Span: field(c, "span", text, row.Span), Raw: message(c, "raw", bytes, row.Raw, row.Raw != nil),
		Moment: message(c, "moment", moment, row.Moment, row.Moment != nil), Wall: message(c, "wall", moment, row.Wall, row.Wall != nil),
		Day: field(c, "day", text, row.Day), Clock: field(c, "clock", text, row.Clock),
		Duration: field(c, "duration", text, row.Duration), Document: c.document("document", row.Document),
		Plain: c.document("plain", row.Plain),
		// An enum is a number, so that a label that came later has one as well.
		Mood:    field(c, "mood", integer[pb.Mood](), row.Mood),
		Place:   message(c, "place", place, row.Place, row.Place != nil),
		Numbers: array(c, "numbers", integer[int64](), row.Numbers), Texts: array(c, "texts", text, row.Texts),
		Moods: array(c, "moods", integer[pb.Mood](), row.Moods), Places: array(c, "places", place, row.Places),
	}
}

func run(ctx context.Context, file string) error {
	var shown []map[string]any
	if err := json.Unmarshal(must(os.ReadFile(file)), &shown); err != nil {
		return err
	}
	connection := must(shop.Connect(os.Getenv("ADDRESS"), os.Getenv("CA_FILE"), os.Getenv("TOKEN")))
	defer connection.Close()
	samples := pb.NewSampleServiceClient(connection)
	page, err := samples.ListSamples(ctx, &pb.ListSamplesRequest{OrderBy: "id", PageSize: 100})
	if err != nil {
		return err
	}
	if len(page.Samples) != len(shown) {
		return fmt.Errorf("%d rows instead of %d", len(page.Samples), len(shown))
	}
	count := 0
	for at, row := range page.Samples {
		c := &check{shown: shown[at]}
		again := built(c, row)
		if err := errors.Join(c.wrong...); err != nil {
			return err
		}
		count += c.count
		*again.Id += 1000
		if _, err := samples.CreateSample(ctx, &pb.CreateSampleRequest{Sample: again}); err != nil {
			return err
		}
	}
	fmt.Printf("%d values read\n", count)
	return nil
}

func main() {
	if err := run(context.Background(), os.Args[1]); err != nil {
		log.Fatal(err)
	}
}
