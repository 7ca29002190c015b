package centrifugo

import "encoding/json"

// packedMeta is the meta that the connect proxy gives a connection. Centrifugo sends
// a connection's meta with each request and its info with none, so the info that
// handlers see travels in the meta.
type packedMeta struct {
	Ours *packed `json:"centrirpc"`
}

type packed struct {
	Info json.RawMessage `json:"info,omitempty"`
	Meta json.RawMessage `json:"meta,omitempty"`
}

// packMeta is the meta of a connection with that identity; nil if there is nothing
// to say.
func packMeta(id *Identity) json.RawMessage {
	if len(id.Info) == 0 && len(id.Meta) == 0 {
		return nil
	}
	b, err := json.Marshal(packedMeta{&packed{Info: id.Info, Meta: id.Meta}})
	if err != nil {
		return nil // Identity.check has seen that it is JSON
	}
	return b
}

// unpackMeta is what packMeta packed, or the meta of a token as it is.
func unpackMeta(meta json.RawMessage) (info, inner json.RawMessage) {
	var p packedMeta
	if len(meta) == 0 || string(meta) == "null" {
		return nil, nil
	}
	if json.Unmarshal(meta, &p) == nil && p.Ours != nil {
		return p.Ours.Info, p.Ours.Meta
	}
	return nil, meta
}
