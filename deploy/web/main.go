// Web stands between browsers and Protogres: pages of the named origins speak Connect or gRPC-Web to it, and it speaks gRPC
// to the server. Tokens go on as they come. It serves the methods of one contract, and bounds what a client can ask of it.
// docs/clients/browsers.md explains the options.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/net/netutil"
)

const (
	// What a client has for its header, and between two requests.
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	// What a call has more than --call_timeout, in which the server says that the time is over.
	grace          = 2 * time.Second
	maxHeaderBytes = 64 << 10
)

type options struct {
	listen, server, serverCA, contract string
	tlsCert, tlsKey                    string
	origins                            []string
	callTimeout                        time.Duration
	maxConnections, maxCalls           int
	maxMessage                         int64
}

func parse(arguments []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("web", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // an error is one line
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8080", "`HOST:PORT` for browsers")
	flags.StringVar(&o.server, "server", "http://127.0.0.1:50051", "`URL` of Protogres: https:// by TLS, http:// without")
	flags.StringVar(&o.serverCA, "server_ca", "", "`FILE` of the authorities of the server's certificate; not set: the system's")
	flags.StringVar(&o.contract, "contract", "contract.binpb", "`FILE`, a FileDescriptorSet: what may be called")
	flags.StringVar(&o.tlsCert, "tls_cert", "", "`FILE` of the certificate chain for browsers; not set: no TLS")
	flags.StringVar(&o.tlsKey, "tls_key", "", "`FILE` of its key")
	flags.Func("origin", "`URL` whose pages may call, such as https://shop.example; may be repeated", func(origin string) error {
		o.origins = append(o.origins, origin)
		return checkOrigin(origin)
	})
	flags.DurationVar(&o.callTimeout, "call_timeout", time.Minute, "the longest that a call may take")
	flags.IntVar(&o.maxConnections, "max_connections", 1000, "connections at a time; more wait")
	flags.IntVar(&o.maxCalls, "max_calls", 256, "calls at a time; more are refused")
	flags.Int64Var(&o.maxMessage, "max_message", 4<<20, "bytes of a request or of one message of an answer")
	if err := flags.Parse(arguments); err != nil {
		flags.SetOutput(os.Stdout)
		if errors.Is(err, flag.ErrHelp) {
			flags.Usage()
		}
		return o, err
	}
	return o, o.check(flags.Args())
}

func (o options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("'%s' is no option: each is --name=value", rest[0])
	case len(o.origins) == 0:
		return errors.New("no --origin: without one no page can call")
	case (o.tlsCert == "") != (o.tlsKey == ""):
		return errors.New("--tls_cert and --tls_key go together")
	case o.callTimeout <= 0 || o.maxConnections <= 0 || o.maxCalls <= 0 || o.maxMessage <= 0 || o.maxMessage > 1<<30:
		return errors.New("--call_timeout, --max_connections, --max_calls and --max_message must be positive, the last at most 1 GiB")
	}
	return nil
}

// serve answers until a signal comes, and then lets the calls in flight finish.
func serve(o options) error {
	handler, err := newHandler(o)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       o.callTimeout + grace,
		WriteTimeout:      o.callTimeout + 2*grace,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS12},
	}
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return err
	}
	log.Printf("listening on %s, for pages of %v", listener.Addr(), o.origins)
	listener = netutil.LimitListener(listener, o.maxConnections)
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	drained := make(chan error, 1)
	go func() {
		<-stop.Done()
		limit, cancel := context.WithTimeout(context.Background(), o.callTimeout+2*grace)
		defer cancel()
		drained <- server.Shutdown(limit)
	}()
	if o.tlsCert != "" {
		err = server.ServeTLS(listener, o.tlsCert, o.tlsKey)
	} else {
		err = server.Serve(listener)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-drained
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("web: ")
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		log.Print(err)
		os.Exit(2)
	}
	if err := serve(o); err != nil {
		log.Fatal(err)
	}
}
