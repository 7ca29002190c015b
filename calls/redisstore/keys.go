package redisstore

import "strings"

// keys are the names of what lies in Redis.
type keys struct{ prefix string }

// user are the keys of one user. What stands in braces is all that a Redis Cluster
// looks at to place a key, so they lie together.
func (k keys) user(userID string) []string {
	tag := k.prefix + ":{u" + escape.Replace(userID) + "}:"
	all := tag + "calls" + tag + "expiries" + tag + "replies" + tag + "ends"
	names := make([]string, 4)
	for i, size := range [...]int{len("calls"), len("expiries"), len("replies"), len("ends")} {
		names[i], all = all[:len(tag)+size], all[len(tag)+size:]
	}
	return names
}

// escape keeps braces out of user ids, and ids apart.
var escape = strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D")

// node is a process's lease, and the name of its channel.
func (k keys) node(id string) string { return k.prefix + ":node:" + id }

func (k keys) epoch() string { return k.prefix + ":epoch" }

// connections are those of a user.
func (k keys) connections(userID string) string {
	return k.prefix + ":{u" + escape.Replace(userID) + "}:connections"
}
