package main

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/centrirpc/centrirpc/client"
	conformanceclient "github.com/centrirpc/centrirpc/conformance/sdk/go"
)

// consume takes the items of a stream, or only its result.
func consume[Item, Result any](s *client.RPCStream[Item, Result], st step) outcome {
	o := outcome{}
	if !st.ResultOnly {
		o.Items = []json.RawMessage{}
		for item, err := range s.Items() {
			if err != nil {
				failed := done(err)
				failed.Items = o.Items
				return failed
			}
			data, err := json.Marshal(item)
			if err != nil {
				return outcome{Fault: fmt.Sprintf("the item cannot be written: %v", err)}
			}
			if o.Items = append(o.Items, data); len(o.Items) == st.Take {
				return o
			}
		}
	}
	result, err := s.Result()
	if err != nil {
		failed := done(err)
		failed.Items = o.Items
		return failed
	}
	if o.Result, err = json.Marshal(result); err != nil {
		return outcome{Fault: fmt.Sprintf("the result cannot be written: %v", err)}
	}
	return o
}

// consumeTyped is consume for a stream whose type is known at run time only.
func consumeTyped(s reflect.Value, st step) outcome {
	switch s := s.Interface().(type) {
	case *client.RPCStream[conformanceclient.Counted, conformanceclient.Sent]:
		return consume(s, st)
	case *client.RPCStream[string, struct{}]:
		return consume(s, st)
	default:
		return outcome{Fault: fmt.Sprintf("the driver knows no stream of type %T", s)}
	}
}
