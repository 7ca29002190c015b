package centrifugo

import (
	"encoding/json"
	"net/http"

	"github.com/centrirpc/centrirpc/wire"
)

// rpcResult is the result of a native RPC.
type rpcResult struct {
	Data json.RawMessage `json:"data"`
}

// rpc serves native RPC: the method's name and params, no envelope. Centrifugo has a
// code and a message for errors, and no place for details. When the client
// disconnects, Centrifugo ends the request, and that the handler's context.
func (b *Backend) rpc(r *http.Request, asked *request) response {
	if wire.CheckUserID(asked.User) != nil {
		return response{Error: errPermissionDenied}
	}
	if asked.Method == wire.ContractMethod {
		answer, failed := b.contracts.Compare(asked.data())
		return rpcResponse(answer, failed)
	}
	answers := make(chan response, 1)
	b.callers.of(asked.conn()).Invoke(r.Context(), asked.Method, asked.data(), func(result json.RawMessage, failed *wire.Error) {
		answers <- rpcResponse(result, failed)
	})
	return <-answers
}

func rpcResponse(result json.RawMessage, failed *wire.Error) response {
	if failed != nil {
		return response{Error: &refusal{Code: uint32(failed.Code), Message: failed.Message, Temporary: failed.Code.Retryable()}}
	}
	return response{Result: rpcResult{result}}
}
