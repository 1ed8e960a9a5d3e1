package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// manifests is what an overlay says, with Kubernetes' own types.
type manifests struct {
	objects     []any
	deployment  *apps.Deployment // of the server
	pods        []core.PodTemplateSpec
	services    []*core.Service
	budgets     []*policy.PodDisruptionBudget
	networks    []*networking.NetworkPolicy
	autoscaler  *autoscaling.HorizontalPodAutoscaler // nil: there is none
	monitor     *monitoring.ServiceMonitor           // nil: there is none
	configMaps  map[string]*core.ConfigMap
	secrets     map[string]*core.Secret
	root        string            // of its pods
	environment map[string]string // of the server
}

// newObject knows the kinds that the manifests may have.
func newObject(kind string) any {
	switch kind {
	case "apps/v1 Deployment":
		return &apps.Deployment{}
	case "apps/v1 StatefulSet":
		return &apps.StatefulSet{}
	case "autoscaling/v2 HorizontalPodAutoscaler":
		return &autoscaling.HorizontalPodAutoscaler{}
	case "monitoring.coreos.com/v1 ServiceMonitor":
		return &monitoring.ServiceMonitor{}
	case "networking.k8s.io/v1 Ingress":
		return &networking.Ingress{}
	case "networking.k8s.io/v1 NetworkPolicy":
		return &networking.NetworkPolicy{}
	case "policy/v1 PodDisruptionBudget":
		return &policy.PodDisruptionBudget{}
	case "v1 ConfigMap":
		return &core.ConfigMap{}
	case "v1 Namespace":
		return &core.Namespace{}
	case "v1 Secret":
		return &core.Secret{}
	case "v1 Service":
		return &core.Service{}
	case "v1 ServiceAccount":
		return &core.ServiceAccount{}
	}
	return nil
}

// render builds the overlay, and reads what it makes.
func render(folder string) (*manifests, error) {
	text, err := build(folder)
	if err != nil {
		return nil, err
	}
	return decode(folder, text)
}

// build makes the overlay's YAML as `kubectl apply --kustomize` does.
func build(folder string) ([]byte, error) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, err
	}
	return resources.AsYaml()
}

// head is what each object begins with.
type head struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name string `json:"name"`
	} `json:"metadata"`
}

// decode reads YAML that came from `source`. A field that a type does not have is an error.
func decode(source string, text []byte) (*manifests, error) {
	result := &manifests{configMaps: map[string]*core.ConfigMap{}, secrets: map[string]*core.Secret{}}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		var head head
		if err := yaml.Unmarshal(document, &head); err != nil {
			return nil, err
		}
		object := newObject(head.APIVersion + " " + head.Kind)
		if object == nil {
			return nil, fmt.Errorf("%s: %s %s is of no kind that this check knows", source, head.APIVersion, head.Kind)
		}
		if err := yaml.UnmarshalStrict(document, object); err != nil {
			return nil, fmt.Errorf("%s: %s %s: %w", source, head.Kind, head.Metadata.Name, err)
		}
		result.add(object)
	}
	if result.deployment == nil {
		return nil, fmt.Errorf("%s: there is no Deployment", source)
	}
	return result, result.resolveEnvironment()
}

func (m *manifests) add(object any) {
	m.objects = append(m.objects, object)
	switch object := object.(type) {
	case *apps.Deployment:
		m.deployment = object
		m.pods = append(m.pods, object.Spec.Template)
	case *apps.StatefulSet:
		m.pods = append(m.pods, object.Spec.Template)
	case *core.Service:
		m.services = append(m.services, object)
	case *core.ConfigMap:
		m.configMaps[object.Name] = object
	case *core.Secret:
		m.secrets[object.Name] = object
	case *autoscaling.HorizontalPodAutoscaler:
		m.autoscaler = object
	case *monitoring.ServiceMonitor:
		m.monitor = object
	case *policy.PodDisruptionBudget:
		m.budgets = append(m.budgets, object)
	case *networking.NetworkPolicy:
		m.networks = append(m.networks, object)
	}
}

func (m *manifests) container() *core.Container {
	return &m.deployment.Spec.Template.Spec.Containers[0]
}

// outside are the Secrets that are made by hand, or by an operator, before production is applied.
var outside = map[string]map[string]string{"protogres-database": {"uri": productionDatabase}}

// secret has the values of a Secret. Nil: there is none of this name.
func (m *manifests) secret(name string) map[string]string {
	if secret, ok := m.secrets[name]; ok {
		values := map[string]string{}
		for key, value := range secret.Data {
			values[key] = string(value)
		}
		return values
	}
	if len(m.secrets) > 0 {
		return nil
	}
	return outside[name]
}

// resolveEnvironment finds the variables that the kubelet would give the server.
func (m *manifests) resolveEnvironment() error {
	m.environment = map[string]string{}
	for _, from := range m.container().EnvFrom {
		if from.ConfigMapRef == nil || m.configMaps[from.ConfigMapRef.Name] == nil {
			return fmt.Errorf("envFrom names no ConfigMap that there is: %v", from)
		}
		for name, value := range m.configMaps[from.ConfigMapRef.Name].Data {
			m.environment[name] = value
		}
	}
	for _, variable := range m.container().Env {
		value := variable.Value
		if variable.ValueFrom != nil {
			reference := variable.ValueFrom.SecretKeyRef
			if reference == nil {
				return fmt.Errorf("%s is from something else than a Secret", variable.Name)
			}
			var ok bool
			if value, ok = m.secret(reference.Name)[reference.Key]; !ok {
				return fmt.Errorf("%s: no Secret %s has the key %s", variable.Name, reference.Name, reference.Key)
			}
		}
		m.environment[variable.Name] = value
	}
	return nil
}

var optionLine = regexp.MustCompile(`(?m)^  --(\w+)`)

// environmentNames are the variables for the options of a --help.
func environmentNames(help string) map[string]bool {
	names := map[string]bool{}
	for _, match := range optionLine.FindAllStringSubmatch(help, -1) {
		names["PROTOGRES_"+strings.ToUpper(match[1])] = true
	}
	return names
}
