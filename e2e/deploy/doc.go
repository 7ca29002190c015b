// Package deploy tests the files of deploy/compose, deploy/kubernetes and deploy/systemd:
// they are read strictly, by the types of the programs that they are for, checked by
// Kubernetes' own validation and by systemd's, and what has to agree between them, nginx
// and the server does. It is a module of its own, so that nobody who uses centrirpc gets
// those types. (deploy/nginx runs in e2e/faults.)
package deploy
