package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/centrirpc/centrirpc/wire"
)

// Compatibility says whether a client's contract works with the server's.
type Compatibility string

// What a server can say of a client's contract.
const (
	Compatible           Compatibility = "compatible"
	Incompatible         Compatibility = "incompatible" // calls or events may fail: the client needs an update
	CompatibilityUnknown Compatibility = "unknown"      // the server cannot tell, or does not know the question
)

// ContractCheck is what CheckContract found out.
type ContractCheck struct {
	// Same means that the server's contract is the client's own.
	Same bool
	// Compatibility is never empty.
	Compatibility Compatibility
	// ServerHash is the hash of the server's contract, or empty if the server did
	// not say.
	ServerHash string
}

// StateContract says which contract the calls of this client follow: the server
// is told its hash at every connect from the next one on, so that it can count
// the clients of older contracts. A generated NewAPIClient does this by itself;
// make it before Connect for the first connect to say it.
//
// One client states one contract: the last one stated counts, and an empty hash
// states none.
func (c *CentrifugoRPCClient) StateContract(hash string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.contract = hash
}

// connectData is what the server is told at connect, or nil.
func (c *CentrifugoRPCClient) connectData() ([]byte, error) {
	c.mu.Lock()
	hash := c.contract
	c.mu.Unlock()
	if hash == "" {
		return nil, nil
	}
	type stated struct {
		Contract string `json:"contract"`
	}
	return json.Marshal(struct {
		Centrirpc stated `json:"centrirpc"`
	}{stated{hash}})
}

// CheckContract asks the server how the contract of that hash stands to its own.
// A generated APIClient has a method of the same name for its own contract.
//
// Incompatible means that calls or events may fail: a program should ask its user
// to update, or whoever runs it to generate the client again. A server that does
// not know the question, such as plain Centrifugo, gives CompatibilityUnknown and
// no error. The errors are those of RPC.
func (c *CentrifugoRPCClient) CheckContract(ctx context.Context, hash string, opts ...CallOption) (ContractCheck, error) {
	unknown := ContractCheck{Compatibility: CompatibilityUnknown}
	asked, err := json.Marshal(map[string]string{"hash": hash})
	if err != nil {
		return unknown, fmt.Errorf("checking the contract: %w: %w", ErrInvalidParams, err)
	}
	data, err := c.RPC(ctx, wire.ContractMethod, asked, append([]CallOption{Idempotent()}, opts...)...)
	if unasked(err) {
		return unknown, nil
	}
	if err != nil {
		return unknown, fmt.Errorf("checking the contract: %w", err)
	}
	var answer struct {
		Hash       string `json:"hash"`
		Compatible *bool  `json:"compatible"`
	}
	if json.Unmarshal(data, &answer) != nil {
		return unknown, nil //nolint:nilerr // somebody else's method of that name
	}
	check := ContractCheck{Compatibility: CompatibilityUnknown, ServerHash: answer.Hash}
	switch {
	case answer.Compatible == nil:
	case *answer.Compatible:
		check.Compatibility, check.Same = Compatible, answer.Hash == hash && hash != ""
	default:
		check.Compatibility = Incompatible
	}
	return check, nil
}

// unasked reports whether the server has no answer because it does not know
// wire.ContractMethod: Centrifuge without native RPC, Centrifugo without or with
// an RPC proxy, an older server of ours.
func unasked(err error) bool {
	refused, ok := errors.AsType[*ServerError](err)
	if !ok {
		return false
	}
	switch refused.Code {
	case codeInternal, codeMethodNotFound, codeNotAvailable, wire.NotFound, wire.MethodNotFound:
		return true
	}
	return false
}
