package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

// checkChart finds the chart to be what deploy/chart would write now, and what it renders to be what kustomize builds.
func checkChart(kubernetes, folder string) error {
	wanted, err := chartFiles(kubernetes)
	if err != nil {
		return err
	}
	for name, text := range wanted {
		if found, err := os.ReadFile(filepath.Join(folder, name)); err != nil || string(found) != text {
			return fmt.Errorf("%s/%s is not what deploy/chart writes: run it", folder, name)
		}
	}
	loaded, err := loader.Load(folder)
	if err != nil {
		return err
	}
	if found := len(loaded.Templates) + 2; found != len(wanted) {
		return fmt.Errorf("%s has %d files, but deploy/chart writes %d: run it", folder, found, len(wanted))
	}
	if err := sameObjects(loaded, chartutil.Values{}, kubernetes+"/base"); err != nil {
		return err
	}
	production, err := render(kubernetes + "/overlays/production")
	if err != nil {
		return err
	}
	repository, tag, _ := strings.Cut(production.container().Image, ":")
	on := tree{"enabled": true}
	secured := chartutil.Values{"image": tree{"repository": repository, "tag": tag}, "tls": tree{"secretName": "protogres-tls"},
		"monitor": on, "autoscaling": on}
	if err := sameObjects(loaded, secured, kubernetes+"/overlays/production"); err != nil {
		return err
	}
	return checkChoices(loaded)
}

// checkChoices renders what neither base nor production has.
func checkChoices(loaded *chart.Chart) error {
	chosen := chartutil.Values{"replicas": 4, "imagePullSecrets": []any{tree{"name": "registry"}},
		"environment": tree{"PROTOGRES_POOL_SIZE": 3.0, "PROTOGRES_INSECURE": true, "PROTOGRES_MAX_MEMORY": 1073741824.0},
		"ingress": tree{"enabled": true, "className": "nginx", "host": "api.example.com", "tlsSecretName": "api",
			"annotations": tree{"nginx.ingress.kubernetes.io/backend-protocol": "GRPC"}}}
	objects, rendered, err := renderChart(loaded, chosen)
	if err != nil {
		return err
	}
	if objects["Ingress protogres"] == nil {
		return fmt.Errorf("the chart renders no Ingress")
	}
	spec := rendered.deployment.Spec
	if *spec.Replicas != 4 || spec.Template.Spec.ImagePullSecrets[0].Name != "registry" {
		return fmt.Errorf("the chart does not do what its values say: %+v", spec)
	}
	for name, value := range map[string]string{"POOL_SIZE": "3", "INSECURE": "on", "MAX_MEMORY": "1073741824"} {
		if found := rendered.environment["PROTOGRES_"+name]; found != value {
			return fmt.Errorf("the chart makes PROTOGRES_%s %q, not %q", name, found, value)
		}
	}
	return nil
}

func renderChart(loaded *chart.Chart, values chartutil.Values) (map[string]tree, *manifests, error) {
	release := chartutil.ReleaseOptions{Name: "protogres", Namespace: "protogres", IsInstall: true}
	all, err := chartutil.ToRenderValues(loaded, values, release, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, nil, err
	}
	files, err := engine.Render(loaded, all)
	if err != nil {
		return nil, nil, err
	}
	var documents []string
	for name, text := range files {
		if strings.HasSuffix(name, ".yaml") && strings.Contains(text, "apiVersion:") {
			documents = append(documents, strings.TrimSpace(text)+"\n")
		}
	}
	rendered, err := decode("the chart", []byte(strings.Join(documents, "\n---\n")))
	if err != nil {
		return nil, nil, err
	}
	return objectsOf(rendered), rendered, nil
}

// objectsOf are the objects by kind and name, without what differs between the chart and kustomize by intent.
func objectsOf(rendered *manifests) map[string]tree {
	objects := map[string]tree{}
	for _, typed := range rendered.objects {
		text, err := json.Marshal(typed)
		check(err)
		object := tree{}
		check(json.Unmarshal(text, &object))
		metadata := object["metadata"].(tree)
		delete(metadata, "namespace")
		switch object["kind"] {
		case "ConfigMap":
			metadata["name"] = hashSuffix.ReplaceAllString(metadata["name"].(string), "")
		case "Deployment":
			containerOf(object)["envFrom"] = nil // it names the ConfigMap
			delete(at(object, "spec", "template", "metadata").(tree), "annotations")
		case "Namespace":
			continue
		}
		objects[fmt.Sprint(object["kind"], " ", metadata["name"])] = object
	}
	return objects
}

func sameObjects(loaded *chart.Chart, values chartutil.Values, folder string) error {
	found, _, err := renderChart(loaded, values)
	if err != nil {
		return err
	}
	built, err := render(folder)
	if err != nil {
		return err
	}
	wanted := objectsOf(built)
	for name, object := range wanted {
		if !reflect.DeepEqual(found[name], object) {
			return fmt.Errorf("%s: the chart renders another %s:\n%s\n%s", folder, name, marshal(found[name]), marshal(object))
		}
	}
	if len(found) != len(wanted) {
		return fmt.Errorf("%s has %d objects, and the chart renders %d", folder, len(wanted), len(found))
	}
	return nil
}
