package serving

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/diff"
	"github.com/centrirpc/centrirpc/wire"
)

// Contracts knows what the contracts of clients mean to a server.
type Contracts struct {
	// current is the hash of the router's own contract; empty if the router was
	// not given its contract.json, for reflection does not see all of a contract.
	current string
	// older tells of the hashes of earlier contracts whether their clients still
	// work.
	older map[string]bool
	// told are the hashes that Stated has reported as new.
	told sync.Map
}

// How a client's contract stands to the server's.
const (
	ContractCurrent      = "current"
	ContractCompatible   = "compatible"
	ContractIncompatible = "incompatible"
	ContractUnknown      = "unknown"
)

// maxTold bounds the hashes that are reported as new: a client can make up any.
const maxTold = 64

// NewContracts compares the router's contract with older contract.json files. An
// error names the one that cannot be read.
func NewContracts(router *centrirpc.Router, older [][]byte) (*Contracts, error) {
	c := &Contracts{older: map[string]bool{}}
	current := router.Contract()
	if current == router.ReflectContract() {
		if len(older) > 0 {
			return nil, errors.New("OlderContracts needs the router's own contract to compare with; give it to the router with centrirpc.WithContract")
		}
		return c, nil
	}
	c.current = current.Hash()
	for i, data := range older {
		old, err := contract.Decode(data)
		if err != nil {
			return nil, fmt.Errorf("OlderContracts[%d]: %w", i, err)
		}
		compatible := true
		for _, change := range diff.Compare(old, current) {
			compatible = compatible && change.Class != diff.Breaking
		}
		c.older[old.Hash()] = compatible
	}
	return c, nil
}

// Current is the hash of the server's own contract; empty if it does not know it.
func (c *Contracts) Current() string { return c.current }

// state is how the contract of that hash stands to the server's.
func (c *Contracts) state(hash string) string {
	if hash == c.current && hash != "" {
		return ContractCurrent
	}
	compatible, known := c.older[hash]
	switch {
	case !known:
		return ContractUnknown
	case compatible:
		return ContractCompatible
	}
	return ContractIncompatible
}

// Stated reads from the data of a client's connect command which contract it was
// generated from: its hash, and how it stands to the server's. ok is false if it
// does not say, or the server does not know its own. fresh is true once for each
// contract that is another than the server's, for the log.
func (c *Contracts) Stated(connectData []byte) (hash, state string, fresh, ok bool) {
	var said struct {
		Ours struct {
			Contract string `json:"contract"`
		} `json:"centrirpc"`
	}
	if len(connectData) == 0 || c.current == "" || json.Unmarshal(connectData, &said) != nil || said.Ours.Contract == "" {
		return "", "", false, false
	}
	hash = said.Ours.Contract
	state = c.state(hash)
	return hash, state, state != ContractCurrent && c.isFresh(hash), true
}

func (c *Contracts) isFresh(hash string) bool {
	if len(hash) > 64 {
		return false
	}
	known := 0
	c.told.Range(func(any, any) bool { known++; return known < maxTold })
	if known == maxTold {
		return false
	}
	_, told := c.told.LoadOrStore(hash, true)
	return !told
}

// contractAnswer is what the reserved method wire.ContractMethod answers.
type contractAnswer struct {
	// Hash is the server's contract's, or empty if it does not know it.
	Hash string `json:"hash"`
	// Compatible is null if the server cannot tell.
	Compatible *bool `json:"compatible"`
}

// Compare answers wire.ContractMethod: a client that asks whether it is
// compatible.
func (c *Contracts) Compare(params []byte) (json.RawMessage, *wire.Error) {
	var asked struct {
		Hash string `json:"hash"`
	}
	if err := json.Unmarshal(params, &asked); err != nil {
		return nil, centrirpc.Errorf(wire.InvalidParams, `the params must be {"hash": string}`).Wire()
	}
	answer := contractAnswer{Hash: c.current}
	if state := c.state(asked.Hash); state != ContractUnknown {
		compatible := state != ContractIncompatible
		answer.Compatible = &compatible
	}
	data, err := json.Marshal(answer)
	if err != nil {
		return nil, centrirpc.Errorf(wire.Internal, "internal error").Wire()
	}
	return data, nil
}
