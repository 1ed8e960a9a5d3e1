package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	core "k8s.io/api/core/v1"
)

const probeTimeout = 5 * time.Second

// pod is one server that runs as the kubelet would start it: from the image's root file system, read-only, as the
// Deployment's user, without capabilities, as process 1, with the Deployment's environment.
type pod struct {
	ip      string
	process *exec.Cmd
	spec    *core.Container
	tls     bool
	ended   chan struct{} // closed when the process is no more
	mutex   sync.Mutex
	log     []string
}

// command runs the image's entry point in its root. `arguments` follow it.
func command(root string, environment map[string]string, user string, arguments ...string) *exec.Cmd {
	_, group, _ := strings.Cut(user, ":")
	line := append([]string{"--no-new-privs", "chroot", "--userspec=" + user, "--groups=" + group, root, *entrypoint},
		arguments...)
	process := exec.Command("setpriv", line...)
	process.Env = []string{"PATH=" + os.Getenv("PATH")}
	for name, value := range environment {
		process.Env = append(process.Env, name+"="+value)
	}
	return process
}

// serverOptions are the variables that the server of the image knows.
func serverOptions() (map[string]bool, error) {
	help, err := command(*root, nil, *imageUser, "serve", "--help").Output()
	if err != nil {
		return nil, fmt.Errorf("%s serve --help: %w", *entrypoint, err)
	}
	return environmentNames(string(help)), nil
}

// startPod differs from what a kubelet does in three things: pods share a network, so that each listens on an address of
// its own in place of all; `overrides` shorten what takes minutes; and there is no seccomp filter.
func (m *manifests) startPod(ip string, overrides map[string]string) (*pod, error) {
	environment := map[string]string{}
	for name, value := range m.environment {
		environment[name] = value
	}
	for name, value := range overrides {
		environment[name] = value
	}
	for _, name := range []string{"PROTOGRES_LISTEN", "PROTOGRES_METRICS_LISTEN"} {
		environment[name] = ip + environment[name]
	}
	context := m.deployment.Spec.Template.Spec.SecurityContext
	result := &pod{ip: ip, spec: m.container(), tls: environment["PROTOGRES_TLS_CERT"] != "", ended: make(chan struct{})}
	result.process = command(m.root, environment, fmt.Sprintf("%d:%d", *context.RunAsUser, *context.RunAsGroup), m.container().Args...)
	result.process.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	result.process.Stdout, result.process.Stderr = writer, writer
	if err := result.process.Start(); err != nil {
		return nil, err
	}
	writer.Close()
	go func() {
		for lines := bufio.NewScanner(reader); lines.Scan(); {
			result.mutex.Lock()
			result.log = append(result.log, lines.Text())
			result.mutex.Unlock()
		}
	}()
	go func() {
		result.process.Wait()
		close(result.ended)
	}()
	return result, result.awaitReady()
}

func (p *pod) address() string {
	return net.JoinHostPort(p.ip, fmt.Sprint(p.spec.Ports[0].ContainerPort))
}

// awaitReady probes as the manifest says: the startup probe first, the readiness probe then.
func (p *pod) awaitReady() error {
	for _, probe := range []*core.Probe{p.spec.StartupProbe, p.spec.ReadinessProbe} {
		var err error
		for try := 0; try < 60; try++ {
			if err = p.probe(probe); err == nil {
				break
			}
			select {
			case <-p.ended:
				return fmt.Errorf("the server has ended:\n%s", p.tail())
			case <-time.After(time.Duration(probe.PeriodSeconds) * time.Second / 4):
			}
		}
		if err != nil {
			return fmt.Errorf("a probe fails: %w\n%s", err, p.tail())
		}
	}
	return p.probe(p.spec.LivenessProbe)
}

func (p *pod) probe(probe *core.Probe) error {
	timeout := time.Duration(max(probe.TimeoutSeconds, 1)) * time.Second
	switch {
	case probe.GRPC != nil:
		service := ""
		if probe.GRPC.Service != nil {
			service = *probe.GRPC.Service
		}
		return p.healthProbe(strconv.Itoa(int(probe.GRPC.Port)), service, timeout)
	case probe.HTTPGet != nil:
		_, err := p.get(probe.HTTPGet.Port.String(), probe.HTTPGet.Path, timeout)
		return err
	}
	return fmt.Errorf("there is a probe of another kind")
}

