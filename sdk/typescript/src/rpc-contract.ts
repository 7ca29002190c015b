// The contract that a client was generated from: said at connect, and compared
// with the server's on demand.

import { refusal } from "./rpc-codes.js";
import { abortError, checkTimeout, watch } from "./rpc-deadline.js";
import type { ClientError } from "./rpc-errors.js";
import type { WaitOptions } from "./rpc-options.js";
import { isObject } from "./rpc-wire.js";

/** The native RPC that servers answer about their contract. */
const contractMethod = "centrirpc.contract";

/** What checkContract() found out. */
export interface ContractCheck {
  /** Whether the server's contract is the one asked about. */
  readonly same: boolean;
  /**
   * Whether clients of the contract asked about work with the server. False: calls or events may fail, so reload
   * the page or update the client. Null: the server cannot tell, or does not know the question.
   */
  readonly compatible: boolean | null;
  /** The hash of the server's contract; empty if the server did not say. */
  readonly serverHash: string;
}

const unknown: ContractCheck = { same: false, compatible: null, serverHash: "" };

/** The data of a connect command: the application's own, with the hash added unless it is no object. */
export function connectData(own: unknown, hash: string): unknown {
  if (hash === "") return own;
  if (own === undefined || own === null) return { centrirpc: { contract: hash } };
  if (!isObject(own) || typeof own["toJSON"] === "function") return own;
  const { centrirpc } = own;
  return { ...own, centrirpc: { ...(isObject(centrirpc) ? centrirpc : {}), contract: hash } };
}

/** What the questions need of the connection. */
export interface NativeLink {
  /** Whether a question can be sent. */
  readonly ready: boolean;
  /** Resolves at the answer; rejects with the code of Centrifuge, below 100 if made by its SDK. */
  rpc(method: string, data: unknown): Promise<unknown>;
}

interface Question {
  readonly hash: string;
  readonly resolve: (check: ContractCheck) => void;
  readonly reject: (error: unknown) => void;
  /** Ends its timer and its listener. */
  stop: () => void;
  /** Whether it is out on the present connection. */
  sent: boolean;
}

/** The code with which the SDK says that no answer came in its own time. */
const sdkTimeout = 1;

const what = "checkContract";

/** All questions that have no answer yet. */
export class ContractChecks {
  readonly #pending = new Set<Question>();
  readonly #link: NativeLink;
  readonly #timeout: number;

  constructor(link: NativeLink, timeout: number) {
    this.#link = link;
    this.#timeout = timeout;
  }

  get size(): number {
    return this.#pending.size;
  }

  start(hash: string, options: WaitOptions): Promise<ContractCheck> {
    return new Promise((resolve, reject) => {
      const aborted = abortError(options.signal, what);
      if (aborted !== undefined) throw aborted;
      const timeout = checkTimeout(options.timeout ?? this.#timeout);
      const question: Question = { hash, resolve, reject, stop: () => {}, sent: false };
      this.#pending.add(question);
      question.stop = watch(
        { timeout, signal: options.signal },
        () => what,
        (error) => this.#fail(question, error),
      );
      if (this.#link.ready) this.#send(question);
    });
  }

  /** Asking twice does no harm: what was asked is asked again on the next connection. */
  connectionLost(): void {
    for (const question of this.#pending) question.sent = false;
  }

  /** Sends what waits for a connection. */
  resume(): void {
    for (const question of this.#pending) if (!question.sent) this.#send(question);
  }

  failAll(error: (what: string) => ClientError): void {
    for (const question of this.#pending) this.#fail(question, error(what));
  }

  #send(question: Question): void {
    question.sent = true;
    this.#link.rpc(contractMethod, { hash: question.hash }).then(
      (answer) => this.#answered(question, answer),
      (error: unknown) => this.#refused(question, error),
    );
  }

  #answered(question: Question, answer: unknown): void {
    if (this.#settle(question)) question.resolve(read(question.hash, answer));
  }

  #refused(question: Question, error: unknown): void {
    const { code, message } = error as { code: number; message: string };
    switch (code) {
      case 100: // internal: what Centrifugo makes of its backend's failures
      case 104: // no such method
      case 108: // no native RPC
      case 404:
      case 405: // an older server of ours
        return this.#answered(question, undefined);
    }
    if (code >= 100) return this.#fail(question, refusal(code, `${what} was refused: ${message}`));
    // The SDK's own codes. What a dropped connection means is decided in connectionLost().
    if (code === sdkTimeout && this.#link.ready && this.#pending.has(question)) this.#send(question);
  }

  #fail(question: Question, error: unknown): void {
    if (this.#settle(question)) question.reject(error);
  }

  /** Forgets the question; false if that was done before. */
  #settle(question: Question): boolean {
    question.stop();
    return this.#pending.delete(question);
  }
}

/** Reads an answer. Another server may answer anything by that name. */
function read(hash: string, answer: unknown): ContractCheck {
  if (!isObject(answer)) return unknown;
  const { hash: serverHash, compatible } = answer;
  return {
    same: compatible === true && hash !== "" && serverHash === hash,
    compatible: typeof compatible === "boolean" ? compatible : null,
    serverHash: typeof serverHash === "string" ? serverHash : "",
  };
}
