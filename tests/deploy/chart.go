package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

// The Helm chart says what base and overlay production say: its templates are their objects, with Helm's expressions in
// the place of what a release may choose. What differs where there is TLS comes from production.

type tree = map[string]any

const (
	withTLS    = "{{- if .Values.tls.secretName }}"
	withoutTLS = "{{- if not .Values.tls.secretName }}"
)

const chartHead = "# Made by deploy/chart from deploy/kubernetes: do not edit it, but those.\n"

// chartFiles makes the chart, by the files' names in its folder.
func chartFiles(kubernetes string) (map[string]string, error) {
	base, err := trees(kubernetes + "/base")
	if err != nil {
		return nil, err
	}
	production, err := trees(kubernetes + "/overlays/production")
	if err != nil {
		return nil, err
	}
	environment, err := os.ReadFile(kubernetes + "/base/protogres.env")
	if err != nil {
		return nil, err
	}
	files := map[string]string{
		"Chart.yaml":             chartHead + chartYAML(imageOf(production["Deployment protogres"])["tag"]),
		"templates/NOTES.txt":    notes,
		"templates/ingress.yaml": chartHead + ingress,
	}
	files["values.yaml"] = chartHead + values(string(environment), base["Deployment protogres"])
	for name, object := range base {
		text := template(object, production[name])
		files["templates/"+fileName(name)] = chartHead + text
	}
	for name, value := range map[string]string{"HorizontalPodAutoscaler protogres": "autoscaling", "ServiceMonitor protogres": "monitor"} {
		files["templates/"+fileName(name)] = chartHead + "{{- if .Values." + value + ".enabled }}\n" + marshal(production[name]) + "{{- end }}\n"
	}
	return files, nil
}

var hashSuffix = regexp.MustCompile(`-[a-z0-9]{10}$`)

// trees are the objects that kustomize makes, by kind and name. The ConfigMap's name has no hash here.
func trees(folder string) (map[string]tree, error) {
	text, err := build(folder)
	if err != nil {
		return nil, err
	}
	objects := map[string]tree{}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		object := tree{}
		if err := yaml.Unmarshal(document, &object); err != nil {
			return nil, err
		}
		metadata := object["metadata"].(tree)
		delete(metadata, "namespace") // it is the release's
		if object["kind"] == "ConfigMap" {
			metadata["name"] = hashSuffix.ReplaceAllString(metadata["name"].(string), "")
		}
		objects[fmt.Sprint(object["kind"], " ", metadata["name"])] = object
	}
	return objects, nil
}

func fileName(object string) string {
	words := regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(strings.TrimSuffix(object, " protogres"), "${1}_$2")
	return strings.ReplaceAll(strings.ToLower(words), " ", "_") + ".yaml"
}

// template is an object of base as one of the chart; `secured` is the same one in production.
func template(object, secured tree) string {
	switch object["kind"] {
	case "ConfigMap":
		return configMap
	case "Deployment":
		return deployment(object, secured)
	case "Service":
		for i, port := range at(object, "spec", "ports").([]any) {
			if _, ok := at(secured, "spec", "ports").([]any)[i].(tree)["appProtocol"]; !ok && port.(tree)["appProtocol"] != nil {
				line := fmt.Sprintf("appProtocol: %s\n", port.(tree)["appProtocol"])
				return replaced(marshal(object), "  - "+line+"    name: grpc\n",
					"  - name: grpc\n    "+withoutTLS+"\n    "+line+"    {{- end }}\n")
			}
		}
	}
	return marshal(object)
}

