// Package kubernetes holds the manifests, and the tests that read them strictly
// into Kubernetes' own types, look at what has to fit together, and run the real
// program on the configuration that they bring. It is a module of its own: the
// program needs nothing of Kubernetes.
package kubernetes
