package client

// PendingCalls is the number of calls, streams and notifications that have no
// outcome yet.
func (c *CentrifugoRPCClient) PendingCalls() int {
	c.calls.mu.Lock()
	defer c.calls.mu.Unlock()
	return len(c.calls.byID)
}
