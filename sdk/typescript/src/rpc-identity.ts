// Who a client is, and so where its replies arrive.

import { ClientError, ConnectError } from "./rpc-errors.js";
import { userIdOfToken } from "./rpc-token.js";
import { replyChannel, sessionFault, userIdFault } from "./rpc-wire.js";

/** The identity of a client. Both texts are empty while it is not known. */
export class Identity {
  #userId = "";
  #replyChannel = "";
  /** Whether the client was made with a user id; else the server says it at each connect. */
  readonly #fixed: boolean;
  readonly #session: string | undefined;

  /** A ClientError if the user id, that of the token or the session cannot be used. */
  constructor(token: string, userId: string | undefined, session: string | undefined) {
    const known = userId ?? userIdOfToken(token);
    const fault =
      (known === undefined ? undefined : userIdFault(known)) ??
      (session === undefined ? undefined : sessionFault(session));
    if (fault !== undefined) throw new ClientError(fault);
    this.#session = session;
    this.#fixed = known !== undefined;
    if (known !== undefined) this.#set(known);
  }

  get userId(): string {
    return this.#userId;
  }

  get replyChannel(): string {
    return this.#replyChannel;
  }

  /** Heeds what the server says at connect. A ConnectError if replies could not arrive. */
  connected(said: string | undefined): void {
    if (this.#fixed) {
      if (said === undefined || said === this.#userId) return;
      const [ours, theirs] = [JSON.stringify(this.#userId), JSON.stringify(said)];
      const fault = `the client is for the user ${ours}, but the server knows it as ${theirs}`;
      throw new ConnectError(0, `${fault}; replies would not arrive`);
    }
    if (said === undefined) {
      const fault = "the user id is not known: the server does not say it";
      throw new ConnectError(0, `${fault}; pass it as the third argument of the client`);
    }
    const fault = userIdFault(said);
    if (fault !== undefined)
      throw new ConnectError(0, `the server gave a user id that cannot be used: ${fault}`);
    this.#set(said);
  }

  #set(userId: string): void {
    this.#userId = userId;
    this.#replyChannel = replyChannel(userId, this.#session);
  }
}
