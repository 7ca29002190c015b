// Package openrpc writes a contract as an OpenRPC 1.3 document, for the tools that
// read such: documentation pages, explorers, mock servers.
//
// What OpenRPC has no word for stands under x-centrirpc: of a method whether it is
// idempotent or a notification, its timeout, and the replacement of a deprecated
// one; of the document the typed channels and the application's errors with their
// details.
//
// Types become JSON Schema (draft-07) of what travels. A schema describes what this
// contract knows: a newer server may add fields and values of enums to what it
// sends, so a reader should not refuse what the schema does not know.
package openrpc
