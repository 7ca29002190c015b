package centrirpc

import (
	"fmt"
	"reflect"

	"github.com/centrirpc/centrirpc/contract"
)

// TypeOf says what the JSON of T is, for a type of another package whose
// MarshalJSON and UnmarshalJSON decide that: the contract cannot know it from
// here. A type of the application's own says it itself, with a method
// ContractType() contract.Type on the value. The type that is said stands by
// itself: it refers to no other.
//
//	centrirpc.TypeOf[decimal.Decimal](contract.Type{Kind: contract.String, Format: contract.Decimal})
func TypeOf[T any](as contract.Type) RouterOption {
	return func(r *Router) {
		t := reflect.TypeFor[T]()
		if err := r.builder.Declare(t, as); err != nil {
			panic(fmt.Sprintf("centrirpc: TypeOf[%v]: %v; give a type of a plain kind, such as contract.Type{Kind: contract.String}", t, err))
		}
	}
}
