# Runs before the commands of each page: what a reader has done, or does in another window.

# Prints the line that follows, so that a failure can name it, and outputs can be distinguished.
at() { echo "@@ $1"; }

# Repeats a command until it succeeds, for a minute.
eventually() {
    local end=$((SECONDS + 60))
    until "$@" &>/dev/null; do
        if ((SECONDS > end)); then
            kubectl get connectusers --all-namespaces
            "$@"
        fi
        sleep 0.2
    done
}

# Directs the installed operator to the simulated Connect, and waits until its pods are ready.
simulated_connect() {
    kubectl --namespace connect-operator-system set env deployment/connect-operator "${operator_environment[@]}"
    if ! kubectl --namespace connect-operator-system rollout status deployment/connect-operator --timeout=60s; then
        kubectl --namespace connect-operator-system get pods
        kubectl --namespace connect-operator-system get events | tail -5
        return 1
    fi
}

# Removes what other pages have left.
reset() {
    local namespaces=(connect-operator-system contact-center contact-center-north sales old argocd)
    without_operator
    kubectl delete namespace "${namespaces[@]}" --ignore-not-found --wait=false
    kubectl get connectusers --all-namespaces --no-headers --output=custom-columns=:.metadata.namespace,:.metadata.name |
        while read -r namespace name; do
            kubectl patch connectuser "$name" --namespace "$namespace" --type=merge --patch='{"metadata":{"finalizers":null}}'
        done || true
    kubectl delete namespace "${namespaces[@]}" --ignore-not-found
}

# Installs the operator by the chart if it is not there.
operator() {
    if ! helm status connect-operator --namespace connect-operator-system &>/dev/null; then
        helm install connect-operator deploy/helm/connect-operator --namespace connect-operator-system --create-namespace
        simulated_connect
    fi
}

# Removes the operator. Its ConnectUsers stay.
without_operator() {
    if helm status connect-operator --namespace connect-operator-system &>/dev/null; then
        helm uninstall connect-operator --namespace connect-operator-system --wait
    fi
}

# Creates namespaces.
namespaces() {
    local name
    for name in "$@"; do
        kubectl create namespace "$name" --dry-run=client --output=yaml | kubectl apply --server-side --filename=-
    done
}

# Applies a ConnectUser: `user NAMESPACE NAME USERNAME`.
user() {
    namespaces "$1"
    kubectl apply --namespace "$1" --filename=deploy/rbac-generate-password.yaml
    kubectl apply --server-side --filename=- <<END
{
  "apiVersion": "connect-operator.dev/v1alpha1", "kind": "ConnectUser", "metadata": { "namespace": "$1", "name": "$2" },
  "spec": {
    "instanceArn": "$instance", "username": "$3", "generatePassword": true,
    "identityInfo": { "firstName": "${2^}", "lastName": "Roe" },
    "phoneConfig": { "phoneType": "SOFT_PHONE" },
    "routingProfileName": "Basic Routing Profile", "securityProfileNames": ["Agent"]
  }
}
END
    eventually kubectl wait "connectuser/$2" --namespace "$1" --for=condition=Ready --timeout=1s
}
