package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Long enough for the calls of a rolling update, short enough to wait for.
var youngConnections = map[string]string{"PROTOGRES_MAX_CONNECTION_AGE": "2s"}

// runOverlay starts two pods, replaces both while calls go on, and adds a third one.
func runOverlay(name string, m *manifests, config string) (string, error) {
	if err := m.mountRoot(filepath.Join(*work, name)); err != nil {
		return "", err
	}
	var pods []*pod
	start := func(overrides map[string]string) (*pod, error) {
		// The network of deploy/check gives this range to its loopback device.
		server, err := m.startPod(fmt.Sprintf("10.77.0.%d", 10+len(pods)), overrides)
		if server != nil {
			pods = append(pods, server)
		}
		return server, err
	}
	defer func() {
		for _, server := range pods {
			server.kill()
		}
	}()
	var old [2]*pod
	for i := range old {
		server, err := start(nil)
		if err != nil {
			return "", err
		}
		if err := server.confined(*m.deployment.Spec.Template.Spec.SecurityContext.RunAsUser); err != nil {
			return "", err
		}
		if err := server.answersGrpcurl(); err != nil {
			return "", err
		}
		exposed, err := server.get("metrics", "/metrics", probeTimeout)
		if err != nil {
			return "", err
		}
		if err := m.checkMetrics(exposed); err != nil {
			return "", err
		}
		old[i] = server
	}

	servers := &names{}
	servers.set(old[:]...)
	calls, err := startTraffic(servers, config, old[0].tls, name)
	if err != nil {
		return "", err
	}
	defer calls.end()
	for _, server := range old {
		if err := calls.awaitServed(server, 50); err != nil {
			return "", err
		}
	}
	var young [2]*pod
	for i := range old {
		// As the Deployment says: the new one is ready before the old one goes.
		if young[i], err = start(youngConnections); err != nil {
			return "", err
		}
		servers.set(append(slices.Clone(old[i+1:]), young[:i+1]...)...)
		before := calls.count(old[i].address())
		if err := old[i].terminate(m, func() error {
			if calls.count(old[i].address()) == before {
				return fmt.Errorf("no call reached %s before SIGTERM, so that nothing is proven", old[i].address())
			}
			return nil
		}); err != nil {
			return "", err
		}
		if err := calls.awaitServed(young[i], 50); err != nil {
			return "", err
		}
	}

	// Nothing ends now but connections that are old.
	added, err := start(youngConnections)
	if err != nil {
		return "", err
	}
	servers.set(append(young[:], added)...)
	if err := calls.awaitServed(added, 50); err != nil {
		return "", fmt.Errorf("--max_connection_age: %w", err)
	}
	calls.end()
	return calls.audit(name)
}

// audit compares what clients were answered with what is stored.
func (t *traffic) audit(prefix string) (string, error) {
	if len(t.lost) > 0 {
		return "", fmt.Errorf("%d of %d calls were lost: %v", len(t.lost), len(t.lost)+len(t.created), t.lost[:min(5, len(t.lost))])
	}
	output, err := exec.Command("psql", "-X", "-A", "-t", "-d", "postgresql://postgres@postgres/demo", "-c",
		"SELECT text FROM note WHERE text LIKE '"+prefix+" %'").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("psql: %w: %s", err, output)
	}
	stored := strings.Split(strings.TrimSpace(string(output)), "\n")
	slices.Sort(stored)
	slices.Sort(t.created)
	if !slices.Equal(stored, t.created) {
		return "", fmt.Errorf("%d Creates were answered, and %d notes are stored", len(t.created), len(stored))
	}
	return fmt.Sprintf("%d Creates over two servers that were replaced and a third that was added, none lost and none done "+
		"twice", len(t.created)), nil
}

// answersGrpcurl says whether the pod serves what is in the database.
func (p *pod) answersGrpcurl() error {
	services, err := p.grpcurl("list")
	if err != nil {
		return err
	}
	if !strings.Contains(services, "demo.v1.NoteService\n") {
		return fmt.Errorf("grpcurl lists %s", services)
	}
	if _, err = p.grpcurl("-d", `{"service": "liveness"}`, "grpc.health.v1.Health/Check"); err != nil {
		return err
	}
	return p.healthProbe(fmt.Sprint(p.spec.Ports[0].ContainerPort), "", probeTimeout)
}

// mountRoot makes the root file system of the pods: that of the image, read-only, with what a container runtime and the
// kubelet mount into it. All of it is in the mount namespace of deploy/check and ends with it.
func (m *manifests) mountRoot(folder string) error {
	volumes := map[string]string{"/etc/hosts": "/etc/hosts", "/dev": "/dev", "/proc": "/proc"}
	for _, mount := range m.container().VolumeMounts {
		source, err := m.volume(mount.Name, folder+"-"+mount.Name)
		if err != nil {
			return err
		}
		volumes[mount.MountPath] = source
	}
	for target, source := range volumes {
		if err := makeTarget(source, *root+target); err != nil {
			return err
		}
	}
	if err := bind(*root, folder, true); err != nil {
		return err
	}
	for target, source := range volumes {
		if err := bind(source, folder+target, target != "/dev" && target != "/proc"); err != nil {
			return err
		}
	}
	m.root = folder
	return nil
}

// volume writes the files of a Secret as the kubelet does: for the group of the pod.
func (m *manifests) volume(name, folder string) (string, error) {
	for _, volume := range m.deployment.Spec.Template.Spec.Volumes {
		if volume.Name != name || volume.Secret == nil {
			continue
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return "", err
		}
		for key, value := range m.secret(volume.Secret.SecretName) {
			path := filepath.Join(folder, key)
			if err := os.WriteFile(path, []byte(value), os.FileMode(*volume.Secret.DefaultMode)); err != nil {
				return "", err
			}
			if err := os.Chown(path, 0, int(*m.deployment.Spec.Template.Spec.SecurityContext.FSGroup)); err != nil {
				return "", err
			}
		}
		return folder, nil
	}
	return "", fmt.Errorf("there is no volume %s of a Secret", name)
}

// makeTarget makes what something can be mounted on: a folder, or a file.
func makeTarget(source, target string) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.MkdirAll(target, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return os.WriteFile(target, nil, 0o644)
}

func bind(source, target string, readOnly bool) error {
	if err := makeTarget(source, target); err != nil && !strings.Contains(err.Error(), "read-only") {
		return err
	}
	if err := syscall.Mount(source, target, "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
		return fmt.Errorf("mount %s on %s: %w", source, target, err)
	}
	if !readOnly {
		return nil
	}
	return syscall.Mount("", target, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
}
