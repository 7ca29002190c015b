package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/centrirpc/centrirpc/client"
)

func (s *session) call(ctx context.Context, st step) outcome {
	rpc, err := s.client()
	if err != nil {
		return outcome{ClientError: "construction", Message: err.Error()}
	}
	method := st.Call + st.Notify
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	switch st.AbortAfter {
	case "start":
		cancel()
	case "ack":
		stop := rpc.OnFrame(func(f client.Frame) {
			if f.Kind == client.FrameAck && f.Method == method {
				cancel()
			}
		})
		defer stop()
	}
	var options []client.CallOption
	if st.TimeoutMS > 0 {
		options = append(options, client.WithTimeout(time.Duration(st.TimeoutMS)*time.Millisecond))
	}
	if st.Via != "base" {
		return typed(ctx, rpc, method, st.Params, options)
	}
	var params any
	if st.Params != nil {
		params = st.Params
	}
	if st.Notify != "" {
		return done(rpc.Notify(ctx, method, params, options...))
	}
	var result json.RawMessage
	if err := rpc.Call(ctx, method, params, &result, options...); err != nil {
		return done(err)
	}
	return outcome{Result: result}
}

// typed calls the method of the generated client with its typed params.
func typed(ctx context.Context, rpc *client.CentrifugoRPCClient, method string, params json.RawMessage, options []client.CallOption) outcome {
	name := strings.NewReplacer(".", "", "_", "").Replace(method)
	api := reflect.ValueOf(newAPIClient(rpc))
	found := api.MethodByName(name)
	for i := 0; !found.IsValid() && i < api.NumMethod(); i++ {
		if strings.EqualFold(api.Type().Method(i).Name, name) {
			found = api.Method(i)
		}
	}
	if !found.IsValid() {
		return outcome{Fault: "APIClient has no method " + name}
	}
	in := []reflect.Value{reflect.ValueOf(ctx)}
	if found.Type().NumIn() == 3 {
		value := reflect.New(found.Type().In(1))
		decoder := json.NewDecoder(bytes.NewReader(params))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(value.Interface()); err != nil {
			return outcome{Fault: fmt.Sprintf("the params do not fit %s: %v", found.Type().In(1), err)}
		}
		in = append(in, value.Elem())
	}
	for _, o := range options {
		in = append(in, reflect.ValueOf(o))
	}
	out := found.Call(in)
	if err, _ := out[len(out)-1].Interface().(error); err != nil {
		return done(err)
	}
	if len(out) == 1 {
		return outcome{OK: true}
	}
	result, err := json.Marshal(out[0].Interface())
	if err != nil {
		return outcome{Fault: fmt.Sprintf("the result cannot be written: %v", err)}
	}
	return outcome{Result: result}
}
