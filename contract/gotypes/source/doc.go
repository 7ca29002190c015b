// Package source reads from Go source code what reflection cannot see, and adds
// it to a contract made by package gotypes: doc comments, deprecations, the
// constants of named strings and integers (their aliases become enums), and
// where a handler is written.
//
// It needs the go command and the source, so only programs that generate link
// it; a server does not.
package source
