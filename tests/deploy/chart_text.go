package main

// The parts of the Helm chart that no manifest has.

func chartYAML(version string) string {
	return `apiVersion: v2
name: protogres
description: A PostgreSQL schema as a typed gRPC API
type: application
version: ` + version + `
appVersion: ` + version + `
kubeVersion: ">=1.30.0-0"
`
}

const valuesText = `# With these values the chart is deploy/kubernetes/base. docs/kubernetes.md explains the choices.

image:
  repository: REPOSITORY
  tag: "TAG"
imagePullSecrets: []

# Not set: one, or as many as the autoscaler says.
replicas:

# The Secret with the connection string.
database:
  secretName: protogres-database
  key: uri

# A Secret with tls.crt and tls.key, as cert-manager makes it. Without one environment.PROTOGRES_INSECURE must say that a
# network policy or a mesh protects the server, or it does not start.
tls:
  secretName: ""

environment:
  ENVIRONMENT

resources:
  RESOURCES

# The cluster has the Prometheus Operator, and prometheus-adapter for the autoscaler.
monitor:
  enabled: false
autoscaling:
  enabled: false

# For clients outside of the cluster. The controller must speak HTTP/2 to the pods: annotations say so. The NetworkPolicy
# lets in pods of this namespace alone: one of yours must let in the controller.
ingress:
  enabled: false
  className: ""
  annotations: {}
  host: ""
  tlsSecretName: ""
`

// YAML reads on as true, and Helm large numbers as 1e+09.
const configMap = `apiVersion: v1
kind: ConfigMap
metadata:
  name: protogres
data:
  {{- range $name, $value := .Values.environment }}
  {{- if kindIs "bool" $value }}
  {{ $name }}: {{ ternary "on" "off" $value | quote }}
  {{- else if and (kindIs "float64" $value) (eq (floor $value) $value) }}
  {{ $name }}: {{ int64 $value | quote }}
  {{- else }}
  {{ $name }}: {{ $value | quote }}
  {{- end }}
  {{- end }}
  {{- if .Values.tls.secretName }}
  PROTOGRES_TLS_CERT: /etc/protogres/tls/tls.crt
  PROTOGRES_TLS_KEY: /etc/protogres/tls/tls.key
  {{- end }}
`

const ingress = `{{- if .Values.ingress.enabled }}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: protogres
  labels:
    app.kubernetes.io/name: protogres
  {{- with .Values.ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .Values.ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- with .Values.ingress.tlsSecretName }}
  tls:
    - hosts: [{{ required "ingress.host is not set" $.Values.ingress.host }}]
      secretName: {{ . }}
  {{- end }}
  rules:
    - host: {{ required "ingress.host is not set" .Values.ingress.host }}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: protogres
                port:
                  name: grpc
{{- end }}
`

const notes = `{{- if not (or .Values.tls.secretName .Values.environment.PROTOGRES_INSECURE) }}
The server will not start: set tls.secretName, or environment.PROTOGRES_INSECURE=on where a network policy or a mesh protects it.
{{- end }}
Clients in this namespace, in pods with the label protogres-client: "true", connect to
  dns:///protogres-pods.{{ .Release.Namespace }}.svc.cluster.local:50051
`