// get answers what the pod answers with 200 at the port of this name.
func (p *pod) get(name, path string, timeout time.Duration) (string, error) {
	for _, port := range p.spec.Ports {
		if port.Name != name {
			continue
		}
		client := http.Client{Timeout: timeout}
		response, err := client.Get("http://" + net.JoinHostPort(p.ip, fmt.Sprint(port.ContainerPort)) + path)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s answers %s: %s", path, response.Status, body)
		}
		return string(body), err
	}
	return "", fmt.Errorf("the server has no port %s", name)
}

func (p *pod) healthProbe(port, service string, timeout time.Duration) error {
	arguments := []string{"-addr=" + net.JoinHostPort(p.ip, port), "-service=" + service, "-connect-timeout=" + timeout.String(),
		"-rpc-timeout=" + timeout.String()}
	if p.tls {
		arguments = append(arguments, "-tls", "-tls-ca-cert="+*tlsFolder+"/tls.crt", "-tls-server-name=protogres")
	}
	output, err := exec.Command(filepath.Join(*tools, "grpc_health_probe"), arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("grpc_health_probe %s: %w: %s", strings.Join(arguments, " "), err, output)
	}
	return nil
}

func (p *pod) grpcurl(arguments ...string) (string, error) {
	line := []string{"-max-time=20", "-plaintext"}
	if p.tls {
		line = []string{"-max-time=20", "-cacert=" + *tlsFolder + "/tls.crt", "-authority=protogres"}
	}
	cut := len(arguments) - 1
	line = append(append(append(line, arguments[:cut]...), p.address()), arguments[cut])
	output, err := exec.Command(filepath.Join(*tools, "grpcurl"), line...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("grpcurl %s: %w: %s", strings.Join(line, " "), err, output)
	}
	return string(output), nil
}

// confined says what the kernel sees of the process, where it is not as the manifest says.
func (p *pod) confined(user int64) error {
	folder := fmt.Sprintf("/proc/%d/", p.process.Process.Pid)
	status, err := os.ReadFile(folder + "status")
	if err != nil {
		return err
	}
	for _, line := range []string{fmt.Sprintf("\nUid:\t%d\t%d\t%d\t%d\n", user, user, user, user), "\nCapEff:\t0000000000000000\n",
		"\nCapPrm:\t0000000000000000\n", "\nNoNewPrivs:\t1\n", fmt.Sprintf("\nNSpid:\t%d\t1\n", p.process.Process.Pid)} {
		if !strings.Contains(string(status), line) {
			return fmt.Errorf("the process has not %q:\n%s", line, status)
		}
	}
	for _, file := range []string{"/new", "/etc/passwd", "/tmp"} {
		if err := syscall.Mkdir(folder+"root"+file+"/x", 0o700); err == nil {
			return fmt.Errorf("%s can be written", file)
		}
	}
	if err := os.WriteFile(folder+"root/written", nil, 0o600); err == nil || !strings.Contains(err.Error(), "read-only") {
		return fmt.Errorf("the root file system can be written: %v", err)
	}
	return nil
}

// terminate ends the pod as a rolling update does: preStop, SIGTERM, and SIGKILL when the grace is over.
// `before` is called just before the signal.
func (p *pod) terminate(m *manifests, before func() error) error {
	grace := time.Duration(*m.deployment.Spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second
	killed := time.After(grace)
	time.Sleep(m.preStop())
	if err := before(); err != nil {
		return err
	}
	p.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-killed:
		p.process.Process.Kill()
		return fmt.Errorf("the server did not end within terminationGracePeriodSeconds (%s)\n%s", grace, p.tail())
	}
	if code := p.process.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the server ended with %d\n%s", code, p.tail())
	}
	return nil
}

func (p *pod) kill() {
	p.process.Process.Kill()
	<-p.ended
}

func (p *pod) tail() string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return strings.Join(p.log[max(0, len(p.log)-20):], "\n")
}
