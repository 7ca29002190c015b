package redisstore

import (
	"context"
	"crypto/sha1" // what EVALSHA wants
	_ "embed"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/redis/rueidis"

	"github.com/centrirpc/centrirpc/internal/redisclient"
)

// The numbers that scripts answer with. They know them by name.
const (
	answerClaimed int64 = iota
	answerRunning
	answerDone
	answerDropped
	answerConflict
	answerFull
	answerLost
	answerUnknown
	answerCompleted
	answerSuperseded
	answerForgotten
	answerChanged
)

var answers = strings.NewReplacer(
	"CLAIMED", strconv.FormatInt(answerClaimed, 10),
	"RUNNING", strconv.FormatInt(answerRunning, 10),
	"DONE", strconv.FormatInt(answerDone, 10),
	"DROPPED", strconv.FormatInt(answerDropped, 10),
	"CONFLICT", strconv.FormatInt(answerConflict, 10),
	"FULL", strconv.FormatInt(answerFull, 10),
	"LOST", strconv.FormatInt(answerLost, 10),
	"UNKNOWN", strconv.FormatInt(answerUnknown, 10),
	"COMPLETED", strconv.FormatInt(answerCompleted, 10),
	"SUPERSEDED", strconv.FormatInt(answerSuperseded, 10),
	"FORGOTTEN", strconv.FormatInt(answerForgotten, 10),
	"CHANGED", strconv.FormatInt(answerChanged, 10),
)

var (
	//go:embed scripts/shared.lua
	shared string
	//go:embed scripts/claim.lua
	claimText string
	//go:embed scripts/complete.lua
	completeText string
	//go:embed scripts/received.lua
	receivedText string
	//go:embed scripts/undo.lua
	undoText string
	//go:embed scripts/takeover.lua
	takeoverText string
	//go:embed scripts/signal.lua
	signalText string
	//go:embed scripts/renew.lua
	renewText string
	//go:embed scripts/epoch.lua
	epochText string
	//go:embed scripts/connections.lua
	connectionsText string
)

var (
	claimScript    = newScript(shared + claimText)
	completeScript = newScript(shared + completeText)
	receivedScript = newScript(shared + receivedText)
	undoScript     = newScript(shared + undoText)
	takeoverScript = newScript(shared + takeoverText)
	signalScript   = newScript(shared + signalText)
	renewScript    = newScript(renewText)
	epochScript    = newScript(epochText)

	connectionsScript = newScript(connectionsText)
)

// script is what Redis runs as one command.
type script struct{ text, sha string }

func newScript(text string) *script {
	text = answers.Replace(text)
	sum := sha1.Sum([]byte(text)) // what EVALSHA wants
	return &script{text, hex.EncodeToString(sum[:])}
}

func (s *script) bySHA(b rueidis.Builder, keys, args []string) rueidis.Completed {
	return b.Evalsha().Sha1(s.sha).Numkeys(int64(len(keys))).Key(keys...).Arg(args...).Build()
}

func (s *script) byText(b rueidis.Builder, keys, args []string) rueidis.Completed {
	return b.Eval().Script(s.text).Numkeys(int64(len(keys))).Key(keys...).Arg(args...).Build()
}

// run runs a script, which Redis is told in full if it does not know it yet.
func (s *script) run(ctx context.Context, c rueidis.Client, keys, args []string) rueidis.RedisResult {
	res := c.Do(ctx, s.bySHA(c.B(), keys, args))
	if isNoScript(res.Error()) {
		res = c.Do(ctx, s.byText(c.B(), keys, args))
	}
	return res
}

func isNoScript(err error) bool {
	text, _ := redisclient.Refusal(err)
	return strings.HasPrefix(text, "NOSCRIPT")
}
