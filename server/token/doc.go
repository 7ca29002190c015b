// Package token mints and verifies the JSON Web Tokens that clients connect
// with. The claims are Centrifugo's, so a token that works with Centrifugo
// works here.
//
// Read from a token: sub, exp, nbf, iat, jti, aud, iss, info, b64info, meta,
// channels, expire_at, and of subs the names of the channels. The options that
// Centrifugo allows for each channel in subs (info, data, override) have no
// meaning here and are ignored.
package token
