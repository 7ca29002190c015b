// Names of channels, made from patterns.

import { ClientError } from "./rpc-errors.js";

/**
 * The name of a channel: the pattern with each `{parameter}` replaced by the
 * member of params of that name, as in `channelName("tasks:{project_id}", { project_id: 7 })`.
 *
 * @throws ClientError if a value cannot be part of a channel's name: it is neither a safe integer nor a string of
 * printable ASCII characters, it is empty, or it holds a space or one of : , # * $ / { }
 */
export function channelName(pattern: string, params: object): string {
  return pattern.replace(/\{([a-z][a-z0-9_]*)\}/g, (_, parameter: string) => {
    const value: unknown = Object.hasOwn(params, parameter) ? Reflect.get(params, parameter) : undefined;
    const fault = parameterFault(value);
    if (fault !== undefined) throw new ClientError(`${pattern}: the parameter ${parameter} ${fault}`);
    return String(value);
  });
}

/** What is wrong with the value of a pattern's parameter, or undefined. */
function parameterFault(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? undefined : "is not a safe integer";
  if (typeof value !== "string") return "is neither a string nor an integer";
  if (value === "") return "is empty";
  const bad = /[^!-~]|[:,#*$/{}]/.exec(value);
  return bad === null
    ? undefined
    : `holds ${JSON.stringify(bad[0])}: characters with a meaning in channel names (: , # * $ / { }), spaces, ` +
        "control and non-ASCII characters are not allowed";
}
