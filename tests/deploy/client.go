package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // a channel watches the health of its servers only with this
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/resolver"
)

// names is what the headless Service's name resolves to. As with DNS, a client does not hear of a change: it asks again
// when a connection has ended.
type names struct {
	mutex     sync.Mutex
	addresses []string
}

func (n *names) set(pods ...*pod) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.addresses = nil
	for _, each := range pods {
		n.addresses = append(n.addresses, each.address())
	}
}

func (n *names) Scheme() string { return "pods" }

func (n *names) Build(_ resolver.Target, channel resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	lookup := &lookup{names: n, channel: channel}
	lookup.ResolveNow(resolver.ResolveNowOptions{})
	return lookup, nil
}

type lookup struct {
	names   *names
	channel resolver.ClientConn
}

func (l *lookup) ResolveNow(resolver.ResolveNowOptions) {
	l.names.mutex.Lock()
	defer l.names.mutex.Unlock()
	var state resolver.State
	for _, address := range l.names.addresses {
		state.Endpoints = append(state.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{{Addr: address}}})
	}
	// gRPC calls ResolveNow with locks held that UpdateState takes.
	go l.channel.UpdateState(state)
}

func (l *lookup) Close() {}

// raw passes messages as bytes.
type raw struct{}

func (raw) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }
func (raw) Unmarshal(bytes []byte, message any) error {
	*message.(*[]byte) = append([]byte(nil), bytes...)
	return nil
}
func (raw) Name() string { return "proto" }

// traffic is calls that go on from several workers of one channel, and what became of them.
type traffic struct {
	channel *grpc.ClientConn
	stop    context.CancelFunc
	workers sync.WaitGroup
	mutex   sync.Mutex
	created []string       // the texts of the notes whose Create was answered
	calls   map[string]int // answered, by the server's address
	lost    []string       // calls that failed
}

// serviceConfig is the one that the page tells clients to use.
func serviceConfig(page string) (string, error) {
	text, err := os.ReadFile(page)
	if err != nil {
		return "", err
	}
	match := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(text)
	if match == nil {
		return "", fmt.Errorf("%s has no service config", page)
	}
	return string(match[1]), nil
}

func startTraffic(servers *names, config string, secure bool, prefix string) (*traffic, error) {
	security := insecure.NewCredentials()
	if secure {
		certificate, err := os.ReadFile(*tlsFolder + "/tls.crt")
		if err != nil {
			return nil, err
		}
		trusted := x509.NewCertPool()
		trusted.AppendCertsFromPEM(certificate)
		security = credentials.NewTLS(&tls.Config{RootCAs: trusted, ServerName: "protogres"})
	}
	reconnect := backoff.DefaultConfig
	reconnect.MaxDelay = time.Second
	channel, err := grpc.NewClient("pods:///protogres-pods", grpc.WithResolvers(servers), grpc.WithDefaultServiceConfig(config),
		grpc.WithTransportCredentials(security), grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnect, MinConnectTimeout: 5 * time.Second}))
	if err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(context.Background())
	result := &traffic{channel: channel, stop: stop, calls: map[string]int{}}
	for worker := range 8 {
		result.workers.Add(1)
		go func() {
			defer result.workers.Done()
			for number := 0; running.Err() == nil; number++ {
				result.create(fmt.Sprintf("%s %d %d", prefix, worker, number))
				time.Sleep(2 * time.Millisecond) // the servers are to be ended, not to be filled
			}
		}()
	}
	return result, nil
}

// create calls CreateNote(note: {text: ...}).
func (t *traffic) create(text string) {
	note := append([]byte{0x12, byte(len(text))}, text...)
	request := append([]byte{0x0a, byte(len(note))}, note...)
	deadline, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var answer []byte
	var server peer.Peer
	err := t.channel.Invoke(deadline, "/demo.v1.NoteService/CreateNote", &request, &answer, grpc.Peer(&server))
	t.mutex.Lock()
	defer t.mutex.Unlock()
	switch {
	case err != nil:
		t.lost = append(t.lost, err.Error())
	case !strings.Contains(string(answer), text):
		t.lost = append(t.lost, "an answer without the note "+text)
	default:
		t.created = append(t.created, text)
		t.calls[server.Addr.String()]++
	}
}

// count says how many calls the server at this address has answered.
func (t *traffic) count(address string) int {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.calls[address]
}

// awaitServed waits until the server has answered some more calls.
func (t *traffic) awaitServed(server *pod, more int) error {
	before := t.count(server.address())
	for range 600 {
		if t.count(server.address()) >= before+more {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("%s gets no calls: %v", server.address(), t.calls)
}

// end stops the calls.
func (t *traffic) end() {
	t.stop()
	t.workers.Wait()
	t.channel.Close()
}
