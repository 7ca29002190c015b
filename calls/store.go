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
	// Epoch is empty for a request that is sent for the first time. For one that
	// is sent again it is the epoch of the store that the first one was sent to:
	// a store of another epoch cannot know whether such a call ran.
	Epoch string
	// Idempotent calls may be run again where nobody can know whether they ran.
	Idempotent bool
	// Find only looks for the call, and does not take it.
	Find bool
}

// ClaimState says what a store knows of a call that is being claimed.
type ClaimState int

// The states a claim can find.
const (
	Claimed  ClaimState = iota // it is new, or idempotent and its owner died: the claimer runs it
	Running                    // it runs already, here or elsewhere
	Done                       // it has ended: Reply is to be published again
	Dropped                    // it has ended, and its reply is no longer kept
	Conflict                   // another request has this key
	Full                       // the store cannot take another call
	Lost                       // it may have run, and nobody will ever know: its owner died, or the store it was sent to is gone
	Unknown                    // it is not there, and Find was set
)

// ClaimResult is a store's answer to a claim.
type ClaimResult struct {
	State ClaimState
	// Fence belongs to a Claimed call: Complete takes it only while it is the
	// newest given out for the key.
	Fence uint64
	// TakenOver says that a Claimed call was another process's, which died.
	TakenOver bool
	// Reply is the stored reply of a Done call, as it was published.
	Reply []byte
}

// Completion says what became of a call that was completed.
type Completion int

// The ends of a completion.
const (
	Completed  Completion = iota // the reply is stored, and is the call's
	Superseded                   // another owner has the call, or it has ended: the reply counts for nothing
	Forgotten                    // the store does not know the call any more; nobody else has it
)

// Store remembers calls and their replies. It is safe for use by any number of
// goroutines. An error means that the store is out of reach, and nothing is
// known of the call.
type Store interface {
	// Epoch names the life of what the store remembers of a user: 1 to 48 bytes of
	// printable ASCII, another one after everything was forgotten. It is as of
	// now, or of a little while ago; it neither blocks nor fails.
	Epoch(userID string) string
	// Claim takes the call if it is new, atomically.
	Claim(ctx context.Context, claim Claim) (ClaimResult, error)
	// Complete stores the reply of a claimed call, unless another owner has it
	// since. A nil reply marks the call as ended without one (a notification). The
	// same completion again, as after an error, is Completed too.
	Complete(ctx context.Context, key Key, fence uint64, reply []byte) (Completion, error)
	// Received drops the stored replies of calls whose caller has them. It does
	// not block: a store out of the process does it in the background, and may
	// leave it undone.
	Received(userID string, correlationIDs []string)
}

// SignalKind is what a Signal asks of the process that runs a call.
type SignalKind uint8

// The kinds of signal.
const (
	SignalCancel SignalKind = iota + 1 // end the call
	SignalAck                          // a stream's items up to Seq were taken
	SignalResume                       // publish a stream's items from Seq on, and its end, on ReplyTo
	SignalAttach                       // publish the reply on ReplyTo too
)

// Signal is a message about a call to the process that runs it.
type Signal struct {
	Kind    SignalKind
	Seq     uint64
	ReplyTo string
}

// Signaler is a Store that several processes share. It carries signals to the
// process that runs a call, at best effort.
type Signaler interface {
	Store
	// Signal sends a signal to the process that runs the call, or ran it, and
	// reports whether that process is there to take it.
	Signal(ctx context.Context, key Key, signal Signal) (delivered bool, err error)
	// Receive names the function that takes the signals to this process, which
	// must not block. It is called once, before the first claim.
	Receive(func(Key, Signal))
}