func deployment(object, secured tree) string {
	spec, container := at(object, "spec", "template", "spec").(tree), containerOf(object)
	securedSpec, securedContainer := at(secured, "spec", "template", "spec").(tree), containerOf(secured)
	places := map[string]string{}
	// A node that is put in place of another one, and the text that takes the place of its lines.
	put := func(in tree, name, text string) {
		in[name] = "PLACE-" + name
		places[name] = text
	}
	put(at(object, "spec").(tree), "replicas", "{{- with .Values.replicas }}\nreplicas: {{ . }}\n{{- end }}")
	put(at(object, "spec", "template", "metadata").(tree), "annotations",
		"annotations:\n  # A change of the options is a rolling update.\n  checksum/options: {{ include (print $.Template.BasePath \"/config_map.yaml\") . | sha256sum }}")
	put(container, "image", "image: {{ .Values.image.repository }}{{ with .Values.image.tag }}:{{ . }}{{ end }}")
	put(container, "resources", "resources:\n  {{- toYaml .Values.resources | nindent 10 }}")
	put(spec, "imagePullSecrets", "{{- with .Values.imagePullSecrets }}\nimagePullSecrets:\n  {{- toYaml . | nindent 8 }}\n{{- end }}")
	for _, probe := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
		put(container, probe, withTLS+"\n"+marshal(tree{probe: securedContainer[probe]})+"{{- else }}\n"+
			marshal(tree{probe: container[probe]})+"{{- end }}")
	}
	put(container, "volumeMounts", withTLS+"\n"+marshal(tree{"volumeMounts": securedContainer["volumeMounts"]})+"{{- end }}")
	put(spec, "volumes", withTLS+"\n"+replaced(marshal(tree{"volumes": securedSpec["volumes"]}),
		"secretName: protogres-tls", "secretName: {{ .Values.tls.secretName }}")+"{{- end }}")
	container["envFrom"] = []any{tree{"configMapRef": tree{"name": "protogres"}}}
	reference := at(container["env"].([]any)[0].(tree), "valueFrom", "secretKeyRef").(tree)
	text := replaced(marshal(object), fmt.Sprintf("key: %s\n", reference["key"]), "key: {{ .Values.database.key }}\n",
		fmt.Sprintf("name: %s\n", reference["name"]), "name: {{ .Values.database.secretName }}\n")
	return regexp.MustCompile(`(?m)^([ -]*)\w+: PLACE-(\w+)\n`).ReplaceAllStringFunc(text, func(line string) string {
		match := regexp.MustCompile(`^([ -]*)\w+: PLACE-(\w+)\n`).FindStringSubmatch(line)
		indent := strings.ReplaceAll(match[1], "-", " ")
		return match[1] + strings.ReplaceAll(strings.TrimRight(places[match[2]], "\n"), "\n", "\n"+indent) + "\n"
	})
}

func values(environment string, deployment tree) string {
	options := regexp.MustCompile(`(?m)^(PROTOGRES_\w+)=(.*)$`).ReplaceAllString(strings.TrimRight(environment, "\n"), `$1: "$2"`)
	image := imageOf(deployment)
	return replaced(valuesText, "REPOSITORY", image["repository"], "TAG", image["tag"],
		"  ENVIRONMENT", indented(options, "  "),
		"  RESOURCES", indented(strings.TrimRight(marshal(containerOf(deployment)["resources"]), "\n"), "  "))
}

func imageOf(deployment tree) map[string]string {
	repository, tag, _ := strings.Cut(containerOf(deployment)["image"].(string), ":")
	return map[string]string{"repository": repository, "tag": tag}
}

func containerOf(deployment tree) tree {
	return at(deployment, "spec", "template", "spec", "containers").([]any)[0].(tree)
}

func at(object tree, path ...string) any {
	var node any = object
	for _, name := range path {
		node = node.(tree)[name]
	}
	return node
}

func marshal(object any) string {
	text, err := yaml.Marshal(object)
	check(err)
	return string(text)
}

func indented(text, indent string) string {
	return regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(text, indent+"$1")
}

// replaced has each text of the pairs replaced, which must be there once.
func replaced(text string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		if count := strings.Count(text, pairs[i]); count != 1 {
			check(fmt.Errorf("the chart cannot be made: %q is there %d times in\n%s", pairs[i], count, text))
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

func writeTheChart(kubernetes, folder string) error {
	files, err := chartFiles(kubernetes)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
