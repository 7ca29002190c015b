// Package conformance runs the same cases through the generated clients of all
// languages against one real server process. See README.md.
package conformance
