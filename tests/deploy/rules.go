package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"
)

// What the process takes to end after --drain_timeout, and some.
const afterDrain = 3 * time.Second

// problems are what Kubernetes would take, and what would not work then.
func (m *manifests) problems(options map[string]bool, imageUser string) []string {
	var found []string
	say := func(wrong bool, format string, arguments ...any) {
		if wrong {
			found = append(found, fmt.Sprintf(format, arguments...))
		}
	}
	for name := range m.environment {
		say(!options[name], "%s: the server has no such option", name)
	}
	m.checkTimes(say)
	m.checkMemory(say)
	m.checkRights(say, imageUser)
	m.checkSelectors(say)
	m.checkVolumes(say)
	m.checkMonitor(say)
	m.checkAutoscaler(say)
	return found
}

type sayer func(wrong bool, format string, arguments ...any)

func (m *manifests) checkTimes(say sayer) {
	drain, err := time.ParseDuration(m.environment["PROTOGRES_DRAIN_TIMEOUT"])
	say(err != nil, "PROTOGRES_DRAIN_TIMEOUT: %v", err)
	before := m.preStop()
	say(before < time.Second, "there is no preStop that sleeps")
	grace := time.Duration(*m.deployment.Spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second
	say(grace < before+drain+afterDrain, "terminationGracePeriodSeconds is %s: it must be at least preStop (%s), "+
		"PROTOGRES_DRAIN_TIMEOUT (%s) and %s", grace, before, drain, afterDrain)
	say(m.environment["PROTOGRES_MAX_CONNECTION_AGE"] == "", "PROTOGRES_MAX_CONNECTION_AGE is not set")
}

func (m *manifests) preStop() time.Duration {
	lifecycle := m.container().Lifecycle
	if lifecycle == nil || lifecycle.PreStop == nil || lifecycle.PreStop.Sleep == nil {
		return 0
	}
	return time.Duration(lifecycle.PreStop.Sleep.Seconds) * time.Second
}

func (m *manifests) checkMemory(say sayer) {
	var most int64
	_, err := fmt.Sscanf(m.environment["PROTOGRES_MAX_MEMORY"], "%dMiB", &most)
	say(err != nil, "PROTOGRES_MAX_MEMORY must be a number of MiB")
	limit := m.container().Resources.Limits.Memory().Value() >> 20
	say(limit < most*3/2+128, "the limit of memory is %d MiB: it must be at least one and a half times "+
		"PROTOGRES_MAX_MEMORY (%d MiB) and 128 MiB", limit, most)
}

func (m *manifests) checkRights(say sayer, imageUser string) {
	pod := m.deployment.Spec.Template.Spec
	user := fmt.Sprintf("%d:%d", *pod.SecurityContext.RunAsUser, *pod.SecurityContext.RunAsGroup)
	say(user != imageUser, "runAsUser:runAsGroup is %s, and the image's user %s", user, imageUser)
	for _, template := range m.pods {
		pod := template.Spec
		say(pod.SecurityContext.SeccompProfile == nil || !*pod.SecurityContext.RunAsNonRoot,
			"a pod is not restricted: runAsNonRoot, seccompProfile")
		say(*pod.AutomountServiceAccountToken, "a pod gets a token of a service account")
		for _, container := range pod.Containers {
			context := container.SecurityContext
			say(*context.AllowPrivilegeEscalation || len(context.Capabilities.Drop) == 0 ||
				context.Capabilities.Drop[0] != "ALL", "%s: it keeps capabilities", container.Name)
		}
	}
	say(!*m.container().SecurityContext.ReadOnlyRootFilesystem, "the root file system can be written")
	say(*pod.EnableServiceLinks, "variables of services would be taken for options")
}

// checkSelectors: what is said of the server's pods is said of them, and of no others.
func (m *manifests) checkSelectors(say sayer) {
	ours := m.deployment.Spec.Template.Labels
	chosen := func(selector map[string]string) int {
		count := 0
		for _, pod := range m.pods {
			if matches(selector, pod.Labels) {
				count++
			}
		}
		return count
	}
	// A pod that may connect: it has this label alone.
	client := map[string]string{"protogres-client": "true"}
	exactly := func(what string, selector *meta.LabelSelector) {
		say(selector == nil || len(selector.MatchExpressions) > 0 || !matches(selector.MatchLabels, ours) || chosen(selector.MatchLabels) != 1,
			"%s: its selector is not for the server's pods alone", what)
	}
	exactly("Deployment", m.deployment.Spec.Selector)
	for _, spread := range m.deployment.Spec.Template.Spec.TopologySpreadConstraints {
		exactly("topologySpreadConstraints", spread.LabelSelector)
	}
	say(len(m.budgets) != 1 || len(m.networks) != 1, "there must be one PodDisruptionBudget and one NetworkPolicy")
	for _, budget := range m.budgets {
		exactly("PodDisruptionBudget", budget.Spec.Selector)
	}
	for _, network := range m.networks {
		exactly("NetworkPolicy", &network.Spec.PodSelector)
		for _, rule := range network.Spec.Ingress {
			say(rule.Ports[0].Port.String() == "grpc" && (len(rule.From) != 1 || rule.From[0].PodSelector == nil || !matches(rule.From[0].PodSelector.MatchLabels, client)),
				"NetworkPolicy: a pod with the label protogres-client may not connect")
			for _, port := range rule.Ports {
				say(!m.hasPort(*port.Port), "NetworkPolicy: the server has no port %s", port.Port)
			}
		}
	}
	headless := false
	for _, service := range m.services {
		say(chosen(service.Spec.Selector) != 1, "Service %s: it must choose one kind of pod", service.Name)
		if !matches(service.Spec.Selector, ours) {
			continue
		}
		headless = headless || service.Spec.ClusterIP == core.ClusterIPNone
		for _, port := range service.Spec.Ports {
			say(!m.hasPort(port.TargetPort), "Service %s: the server has no port %s", service.Name, port.TargetPort.String())
		}
	}
	say(!headless, "there is no headless Service")
}

func matches(selector, labels map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return len(selector) > 0
}

func (m *manifests) hasPort(port intstr.IntOrString) bool {
	for _, each := range m.container().Ports {
		if each.Name == port.String() || fmt.Sprint(each.ContainerPort) == port.String() {
			return true
		}
	}
	return false
}

// checkVolumes: what the server is to read is there, and it can read it.
func (m *manifests) checkVolumes(say sayer) {
	mounted := map[string]string{}
	for _, mount := range m.container().VolumeMounts {
		mounted[mount.Name] = mount.MountPath
		say(mount.SubPath != "", "%s: files mounted by subPath are not renewed", mount.Name)
	}
	for _, volume := range m.deployment.Spec.Template.Spec.Volumes {
		if volume.Secret == nil {
			continue
		}
		path := mounted[volume.Name]
		say(*volume.Secret.DefaultMode != 0o440, "%s: defaultMode is %o, and must be 440", volume.Name, *volume.Secret.DefaultMode)
		for _, name := range []string{"PROTOGRES_TLS_CERT", "PROTOGRES_TLS_KEY"} {
			file, ok := strings.CutPrefix(m.environment[name], path+"/")
			_, has := m.secret(volume.Secret.SecretName)[file]
			say(!ok || !has, "%s=%s is no key of the Secret %s", name, m.environment[name], volume.Secret.SecretName)
		}
	}
}

// checkMonitor: each pod is scraped once.
func (m *manifests) checkMonitor(say sayer) {
	if m.monitor == nil {
		return
	}
	count := 0
	for _, service := range m.services {
		for _, port := range service.Spec.Ports {
			if matches(m.monitor.Spec.Selector.MatchLabels, service.Labels) && port.Name == m.monitor.Spec.Endpoints[0].Port {
				count++
			}
		}
	}
	say(count != 1, "ServiceMonitor: %d ports of Services are its endpoint, and one must be", count)
}

// What max_connections is by default, without those of superusers.
const mostConnections = 97

func (m *manifests) checkAutoscaler(say sayer) {
	if m.autoscaler == nil {
		return
	}
	target := m.autoscaler.Spec.ScaleTargetRef
	say(target.Kind != "Deployment" || target.Name != m.deployment.Name, "HorizontalPodAutoscaler: it is for %s", target.Name)
	say(m.deployment.Spec.Replicas != nil, "replicas would undo what the HorizontalPodAutoscaler does at each apply")
	size, _ := strconv.Atoi(m.environment["PROTOGRES_POOL_SIZE"])
	overflow, _ := strconv.Atoi(m.environment["PROTOGRES_MAX_OVERFLOW"])
	most := (int(m.autoscaler.Spec.MaxReplicas) + m.deployment.Spec.Strategy.RollingUpdate.MaxSurge.IntValue()) * (size + overflow + 1)
	say(most > mostConnections, "maxReplicas, and one more, can take %d connections of %d", most, mostConnections)
}

// checkMetrics: a live server has each metric that the HorizontalPodAutoscaler names.
func (m *manifests) checkMetrics(exposed string) error {
	if m.autoscaler == nil {
		return nil
	}
	for _, metric := range m.autoscaler.Spec.Metrics {
		if metric.Pods == nil {
			return fmt.Errorf("HorizontalPodAutoscaler: a metric is not of pods")
		}
		series := regexp.QuoteMeta(metric.Pods.Metric.Name) + `(\{[^}]*\})? `
		if selector := metric.Pods.Metric.Selector; selector != nil {
			for label, value := range selector.MatchLabels {
				series = regexp.QuoteMeta(metric.Pods.Metric.Name) + `\{[^}]*` + regexp.QuoteMeta(label+`="`+value+`"`)
			}
		}
		if !regexp.MustCompile(`(?m)^` + series).MatchString(exposed) {
			return fmt.Errorf("the server has no metric like %s:\n%s", series, exposed)
		}
	}
	return nil
}

// checkCompose reads what of compose.yaml must fit the server.
func checkCompose(path string, options map[string]bool) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var file struct {
		Services map[string]struct {
			Environment     map[string]string `json:"environment"`
			StopGracePeriod string            `json:"stop_grace_period"`
			ReadOnly        bool              `json:"read_only"`
		} `json:"services"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	server := file.Services["protogres"]
	for name := range server.Environment {
		if !options[name] {
			return fmt.Errorf("%s: %s: the server has no such option", path, name)
		}
	}
	// The default of --drain_timeout.
	grace, err := time.ParseDuration(server.StopGracePeriod)
	if err != nil || grace < 30*time.Second+afterDrain || !server.ReadOnly || len(server.Environment) == 0 {
		return fmt.Errorf("%s: stop_grace_period must be at least 33s, read_only true, and environment a map", path)
	}
	return nil
}
