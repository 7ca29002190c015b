package server

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/diff"
	"github.com/centrirpc/centrirpc/wire"
)

// contracts knows what the contracts of clients mean to this server.
type contracts struct {
	// current is the hash of the router's own contract; empty if the router was
	// not given its contract.json, for reflection does not see all of a contract.
	current string
	// older tells of the hashes of earlier contracts whether their clients still
	// work.
	older map[string]bool
	// told are the hashes that the log has named.
	told sync.Map
}

// How a client's contract stands to the server's, for metrics and logs.
const (
	contractCurrent      = "current"
	contractCompatible   = "compatible"
	contractIncompatible = "incompatible"
	contractUnknown      = "unknown"
)

// maxToldContracts bounds the hashes that the log names: a client can make up any.
const maxToldContracts = 64

func newContracts(router *centrirpc.Router, older [][]byte) (*contracts, error) {
	c := &contracts{older: map[string]bool{}}
	current := router.Contract()
	if current == router.ReflectContract() {
		if len(older) > 0 {
			return nil, fmt.Errorf("server: OlderContracts needs the router's own contract to compare with; give it to the router with centrirpc.WithContract")
		}
		return c, nil
	}
	c.current = current.Hash()
	for i, data := range older {
		old, err := contract.Decode(data)
		if err != nil {
			return nil, fmt.Errorf("server: OlderContracts[%d]: %w", i, err)
		}
		compatible := true
		for _, change := range diff.Compare(old, current) {
			compatible = compatible && change.Class != diff.Breaking
		}
		c.older[old.Hash()] = compatible
	}
	return c, nil
}

// state is how the contract of that hash stands to the server's.
func (c *contracts) state(hash string) string {
	if hash == c.current && hash != "" {
		return contractCurrent
	}
	compatible, known := c.older[hash]
	switch {
	case !known:
		return contractUnknown
	case compatible:
		return contractCompatible
	}
	return contractIncompatible
}

// onStated counts a client that said which contract it was generated from, and
// names each other contract than the server's once in the log.
func (s *Server) onStated(e centrifuge.ConnectEvent) {
	var said struct {
		Ours struct {
			Contract string `json:"contract"`
		} `json:"centrirpc"`
	}
	if len(e.Data) == 0 || s.contracts.current == "" || json.Unmarshal(e.Data, &said) != nil || said.Ours.Contract == "" {
		return
	}
	hash := said.Ours.Contract
	state := s.contracts.state(hash)
	s.metrics.contract.WithLabelValues(state).Inc()
	if state == contractCurrent || len(hash) > 64 {
		return
	}
	known := 0
	s.contracts.told.Range(func(any, any) bool { known++; return known < maxToldContracts })
	if known == maxToldContracts {
		return
	}
	if _, told := s.contracts.told.LoadOrStore(hash, true); !told {
		s.log.Info("clients of another contract connect; this is said once for each", "state", state, "contract", hash,
			"own_contract", s.contracts.current, "client", e.ClientID, "name", e.Name, "version", e.Version)
	}
}

// contractAnswer is what the reserved method wire.ContractMethod answers.
type contractAnswer struct {
	// Hash is the server's contract's, or empty if it does not know it.
	Hash string `json:"hash"`
	// Compatible is null if the server cannot tell.
	Compatible *bool `json:"compatible"`
}

// compareContract answers a client that asks whether it is compatible.
func (s *Server) compareContract(params []byte) (centrifuge.RPCReply, error) {
	var asked struct {
		Hash string `json:"hash"`
	}
	if err := json.Unmarshal(params, &asked); err != nil {
		return centrifuge.RPCReply{}, &centrifuge.Error{Code: uint32(wire.InvalidParams), Message: `the params must be {"hash": string}`}
	}
	answer := contractAnswer{Hash: s.contracts.current}
	if state := s.contracts.state(asked.Hash); state != contractUnknown {
		compatible := state != contractIncompatible
		answer.Compatible = &compatible
	}
	data, err := json.Marshal(answer)
	if err != nil {
		return centrifuge.RPCReply{}, centrifuge.ErrorInternal
	}
	return centrifuge.RPCReply{Data: data}, nil
}
