package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strconv"

	"connectrpc.com/connect"
	"connectrpc.com/cors"
	"connectrpc.com/vanguard"
	rscors "github.com/rs/cors"
)

// checkOrigin refuses what no browser sends as an Origin, and "*": a name for all pages is none.
func checkOrigin(origin string) error {
	parsed, err := url.Parse(origin)
	if err != nil || (parsed.Scheme != "https" && parsed.Scheme != "http") || parsed.Host == "" ||
		origin != parsed.Scheme+"://"+parsed.Host {
		return errors.New("must be a scheme and a host, such as https://shop.example")
	}
	return nil
}

// newHandler is all that a request goes through: its origin, the limits, the change of protocol, the way to the server.
func newHandler(o options) (http.Handler, error) {
	server, err := newServerProxy(o)
	if err != nil {
		return nil, err
	}
	services, types, err := readContract(o.contract)
	if err != nil {
		return nil, err
	}
	var served []*vanguard.Service
	for _, service := range services {
		served = append(served, vanguard.NewServiceWithSchema(service, server,
			vanguard.WithTypeResolver(types),
			vanguard.WithTargetProtocols(vanguard.ProtocolGRPC),
			vanguard.WithTargetCodecs(vanguard.CodecProto),
			vanguard.WithMaxMessageBufferBytes(uint32(o.maxMessage))))
	}
	transcoder, err := vanguard.NewTranscoder(served)
	if err != nil {
		return nil, err
	}
	return withOrigins(o.origins, withLimits(o, transcoder)), nil
}

// newServerProxy sends gRPC calls on to Protogres, by HTTP/2.
func newServerProxy(o options) (*httputil.ReverseProxy, error) {
	target, err := url.Parse(o.server)
	if err != nil || (target.Scheme != "http" && target.Scheme != "https") || target.Host == "" {
		return nil, fmt.Errorf("--server=%s: must be http://HOST:PORT or https://HOST:PORT", o.server)
	}
	transport := &http.Transport{
		Protocols:       new(http.Protocols),
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		IdleConnTimeout: idleTimeout,
	}
	transport.Protocols.SetHTTP2(target.Scheme == "https")
	transport.Protocols.SetUnencryptedHTTP2(target.Scheme == "http")
	if o.serverCA != "" {
		pem, err := os.ReadFile(o.serverCA)
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--server_ca=%s has no certificate", o.serverCA)
		}
	}
	rewrite := func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Header.Del("Cookie")
		if r.Out.Header.Get("Grpc-Timeout") == "" {
			r.Out.Header.Set("Grpc-Timeout", strconv.FormatInt(o.callTimeout.Milliseconds(), 10)+"m")
		}
	}
	return &httputil.ReverseProxy{Rewrite: rewrite, Transport: transport, FlushInterval: -1, ErrorHandler: answerError}, nil
}

// answerError is the answer, by gRPC, where none came from the server. Only what may be tried again is UNAVAILABLE.
func answerError(w http.ResponseWriter, _ *http.Request, err error) {
	var tooLarge *http.MaxBytesError
	code, message := connect.CodeUnavailable, "the server cannot be reached"
	switch {
	case errors.As(err, &tooLarge) || connect.CodeOf(err) == connect.CodeResourceExhausted:
		code, message = connect.CodeResourceExhausted, "the request is larger than --max_message"
	case errors.Is(err, context.DeadlineExceeded):
		code, message = connect.CodeDeadlineExceeded, "the call took longer than --call_timeout"
	case errors.Is(err, context.Canceled):
		code, message = connect.CodeCanceled, "the client has gone"
	default:
		log.Printf("no answer from the server: %v", err)
	}
	w.Header().Set("Content-Type", "application/grpc+proto")
	w.Header().Set("Grpc-Status", strconv.Itoa(int(code)))
	w.Header().Set("Grpc-Message", message)
	w.WriteHeader(http.StatusOK)
}

// withOrigins answers a browser's questions beforehand, and refuses what pages of other origins send without one.
func withOrigins(origins []string, next http.Handler) http.Handler {
	allowed := rscors.New(rscors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{http.MethodPost},
		AllowedHeaders: append(cors.AllowedHeaders(), "Authorization"),
		ExposedHeaders: cors.ExposedHeaders(),
		MaxAge:         7200,
	}).Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" && !slices.Contains(origins, origin) {
			http.Error(w, "pages of this origin may not call: it is not one of --origin", http.StatusForbidden)
			return
		}
		allowed.ServeHTTP(w, r)
	})
}

// withLimits bounds the calls at a time, the bytes of a request, and how long it takes.
func withLimits(o options, next http.Handler) http.Handler {
	places := make(chan struct{}, o.maxCalls)
	// A message has up to five bytes before it, and its JSON form is some times as long.
	limited := http.MaxBytesHandler(next, 4*o.maxMessage)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		default:
			http.Error(w, "too many calls at a time", http.StatusServiceUnavailable)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), o.callTimeout+grace)
		defer cancel()
		limited.ServeHTTP(w, r.WithContext(ctx))
	})
}
