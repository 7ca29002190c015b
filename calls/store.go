package calls

import (
	"context"
	"time"
)

// Key names a call: correlation ids are unique per user.
type Key struct {
	UserID        string
	CorrelationID string
}

// Fingerprint tells a repeated request from another one under the same key: it
// is a hash of method and params.
type Fingerprint [16]byte

// Claim asks a store for a call.
type Claim struct {
	Key         Key
	Fingerprint Fingerprint
	// Deadline is when the caller stops asking. The store remembers the call
	// until then and a margin longer.
	Deadline time.Time
}

// ClaimState says what a store knows of a call that is being claimed.
type ClaimState int

// The states a claim can find.
const (
	Claimed  ClaimState = iota // it is new: the claimer runs it
	Running                    // it runs already, here or elsewhere
	Done                       // it has ended: Reply is to be published again
	Dropped                    // it has ended, and its reply is no longer kept
	Conflict                   // another request has this key
	Full                       // the store cannot take another call
)

// ClaimResult is a store's answer to a claim.
type ClaimResult struct {
	State ClaimState
	// Fence belongs to a Claimed call: Complete takes it only while it is the
	// newest given out for the key.
	Fence uint64
	// Reply is the stored reply of a Done call, as it was published.
	Reply []byte
}

// Store remembers calls and their replies. It is safe for use by any number of
// goroutines. An error means that the store is out of reach, and nothing is
// known of the call.
type Store interface {
	// Claim takes the call if it is new, atomically.
	Claim(ctx context.Context, claim Claim) (ClaimResult, error)
	// Complete stores the reply of a claimed call. It reports false, and stores
	// nothing, if the fence is no longer the newest: another owner has the call.
	// A nil reply marks the call as ended without one (a notification).
	Complete(ctx context.Context, key Key, fence uint64, reply []byte) (bool, error)
	// Received drops the stored replies of calls whose caller has them.
	Received(ctx context.Context, userID string, correlationIDs []string) error
}
