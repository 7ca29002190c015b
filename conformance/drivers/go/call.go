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
	method := st.Call + st.Notify + st.Stream
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
	if st.Traceparent != "" {
		options = append(options, client.Traceparent(st.Traceparent))
	}
	var told []progress
	if st.Progress {
		// It runs on the goroutine that waits, which is this one.
		options = append(options, client.OnProgress(func(p client.Progress) { told = append(told, progress(p)) }))
	}
	o := invoke(ctx, rpc, method, st, options)
	o.Progress = told
	return o
}

func invoke(ctx context.Context, rpc *client.CentrifugoRPCClient, method string, st step, options []client.CallOption) outcome {
	if st.Via != "base" {
		out, fault := typed(ctx, rpc, method, st.Params, options)
		switch {
		case fault != "":
			return outcome{Fault: fault}
		case st.Stream != "":
			return consumeTyped(out[0], st)
		}
		return returned(out)
	}
	var params any
	if st.Params != nil {
		params = st.Params
	}
	switch {
	case st.Notify != "":
		return done(rpc.Notify(ctx, method, params, options...))
	case st.Stream != "":
		return consume(client.Stream[json.RawMessage, json.RawMessage](ctx, rpc, method, params, options...), st)
	}
	var result json.RawMessage
	if err := rpc.Call(ctx, method, params, &result, options...); err != nil {
		return done(err)
	}
	return outcome{Result: result}
}

// typed calls the method of the generated client with its typed params.
func typed(ctx context.Context, rpc *client.CentrifugoRPCClient, method string, params json.RawMessage, options []client.CallOption) (out []reflect.Value, fault string) {
	name := strings.NewReplacer(".", "", "_", "").Replace(method)
	api := reflect.ValueOf(newAPIClient(rpc))
	found := api.MethodByName(name)
	for i := 0; !found.IsValid() && i < api.NumMethod(); i++ {
		if strings.EqualFold(api.Type().Method(i).Name, name) {
			found = api.Method(i)
		}
	}
	if !found.IsValid() {
		return nil, "APIClient has no method " + name
	}
	in := []reflect.Value{reflect.ValueOf(ctx)}
	if found.Type().NumIn() == 3 {
		value := reflect.New(found.Type().In(1))
		decoder := json.NewDecoder(bytes.NewReader(params))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(value.Interface()); err != nil {
			return nil, fmt.Sprintf("the params do not fit %s: %v", found.Type().In(1), err)
		}
		in = append(in, value.Elem())
	}
	for _, o := range options {
		in = append(in, reflect.ValueOf(o))
	}
	return found.Call(in), ""
}

// returned is the outcome of a typed call or notification.
func returned(out []reflect.Value) outcome {
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
