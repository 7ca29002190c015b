package centrifugodouble

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/centrifugal/centrifuge"
)

// apiError is an error of the server API, which comes with status 200.
type apiError struct {
	Code    uint32 `json:"code"`
	Message string `json:"message"`
}

type publishCommand struct {
	Channel        string            `json:"channel"`
	Data           json.RawMessage   `json:"data"`
	SkipHistory    bool              `json:"skip_history"`
	Tags           map[string]string `json:"tags"`
	IdempotencyKey string            `json:"idempotency_key"`
}

// authorized lets those through who know the key.
func (s *Server) authorized(serve func(body []byte) (any, bool)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := s.config.HTTPAPI.Key
		if key == "" || r.Header.Get("X-API-Key") != key && r.Header.Get("Authorization") != "apikey "+key {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		if r.Method != http.MethodPost {
			http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "Internal Server Error", http.StatusInternalServerError)
			return
		}
		answer, ok := serve(body)
		if !ok {
			http.Error(w, "Bad Request", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	})
}

type publishAnswer struct {
	Result *struct{} `json:"result,omitempty"`
	Error  *apiError `json:"error,omitempty"`
}

func (s *Server) apiPublish(body []byte) (any, bool) {
	var command publishCommand
	if json.Unmarshal(body, &command) != nil {
		return nil, false
	}
	if failed := s.publish(&command); failed != nil {
		return publishAnswer{Error: failed}, true
	}
	return publishAnswer{Result: &struct{}{}}, true
}

type batchReply struct {
	Publish *struct{} `json:"publish,omitempty"`
	Error   *apiError `json:"error,omitempty"`
}

func (s *Server) apiBatch(body []byte) (any, bool) {
	var batch struct {
		Commands []struct {
			Publish *publishCommand `json:"publish"`
		} `json:"commands"`
		Parallel bool `json:"parallel"`
	}
	if json.Unmarshal(body, &batch) != nil {
		return nil, false
	}
	answer := struct {
		Replies []batchReply `json:"replies"`
	}{[]batchReply{}}
	for _, command := range batch.Commands {
		reply := batchReply{Publish: &struct{}{}}
		switch {
		case command.Publish == nil:
			reply = batchReply{Error: &apiError{104, "method not found"}}
		default:
			if failed := s.publish(command.Publish); failed != nil {
				reply = batchReply{Error: failed}
			}
		}
		answer.Replies = append(answer.Replies, reply)
	}
	return answer, true
}

func (s *Server) publish(command *publishCommand) *apiError {
	if command.Channel == "" || len(command.Data) == 0 {
		return &apiError{107, "bad request"}
	}
	if _, known := s.config.options(command.Channel); !known {
		return &apiError{102, "unknown channel"}
	}
	_, err := s.node.Publish(command.Channel, command.Data, centrifuge.WithIdempotencyKey(command.IdempotencyKey), centrifuge.WithTags(command.Tags))
	if err != nil {
		return &apiError{100, "internal server error"}
	}
	return nil
}

// apiInfo tells the nodes, of which there is this one.
func (s *Server) apiInfo([]byte) (any, bool) {
	type node struct {
		UID     string `json:"uid"`
		Clients int    `json:"num_clients"`
	}
	var answer struct {
		Result struct {
			Nodes []node `json:"nodes"`
		} `json:"result"`
	}
	answer.Result.Nodes = []node{{UID: s.node.ID(), Clients: s.node.Hub().NumClients()}}
	return answer, true
}
