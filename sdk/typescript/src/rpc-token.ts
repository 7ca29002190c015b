// The user id in a connection token.

import { ClientError } from "./rpc-errors.js";
import { userIdFault } from "./rpc-wire.js";

/**
 * The user id of a JWT: its claim `sub`. The signature is not checked, the server
 * does that. A token without a usable one is a ClientError that says why.
 */
export function userIdOfToken(token: string): string {
  const fault = (what: string) =>
    new ClientError(
      `the user id cannot be read from the token: ${what}; pass the user id as the third argument`,
    );
  const parts = token.split(".");
  const payload = parts[1];
  if (parts.length !== 3 || payload === undefined) throw fault("it is not a JWT of three parts");
  let claims: unknown;
  try {
    const binary = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0))));
  } catch (cause) {
    throw new ClientError(fault("its payload is not base64url JSON").message, { cause });
  }
  const sub = typeof claims === "object" && claims !== null ? (claims as { sub?: unknown }).sub : undefined;
  if (sub === undefined) throw fault('it has no claim "sub"');
  const wrong = userIdFault(sub);
  if (wrong !== undefined) throw fault(wrong);
  return sub as string;
}
