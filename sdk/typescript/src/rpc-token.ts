// The user id in a connection token.

import { ClientError } from "./rpc-errors.js";
import { userIdFault } from "./rpc-wire.js";

/**
 * The user id of a JWT, which is three parts of which the second is a JSON object:
 * its claim `sub`. The signature is not checked, the server does that. A JWT
 * without a usable one is a ClientError that says why; what is no JWT, or no token
 * at all, has none.
 */
export function userIdOfToken(token: string): string | undefined {
  const claims = claimsOf(token);
  if (claims === undefined) return undefined;
  const fault = (what: string) =>
    new ClientError(
      `the user id cannot be read from the token: ${what}; pass the user id as the third argument`,
    );
  const { sub } = claims;
  if (sub === undefined) throw fault('it has no claim "sub"');
  const wrong = userIdFault(sub);
  if (wrong !== undefined) throw fault(wrong);
  return sub as string;
}

function claimsOf(token: string): { sub?: unknown } | undefined {
  const parts = token.split(".");
  const payload = parts[1];
  if (parts.length !== 3 || payload === undefined) return undefined;
  let claims: unknown;
  try {
    const binary = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0))));
  } catch {
    return undefined;
  }
  return typeof claims === "object" && claims !== null && !Array.isArray(claims) ? claims : undefined;
}
