package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/centrirpc/centrirpc/wire"
	"github.com/golang-jwt/jwt/v5"
)

// fixed are the flags that a running server cannot change.
var fixed = map[string]bool{"addr": true, "secret": true, "max-message-size": true, "ping": true}

func (s *server) controls(mux *http.ServeMux) {
	mux.HandleFunc("GET /token", s.handleToken)
	mux.HandleFunc("POST /control/set", s.handleSet)
	mux.HandleFunc("POST /control/disconnect", s.handleDisconnect)
	mux.HandleFunc("POST /control/publish", s.handlePublish)
	mux.HandleFunc("POST /control/unsubscribe", func(w http.ResponseWriter, r *http.Request) {
		code, err := strconv.ParseUint(r.FormValue("code"), 10, 32)
		if err != nil {
			code = uint64(centrifuge.UnsubscribeCodeServer)
		}
		err = s.node.Unsubscribe(r.FormValue("user"), r.FormValue("channel"), centrifuge.WithCustomUnsubscribe(centrifuge.Unsubscribe{
			Code: uint32(code), Reason: "ended by the test",
		}))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("GET /control/envelopes", s.handleEnvelopes)
	mux.HandleFunc("DELETE /control/envelopes", func(http.ResponseWriter, *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.envelopes = nil
	})
	mux.HandleFunc("GET /control/connections", s.handleConnections)
}

func (s *server) handleToken(w http.ResponseWriter, r *http.Request) {
	claims := jwt.RegisteredClaims{Subject: r.FormValue("user")}
	if ttl := r.FormValue("ttl"); ttl != "" {
		d, err := time.ParseDuration(ttl)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		claims.ExpiresAt = jwt.NewNumericDate(time.Now().Add(d))
	}
	secret := s.secret
	if r.FormValue("bad") != "" {
		secret += "x"
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = io.WriteString(w, token)
}

func (s *server) handleSet(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, values := range r.URL.Query() {
		if fixed[name] {
			http.Error(w, "-"+name+" is fixed once the server runs", http.StatusBadRequest)
			return
		}
		if err := s.flags.Set(name, values[0]); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
}

func (s *server) handleDisconnect(w http.ResponseWriter, r *http.Request) {
	disconnect := centrifuge.Disconnect{Code: 3001, Reason: "dropped by the test"}
	if code, err := strconv.ParseUint(r.FormValue("code"), 10, 32); err == nil {
		disconnect.Code = uint32(code)
	}
	dropped := 0
	for _, c := range s.of(r.FormValue("user")) {
		if r.FormValue("abrupt") != "" && c.socket != nil {
			_ = c.socket.Close()
		} else {
			c.client.Disconnect(disconnect)
		}
		dropped++
	}
	fmt.Fprint(w, dropped)
}

// of lists the connections of a user, or all if user is empty.
func (s *server) of(user string) []*connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*connection
	for _, c := range s.connections {
		if user == "" || c.client.UserID() == user {
			list = append(list, c)
		}
	}
	return list
}

func (s *server) handlePublish(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err == nil {
		_, err = s.node.Publish(r.FormValue("channel"), data)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (s *server) handleEnvelopes(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.FormValue("n"))
	wait, err := time.ParseDuration(r.FormValue("wait"))
	if err != nil {
		wait = 5 * time.Second
	}
	deadline := time.After(wait)
	for {
		s.mu.Lock()
		arrived := s.arrived
		list := matching(s.envelopes, r)
		s.mu.Unlock()
		if len(list) >= n {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(list)
			return
		}
		select {
		case <-arrived:
		case <-deadline:
			http.Error(w, fmt.Sprintf("%d envelopes after %s; %d were waited for", len(list), wait, n), http.StatusGatewayTimeout)
			return
		case <-r.Context().Done():
			return
		}
	}
}

func matching(all []envelope, r *http.Request) []envelope {
	list := []envelope{}
	for _, e := range all {
		req, _ := wire.DecodeRequest(e.Data)
		if !json.Valid(e.Data) {
			e.Data, _ = json.Marshal(string(e.Data))
		}
		user, method, op := r.FormValue("user"), r.FormValue("method"), r.FormValue("op")
		if (user == "" || user == e.User) && (method == "" || method == req.Method) && (op == "" || op == string(req.Op)) {
			list = append(list, e)
		}
	}
	return list
}

func (s *server) handleConnections(w http.ResponseWriter, _ *http.Request) {
	type row struct {
		User     string          `json:"user"`
		Client   string          `json:"client"`
		Channels []string        `json:"channels"`
		Data     json.RawMessage `json:"data,omitempty"`
	}
	rows := []row{}
	for _, c := range s.of("") {
		rows = append(rows, row{c.client.UserID(), c.client.ID(), c.client.Channels(), c.data})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(rows)
}
