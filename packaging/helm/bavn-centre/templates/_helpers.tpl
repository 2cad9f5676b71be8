{{- define "bavn.labels" -}}
app.kubernetes.io/name: bavn-centre
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
{{- define "bavn.selector" -}}
app.kubernetes.io/name: bavn-centre
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "bavn.name" -}}
{{- printf "%s-bavn-centre" .Release.Name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- define "bavn.image" -}}
{{- $image := .Values.image }}
{{- if $image.digest }}{{ $image.repository }}@{{ $image.digest }}{{ else }}{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}
{{- define "bavn.container" -}}
image: {{ include "bavn.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
env:
  - {name: BAVN_LOG, value: INFO}
  - name: PGPASSWORD
    valueFrom:
      secretKeyRef:
        name: {{ .Values.database.passwordSecret.name }}
        key: {{ .Values.database.passwordSecret.key }}
  - name: PGSSLROOTCERT
    value: /run/bavn/database/{{ .Values.database.caSecret.key }}
volumeMounts:
  - {name: state, mountPath: /var/lib/bavn}
  - {name: tmp, mountPath: /tmp}
  - {name: configuration, mountPath: /etc/bavn, readOnly: true}
  - {name: database-ca, mountPath: /run/bavn/database, readOnly: true}
  {{- if .Values.console.enabled }}
  - {name: console-tls, mountPath: /run/bavn/console, readOnly: true}
  {{- end }}
{{- end }}
