// Package e2e tests the system from outside: official Centrifuge SDKs without
// any code of ours, and what a program that imports this module has to link.
package e2e
