// Package diff tells what a new contract means to callers of an old one: to
// programs whose clients were generated from the old contract and that talk to a
// server of the new one.
//
// Types are compared by what travels, not by name (contract.Shape): a renamed
// type, or one that was inline and has a name now, is no change. What a client
// sends (params of methods and channels) and what it reads (results, events,
// details of errors) is judged each by its direction: the reader of a value must
// accept all that its sender may send.
//
//	                                 sent by clients   read by clients
//	a field removed                  breaking          breaking
//	a field new, required            breaking          compatible
//	a field new, optional            compatible        compatible
//	optional, now required           breaking          compatible
//	required, now optional           compatible        breaking
//	nullable now                     compatible        breaking
//	not nullable any more            breaking          compatible
//	range or constraint widened      compatible        breaking
//	range or constraint narrowed     breaking          compatible
//	a union's variant new            compatible        breaking
//	a union's variant removed        breaking          compatible
//	an enum's value new              compatible        compatible (enums are open when read)
//	an enum's value removed          breaking          compatible
//	a server's own rule new          breaking          compatible (clients do not know it)
//	extra members, no longer         breaking          breaking
//	extra members, now               compatible        compatible
//	default changed                  compatible        compatible
//	type changed                     breaking          breaking, but for:
//	    a number wider, to any       compatible        breaking
//	    a number narrower, from any  breaking          compatible
//
// A number is wider if it holds all values of the other exactly: int32 is
// narrower than int64 and float64, int64 is not narrower than float64. A string of
// a format is narrower than one without, and so are date-time than
// local-date-time, ipv4 and ipv6 than ip.
//
// Of methods, removed, of another kind, no longer idempotent, and without a
// result are breaking; new, idempotent now, with a result now, another timeout
// and other declared errors are compatible, since clients take every code. A
// method without params takes {}: its first optional params are compatible. Of
// channels, removed is breaking, which another pattern is too; other names of its
// parameters are not. Of errors, another reason and details that are gone are
// breaking; removed and new ones are compatible.
package diff
