package server

import (
	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc/wire"
)

// onStated counts a client that said which contract it was generated from, and
// names each other contract than the server's once in the log.
func (s *Server) onStated(e centrifuge.ConnectEvent) {
	hash, state, fresh, ok := s.contracts.Stated(e.Data)
	if !ok {
		return
	}
	s.metrics.ContractStated(state)
	if fresh {
		s.log.Info("clients of another contract connect; this is said once for each", "state", state, "contract", hash,
			"own_contract", s.contracts.Current(), "client", e.ClientID, "name", e.Name, "version", e.Version)
	}
}

// compareContract answers a client that asks whether it is compatible.
func (s *Server) compareContract(params []byte) (centrifuge.RPCReply, error) {
	answer, failed := s.contracts.Compare(params)
	switch {
	case failed == nil:
		return centrifuge.RPCReply{Data: answer}, nil
	case failed.Code == wire.Internal:
		return centrifuge.RPCReply{}, centrifuge.ErrorInternal
	}
	return centrifuge.RPCReply{}, &centrifuge.Error{Code: uint32(failed.Code), Message: failed.Message}
}
