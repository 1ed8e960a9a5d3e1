// Package shop holds what each program needs beside the generated client: a connection with a token, and the details of
// an error.
package shop

import (
	"context"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// bearer is a token that gRPC sends with each call, over TLS only: it is worth as much as a password.
type bearer string

func (token bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(token)}, nil
}

func (token bearer) RequireTransportSecurity() bool { return true }

// Connect makes a connection: by TLS where there is a file of certificates, and with a token where there is one.
func Connect(address, caFile, token string) (*grpc.ClientConn, error) {
	if caFile == "" {
		return grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	}
	tls, err := credentials.NewClientTLSFromFile(caFile, "")
	if err != nil {
		return nil, err
	}
	options := []grpc.DialOption{grpc.WithTransportCredentials(tls)}
	if token != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer(token)))
	}
	return grpc.NewClient(address, options...)
}

// Detail is the detail of an error that is of type T, or nil.
func Detail[T any](err error) *T {
	for _, detail := range status.Convert(err).Details() {
		if found, ok := detail.(any).(*T); ok {
			return found
		}
	}
	return nil
}

// Reason is why a call failed, for programs: docs/errors.md lists the reasons.
func Reason(err error) string {
	if info := Detail[errdetails.ErrorInfo](err); info != nil {
		return info.Reason
	}
	return "no reason"
}
