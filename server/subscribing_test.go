package server

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestFramesWaitForSubscriptionsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s subscribing
		s.wait() // for none
		hold, began := make(chan struct{}), time.Now()
		go s.make(func() { <-hold })
		synctest.Wait()
		waited := make(chan struct{})
		go func() {
			s.wait()
			close(waited)
		}()
		synctest.Wait()
		later := make(chan struct{})
		go s.make(func() { <-later }) // which it does not wait for
		synctest.Wait()
		select {
		case <-waited:
			t.Fatal("it has not waited")
		default:
		}
		close(hold)
		<-waited
		if took := time.Since(began); took != 0 {
			t.Errorf("it waited %v longer than it had to", took)
		}
		s.wait() // not for ever
		if took := time.Since(began); took != subscribingTimeout {
			t.Errorf("it waited %v; want %v", took, subscribingTimeout)
		}
		close(later)
		synctest.Wait()
		s.wait()
		if took := time.Since(began); took != subscribingTimeout || len(s.made) != 0 {
			t.Errorf("%v later, %d are under way", took, len(s.made))
		}
	})
}
