package client

// Outstanding is how many calls wait for a reply, and how many commands of the
// present connection for theirs.
func (c *CentrifugoRPCClient) Outstanding() int {
	c.calls.mu.Lock()
	n := len(c.calls.byID)
	c.calls.mu.Unlock()
	if l := c.current.Load(); l != nil {
		l.mu.Lock()
		n += len(l.waiters)
		l.mu.Unlock()
	}
	return n
}
