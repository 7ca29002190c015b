// Package realworld tests what becomes of types that other people wrote: the
// structs of well-known libraries, and the Pydantic models of Python packages, are
// described as they are, what converts is generated in every language and
// compiled, and what does not is refused with the reason and the fix. It is a module of its own, so that nobody who uses
// centrirpc gets those libraries.
package realworld
