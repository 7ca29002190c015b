// Package python makes a Python client package from a contract: Pydantic models,
// a typed client, and the base client's source beside them.
//
// Names are resolved first, into a plan; what cannot be named is reported as a
// whole. Printing then has nothing left to decide.
package python
